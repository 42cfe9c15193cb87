//! What a run has done so far, for the progress display. Written everywhere, read ten
//! times a second.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// Counters of a run.
#[derive(Debug, Default)]
pub struct Counters {
    pub(super) found: AtomicU64,
    pub(super) done: AtomicU64,
    pub(super) asked: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) retries: AtomicU64,
    pub(super) in_flight: AtomicU64,
    pub(super) cost_pico: AtomicI64,
    pub(super) is_waiting: AtomicBool,
    pub(super) is_walked: AtomicBool,
}

/// Counters at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Snapshot {
    /// Files found so far.
    pub found: u64,
    /// Of these, settled.
    pub done: u64,
    /// Pages asked and settled in this run.
    pub asked: u64,
    /// Pages that ended without an answer.
    pub failed: u64,
    /// Attempts beyond the first.
    pub retries: u64,
    /// Requests under way.
    pub in_flight: u64,
    /// What was spent so far, in pico-dollars.
    pub cost_pico: i64,
    /// Whether requests wait for a limit or an outage.
    pub is_waiting: bool,
    /// Whether `found` is final.
    pub is_walked: bool,
}

impl Counters {
    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            found: count(&self.found),
            done: count(&self.done),
            asked: count(&self.asked),
            failed: count(&self.failed),
            retries: count(&self.retries),
            in_flight: count(&self.in_flight),
            cost_pico: self.cost_pico.load(Ordering::Relaxed),
            is_waiting: self.is_waiting.load(Ordering::Relaxed),
            is_walked: self.is_walked.load(Ordering::Relaxed),
        }
    }

    /// Counts a page or file that ended without an answer.
    pub(super) fn add_failed(&self) {
        Self::add(&self.done);
        Self::add(&self.failed);
    }

    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
