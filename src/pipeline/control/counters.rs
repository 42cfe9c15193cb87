//! What a run has done so far. All threads write the counters; the progress display and the
//! metrics endpoint read them. Nobody waits for them.

use crate::base::vocabulary::VerdictName;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// Upper bounds of [`Progress::latencies`] in milliseconds; the last bucket has none.
pub const LATENCY_BOUNDS: [u64; 11] = [100, 250, 500, 1000, 2500, 5000, 10_000, 20_000, 30_000, 60_000, 120_000];

/// Counters of a run.
#[derive(Debug, Default)]
pub struct Counters {
    found: AtomicU64,
    done: AtomicU64,
    asked: AtomicU64,
    /// Pages that were asked, or refused before they could be, and have no answer.
    failed: AtomicU64,
    /// Pages without a picture that this pass over the input has met.
    unreadable: AtomicU64,
    /// The most that any pass has met: every pass meets the same ones again.
    max_unreadable: AtomicU64,
    retries: AtomicU64,
    in_flight: AtomicU64,
    cost_pico: AtomicI64,
    /// Replies with answers that are not stored (yet), and what they cost.
    unstored: AtomicU64,
    unstored_pico: AtomicI64,
    is_waiting: AtomicBool,
    is_walked: AtomicBool,
    verdicts: [AtomicU64; VerdictName::ALL.len()],
    /// Input, cached input, output.
    tokens: [AtomicU64; 3],
    latencies: [AtomicU64; LATENCY_BOUNDS.len() + 1],
    latency_ms: AtomicU64,
}

/// The counters of a run at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Pages found so far. A file counts as one page until it is opened.
    pub found: u64,
    /// Of these, settled.
    pub done: u64,
    /// Pages asked and settled in this run.
    pub asked: u64,
    /// Pages that ended without an answer: each counts once, however often the input is walked.
    pub failed: u64,
    /// Repeat attempts.
    pub retries: u64,
    /// Requests in flight.
    pub in_flight: u64,
    /// What was spent so far, in pico-dollars (10^-12 USD).
    pub cost_pico: i64,
    /// Whether requests wait for a rate limit or an outage.
    pub is_waiting: bool,
    /// Whether the walk is complete, so that `found` is final.
    pub is_walked: bool,
    /// Attempts by verdict, in the order of [`VerdictName::ALL`].
    pub verdicts: [u64; VerdictName::ALL.len()],
    /// Tokens: input, cached input, output.
    pub tokens: [u64; 3],
    /// Attempts by latency, in the buckets of [`LATENCY_BOUNDS`].
    pub latencies: [u64; LATENCY_BOUNDS.len() + 1],
    /// The sum of latencies in milliseconds.
    pub latency_ms: u64,
}

/// Answers that were received and are not in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnstoredAnswers {
    /// Replies.
    pub replies: u64,
    /// What they cost, as far as that is known, in pico-dollars.
    pub cost_pico: i64,
}

impl Counters {
    /// The counters now.
    #[must_use]
    pub fn snapshot(&self) -> Progress {
        Progress {
            found: read(&self.found),
            done: read(&self.done),
            asked: read(&self.asked),
            failed: read(&self.failed) + read(&self.max_unreadable),
            retries: read(&self.retries),
            in_flight: read(&self.in_flight),
            cost_pico: self.cost_pico.load(Ordering::Relaxed),
            is_waiting: self.is_waiting.load(Ordering::Relaxed),
            is_walked: self.is_walked.load(Ordering::Relaxed),
            verdicts: self.verdicts.each_ref().map(read),
            tokens: self.tokens.each_ref().map(read),
            latencies: self.latencies.each_ref().map(read),
            latency_ms: read(&self.latency_ms),
        }
    }

    /// A pass over the input begins: it finds every page again.
    pub(crate) fn begin_pass(&self) {
        for counter in [&self.found, &self.done, &self.unreadable] {
            counter.store(0, Ordering::Relaxed);
        }
    }

    /// The walk of a pass is complete.
    pub(crate) fn end_walk(&self) {
        self.is_walked.store(true, Ordering::Relaxed);
    }

    /// Counts pages that the walk found.
    pub(crate) fn add_found(&self, pages: u64) {
        self.found.fetch_add(pages, Ordering::Relaxed);
    }

    /// Counts a page that needs nothing more.
    pub(crate) fn add_done(&self) {
        add(&self.done);
    }

    /// Counts a file or page without a picture. Every pass counts it again.
    pub(crate) fn add_unreadable(&self) {
        add(&self.done);
        let unreadable = self.unreadable.fetch_add(1, Ordering::Relaxed) + 1;
        self.max_unreadable.fetch_max(unreadable, Ordering::Relaxed);
    }

    /// Counts a page that this run has refused to ask.
    pub(crate) fn add_refused(&self) {
        add(&self.done);
        add(&self.failed);
    }

    /// Counts a page that was asked and is settled.
    pub(crate) fn add_asked(&self, has_failed: bool) {
        add(&self.done);
        add(&self.asked);
        if has_failed {
            add(&self.failed);
        }
    }

    /// Counts an attempt that is not the first at its page.
    pub(crate) fn add_retry(&self) {
        add(&self.retries);
    }

    /// Counts a settled attempt. `tokens`: input, cached input, output.
    pub(crate) fn add_attempt(&self, verdict: VerdictName, latency_ms: u64, tokens: [u64; 3], cost_pico: i64) {
        if let Some(at) = VerdictName::ALL.iter().position(|name| *name == verdict) {
            add(&self.verdicts[at]);
        }
        for (counter, count) in self.tokens.iter().zip(tokens) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
        let bucket = LATENCY_BOUNDS.iter().position(|bound| latency_ms <= *bound).unwrap_or(LATENCY_BOUNDS.len());
        add(&self.latencies[bucket]);
        self.latency_ms.fetch_add(latency_ms, Ordering::Relaxed);
        self.cost_pico.fetch_add(cost_pico, Ordering::Relaxed);
    }

    /// Counts a reply with answers that is about to be stored.
    pub(crate) fn add_unstored(&self, cost_pico: i64) {
        add(&self.unstored);
        self.unstored_pico.fetch_add(cost_pico, Ordering::Relaxed);
    }

    /// A reply that was counted by [`Counters::add_unstored`] is stored.
    pub(crate) fn mark_stored(&self, cost_pico: i64) {
        self.unstored.fetch_sub(1, Ordering::Relaxed);
        self.unstored_pico.fetch_sub(cost_pico, Ordering::Relaxed);
    }

    /// What was received and is not stored. While replies are being stored they count too.
    #[must_use]
    pub fn unstored(&self) -> UnstoredAnswers {
        UnstoredAnswers { replies: read(&self.unstored), cost_pico: self.unstored_pico.load(Ordering::Relaxed) }
    }

    /// Sets the number of requests in flight.
    pub(crate) fn set_in_flight(&self, requests: u32) {
        self.in_flight.store(requests.into(), Ordering::Relaxed);
    }

    /// Sets whether requests wait for a rate limit or an outage.
    pub(crate) fn set_waiting(&self, is_waiting: bool) {
        self.is_waiting.store(is_waiting, Ordering::Relaxed);
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_pass_counts_no_page_twice() {
        let counters = Counters::default();
        counters.begin_pass();
        counters.add_found(4);
        (0..2).for_each(|_| counters.add_unreadable());
        counters.add_asked(true);
        counters.add_asked(false);
        let first = counters.snapshot();
        assert_eq!((first.found, first.done, first.asked, first.failed), (4, 4, 2, 3));
        // The second pass meets the two unreadable pages again; the asked ones are settled.
        counters.begin_pass();
        counters.add_found(4);
        (0..2).for_each(|_| counters.add_unreadable());
        (0..2).for_each(|_| counters.add_done());
        let second = counters.snapshot();
        assert_eq!((second.found, second.done, second.asked, second.failed), (4, 4, 2, 3));
    }

    #[test]
    fn the_number_of_failed_pages_never_falls_while_a_pass_runs() {
        let counters = Counters::default();
        counters.begin_pass();
        (0..5).for_each(|_| counters.add_unreadable());
        counters.begin_pass();
        assert_eq!(counters.snapshot().failed, 5);
        (0..6).for_each(|_| counters.add_unreadable());
        assert_eq!(counters.snapshot().failed, 6, "a file that broke between two passes");
    }

    #[test]
    fn latencies_fall_into_the_first_bucket_that_holds_them() {
        let counters = Counters::default();
        for latency_ms in [1, 100, 101, 120_000, 120_001] {
            counters.add_attempt(VerdictName::Done, latency_ms, [1, 0, 2], 3);
        }
        let now = counters.snapshot();
        assert_eq!((now.latencies[0], now.latencies[1], now.latencies[10], now.latencies[11]), (2, 1, 1, 1));
        assert_eq!((now.verdicts[0], now.tokens, now.cost_pico, now.latency_ms), (5, [5, 0, 10], 15, 240_203));
    }
}
