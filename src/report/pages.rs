//! Pages by status, and what the store saved.

use crate::money::Pico;
use crate::store::PageRecord;

/// Pages of a job by status. `from_store` had their answers before the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pages {
    /// All rows.
    pub total: u64,
    /// Every task has a valid answer.
    pub ok: u64,
    /// A reply was never valid.
    pub invalid: u64,
    /// The model or a filter declined.
    pub refused: u64,
    /// Could not be read or asked.
    pub failed: u64,
    /// Not asked yet.
    pub pending: u64,
    /// Left out on purpose.
    pub skipped: u64,
    /// Answered without asking in the run.
    pub from_store: u64,
    /// Asked in the run.
    pub asked: u64,
    /// What the answers that were not asked again had cost; `None`: some price was unknown.
    pub saved: Option<Pico>,
}

impl Pages {
    /// No page yet.
    #[must_use]
    pub fn new() -> Self {
        Self { saved: Some(Pico::ZERO), ..Self::default() }
    }

    /// Adds a page that stands as `status`, for a report on `runs`.
    pub fn add(&mut self, record: &PageRecord, status: &str, runs: &[i64]) {
        self.total += 1;
        let count = match status {
            "ok" => &mut self.ok,
            "invalid" => &mut self.invalid,
            "refused" => &mut self.refused,
            "failed" => &mut self.failed,
            "skipped" => &mut self.skipped,
            _ => &mut self.pending,
        };
        *count += 1;
        let is_asked = record.duplicate_of.is_none() && record.spend.iter().any(|spend| runs.contains(&spend.run));
        if is_asked {
            self.asked += 1;
        } else if status == "ok" {
            self.from_store += 1;
            for spend in &record.spend {
                self.saved = self.saved.zip(spend.cost).map(|(sum, cost)| sum + cost);
            }
        }
    }

    /// Pages that no one can use: failed, invalid or refused.
    #[must_use]
    pub fn unusable(&self) -> u64 {
        self.failed + self.invalid + self.refused
    }
}
