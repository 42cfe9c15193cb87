//! What a run has done so far. All threads write the counters; the progress display and the
//! metrics endpoint read them. Writers never block on readers.

use super::progress::{LATENCY_BOUNDS, Progress, WaitReason};
use super::run_pace::RunPace;
use super::trouble::{Trouble, TroubleKind};
use super::work::{KnownInput, Work};
use crate::base::money::Pico;
use crate::base::vocabulary::VerdictName;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counters of a run.
#[derive(Debug, Default)]
pub struct Counters {
    found: AtomicU64,
    /// Entries of this pass that the walk has passed, and of these those that need nothing.
    walked: AtomicU64,
    already_done: AtomicU64,
    /// Entries of this pass whose pages are known, without those that need nothing.
    opened: AtomicU64,
    /// Entries that were counted ahead of the walk.
    counted: AtomicU64,
    is_counted: AtomicBool,
    stored_done: AtomicU64,
    /// `u64::MAX`: no limit.
    max_asked: Limit,
    done: AtomicU64,
    asked: AtomicU64,
    /// Pages that were asked, or are to be asked next.
    begun: AtomicU64,
    /// How fast requests may go out; `None`: not known, or the pages are delivered in batches.
    pace: Mutex<Option<RunPace>>,
    /// The latency of earlier replies in milliseconds; 0: none is known.
    earlier_latency_ms: AtomicU64,
    /// Replies with answers, and the sum of their latencies.
    answers: AtomicU64,
    answer_ms: AtomicU64,
    /// Pages that were asked, or refused before they could be, and have no answer.
    failed: AtomicU64,
    /// Pages without a picture in this pass over the input.
    unreadable: AtomicU64,
    /// The maximum over all passes: every pass encounters the same ones again.
    max_unreadable: AtomicU64,
    retries: AtomicU64,
    in_flight: AtomicU64,
    cost_pico: AtomicI64,
    /// Attempts whose price is unknown.
    unpriced: AtomicU64,
    /// The [`WaitReason`], or 0.
    waiting: AtomicU8,
    /// Replies with answers that are not stored (yet), and what they cost.
    unstored: AtomicU64,
    unstored_pico: AtomicI64,
    is_walked: AtomicBool,
    has_walked_once: AtomicBool,
    is_only_listing: AtomicBool,
    is_ending: AtomicBool,
    /// Whether `trouble` has a value: most attempts need no lock.
    has_trouble: AtomicBool,
    trouble: Mutex<LatestTrouble>,
    verdicts: [AtomicU64; VerdictName::ALL.len()],
    /// Input, cached input, output.
    tokens: [AtomicU64; 3],
    latencies: [AtomicU64; LATENCY_BOUNDS.len() + 1],
    latency_ms: AtomicU64,
}

/// A limit. By default there is none.
#[derive(Debug)]
struct Limit(AtomicU64);

impl Default for Limit {
    fn default() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }
}

/// The trouble of now, and how many there were.
#[derive(Debug, Default)]
struct LatestTrouble {
    now: Option<Trouble>,
    count: u64,
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
        let (found, done, asked) = (read(&self.found), read(&self.done), read(&self.asked));
        let is_walked = self.is_walked.load(Ordering::Relaxed);
        let limit = read(&self.max_asked.0);
        let already_done = read(&self.already_done);
        let work = Work::estimate(&KnownInput {
            // The walk counts an entry before it finds that the entry needs nothing.
            walked: read(&self.walked).max(already_done),
            already_done,
            opened: read(&self.opened),
            is_walked,
            counted: read(&self.counted),
            is_counted: self.is_counted.load(Ordering::Relaxed),
            stored_done: read(&self.stored_done),
            found,
            done,
            asked,
            limit: (limit < u64::MAX).then_some(limit),
        });
        let is_counting = !is_walked && !self.is_counted();
        let wait_reason = WaitReason::from_number(self.waiting.load(Ordering::Relaxed));
        Progress {
            total: work.total,
            finished: work.finished,
            is_minimum: work.is_minimum,
            left: work.left,
            is_only_listing: self.is_only_listing.load(Ordering::Relaxed),
            is_ending: self.is_ending.load(Ordering::Relaxed),
            wait_reason,
            trouble: self.trouble().now.clone(),
            found,
            done,
            asked,
            failed: read(&self.failed) + read(&self.max_unreadable),
            retries: read(&self.retries),
            in_flight: read(&self.in_flight),
            cost_pico: (read(&self.unpriced) == 0).then(|| self.cost_pico.load(Ordering::Relaxed)),
            is_waiting: wait_reason.is_some(),
            is_walked,
            is_counting,
            begun: read(&self.begun),
            unasked: done.saturating_sub(asked).saturating_sub(already_done),
            pace: *self.pace.lock().unwrap_or_else(PoisonError::into_inner),
            earlier_latency_ms: Some(read(&self.earlier_latency_ms)).filter(|latency_ms| *latency_ms > 0),
            answers: read(&self.answers),
            answer_ms: read(&self.answer_ms),
            verdicts: self.verdicts.each_ref().map(read),
            tokens: self.tokens.each_ref().map(read),
            latencies: self.latencies.each_ref().map(read),
            latency_ms: read(&self.latency_ms),
        }
    }

    /// A pass over the input begins: it finds every page again. `is_asking`: whether it asks pages.
    pub(crate) fn begin_pass(&self, is_asking: bool) {
        for counter in [&self.found, &self.walked, &self.already_done, &self.opened, &self.done, &self.unreadable] {
            counter.store(0, Ordering::Relaxed);
        }
        self.is_walked.store(false, Ordering::Relaxed);
        self.is_only_listing.store(!is_asking, Ordering::Relaxed);
    }

    /// Notes a complete walk. Returns whether it is the first one.
    pub(crate) fn note_walk(&self) -> bool {
        !self.has_walked_once.swap(true, Ordering::Relaxed)
    }

    /// No more requests are sent.
    pub(crate) fn set_ending(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    /// The walk of a pass is complete.
    pub(crate) fn end_walk(&self) {
        self.set_counted(read(&self.walked));
        self.is_walked.store(true, Ordering::Relaxed);
    }

    /// The walk found an entry, which counts as one page until it is opened.
    pub(crate) fn add_entry(&self) {
        add(&self.walked);
        add(&self.found);
    }

    /// An entry that the walk has found has this many pages, or none is known to be in it.
    pub(crate) fn add_opened(&self, pages: u64) {
        self.found.fetch_add(pages.saturating_sub(1), Ordering::Relaxed);
        add(&self.opened);
    }

    /// The walk found that an entry needs nothing.
    pub(crate) fn add_already_done(&self) {
        add(&self.already_done);
        add(&self.done);
    }

    /// Whether all entries of the input have been counted.
    pub(crate) fn is_counted(&self) -> bool {
        self.is_counted.load(Ordering::Relaxed)
    }

    /// The number of entries of the input, once they have been counted.
    pub(crate) fn counted(&self) -> u64 {
        read(&self.counted)
    }

    /// This many entries were counted so far, ahead of the walk.
    pub(crate) fn set_counting(&self, entries: u64) {
        self.counted.store(entries, Ordering::Relaxed);
    }

    /// The input has this many entries.
    pub(crate) fn set_counted(&self, entries: u64) {
        self.counted.store(entries, Ordering::Relaxed);
        self.is_counted.store(true, Ordering::Relaxed);
    }

    /// This many entries needed nothing when they were last looked at.
    pub(crate) fn set_stored_done(&self, entries: u64) {
        self.stored_done.store(entries, Ordering::Relaxed);
    }

    /// At most this many pages are asked.
    pub(crate) fn set_limit(&self, pages: u64) {
        self.max_asked.0.store(pages, Ordering::Relaxed);
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
    pub(crate) fn add_failed_unsent(&self) {
        add(&self.done);
        add(&self.failed);
    }

    /// Counts pages that are asked from now on.
    pub(crate) fn add_begun(&self, pages: u64) {
        self.begun.fetch_add(pages, Ordering::Relaxed);
    }

    /// Sets how fast requests may go out.
    pub(crate) fn set_pace(&self, pace: RunPace) {
        // Nothing panics while it is held.
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner) = Some(pace);
    }

    /// Sets the mean latency of replies of earlier runs.
    pub(crate) fn set_earlier_latency(&self, latency_ms: u64) {
        self.earlier_latency_ms.store(latency_ms, Ordering::Relaxed);
    }

    /// Counts a page that was asked and is done.
    pub(crate) fn add_asked(&self, has_failed: bool) {
        add(&self.done);
        add(&self.asked);
        if has_failed {
            add(&self.failed);
        }
    }

    /// Counts an attempt that is sent and is not the first at its page.
    pub(crate) fn add_repeated(&self) {
        add(&self.retries);
    }

    /// Counts a settled attempt. `tokens`: input, cached input, output. `cost`: `None` if the price is
    /// unknown.
    pub(crate) fn add_attempt(&self, verdict: VerdictName, latency_ms: u64, tokens: [u64; 3], cost: Option<Pico>) {
        if let Some(at) = VerdictName::ALL.iter().position(|name| *name == verdict) {
            add(&self.verdicts[at]);
        }
        if verdict == VerdictName::Done {
            add(&self.answers);
            self.answer_ms.fetch_add(latency_ms, Ordering::Relaxed);
        }
        for (counter, count) in self.tokens.iter().zip(tokens) {
            counter.fetch_add(count, Ordering::Relaxed);
        }
        let bucket = LATENCY_BOUNDS.iter().position(|bound| latency_ms <= *bound).unwrap_or(LATENCY_BOUNDS.len());
        add(&self.latencies[bucket]);
        self.latency_ms.fetch_add(latency_ms, Ordering::Relaxed);
        match cost {
            Some(cost) => _ = self.cost_pico.fetch_add(cost.0, Ordering::Relaxed),
            None => add(&self.unpriced),
        }
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

    /// Replies that were received and are not stored, including those that are being stored.
    #[must_use]
    pub fn unstored(&self) -> UnstoredAnswers {
        UnstoredAnswers { replies: read(&self.unstored), cost_pico: self.unstored_pico.load(Ordering::Relaxed) }
    }

    /// Sets the number of requests in flight.
    pub(crate) fn set_in_flight(&self, requests: u32) {
        self.in_flight.store(requests.into(), Ordering::Relaxed);
    }

    /// Sets what requests wait for.
    pub(crate) fn set_waiting(&self, reason: Option<WaitReason>) {
        self.waiting.store(reason.map_or(0, |reason| reason as u8), Ordering::Relaxed);
    }

    /// An attempt had a transient error. `max_wait`: how long the run keeps trying.
    pub(crate) fn set_trouble(&self, kind: TroubleKind, message: &str, max_wait: Option<Duration>) {
        let mut log = self.trouble();
        log.count += u64::from(log.now.is_none());
        log.now = Some(Trouble { number: log.count, kind, message: message.to_owned(), max_wait });
        self.has_trouble.store(true, Ordering::Relaxed);
    }

    /// The provider answered.
    pub(crate) fn end_trouble(&self) {
        if self.has_trouble.swap(false, Ordering::Relaxed) {
            self.trouble().now = None;
        }
    }

    fn trouble(&self) -> MutexGuard<'_, LatestTrouble> {
        // Nothing panics while it is held.
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
