//! A token bucket whose rate can change.
//!
//! It paces tokens, and every limit that is learned from replies. governor can do neither:
//! its quotas are fixed for the life of a limiter, while a learned rate changes with every
//! reply, and the burst has to grow to the largest request so far, which is not known at
//! the start. (A burst as large as the largest possible request would be a whole minute's
//! limit, sent at once. Taking a large request in several parts would discard what the
//! limit saved up while requests were in flight.) governor also counts whole nanoseconds
//! per token: at 4 billion tokens per minute it is 3 % too fast.

use std::time::Duration;

/// Part of a second's refill that may be sent at once. A provider may enforce its limit in
/// buckets of one second, and the network bunches requests together: half a second's burst
/// still fits into such a bucket.
pub(crate) const BURST_SECONDS: f64 = 0.5;
/// Shortest delay that is returned: shorter ones would only wake the caller more often.
const MIN_DELAY: Duration = Duration::from_millis(1);
/// Lowest rate, per minute: it keeps delays finite.
const MIN_PER_MINUTE: f64 = 0.001;
/// Rounding error that is forgiven, in tokens.
const EPSILON: f64 = 1e-6;

/// A bucket that fills continuously, up to its capacity.
#[derive(Clone, Debug)]
pub(crate) struct TokenBucket {
    per_second: f64,
    capacity: f64,
    level: f64,
    /// When `level` was computed.
    updated: Duration,
}

impl TokenBucket {
    /// A full bucket for `per_minute`, with a burst of half a second, at least 1.
    pub(crate) fn full(per_minute: f64, now: Duration) -> Self {
        let capacity = (per_minute / 60.0 * BURST_SECONDS).floor().max(1.0);
        Self { per_second: per_second(per_minute), capacity, level: capacity, updated: now }
    }

    /// The same, empty.
    pub(crate) fn empty(per_minute: f64, now: Duration) -> Self {
        Self { level: 0.0, ..Self::full(per_minute, now) }
    }

    /// Refills at `per_minute` from now on. The capacity stays.
    pub(crate) fn set_rate(&mut self, per_minute: f64, now: Duration) {
        self.refill(now);
        self.per_second = per_second(per_minute);
    }

    /// Removes the part above `count`.
    pub(crate) fn lower_level(&mut self, count: u64, now: Duration) {
        self.refill(now);
        self.level = self.level.min(exact(count));
    }

    /// How long to wait until `count` can be taken; `None`: it can be taken now. A count
    /// above the capacity raises the capacity.
    pub(crate) fn delay(&mut self, count: u64, now: Duration) -> Option<Duration> {
        self.refill(now);
        let count = exact(count);
        self.capacity = self.capacity.max(count);
        let missing = count - self.level;
        if missing <= EPSILON {
            return None;
        }
        let delay = Duration::try_from_secs_f64(missing / self.per_second).unwrap_or(Duration::MAX);
        // Rounded up: after this delay `count` can be taken.
        Some(delay.saturating_add(Duration::from_nanos(1)).max(MIN_DELAY))
    }

    /// Takes `count`, after [`Self::delay`] has returned `None` for it.
    pub(crate) fn spend(&mut self, count: u64) {
        self.level = (self.level - exact(count)).max(0.0);
    }

    fn refill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.updated).as_secs_f64();
        self.level = (self.level + self.per_second * elapsed).min(self.capacity);
        self.updated = self.updated.max(now);
    }
}

fn per_second(per_minute: f64) -> f64 {
    per_minute.max(MIN_PER_MINUTE) / 60.0
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn exact(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
