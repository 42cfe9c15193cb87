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
    /// Share the answer of a page that they are like.
    pub near: u64,
    /// Answered without asking in the run.
    pub from_store: u64,
    /// Asked in the run.
    pub asked: u64,
    /// What the answers that were not asked again had cost; `None`: some price was unknown.
    pub saved: Option<Pico>,
    /// What all valid answers had cost, whoever asked them.
    pub value: Option<Pico>,
}

impl Pages {
    /// No page yet.
    #[must_use]
    pub fn new() -> Self {
        Self { saved: Some(Pico::ZERO), value: Some(Pico::ZERO), ..Self::default() }
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
        self.near += u64::from(record.distance.is_some());
        let is_asked = record.duplicate_of.is_none() && record.spend.iter().any(|spend| runs.contains(&spend.run));
        self.asked += u64::from(is_asked);
        if status != "ok" {
            return;
        }
        self.from_store += u64::from(!is_asked);
        for spend in &record.spend {
            let add = |sum: Option<Pico>| sum.zip(spend.cost).map(|(sum, cost)| sum + cost);
            self.value = add(self.value);
            if !is_asked {
                self.saved = add(self.saved);
            }
        }
    }

    /// As a run keeps it for the next one.
    #[must_use]
    pub fn to_stored(&self) -> String {
        let value = self.value.map(|value| value.0);
        let counts =
            [self.total, self.ok, self.invalid, self.refused, self.failed, self.pending, self.skipped, self.near];
        serde_json::json!([counts, value]).to_string()
    }

    /// The pages of a run that found nothing changed since `stored` was kept.
    #[must_use]
    pub fn unchanged(stored: &str) -> Option<Self> {
        let ([total, ok, invalid, refused, failed, pending, skipped, near], value): ([u64; 8], Option<i64>) =
            serde_json::from_str(stored).ok()?;
        let value = value.map(Pico);
        let (from_store, asked, saved) = (ok, 0, value);
        Some(Self { total, ok, invalid, refused, failed, pending, skipped, near, from_store, asked, saved, value })
    }

    /// Pages that no one can use: failed, invalid or refused.
    #[must_use]
    pub fn unusable(&self) -> u64 {
        self.failed + self.invalid + self.refused
    }
}
