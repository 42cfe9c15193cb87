//! Waits while the provider throttles.
//!
//! One cooldown for all requests to an endpoint: after one is throttled all of them wait, then one
//! request is sent alone, then the number in flight rises again. Time and chance are parameters.

use crate::base::backoff::{Backoff, jittered};
use std::time::Duration;

/// Whether a request may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Yes, if fewer than this many requests are in flight.
    Open(u32),
    /// Not for this long.
    Closed(Duration),
    /// Nothing more is sent.
    GivenUp(GiveUpReason),
}

/// Why nothing more is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GiveUpReason {
    /// The endpoint has never answered, and may bill every request.
    NeverReplied,
    /// The endpoint asked for a delay that is longer than the run waits.
    LongDelay(Duration),
    /// The endpoint has been unavailable for longer than the run waits.
    MaxWait,
}

/// The state of the cooldown.
#[derive(Clone, Debug)]
pub(crate) struct Cooldown {
    /// Nothing is sent before this time.
    until: Duration,
    /// How often in a row the request that was sent alone was throttled.
    throttled: u32,
    /// When the trouble began: the first throttled request since the last success.
    since: Option<Duration>,
    /// How long the run waits for a success.
    max_wait: Duration,
    /// The delay that the last throttled request was asked to wait for.
    requested: Option<Duration>,
    is_given_up: bool,
}

/// Delays if the server asks for none. The longest is short enough to notice the end of an
/// outage soon.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));
/// Shortest delay, even if the server asks for a shorter one.
const MIN_DELAY: Duration = Duration::from_millis(50);
impl Cooldown {
    /// An open cooldown. It gives up after `max_wait` without a success.
    #[must_use]
    pub(crate) fn new(max_wait: Duration) -> Self {
        Self { until: Duration::ZERO, throttled: 0, since: None, max_wait, requested: None, is_given_up: false }
    }

    /// Whether a request may be sent at `now`. `concurrency`: how many may be in flight.
    #[must_use]
    pub(crate) fn gate(&self, now: Duration, concurrency: u32) -> Gate {
        let long_delay = self.requested.filter(|delay| *delay > self.max_wait).map(GiveUpReason::LongDelay);
        match self.since {
            _ if self.is_given_up => Gate::GivenUp(GiveUpReason::NeverReplied),
            // A delay that ends too late is not waited for.
            Some(since) if now.max(self.until).saturating_sub(since) > self.max_wait => {
                Gate::GivenUp(long_delay.unwrap_or(GiveUpReason::MaxWait))
            }
            _ if now < self.until => Gate::Closed(self.until - now),
            _ => Gate::Open(concurrency),
        }
    }

    /// The endpoint has never answered: nothing more is sent, although the run could wait longer.
    pub(crate) fn give_up(&mut self) {
        self.is_given_up = true;
    }

    /// A request, sent at `sent`, was throttled at `now`. `after`: the minimum delay that the
    /// server asked for; `chance`: a random number from 0 to 1, which spreads processes that
    /// share a limit.
    pub(crate) fn on_throttled(&mut self, sent: Duration, now: Duration, after: Option<Duration>, chance: f64) {
        self.since.get_or_insert(now);
        self.requested = after;
        // The requests in flight when a cooldown begins are all throttled, for the same reason.
        let is_new = sent >= self.until || self.throttled == 0;
        self.throttled += u32::from(is_new);
        let delay = after.unwrap_or_else(|| BACKOFF.delay(self.throttled));
        if is_new || after.is_some() {
            self.until = self.until.max(now + jittered(delay, chance).max(MIN_DELAY));
        }
    }

    /// A request, sent at `sent`, was answered at `now`. One that was in flight when the cooldown
    /// began does not show that it is over, but that the endpoint answers: the time until the run gives up
    /// starts again. Returns whether the cooldown is over.
    pub(crate) fn on_success(&mut self, sent: Duration, now: Duration) -> bool {
        if sent < self.until {
            self.since = self.since.map(|_| now);
            return false;
        }
        (self.since, self.requested) = (None, None);
        self.throttled = 0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::pacing::concurrency_limit::ConcurrencyLimit;

    const S: fn(u64) -> Duration = Duration::from_secs;

    /// A cooldown and the number of requests in flight, as an endpoint has them.
    struct Paced {
        cooldown: Cooldown,
        concurrency: ConcurrencyLimit,
    }

    impl Paced {
        /// At most 8 requests in flight.
        fn new(max_wait: Duration) -> Self {
            Self { cooldown: Cooldown::new(max_wait), concurrency: ConcurrencyLimit::new(8) }
        }

        fn gate(&self, now: Duration) -> Gate {
            self.cooldown.gate(now, self.concurrency.current())
        }

        fn on_throttled(&mut self, sent: Duration, now: Duration, after: Option<Duration>, chance: f64) {
            self.cooldown.on_throttled(sent, now, after, chance);
            self.concurrency.on_throttled();
        }

        fn on_success(&mut self, sent: Duration, now: Duration, is_paced: bool) {
            if self.cooldown.on_success(sent, now) {
                self.concurrency.restore(is_paced);
            }
        }
    }

    #[test]
    fn a_storm_is_one_cooldown_then_one_request_then_the_concurrency_rises() {
        let mut cooldown = Paced::new(S(600));
        assert_eq!(cooldown.gate(S(0)), Gate::Open(8));
        for _ in 0..8 {
            cooldown.on_throttled(S(9), S(10), Some(S(2)), 0.0);
        }
        assert_eq!(cooldown.gate(S(10)), Gate::Closed(S(2)));
        assert_eq!(cooldown.gate(S(12)), Gate::Open(1));
        for concurrency in [2, 4, 8, 8] {
            cooldown.on_success(S(12), S(12), false);
            assert_eq!(cooldown.gate(S(12)), Gate::Open(concurrency));
        }
    }

    #[test]
    fn a_known_rate_restores_the_concurrency_at_once() {
        let mut cooldown = Paced::new(S(600));
        cooldown.on_throttled(S(9), S(10), Some(S(2)), 0.0);
        cooldown.on_success(S(11), S(11), true);
        assert_eq!(cooldown.gate(S(12)), Gate::Open(1), "only a request that was sent after it does");
        cooldown.on_success(S(12), S(12), true);
        assert_eq!(cooldown.gate(S(12)), Gate::Open(8));
    }

    #[test]
    fn answers_in_flight_show_that_the_endpoint_is_there() {
        let mut cooldown = Paced::new(S(3));
        cooldown.on_throttled(S(9), S(10), Some(S(1)), 0.0);
        cooldown.on_throttled(S(11), S(12), Some(S(1)), 0.0);
        cooldown.on_success(S(9), S(12), false);
        assert_eq!(cooldown.gate(S(14)), Gate::Open(1), "not 4 s without an answer");
        assert_eq!(cooldown.gate(S(16)), Gate::GivenUp(GiveUpReason::MaxWait));
        cooldown.on_throttled(S(13), S(13), Some(S(4)), 0.0);
        cooldown.on_success(S(9), S(13), false);
        assert_eq!(cooldown.gate(S(13)), Gate::GivenUp(GiveUpReason::LongDelay(S(4))), "as before");
    }

    #[test]
    fn without_a_requested_delay_it_doubles_up_to_a_bound() {
        let mut cooldown = Paced::new(S(600));
        let mut now = S(1);
        let mut waits = Vec::new();
        for _ in 0..8 {
            cooldown.on_throttled(now, now, None, 0.0);
            let Gate::Closed(wait) = cooldown.gate(now) else { panic!("closed") };
            waits.push(wait.as_millis());
            now += wait;
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    }

    #[test]
    fn it_gives_up_after_max_wait_and_at_once_if_the_delay_is_longer() {
        let mut cooldown = Paced::new(S(60));
        cooldown.on_throttled(S(100), S(100), None, 0.0);
        assert!(matches!(cooldown.gate(S(101)), Gate::Open(1)));
        assert_eq!(cooldown.gate(S(161)), Gate::GivenUp(GiveUpReason::MaxWait));
        cooldown.on_success(S(160), S(160), false);
        assert_eq!(cooldown.gate(S(161)), Gate::Open(2));
        cooldown.on_throttled(S(200), S(200), Some(S(3600)), 0.0);
        assert_eq!(cooldown.gate(S(201)), Gate::GivenUp(GiveUpReason::LongDelay(S(3600))));
    }

    #[test]
    fn a_late_throttling_after_a_success_is_a_new_cooldown() {
        let mut cooldown = Paced::new(S(600));
        cooldown.on_throttled(S(10), S(10), Some(S(5)), 0.0);
        cooldown.on_success(S(9), S(9), false);
        assert_eq!(cooldown.gate(S(15)), Gate::Open(1), "only a request that was sent after it raises the concurrency");
        cooldown.on_success(S(15), S(15), false);
        cooldown.on_throttled(S(9), S(16), None, 0.0);
        assert_eq!(cooldown.gate(S(16)), Gate::Closed(BACKOFF.delay(1)));
    }

    #[test]
    fn jitter_spreads_processes_and_a_delay_of_nothing_is_none() {
        for (after, chance, ms) in [(None, 0.5, 562), (Some(S(0)), 1.0, 50), (Some(S(4)), 0.5, 4500)] {
            let mut cooldown = Paced::new(S(600));
            cooldown.on_throttled(S(1), S(1), after, chance);
            let Gate::Closed(delay) = cooldown.gate(S(1)) else { panic!("open") };
            assert_eq!(delay.as_millis(), ms, "{after:?}");
        }
    }

    #[test]
    fn a_requested_delay_is_a_minimum() {
        let mut cooldown = Paced::new(S(60));
        cooldown.on_throttled(S(1), S(1), Some(S(8)), 1.0);
        assert_eq!(cooldown.gate(S(1)), Gate::Closed(S(10)));
    }
}
