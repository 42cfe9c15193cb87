//! The report on a run, or on several.

use super::error::{Error, STORAGE};
use crate::base::output_file::OutputFile;
use crate::pipeline::{LostRequests, RunOutcome, UnstoredAnswers};
use crate::report::{Report, render_html, render_json, render_prometheus, render_text};
use serde_json::Value;
use std::path::Path;

/// The report on a run, or on several: pages, tokens and money.
#[derive(Clone, Debug)]
pub struct RunReport {
    pub(crate) report: Report,
    /// How the run ended; `None`: the report was made from the store.
    pub(crate) outcome: Option<RunOutcome>,
    /// Replies that were received and could not be stored.
    pub(crate) unstored: UnstoredAnswers,
}

/// Pages by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageCounts {
    /// All pages.
    pub total: u64,
    /// Pages with a valid answer to every task.
    pub ok: u64,
    /// Pages whose replies were never valid.
    pub invalid: u64,
    /// Pages that the model or a content filter declined.
    pub refused: u64,
    /// Pages that could not be read or asked.
    pub failed: u64,
    /// Pages that are not asked yet.
    pub pending: u64,
    /// Pages that are skipped, such as blank ones.
    pub skipped: u64,
}

impl RunReport {
    /// The outcome, such as `complete`; `running` while the run is not over.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        self.report.state.name()
    }

    /// Why the run did not succeed; `None`: it did, or the report was made from the store.
    #[must_use]
    pub fn error(&self) -> Option<Error> {
        let spend = &self.report.spend;
        let lost = LostRequests { count: spend.lost, max_cost: spend.lost_cost };
        let error = Error::from_outcome(self.outcome.as_ref()?, lost)?;
        Some(if error.exit_code() == STORAGE.exit_code { error.with_unstored(self.unstored) } else { error })
    }

    /// The run's id.
    #[must_use]
    pub fn run_id(&self) -> &str {
        &self.report.run_id
    }

    /// Pages by status.
    #[must_use]
    pub fn pages(&self) -> PageCounts {
        let pages = &self.report.pages;
        PageCounts {
            total: pages.total,
            ok: pages.ok,
            invalid: pages.invalid,
            refused: pages.refused,
            failed: pages.failed,
            pending: pages.pending,
            skipped: pages.skipped,
        }
    }

    /// What the run spent, in US dollars as decimal text; `None`: the price is unknown.
    #[must_use]
    pub fn cost_usd(&self) -> Option<String> {
        self.report.total().map(|total| total.to_string())
    }

    /// The files that were written.
    #[must_use]
    pub fn outputs(&self) -> &[OutputFile] {
        &self.report.outputs
    }

    /// The report, with a file that was written in addition to its outputs.
    #[must_use]
    pub fn with_file(mut self, path: &Path) -> Self {
        self.report.add_file(path);
        self
    }

    /// The report as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        render_text(&self.report)
    }

    /// The report as JSON (docs/spend.md).
    #[must_use]
    pub fn to_json(&self) -> Value {
        render_json(&self.report)
    }

    /// The report as an HTML page without external files.
    #[must_use]
    pub fn to_html(&self) -> String {
        render_html(&self.report)
    }

    /// The report as OpenMetrics text. `ended_ms`: wall time in milliseconds; `last_success_ms`: that of
    /// the end of an earlier run that succeeded. If this one has, its own end counts.
    #[must_use]
    pub fn to_openmetrics(&self, ended_ms: i64, last_success_ms: Option<i64>) -> String {
        render_prometheus(&self.report, ended_ms, last_success_ms)
    }
}
