//! The whole report.

use super::pages::Pages;
use super::spend::Spend;
use crate::store::{AttemptId, Reader, RunRecord, StoreError};
use std::path::PathBuf;

/// A report on one run, or on several of a job.
#[derive(Clone, Debug)]
pub struct Report {
    /// The job's name.
    pub job: String,
    /// The run's id; of several the newest.
    pub run_id: String,
    /// How it ended: `running` while it has not.
    pub outcome: String,
    /// The exit code; `None` while it runs.
    pub exit_code: Option<i32>,
    /// Wall time in milliseconds.
    pub started_ms: i64,
    /// Time that the runs took, in milliseconds.
    pub elapsed_ms: i64,
    /// Pages by status.
    pub pages: Pages,
    /// What the attempts cost.
    pub spend: Spend,
    /// Files that were written.
    pub outputs: Vec<PathBuf>,
    /// Whether a price is known: unknown is not zero.
    pub is_priced: bool,
    /// How the endpoint bills images; `None`: not looked at.
    pub billing: Option<Billing>,
    /// The folder of the input, for links to pages.
    pub base: Option<PathBuf>,
}

/// How an endpoint bills images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billing {
    /// The rule that explains the bills, for people.
    pub rule: String,
    /// Images that were billed, of all runs.
    pub images: u64,
    /// Whether that is not the model's documented rule; `None`: none is documented.
    pub differs: Option<bool>,
}

/// Attempts read at once.
const BATCH: usize = 1000;

/// Adds up the attempts of these runs, opened in `[since_ms, until_ms)`.
///
/// # Errors
/// When the store can't be read.
pub fn spend_of_runs(reader: &Reader, runs: &[RunRecord], since_ms: i64, until_ms: i64) -> Result<Spend, StoreError> {
    let mut spend = Spend::default();
    for run in runs {
        let mut after = AttemptId(0);
        loop {
            let attempts = reader.attempts(run.run, after, since_ms, until_ms, BATCH)?;
            let Some(last) = attempts.last() else { break };
            after = last.id;
            attempts.iter().for_each(|attempt| spend.add(attempt, run));
        }
    }
    Ok(spend)
}

impl Report {
    /// What the settled attempts cost; `None` when a price is unknown.
    #[must_use]
    pub fn total(&self) -> Option<crate::base::money::Pico> {
        self.spend.total_known().filter(|_| self.is_priced || self.spend.total.0 > 0)
    }
}
