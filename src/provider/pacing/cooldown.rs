//! Waits while the provider throttles, and how many requests may be in flight.
//!
//! One cooldown for all requests to an endpoint: after a refusal all of them wait, then one
//! probe is sent, then the number in flight rises again. Time and chance are parameters.

use super::pace_limits::WidthGrowth;
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
    NeverAnswered,
    /// The endpoint asked for a delay that is longer than the run waits.
    LongDelay(Duration),
    /// The endpoint has been unavailable for longer than the run waits.
    MaxWait,
}

/// The state of the cooldown.
#[derive(Clone, Debug)]
pub(crate) struct Cooldown {
    /// The maximum number of requests in flight without problems.
    normal_width: u32,
    /// What `normal_width` may grow to.
    max_width: u32,
    /// Whether the width adapts to how the server keeps up: the manifest does not set it.
    adapts: bool,
    /// Processes that share the endpoint, at least 1: they grow together as one would.
    parallel: u32,
    /// Replies since `normal_width` last changed, and when it did.
    replies: u32,
    grown: Duration,
    /// When a request last waited for a place.
    full: Duration,
    /// The fastest reply so far; `None`: no reply while the width was used up.
    fastest: Option<Duration>,
    /// The latency of recent replies, smoothed.
    recent: Duration,
    /// The most requests in flight now.
    width: u32,
    /// Nothing is sent before this time.
    until: Duration,
    /// Consecutive refusals, each of a probe.
    refusals: u32,
    /// When the trouble began: the first refusal since the last success.
    since: Option<Duration>,
    /// How long the run waits for a success.
    max_wait: Duration,
    /// The delay that the last refusal asked for.
    requested: Option<Duration>,
    is_given_up: bool,
}

/// Delays if the server asks for none. The longest is short enough to notice the end of an
/// outage soon.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));
/// Shortest delay, even if the server asks for a shorter one.
const MIN_DELAY: Duration = Duration::from_millis(50);
/// Latencies below this count as equal.
const MIN_LATENCY: Duration = Duration::from_millis(20);
/// A server whose replies take this many times as long as the fastest has enough to do.
const MAX_SLOWDOWN: u32 = 2;
/// Growth of a width that the manifest sets, as a fraction per second, as long as no rate is
/// known: what a bucket of one second absorbs until a refusal shows the limit.
const GROWTH_PER_SECOND: f64 = 0.3;
/// Longest time between two moments at which requests waited for a place that counts as
/// waiting.
const MAX_FULL_GAP: Duration = Duration::from_secs(1);
/// Weight of the older latencies in the moving average; the newest has a weight of 1.
const LATENCY_WEIGHT: u32 = 7;

impl Cooldown {
    /// An open cooldown: at most `width` requests in flight, counted from 1. It gives up
    /// after `max_wait` without a success.
    #[must_use]
    pub(crate) fn new(width: u32, max_wait: Duration) -> Self {
        let width = width.max(1);
        Self {
            normal_width: width,
            max_width: width,
            adapts: false,
            parallel: 1,
            replies: 0,
            grown: Duration::ZERO,
            full: Duration::ZERO,
            fastest: None,
            recent: Duration::ZERO,
            width,
            until: Duration::ZERO,
            refusals: 0,
            since: None,
            max_wait,
            requested: None,
            is_given_up: false,
        }
    }

    /// The same, whose width grows up to `max` for as long as the server keeps up.
    #[must_use]
    pub(crate) fn with_max_width(mut self, max: u32) -> Self {
        self.max_width = max.max(self.normal_width);
        self.adapts = true;
        self
    }

    /// The same, whose width grows up to `max`, however the server keeps up.
    #[must_use]
    pub(crate) fn with_set_width(mut self, max: u32) -> Self {
        self.max_width = max.max(self.normal_width);
        self
    }

    /// The same, as one of `parallel` processes that share the endpoint.
    #[must_use]
    pub(crate) fn among(self, parallel: u32) -> Self {
        Self { parallel: parallel.max(1), ..self }
    }

    /// A reply arrived at `now`, after `latency`, while other requests waited for a place.
    /// Where a rate paces requests (`is_paced`), the width does not slow them down: it doubles per round of replies.
    /// Otherwise a width that adapts grows by one per round, in all processes together. A width that adapts does not
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
            (false, true) => self.replies / self.normal_width.saturating_mul(self.parallel),
            // It grows with time.
            (false, false) => 0,
        };
        if step == 0 {
            return;
        }
        (self.replies, self.grown) = (0, now);
        let is_slow = self.adapts && self.recent > fastest * MAX_SLOWDOWN;
        if !is_slow && self.width == self.normal_width {
            self.normal_width = self.normal_width.saturating_add(step).min(self.max_width);
            self.width = self.normal_width;
        }
    }

    /// A request waits for a place at `now`, and no rate paces requests. A width that the
    /// manifest sets grows with time, slowly enough to meet a limit gently, and also while no
    /// reply arrives: some models take minutes. Returns when it will grow next; `None`: it
    /// does not grow with time.
    pub(crate) fn grow_while_full(&mut self, now: Duration) -> Option<Duration> {
        let is_growing = !self.adapts && self.normal_width < self.max_width && self.width == self.normal_width;
        let was_full = now.saturating_sub(self.full) < MAX_FULL_GAP;
        self.full = now;
        // Time in which it could not grow does not count.
        if !is_growing || !was_full {
            self.grown = now;
        }
        if !is_growing {
            return None;
        }
        let per_step = Duration::from_secs_f64(1.0 / (f64::from(self.normal_width) * GROWTH_PER_SECOND));
        while self.grown + per_step <= now && self.normal_width < self.max_width {
            self.grown += per_step;
            self.normal_width += 1;
            self.width = self.normal_width;
        }
        Some((self.grown + per_step).saturating_sub(now))
    }

    /// The number of requests in flight while nothing is refused, and what it may grow to.
    pub(crate) fn widths(&self) -> (u32, u32) {
        (self.normal_width, self.max_width)
    }

    /// How the number in flight grows.
    pub(crate) fn growth(&self, is_paced: bool) -> WidthGrowth {
        match (is_paced, self.adapts) {
            (true, _) => WidthGrowth::Doubling,
            (false, true) => WidthGrowth::Rounds(self.parallel),
            (false, false) => WidthGrowth::PerSecond(GROWTH_PER_SECOND),
        }
    }

    /// A request timed out. Multiplicative decrease, unless the manifest sets the width.
    pub(crate) fn on_timeout(&mut self) {
        if self.adapts {
            self.replies = 0;
            self.normal_width = (self.normal_width * 3 / 4).max(1);
            self.width = self.width.min(self.normal_width);
        }
    }

    /// Whether a request may be sent at `now`.
    #[must_use]
    pub(crate) fn gate(&self, now: Duration) -> Gate {
        let long_delay = self.requested.filter(|delay| *delay > self.max_wait).map(GiveUpReason::LongDelay);
        match self.since {
            _ if self.is_given_up => Gate::GivenUp(GiveUpReason::NeverAnswered),
            // A delay that ends too late is not waited for.
            Some(since) if now.max(self.until).saturating_sub(since) > self.max_wait => {
                Gate::GivenUp(long_delay.unwrap_or(GiveUpReason::MaxWait))
            }
            _ if now < self.until => Gate::Closed(self.until - now),
            _ => Gate::Open(self.width),
        }
    }

    /// The endpoint has never answered: nothing more is sent, although the run could wait longer.
    pub(crate) fn give_up(&mut self) {
        self.is_given_up = true;
    }

    /// A request, sent at `sent`, was refused at `now`. `after`: the minimum delay that the
    /// server asked for; `chance`: a random number from 0 to 1, which spreads processes that
    /// share a limit.
    pub(crate) fn on_throttled(&mut self, sent: Duration, now: Duration, after: Option<Duration>, chance: f64) {
        self.since.get_or_insert(now);
        self.requested = after;
        // The requests in flight when a cooldown begins are all refused, for the same reason.
        let is_new = sent >= self.until || self.refusals == 0;
        self.refusals += u32::from(is_new);
        let delay = after.unwrap_or_else(|| BACKOFF.delay(self.refusals));
        if is_new || after.is_some() {
            self.until = self.until.max(now + jittered(delay, chance).max(MIN_DELAY));
        }
        self.width = 1;
    }

    /// A request, sent at `sent`, was answered at `now`. One that was in flight when the cooldown
    /// began does not show that it is over, but that the endpoint answers: the time until the run gives up
    /// starts again. Where a rate paces requests (`is_paced`), the width is restored at once.
    pub(crate) fn on_success(&mut self, sent: Duration, now: Duration, is_paced: bool) {
        if sent < self.until {
            self.since = self.since.map(|_| now);
            return;
        }
        (self.since, self.requested) = (None, None);
        self.refusals = 0;
        let width = if is_paced { self.normal_width } else { self.width.saturating_mul(2) };
        self.width = width.min(self.normal_width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn a_storm_is_one_cooldown_then_one_probe_then_the_width_rises() {
        let mut cooldown = Cooldown::new(8, S(600));
        assert_eq!(cooldown.gate(S(0)), Gate::Open(8));
        for _ in 0..8 {
            cooldown.on_throttled(S(9), S(10), Some(S(2)), 0.0);
        }
        assert_eq!(cooldown.gate(S(10)), Gate::Closed(S(2)));
        assert_eq!(cooldown.gate(S(12)), Gate::Open(1));
        for width in [2, 4, 8, 8] {
            cooldown.on_success(S(12), S(12), false);
            assert_eq!(cooldown.gate(S(12)), Gate::Open(width));
        }
    }

    #[test]
    fn a_known_rate_restores_the_width_at_once() {
        let mut cooldown = Cooldown::new(8, S(600));
        cooldown.on_throttled(S(9), S(10), Some(S(2)), 0.0);
        cooldown.on_success(S(11), S(11), true);
        assert_eq!(cooldown.gate(S(12)), Gate::Open(1), "only the probe does");
        cooldown.on_success(S(12), S(12), true);
        assert_eq!(cooldown.gate(S(12)), Gate::Open(8));
    }

    #[test]
    fn answers_in_flight_show_that_the_endpoint_is_there() {
        let mut cooldown = Cooldown::new(8, S(3));
        cooldown.on_throttled(S(9), S(10), Some(S(1)), 0.0);
        cooldown.on_throttled(S(11), S(12), Some(S(1)), 0.0);
        cooldown.on_success(S(9), S(12), false);
        assert_eq!(cooldown.gate(S(14)), Gate::Open(1), "not 4 s without an answer");
        assert_eq!(cooldown.gate(S(16)), Gate::GivenUp(GiveUpReason::MaxWait));
        cooldown.on_throttled(S(13), S(13), Some(S(4)), 0.0);
        cooldown.on_success(S(9), S(13), false);
        assert_eq!(cooldown.gate(S(13)), Gate::GivenUp(GiveUpReason::LongDelay(S(4))), "as before");
    }

    /// The width after these many replies, 100 ms apart.
    fn width_after(mut cooldown: Cooldown, replies: u32, is_paced: bool) -> u32 {
        for at in 0..replies {
            let now = Duration::from_millis(100) * at;
            cooldown.on_reply_while_full(Duration::from_millis(100), is_paced, now);
            if !is_paced {
                cooldown.grow_while_full(now);
            }
        }
        let Gate::Open(width) = cooldown.gate(S(1000)) else { panic!("closed") };
        width
    }

    #[test]
    fn a_set_width_is_a_maximum_and_not_a_start() {
        let set = || Cooldown::new(8, S(600)).with_set_width(256);
        assert_eq!(width_after(set(), 0, false), 8);
        // About 30 % a second, however many replies there are.
        let after_two_seconds = width_after(set(), 20, false);
        assert!((12..=15).contains(&after_two_seconds), "{after_two_seconds}");
        assert_eq!(width_after(set(), 400, false), 256);
        assert_eq!(width_after(set(), 8, true), 16, "doubled after one round");
        assert_eq!(width_after(set(), 248, true), 256);
        assert_eq!(width_after(set(), 500, true), 256);
        let adapting = || Cooldown::new(8, S(600)).with_max_width(64);
        assert_eq!((width_after(adapting(), 8, false), width_after(adapting(), 8, true)), (9, 16));
        let among_four = || adapting().among(4);
        assert_eq!((width_after(among_four(), 31, false), width_after(among_four(), 32, false)), (8, 9));
    }

    #[test]
    fn a_set_width_grows_only_while_requests_wait_for_a_place() {
        let ms = Duration::from_millis;
        let mut cooldown = Cooldown::new(8, S(600)).with_set_width(256);
        let next = cooldown.grow_while_full(S(100)).unwrap();
        assert_eq!(cooldown.gate(S(100)), Gate::Open(8), "a pause is no reason to grow");
        assert_eq!(next.as_millis(), 416, "2.4 a second");
        cooldown.grow_while_full(S(100) + ms(420));
        assert_eq!(cooldown.gate(S(101)), Gate::Open(9));
        cooldown.on_throttled(S(101), S(101), None, 0.0);
        assert_eq!(cooldown.grow_while_full(S(101)), None, "a cooldown is not the time to grow");
        assert_eq!(Cooldown::new(8, S(600)).with_max_width(64).grow_while_full(S(1)), None);
        assert_eq!(Cooldown::new(3, S(600)).with_set_width(3).grow_while_full(S(1)), None);
    }

    #[test]
    fn a_width_that_is_not_set_grows_while_the_server_keeps_up() {
        let ms = Duration::from_millis;
        let rounds = |cooldown: &mut Cooldown, latency, rounds: u32| {
            for _ in 0..rounds * 64 {
                cooldown.on_reply_while_full(latency, false, S(1));
            }
        };
        let mut cooldown = Cooldown::new(8, S(600)).with_max_width(64);
        rounds(&mut cooldown, ms(100), 8);
        let Gate::Open(grown) = cooldown.gate(S(1)) else { panic!("closed") };
        assert!(grown > 20, "{grown}");
        rounds(&mut cooldown, ms(300), 8);
        assert_eq!(cooldown.gate(S(1)), Gate::Open(grown), "slower replies");
        cooldown.on_timeout();
        assert_eq!(cooldown.gate(S(1)), Gate::Open(grown * 3 / 4));
        rounds(&mut cooldown, ms(100), 100);
        assert_eq!(cooldown.gate(S(1)), Gate::Open(64));
        let mut set = Cooldown::new(8, S(600));
        rounds(&mut set, ms(100), 8);
        set.on_timeout();
        assert_eq!(set.gate(S(1)), Gate::Open(8), "the width of the manifest stays");
    }

    #[test]
    fn without_a_requested_delay_it_doubles_up_to_a_bound() {
        let mut cooldown = Cooldown::new(8, S(600));
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
        let mut cooldown = Cooldown::new(8, S(60));
        cooldown.on_throttled(S(100), S(100), None, 0.0);
        assert!(matches!(cooldown.gate(S(101)), Gate::Open(1)));
        assert_eq!(cooldown.gate(S(161)), Gate::GivenUp(GiveUpReason::MaxWait));
        cooldown.on_success(S(160), S(160), false);
        assert_eq!(cooldown.gate(S(161)), Gate::Open(2));
        cooldown.on_throttled(S(200), S(200), Some(S(3600)), 0.0);
        assert_eq!(cooldown.gate(S(201)), Gate::GivenUp(GiveUpReason::LongDelay(S(3600))));
    }

    #[test]
    fn a_late_refusal_after_a_success_is_a_new_cooldown() {
        let mut cooldown = Cooldown::new(8, S(600));
        cooldown.on_throttled(S(10), S(10), Some(S(5)), 0.0);
        cooldown.on_success(S(9), S(9), false);
        assert_eq!(cooldown.gate(S(15)), Gate::Open(1), "only the probe raises the width");
        cooldown.on_success(S(15), S(15), false);
        cooldown.on_throttled(S(9), S(16), None, 0.0);
        assert_eq!(cooldown.gate(S(16)), Gate::Closed(BACKOFF.delay(1)));
    }

    #[test]
    fn jitter_spreads_processes_and_a_delay_of_nothing_is_none() {
        for (after, chance, ms) in [(None, 0.5, 562), (Some(S(0)), 1.0, 50), (Some(S(4)), 0.5, 4500)] {
            let mut cooldown = Cooldown::new(8, S(600));
            cooldown.on_throttled(S(1), S(1), after, chance);
            let Gate::Closed(delay) = cooldown.gate(S(1)) else { panic!("open") };
            assert_eq!(delay.as_millis(), ms, "{after:?}");
        }
    }

    #[test]
    fn a_requested_delay_is_a_minimum() {
        let mut cooldown = Cooldown::new(8, S(60));
        cooldown.on_throttled(S(1), S(1), Some(S(8)), 1.0);
        assert_eq!(cooldown.gate(S(1)), Gate::Closed(S(10)));
    }
}
