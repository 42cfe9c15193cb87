//! The whole report.

use super::pages::Pages;
use super::spend::Spend;
use crate::base::ids::AttemptId;
use crate::base::money::Pico;
use crate::base::output_file::OutputFile;
use crate::base::run_state::RunState;
use crate::base::shard::Shard;
use crate::store::{Reader, RunRecord, StoreError};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A report on one or more runs of a job.
#[derive(Clone, Debug)]
pub struct Report {
    /// Name of the job.
    pub job: String,
    /// Id of the newest run.
    pub run_id: String,
    /// Number of runs.
    pub runs: usize,
    /// The shard of the input that all of these runs ran; `None`: all of it, or several.
    pub shard: Option<Shard>,
    /// State of the newest run.
    pub state: RunState,
    /// Start of the oldest run, in milliseconds since 1970.
    pub started_ms: i64,
    /// Duration of all runs, in milliseconds.
    pub elapsed_ms: i64,
    /// The pages of the job.
    pub pages: Pages,
    /// Whether the walk of the input came to its end. If not, these are the pages of the files that were found before, and
    /// there may be more. `None`: unknown.
    pub is_walk_complete: Option<bool>,
    /// The spend of the attempts.
    pub spend: Spend,
    /// Output files that were written.
    pub outputs: Vec<OutputFile>,
    /// Other files that were written, such as the report and `_SUCCESS`.
    pub other_files: Vec<PathBuf>,
    /// Whether the price is known. An unknown price is not zero.
    pub is_priced: bool,
    /// How the endpoint bills images; `None` if that is unknown.
    pub billing: Option<Billing>,
    /// Folder of the input, for links to pages.
    pub base: Option<PathBuf>,
    /// Whether the run was asked to send pages again that have an answer or a failure (`--refresh`,
    /// `--retry`): the same command would do so again.
    pub sends_again: bool,
    /// Whether the pages are those of several shards, whose stores were merged.
    pub is_merged: bool,
}

/// How an endpoint bills images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billing {
    /// The rule that explains the bills, as text.
    pub rule: String,
    /// Number of billed images, of all runs.
    pub images: u64,
    /// Whether the rule differs from the documented one; `None` if none is documented.
    pub differs: Option<bool>,
}

impl Report {
    /// Adds a file that was written in addition to the outputs.
    pub(crate) fn add_file(&mut self, path: &Path) {
        self.other_files.push(std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
    }

    /// Cost of the settled attempts; `None` if a price is unknown.
    #[must_use]
    pub fn total(&self) -> Option<Pico> {
        self.spend.known_total().filter(|_| self.is_priced || self.spend.total > Pico::ZERO)
    }

    /// Cost per 1,000 pages that were asked, however often, rounded down; `None` if a price is unknown
    /// or nothing was sent.
    #[must_use]
    pub fn cost_per_1000(&self) -> Option<Pico> {
        let (total, pages) = (self.total()?, i128::from(self.spend.pages));
        let cost = (i128::from(total.0) * 1000).checked_div(pages)?;
        Some(Pico(i64::try_from(cost).unwrap_or(i64::MAX)))
    }

    /// Duration of all runs.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.elapsed_ms).unwrap_or(0))
    }
}

/// Attempts per read.
const BATCH_ATTEMPTS: usize = 1000;

/// Reads the spend of these runs' attempts that were opened in `[since_ms, until_ms)`.
///
/// # Errors
/// If the store can't be read.
pub fn read_spend(reader: &Reader, runs: &[RunRecord], since_ms: i64, until_ms: i64) -> Result<Spend, StoreError> {
    let mut spend = Spend::default();
    for run in runs {
        let mut after = AttemptId(0);
        loop {
            let attempts = reader.attempts(run.run, after, since_ms, until_ms, BATCH_ATTEMPTS)?;
            let Some(last) = attempts.last() else { break };
            after = last.id;
            attempts.iter().for_each(|attempt| spend.add(attempt, run));
        }
    }
    Ok(spend)
}

#[cfg(test)]
mod tests {
    use crate::base::money::Pico;
    use crate::report::sample::{empty_report, report, unpriced_report};

    #[test]
    fn an_unknown_price_is_not_zero() {
        assert_eq!((unpriced_report().total(), unpriced_report().cost_per_1000()), (None, None));
        assert_eq!(empty_report().total(), None);
        let mut free = report();
        free.spend.total = Pico::ZERO;
        assert_eq!(free.total(), Some(Pico::ZERO));
        // A run whose price was removed from the manifest later.
        let mut priced_once = report();
        priced_once.is_priced = false;
        assert_eq!(priced_once.total(), Some(priced_once.spend.total));
    }

    #[test]
    fn cost_per_1000_pages_is_exact_and_never_overflows() {
        let mut report = report();
        for (total, pages, expected) in [
            (0, 0, None),
            (7, 0, None),
            (7, 1, Some(7000)),
            (7, 3, Some(2333)),
            (i64::MAX, 1, Some(i64::MAX)),
            (i64::MAX, 1000, Some(i64::MAX)),
        ] {
            (report.spend.total, report.spend.pages) = (Pico(total), pages);
            assert_eq!(report.cost_per_1000(), expected.map(Pico), "{total} / {pages}");
        }
    }
}
