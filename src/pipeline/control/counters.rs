//! What a run has done so far, for the progress display. Written everywhere, read ten
//! times a second.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// Counters of a run.
#[derive(Debug, Default)]
pub struct Counters {
    pub(crate) found: AtomicU64,
    pub(crate) done: AtomicU64,
    pub(crate) asked: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) cost_pico: AtomicI64,
    pub(crate) is_waiting: AtomicBool,
    pub(crate) is_walked: AtomicBool,
    verdicts: [AtomicU64; VERDICTS.len()],
    /// Input, cached input, output.
    tokens: [AtomicU64; 3],
    latencies: [AtomicU64; LATENCY_BOUNDS.len() + 1],
    latency_ms: AtomicU64,
}

/// What an attempt can mean, as [`Snapshot::verdicts`] counts it.
pub const VERDICTS: [&str; 5] = ["done", "retry", "later", "page", "stop"];
/// Upper bounds of [`Snapshot::latencies`], in milliseconds; the last one has none.
pub const LATENCY_BOUNDS: [u64; 11] = [100, 250, 500, 1000, 2500, 5000, 10_000, 20_000, 30_000, 60_000, 120_000];

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
    /// Attempts by what they meant, as [`VERDICTS`].
    pub verdicts: [u64; VERDICTS.len()],
    /// Tokens: input, cached input, output.
    pub tokens: [u64; 3],
    /// Attempts by latency, as [`LATENCY_BOUNDS`].
    pub latencies: [u64; LATENCY_BOUNDS.len() + 1],
    /// The sum of latencies, in milliseconds.
    pub latency_ms: u64,
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
            verdicts: self.verdicts.each_ref().map(count),
            tokens: self.tokens.each_ref().map(count),
            latencies: self.latencies.each_ref().map(count),
            latency_ms: count(&self.latency_ms),
        }
    }

    /// Counts a page or file that ended without an answer.
    pub(crate) fn add_failed(&self) {
        Self::add(&self.done);
        Self::add(&self.failed);
    }

    /// Counts an attempt that is settled. `tokens`: input, cached input, output.
    pub(crate) fn add_attempt(&self, verdict: &str, latency_ms: u64, tokens: [u64; 3], cost_pico: i64) {
        if let Some(at) = VERDICTS.iter().position(|name| *name == verdict) {
            Self::add(&self.verdicts[at]);
        }
        for (counter, count) in self.tokens.iter().zip(tokens) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
        let bucket = LATENCY_BOUNDS.iter().position(|bound| latency_ms <= *bound).unwrap_or(LATENCY_BOUNDS.len());
        Self::add(&self.latencies[bucket]);
        self.latency_ms.fetch_add(latency_ms, Ordering::Relaxed);
        self.cost_pico.fetch_add(cost_pico, Ordering::Relaxed);
    }

    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
