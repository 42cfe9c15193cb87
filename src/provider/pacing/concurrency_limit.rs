//! How many requests may be in flight. Their number grows while requests wait for a slot, and falls after timeouts and
//! throttling. Time is a parameter.

use super::pace_limits::ConcurrencyGrowth;
use std::time::Duration;

/// How many requests may be in flight.
#[derive(Clone, Debug)]
pub(crate) struct ConcurrencyLimit {
    /// The maximum number of requests in flight without problems.
    normal: u32,
    /// What `normal` may grow to.
    max: u32,
    /// Whether the concurrency adapts to how the server keeps up: the manifest does not set it.
    adapts: bool,
    /// Processes that share the endpoint, at least 1: they grow together as one would.
    parallel: u32,
    /// Replies since `normal` last changed, and when it did.
    replies: u32,
    grown: Duration,
    /// When a request last waited for a slot.
    full: Duration,
    /// The fastest reply so far; `None`: no reply while all slots were taken.
    fastest: Option<Duration>,
    /// The latency of recent replies, smoothed.
    recent: Duration,
    /// The maximum number of requests in flight now.
    current: u32,
}

/// Latencies below this count as equal.
const MIN_LATENCY: Duration = Duration::from_millis(20);
/// A server whose replies take this many times as long as the fastest has enough to do.
const MAX_SLOWDOWN: u32 = 2;
/// Growth of a concurrency that the manifest sets, as a fraction per second, as long as no rate is
/// known: what a bucket of one second absorbs until the server throttles and so shows the limit.
const GROWTH_PER_SECOND: f64 = 0.3;
/// Longest time between two moments at which requests waited for a slot that counts as
/// waiting.
const MAX_FULL_GAP: Duration = Duration::from_secs(1);
/// Weight of the older latencies in the moving average; the newest has a weight of 1.
const LATENCY_WEIGHT: u32 = 7;

impl ConcurrencyLimit {
    /// At most `start` requests in flight, counted from 1.
    #[must_use]
    pub(crate) fn new(start: u32) -> Self {
        let start = start.max(1);
        Self {
            normal: start,
            max: start,
            adapts: false,
            parallel: 1,
            replies: 0,
            grown: Duration::ZERO,
            full: Duration::ZERO,
            fastest: None,
            recent: Duration::ZERO,
            current: start,
        }
    }

    /// The same, which grows up to `max` for as long as the server keeps up.
    #[must_use]
    pub(crate) fn with_learned_max(mut self, max: u32) -> Self {
        self.max = max.max(self.normal);
        self.adapts = true;
        self
    }

    /// The same, which grows up to `max`, however the server keeps up.
    #[must_use]
    pub(crate) fn with_stated_max(mut self, max: u32) -> Self {
        self.max = max.max(self.normal);
        self
    }

    /// The same, as one of `parallel` processes that share the endpoint.
    #[must_use]
    pub(crate) fn shared_by(self, parallel: u32) -> Self {
        Self { parallel: parallel.max(1), ..self }
    }

    /// The maximum number of requests in flight now.
    pub(crate) fn current(&self) -> u32 {
        self.current
    }

    /// A reply arrived at `now`, after `latency`, while other requests waited for a slot.
    /// Where a rate paces requests (`is_paced`), the concurrency does not slow them down: it doubles per round of replies.
    /// Otherwise a concurrency that adapts grows by one per round, in all processes together. One that adapts does not
    /// grow while replies are slow.
    pub(crate) fn on_reply_while_full(&mut self, latency: Duration, is_paced: bool, now: Duration) {
        self.recent = match self.fastest {
            Some(_) => (self.recent * LATENCY_WEIGHT + latency) / (LATENCY_WEIGHT + 1),
            None => latency,
        };
        let fastest = self.fastest.map_or(latency, |fastest| fastest.min(latency)).max(MIN_LATENCY);
        self.fastest = Some(fastest);
        self.replies += 1;
        let step = match (is_paced, self.adapts) {
            (true, _) => self.replies,
            (false, true) => self.replies / self.normal.saturating_mul(self.parallel),
            // It grows with time.
            (false, false) => 0,
        };
        if step == 0 {
            return;
        }
        (self.replies, self.grown) = (0, now);
        let is_slow = self.adapts && self.recent > fastest * MAX_SLOWDOWN;
        if !is_slow && self.current == self.normal {
            self.normal = self.normal.saturating_add(step).min(self.max);
            self.current = self.normal;
        }
    }

    /// A request waits for a slot at `now`, and no rate paces requests. A concurrency that
    /// the manifest sets grows with time, slowly enough to meet a limit gently, and also while no
    /// reply arrives: some models take minutes. Returns when it will grow next; `None`: it
    /// does not grow with time.
    pub(crate) fn grow_while_full(&mut self, now: Duration) -> Option<Duration> {
        let is_growing = !self.adapts && self.normal < self.max && self.current == self.normal;
        let was_full = now.saturating_sub(self.full) < MAX_FULL_GAP;
        self.full = now;
        // Time in which it could not grow does not count.
        if !is_growing || !was_full {
            self.grown = now;
        }
        if !is_growing {
            return None;
        }
        let per_step = Duration::from_secs_f64(1.0 / (f64::from(self.normal) * GROWTH_PER_SECOND));
        while self.grown + per_step <= now && self.normal < self.max {
            self.grown += per_step;
            self.normal += 1;
            self.current = self.normal;
        }
        Some((self.grown + per_step).saturating_sub(now))
    }

    /// The maximum number of requests in flight while nothing is throttled, and what it may grow to.
    pub(crate) fn normal_and_max(&self) -> (u32, u32) {
        (self.normal, self.max)
    }

    /// How the number in flight grows.
    pub(crate) fn growth(&self, is_paced: bool) -> ConcurrencyGrowth {
        match (is_paced, self.adapts) {
            (true, _) => ConcurrencyGrowth::Doubling,
            (false, true) => ConcurrencyGrowth::Rounds(self.parallel),
            (false, false) => ConcurrencyGrowth::PerSecond(GROWTH_PER_SECOND),
        }
    }

    /// A request timed out. Multiplicative decrease, unless the manifest sets the concurrency.
    pub(crate) fn on_timeout(&mut self) {
        if self.adapts {
            self.replies = 0;
            self.normal = (self.normal * 3 / 4).max(1);
            self.current = self.current.min(self.normal);
        }
    }

    /// A request was throttled: one is sent alone after the cooldown.
    pub(crate) fn on_throttled(&mut self) {
        self.current = 1;
    }

    /// The cooldown is over: a request was answered. Where a rate paces requests (`is_paced`), the concurrency is
    /// restored at once.
    pub(crate) fn restore(&mut self, is_paced: bool) {
        let restored = if is_paced { self.normal } else { self.current.saturating_mul(2) };
        self.current = restored.min(self.normal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    /// The concurrency after these many replies, 100 ms apart.
    fn concurrency_after(mut limit: ConcurrencyLimit, replies: u32, is_paced: bool) -> u32 {
        for at in 0..replies {
            let now = Duration::from_millis(100) * at;
            limit.on_reply_while_full(Duration::from_millis(100), is_paced, now);
            if !is_paced {
                limit.grow_while_full(now);
            }
        }
        limit.current()
    }

    #[test]
    fn a_stated_concurrency_is_a_maximum_and_not_a_start() {
        let set = || ConcurrencyLimit::new(8).with_stated_max(256);
        assert_eq!(concurrency_after(set(), 0, false), 8);
        // About 30 % a second, however many replies there are.
        let after_two_seconds = concurrency_after(set(), 20, false);
        assert!((12..=15).contains(&after_two_seconds), "{after_two_seconds}");
        assert_eq!(concurrency_after(set(), 400, false), 256);
        assert_eq!(concurrency_after(set(), 8, true), 16, "doubled after one round");
        assert_eq!(concurrency_after(set(), 248, true), 256);
        assert_eq!(concurrency_after(set(), 500, true), 256);
        let adapting = || ConcurrencyLimit::new(8).with_learned_max(64);
        assert_eq!((concurrency_after(adapting(), 8, false), concurrency_after(adapting(), 8, true)), (9, 16));
        let shared_by_four = || adapting().shared_by(4);
        assert_eq!(
            (concurrency_after(shared_by_four(), 31, false), concurrency_after(shared_by_four(), 32, false)),
            (8, 9)
        );
    }

    #[test]
    fn a_stated_concurrency_grows_only_while_requests_wait_for_a_slot() {
        let ms = Duration::from_millis;
        let mut limit = ConcurrencyLimit::new(8).with_stated_max(256);
        let next = limit.grow_while_full(S(100)).unwrap();
        assert_eq!(limit.current(), 8, "a pause is no reason to grow");
        assert_eq!(next.as_millis(), 416, "2.4 a second");
        limit.grow_while_full(S(100) + ms(420));
        assert_eq!(limit.current(), 9);
        limit.on_throttled();
        assert_eq!(limit.grow_while_full(S(101)), None, "a cooldown is not the time to grow");
        assert_eq!(ConcurrencyLimit::new(8).with_learned_max(64).grow_while_full(S(1)), None);
        assert_eq!(ConcurrencyLimit::new(3).with_stated_max(3).grow_while_full(S(1)), None);
    }

    #[test]
    fn a_concurrency_that_is_not_stated_grows_while_the_server_keeps_up() {
        let ms = Duration::from_millis;
        let rounds = |limit: &mut ConcurrencyLimit, latency, rounds: u32| {
            for _ in 0..rounds * 64 {
                limit.on_reply_while_full(latency, false, S(1));
            }
        };
        let mut limit = ConcurrencyLimit::new(8).with_learned_max(64);
        rounds(&mut limit, ms(100), 8);
        let grown = limit.current();
        assert!(grown > 20, "{grown}");
        rounds(&mut limit, ms(300), 8);
        assert_eq!(limit.current(), grown, "slower replies");
        limit.on_timeout();
        assert_eq!(limit.current(), grown * 3 / 4);
        rounds(&mut limit, ms(100), 100);
        assert_eq!(limit.current(), 64);
        let mut set = ConcurrencyLimit::new(8);
        rounds(&mut set, ms(100), 8);
        set.on_timeout();
        assert_eq!(set.current(), 8, "the concurrency of the manifest stays");
    }
}
