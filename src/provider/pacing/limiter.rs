//! Pacing: requests and tokens per minute, never more than allowed in any stretch.
//!
//! governor's GCRA, used through `check_n` with a time that is handed in. Its own
//! defaults would send a minute's allowance at once; a burst here is half a second's,
//! so that what the network squeezes together still fits into a server's one-second
//! bucket.

use super::adaptive_rate::Rate;
use crate::provider::dialect::openai::rate_limit_headers::{Allowances, Over};
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::cell::Cell;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

/// A time that is set from outside.
#[derive(Clone, Debug, Default)]
struct Given(Rc<Cell<Duration>>);

impl GovernorClock for Given {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.get()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, Given, NoOpMiddleware<Duration>>;

/// One allowance, continuously refilled. A quota can't be changed, so its time is: a
/// limiter whose clock runs at half the speed lets through half as much.
struct Bucket {
    limiter: Limiter,
    time: Given,
    per_minute: NonZeroU32,
    burst: NonZeroU32,
    /// When the limiter's clock was last set.
    now: Duration,
    /// The limiter's clock by ours.
    speed: f64,
}

/// Share of a second that may be sent at once.
const BURST_SECONDS: f64 = 0.5;
/// Slowest and fastest that a limiter's clock runs, by ours.
const SPEEDS: (f64, f64) = (0.001, 100.0);

impl Bucket {
    fn new(per_minute: u64, least_burst: u64, now: Duration) -> Self {
        let whole = |count: u64| NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "limits are below 2^32"
        )]
        let burst = ((per_minute as f64 / 60.0 * BURST_SECONDS).floor() as u64).max(least_burst);
        let (per_minute, burst) = (whole(per_minute), whole(burst));
        let time = Given::default();
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        let limiter = RateLimiter::direct_with_clock(quota, time.clone());
        Self { limiter, time, per_minute, burst, now, speed: 1.0 }
    }

    /// Lets through `per_minute` from now on.
    fn run_at(&mut self, per_minute: f64, now: Duration) {
        self.advance(now);
        self.speed = (per_minute / f64::from(self.per_minute.get())).clamp(SPEEDS.0, SPEEDS.1);
    }

    fn advance(&mut self, now: Duration) {
        self.time.0.set(self.time.0.get() + now.saturating_sub(self.now).mul_f64(self.speed));
        self.now = self.now.max(now);
    }

    /// Takes `count` at `now`, or says how long to wait.
    fn take(&mut self, count: u64, now: Duration) -> Result<(), Duration> {
        let Some(cells) = NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX)) else {
            return Ok(());
        };
        if cells > self.burst {
            self.widen(cells, now);
        }
        self.advance(now);
        match self.limiter.check_n(cells) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => {
                let wait = not_until.wait_time_from(self.time.now()).div_f64(self.speed);
                Err(wait.max(Duration::from_millis(1)))
            }
            // Impossible after widening; a second is harmless.
            Err(_) => Err(Duration::from_secs(1)),
        }
    }

    /// A larger request than all before: a limiter can't be changed, so it is replaced
    /// by one that starts empty.
    fn widen(&mut self, burst: NonZeroU32, now: Duration) {
        let fresh = Self::new(u64::from(self.per_minute.get()), u64::from(burst.get()), now);
        let _ = fresh.limiter.check_n(fresh.burst);
        *self = Self { speed: self.speed, ..fresh };
    }
}

/// One kind of limit: what the manifest says of it, and what the provider does.
struct Lane {
    given: Option<u64>,
    rate: Rate,
    bucket: Option<Bucket>,
    /// What went out of late, and when.
    sent: VecDeque<(Duration, u64)>,
}

/// How far back what went out is remembered.
const SEEN: Duration = Duration::from_secs(10);

impl Lane {
    fn new(given: Option<u64>) -> Self {
        let bucket = given.map(|limit| Bucket::new(limit, 1, Duration::ZERO));
        Self { given, rate: Rate::default(), bucket, sent: VecDeque::new() }
    }

    fn take(&mut self, count: u64, now: Duration) -> Result<(), Duration> {
        self.rate.passes(now);
        self.follow(now);
        if let Some(Err(wait)) = self.bucket.as_mut().map(|bucket| bucket.take(count, now)) {
            self.rate.pressed(count, now);
            return Err(wait);
        }
        self.sent.push_back((now, count));
        while self.sent.front().is_some_and(|(at, _)| now.saturating_sub(*at) > SEEN) {
            self.sent.pop_front();
        }
        Ok(())
    }

    /// Runs the bucket at the rate that the provider allows, and never above what the
    /// manifest allows.
    fn follow(&mut self, now: Duration) {
        let Some(learned) = self.rate.per_minute() else { return };
        #[expect(clippy::cast_precision_loss, reason = "limits are below 2^52")]
        let rate = self.given.map_or(learned, |given| learned.min(given as f64));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive")]
        let bucket = self.bucket.get_or_insert_with(|| {
            let fresh = Bucket::new(rate.max(1.0) as u64, 1, now);
            // Much may be under way already.
            let _ = fresh.limiter.check_n(fresh.burst);
            fresh
        });
        bucket.run_at(rate, now);
    }

    /// What went out a minute, of late.
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    fn seen(&self, now: Duration) -> f64 {
        let Some((first, _)) = self.sent.front() else { return 0.0 };
        let total: u64 = self.sent.iter().map(|(_, count)| count).sum();
        total as f64 * 60.0 / now.saturating_sub(*first).as_secs_f64().max(1.0)
    }
}

/// Requests and tokens per minute: as the manifest states them, and as the provider lets
/// them be known.
pub struct Pace {
    requests: Lane,
    tokens: Lane,
}

impl Pace {
    /// Limits as the manifest states them; `None`: as the provider tells.
    #[must_use]
    pub fn new(requests_per_minute: Option<u32>, tokens_per_minute: Option<u64>) -> Self {
        Self { requests: Lane::new(requests_per_minute.map(Into::into)), tokens: Lane::new(tokens_per_minute) }
    }

    /// Takes one request at `now` (monotonic), or says how long to wait.
    ///
    /// # Errors
    /// The time to wait before asking again.
    pub fn take_request(&mut self, now: Duration) -> Result<(), Duration> {
        self.requests.take(1, now)
    }

    /// Takes `count` tokens at `now` (monotonic), or says how long to wait.
    ///
    /// # Errors
    /// The time to wait before asking again.
    pub fn take_tokens(&mut self, count: u64, now: Duration) -> Result<(), Duration> {
        self.tokens.take(count, now)
    }

    /// Takes what a reply to an attempt, sent at `sent`, says of the limits.
    pub fn told(&mut self, allowances: &Allowances, sent: Duration, now: Duration) {
        for (lane, allowance) in [(&mut self.requests, allowances.requests), (&mut self.tokens, allowances.tokens)] {
            if let Some(allowance) = allowance {
                lane.rate.told(&allowance, sent, now);
            }
        }
    }

    /// Takes that an attempt, sent at `sent`, went over a limit.
    pub fn refused(&mut self, over: &Over, sent: Duration, now: Duration) {
        let lane = if over.is_tokens { &mut self.tokens } else { &mut self.requests };
        let seen = lane.seen(now);
        lane.rate.refused(over.limit, seen, sent, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sends as fast as allowed for a minute; the times of sending.
    fn sent(limit: u32, sizes: &[u64], tokens: bool) -> Vec<(Duration, u64)> {
        let mut pace = if tokens { Pace::new(None, Some(limit.into())) } else { Pace::new(Some(limit), None) };
        let (mut now, mut out) = (Duration::ZERO, Vec::new());
        for size in sizes.iter().cycle() {
            let taken = if tokens { pace.take_tokens(*size, now) } else { pace.take_request(now) };
            match taken {
                Ok(()) => out.push((now, if tokens { *size } else { 1 })),
                Err(wait) => {
                    now += wait;
                    if now > Duration::from_secs(60) {
                        return out;
                    }
                    if tokens {
                        pace.take_tokens(*size, now).unwrap();
                    } else {
                        pace.take_request(now).unwrap();
                    }
                    out.push((now, if tokens { *size } else { 1 }));
                }
            }
        }
        out
    }

    fn most_in_any(window: Duration, sent: &[(Duration, u64)]) -> u64 {
        let in_window =
            |start: Duration| sent.iter().filter(|(at, _)| *at >= start && *at < start + window).map(|(_, n)| n).sum();
        sent.iter().map(|(at, _)| in_window(*at)).max().unwrap_or(0)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn requests_fill_the_limit_and_never_pass_it(limit in 6_u32..3000) {
            let sent = sent(limit, &[1], false);
            let burst = (limit / 120).max(1);
            prop_assert!(sent.len() as u32 <= limit + burst + 1, "{} of {limit}", sent.len());
            prop_assert!(sent.len() as u32 >= limit * 95 / 100, "{} of {limit}", sent.len());
            let second = most_in_any(Duration::from_secs(1), &sent) as u32;
            prop_assert!(second <= limit.div_ceil(60) + burst + 1, "{second} in a second of {limit} a minute");
        }

        #[test]
        fn tokens_of_any_size_fill_the_limit_and_never_pass_it(limit in 60_000_u32..2_000_000, sizes in prop::collection::vec(500_u64..40_000, 1..8)) {
            let sent = sent(limit, &sizes, true);
            let total: u64 = sent.iter().map(|(_, n)| n).sum();
            let largest = *sizes.iter().max().unwrap();
            let burst = (u64::from(limit) / 120).max(largest);
            prop_assert!(total <= u64::from(limit) + burst + 1, "{total} of {limit}");
            // A bucket that was replaced starts empty: at most a few largest requests are lost.
            prop_assert!(total + 4 * largest >= u64::from(limit) * 95 / 100, "{total} of {limit}");
        }
    }

    #[test]
    fn a_replaced_limiter_does_not_start_full() {
        let mut pace = Pace::new(None, Some(60_000));
        assert!(pace.take_tokens(30_000, Duration::ZERO).is_err());
        assert!(pace.take_tokens(30_000, Duration::from_secs(29)).is_err());
        assert!(pace.take_tokens(30_000, Duration::from_secs(31)).is_ok());
    }
}
