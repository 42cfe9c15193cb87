//! For how long a reported limit is: a second, a minute, or something in between. Headers do not state it; it follows
//! from how fast what was used comes back, over several replies.

use super::window_burst::WindowBurst;
use crate::provider::judgement::rate_limits::{LimitHeaders, ReportedLimit};
use std::time::Duration;

/// What replies have shown of a limit's window.
#[derive(Clone, Debug, Default)]
pub(crate) struct LimitWindow {
    /// The limit of these replies.
    limit: u64,
    /// The most that was left of it.
    max_remaining: u64,
    /// The longest reset time.
    max_reset: Duration,
    /// Whether all reset times were whole seconds.
    is_coarse: bool,
    /// What they have in common; `None`: nothing was used yet.
    bounds: Option<Bounds>,
    /// Whether a single reply or a burst showed a window of at most a second, which no other contradicts.
    is_second: bool,
    /// Requests that are sent to see the window.
    burst: Option<WindowBurst>,
    /// Whether a request was throttled during a burst: the server accepts fewer at once.
    is_burst_throttled: bool,
}

/// The windows that explain a number of replies, in seconds.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    low: f64,
    high: f64,
    /// The number of these replies.
    replies: u32,
    /// When the first of them arrived.
    since: Duration,
    /// The longest window if exactly what one request takes was missing; only in replies in which no more was.
    lone: f64,
    /// Whether more was missing in some.
    has_more: bool,
}

/// Windows that limits have, in seconds. Of those that explain the replies, the longest is taken: it is the
/// slowest.
const WINDOWS: [f64; 8] = [60.0, 30.0, 20.0, 15.0, 10.0, 5.0, 2.0, 1.0];
/// The window of a limit without further information.
const MINUTE: f64 = 60.0;
/// A limit per second, of which a single reply shows the window. Reset times are rounded, and measured a little
/// later than what remains. Limits with shorter windows are read as limits per second, which is slower.
const SECOND: f64 = 1.0;
const SECOND_TOLERANCE: f64 = 0.25;
/// The longest reset time of a limit per second.
const MAX_SECOND_RESET: Duration = Duration::from_secs(1);
/// By how many seconds a reset time in whole seconds may be rounded, up or down.
const ROUNDING: f64 = 1.0;
/// The same in milliseconds.
const MILLISECOND: f64 = 0.001;
/// How far the bounds of a single reply are widened, as a fraction.
const TOLERANCE: f64 = 0.03;
/// Replies that show a window.
const MIN_REPLIES: u32 = 3;
/// Replies that show one if no more than one request was ever missing: then they give no upper bound.
const MIN_LONE_REPLIES: u32 = 8;
/// How far a window may be longer than such replies indicate: they may be measured after a part came back.
const LONE_TOLERANCE: f64 = 1.3;
/// For which part of the window replies have to agree. If the reset time is when all comes back at once, they
/// do not agree for so long.
const MIN_SPAN: f64 = 0.25;

impl LimitWindow {
    /// What headers mean per minute, with what earlier ones have shown. `sent`, `now`: when the request was sent and
    /// when they arrived.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rates")]
    pub(crate) fn interpret(&mut self, headers: &LimitHeaders, sent: Duration, now: Duration) -> ReportedLimit {
        let LimitHeaders { limit, remaining, reset } = *headers;
        if limit != self.limit {
            *self = Self { limit, is_coarse: true, ..Self::default() };
        }
        self.max_remaining = self.max_remaining.max(remaining);
        if let Some(reset) = reset {
            self.max_reset = self.max_reset.max(reset);
            self.is_coarse &= is_whole(reset);
        }
        let has_recovered = self.burst.as_mut().is_some_and(|burst| burst.on_headers(headers, sent, now));
        self.add(headers, has_recovered && self.may_hide_second(), now);
        let per_minute = (limit as f64 * MINUTE / self.seconds(now)).round() as u64;
        ReportedLimit { per_minute: per_minute.max(1), remaining, reset: reset.unwrap_or_default() }
    }

    /// Whether reset times are too coarse to show whether this is a limit per second.
    fn may_hide_second(&self) -> bool {
        self.is_coarse && self.max_reset <= MAX_SECOND_RESET && self.max_remaining * 2 >= self.limit
    }

    /// A bucket that holds a part of a minute's limit never has most of it left.
    fn has_been_free(&self) -> bool {
        self.max_remaining > self.limit / 2
    }

    /// Adds a reply. `has_recovered`: a burst has shown a limit per second.
    fn add(&mut self, headers: &LimitHeaders, has_recovered: bool, now: Duration) {
        let Some(one) = Bounds::from_headers(headers, self.is_coarse, now) else { return };
        let both = self.bounds.map_or(Some(one), |known| known.and(&one));
        let bounds = *self.bounds.insert(both.unwrap_or(one));
        // The last second of a minute looks like a second, but not if the ones before it are known.
        let may_be_second = both.is_some() && bounds.low <= SECOND;
        self.is_second = may_be_second && (self.is_second || shows_second(headers) || has_recovered);
    }

    /// Begins a burst after a reply with `headers`, if only that shows the window. `unit`, `largest`: as for
    /// [`WindowBurst::begin`].
    pub(crate) fn begin_burst(
        &mut self,
        headers: &LimitHeaders,
        unit: u64,
        largest: u64,
        sent: Duration,
        now: Duration,
    ) {
        let is_free = headers.remaining > 0 && headers.remaining * 2 >= headers.limit;
        let is_free = is_free && used(headers) > 0 && !self.is_burst_throttled;
        let is_unclear = headers.reset.is_some() && self.may_hide_second() && !self.is_second;
        if is_free && is_unclear && self.burst.as_ref().is_none_or(|burst| burst.is_over(now)) {
            self.burst = Some(WindowBurst::begin(headers, unit, largest, sent, now));
        }
    }

    /// Takes `count` of a burst.
    ///
    /// # Errors
    /// How long to wait before the next try; `None`: no burst needs more.
    pub(crate) fn try_take_burst(&mut self, count: u64, now: Duration) -> Result<(), Option<Duration>> {
        self.burst.as_mut().map_or(Err(None), |burst| burst.try_take(count, now))
    }

    /// A request was throttled: a burst sends nothing more, and none follows it.
    pub(crate) fn stop_burst(&mut self, now: Duration) {
        if let Some(burst) = self.burst.as_mut().filter(|burst| !burst.is_over(now)) {
            burst.stop();
            self.is_burst_throttled = true;
        }
    }

    /// The window in seconds.
    fn seconds(&self, now: Duration) -> f64 {
        let Some(bounds) = self.bounds else { return MINUTE };
        if self.is_second {
            return SECOND;
        }
        // Such reset times may be constant.
        if self.is_coarse && self.max_reset <= MAX_SECOND_RESET {
            return MINUTE;
        }
        let Some(high) = bounds.upper().filter(|_| self.has_been_free()) else { return MINUTE };
        let fits = |window: &f64| (bounds.low..=high).contains(window);
        let window = WINDOWS.into_iter().find(fits).unwrap_or(high.min(MINUTE));
        let is_proven = now.saturating_sub(bounds.since).as_secs_f64() >= window * MIN_SPAN;
        if is_proven { window } else { MINUTE }
    }
}

impl Bounds {
    /// The windows that explain one reply; `None`: nothing is missing, or the reset time is unknown. `is_coarse`: 0 may
    /// be a part of a second.
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    fn from_headers(headers: &LimitHeaders, is_coarse: bool, now: Duration) -> Option<Self> {
        let LimitHeaders { limit, reset, .. } = *headers;
        let (used, reset) = (used(headers), reset?);
        if used == 0 || (reset.is_zero() && !is_coarse) {
            return None;
        }
        let (limit, used) = (limit as f64, used as f64);
        let error = if is_whole(reset) { ROUNDING } else { MILLISECOND };
        let (shortest, longest) = ((reset.as_secs_f64() - error).max(0.0), reset.as_secs_f64() + error);
        // What remains is rounded down: up to one unit less is missing.
        let high = if used > 1.0 { longest * limit / (used - 1.0) } else { f64::INFINITY };
        Some(Self {
            low: shortest * limit / used * (1.0 - TOLERANCE),
            high: high * (1.0 + TOLERANCE),
            replies: 1,
            since: now,
            lone: longest * limit / used,
            has_more: used > 1.0,
        })
    }

    /// What explains both; `None`: nothing does.
    fn and(&self, other: &Self) -> Option<Self> {
        let both = Self {
            low: self.low.max(other.low),
            high: self.high.min(other.high),
            replies: self.replies.saturating_add(1),
            since: self.since,
            lone: self.lone.max(other.lone),
            has_more: self.has_more || other.has_more,
        };
        (both.low <= both.high).then_some(both)
    }

    /// The longest window; `None`: too few replies.
    fn upper(&self) -> Option<f64> {
        match self.has_more {
            true => (self.replies >= MIN_REPLIES).then_some(self.high),
            false => (self.replies >= MIN_LONE_REPLIES).then_some(self.lone * LONE_TOLERANCE),
        }
    }
}

/// The requests or tokens that are missing.
fn used(headers: &LimitHeaders) -> u64 {
    headers.limit.saturating_sub(headers.remaining)
}

fn is_whole(reset: Duration) -> bool {
    reset.subsec_nanos() == 0
}

/// Whether a single reply shows a limit per second or less: what was used comes back at least at that rate, and in a limit per
/// minute not even one unit would come back within the reset time. (A limit per minute may have a bucket of one
/// second: then several units do.)
#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn shows_second(headers: &LimitHeaders) -> bool {
    let (limit, seconds) = (headers.limit, headers.reset.unwrap_or_default().as_secs_f64());
    let used = used(headers).max(1);
    let window = seconds * limit as f64 / used as f64;
    // Reset times are rounded, to milliseconds at best.
    let longest = seconds + if is_whole(headers.reset.unwrap_or_default()) { 0.0 } else { MILLISECOND };
    window > 0.0 && window <= SECOND + SECOND_TOLERANCE && limit as f64 / MINUTE * longest < 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(limit: u64, remaining: u64, ms: u64) -> LimitHeaders {
        LimitHeaders { limit, remaining, reset: Some(Duration::from_millis(ms)) }
    }

    #[test]
    fn a_single_reply() {
        // Limit, remaining and reset time; what it means per minute.
        for (limit, remaining, ms, per_minute) in [
            // One second.
            (10, 9, 100, 600),
            (10, 9, 99, 600),
            (10, 5, 500, 600),
            (10, 0, 1000, 600),
            (5, 4, 200, 300),
            (50, 49, 20, 3000),
            // Less than a second.
            (2, 1, 50, 120),
            (1, 0, 50, 60),
            (5, 4, 50, 300),
            (5, 0, 250, 300),
            // One minute, whole.
            (10, 9, 6000, 10),
            (10, 0, 60_000, 10),
            (60, 59, 1000, 60),
            (60, 30, 30_000, 60),
            (500, 499, 120, 500),
            (5000, 4999, 12, 5000),
            (160_000, 159_976, 9, 160_000),
            // One minute, in a bucket of one second.
            (600, 9, 100, 600),
            (600, 0, 1000, 600),
            (3000, 49, 20, 3000),
            (60, 0, 1000, 60),
            // The same with reset times that are rounded down.
            (3600, 59, 16, 3600),
            (4200, 69, 14, 4200),
            (5400, 89, 11, 5400),
            (1800, 29, 33, 1800),
            // Measured while the last unit came back.
            (500, 499, 50, 500),
            (10, 10, 0, 10),
        ] {
            let found =
                LimitWindow::default().interpret(&headers(limit, remaining, ms), Duration::ZERO, Duration::ZERO);
            assert_eq!(found.per_minute, per_minute, "limit {limit}, remaining {remaining}, reset {ms} ms");
        }
    }

    /// A provider's bucket of `limit` per `window` seconds, whole seconds of reset times or milliseconds.
    struct Provider {
        limit: f64,
        window: f64,
        /// How many are missing.
        used: f64,
        is_whole: bool,
    }

    impl Provider {
        fn report(&self) -> LimitHeaders {
            let seconds = self.used * self.window / self.limit;
            let ms = if self.is_whole { seconds.ceil() * 1000.0 } else { (seconds * 1000.0).floor() };
            headers(self.limit as u64, (self.limit - self.used).floor() as u64, ms as u64)
        }
    }

    /// The readings of the replies to a request every `every` seconds, `count` times.
    fn readings(provider: &mut Provider, every: f64, count: u32) -> Vec<u64> {
        let mut window = LimitWindow::default();
        let report = |at: u32| {
            let refilled = provider.limit / provider.window * every;
            provider.used = (provider.used - refilled).max(0.0);
            // Others are throttled.
            provider.used += if provider.used + 1.0 <= provider.limit { 1.0 } else { 0.0 };
            let now = Duration::from_secs_f64(f64::from(at) * every);
            window.interpret(&provider.report(), now, now).per_minute
        };
        (0..count).map(report).collect()
    }

    #[test]
    fn several_replies_show_the_window_and_are_never_read_as_more() {
        // The limit, the window, requests a second as a share of the limit, and the reading at the end.
        for (limit, window, load, is_whole) in [
            (10.0, 1.0, 0.95, false),
            (10.0, 1.0, 1.3, false),
            (50.0, 1.0, 0.9, false),
            (100.0, 1.0, 0.8, false),
            (10.0, 1.0, 1.3, true),
            (200.0, 10.0, 0.16, false),
            (200.0, 10.0, 0.9, false),
            (200.0, 10.0, 1.4, false),
            (100.0, 5.0, 1.1, false),
            (150.0, 30.0, 1.1, false),
            (60.0, 60.0, 0.9, false),
            (60.0, 60.0, 1.3, false),
            (60.0, 60.0, 1.3, true),
            (500.0, 60.0, 0.3, false),
            (500.0, 60.0, 1.3, false),
        ] {
            let mut provider = Provider { limit, window, used: 0.0, is_whole };
            let count = (limit * 6.0).max(20.0) as u32;
            let found = readings(&mut provider, window / limit / load, count);
            let truth = (limit * 60.0 / window) as u64;
            let case = format!("{limit} per {window} s, load {load}: {found:?}");
            assert!(found.iter().all(|reading| *reading <= truth), "{case}");
            assert_eq!(found.last(), Some(&truth), "{case}");
        }
    }

    /// Units that come back all at once, at the end of a minute.
    #[test]
    fn a_fixed_window_of_a_minute_stays_one() {
        for limit in [20, 60, 600] {
            let mut window = LimitWindow::default();
            for second in 0..600_u64 {
                let (minute, used) = (second % 60, (second % 60 + 1) * limit / 60);
                let reset = (60 - minute) * 1000 - 7;
                let now = Duration::from_secs(second);
                let found = window.interpret(&headers(limit, limit - used, reset), now, now);
                assert_eq!(found.per_minute, limit, "{limit}, second {second}");
            }
        }
    }

    #[test]
    fn a_burst_is_repeated_after_a_minute_unless_a_request_was_throttled() {
        let second = Duration::from_secs;
        for is_throttled in [false, true] {
            let mut window = LimitWindow::default();
            let mut begin = |at: u64| {
                let reply = headers(60, 59, 1000);
                window.interpret(&reply, second(at), second(at));
                window.begin_burst(&reply, 1, 1, second(at), second(at));
                let may_send = window.try_take_burst(1, second(at)).is_ok();
                if is_throttled {
                    window.stop_burst(second(at));
                }
                may_send
            };
            assert!(begin(0));
            assert_eq!(begin(61), !is_throttled);
        }
    }

    #[test]
    fn a_reading_that_later_replies_contradict_is_given_up() {
        let mut window = LimitWindow::default();
        let mut read = |remaining, ms, at| {
            let now = Duration::from_secs(at);
            window.interpret(&headers(10, remaining, ms), now, now).per_minute
        };
        assert_eq!(read(9, 100, 0), 600);
        assert_eq!([read(8, 140, 1), read(9, 40, 2), read(9, 4, 3)], [600; 3], "what remains is rounded down");
        assert_eq!(read(8, 12_000, 4), 10);
    }
}
