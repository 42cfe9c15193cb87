//! Pacing: requests and tokens per minute, never more than allowed in any stretch.
//!
//! governor's GCRA, used through `check_n` with a time that is handed in. Its own
//! defaults would send a minute's allowance at once; a burst here is half a second's,
//! so that what the network squeezes together still fits into a server's one-second
//! bucket.

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::cell::Cell;
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

/// One allowance, continuously refilled.
struct Bucket {
    limiter: Limiter,
    time: Given,
    per_minute: NonZeroU32,
    burst: NonZeroU32,
}

/// Share of a second that may be sent at once.
const BURST_SECONDS: f64 = 0.5;

impl Bucket {
    fn new(per_minute: u64, least_burst: u64) -> Self {
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
        Self { limiter: RateLimiter::direct_with_clock(quota, time.clone()), time, per_minute, burst }
    }

    /// Takes `count` at `now`, or says how long to wait.
    fn take(&mut self, count: u64, now: Duration) -> Result<(), Duration> {
        let Some(cells) = NonZeroU32::new(u32::try_from(count).unwrap_or(u32::MAX)) else {
            return Ok(());
        };
        if cells > self.burst {
            self.widen(cells, now);
        }
        self.time.0.set(now);
        match self.limiter.check_n(cells) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(not_until)) => Err(not_until.wait_time_from(self.time.now()).max(Duration::from_millis(1))),
            // Impossible after widening; a second is harmless.
            Err(_) => Err(Duration::from_secs(1)),
        }
    }

    /// A larger request than all before: a limiter can't be changed, so it is replaced
    /// by one that starts empty.
    fn widen(&mut self, burst: NonZeroU32, now: Duration) {
        let fresh = Self::new(u64::from(self.per_minute.get()), u64::from(burst.get()));
        fresh.time.0.set(now);
        let _ = fresh.limiter.check_n(fresh.burst);
        *self = fresh;
    }
}

/// Requests and tokens per minute.
#[derive(Default)]
pub struct Pace {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
}

impl Pace {
    /// Limits as the provider states them; `None`: no limit.
    #[must_use]
    pub fn new(requests_per_minute: Option<u32>, tokens_per_minute: Option<u64>) -> Self {
        Self {
            requests: requests_per_minute.map(|limit| Bucket::new(limit.into(), 1)),
            tokens: tokens_per_minute.map(|limit| Bucket::new(limit, 1)),
        }
    }

    /// Takes one request at `now` (monotonic), or says how long to wait.
    ///
    /// # Errors
    /// The time to wait before asking again.
    pub fn take_request(&mut self, now: Duration) -> Result<(), Duration> {
        self.requests.as_mut().map_or(Ok(()), |bucket| bucket.take(1, now))
    }

    /// Takes `count` tokens at `now` (monotonic), or says how long to wait.
    ///
    /// # Errors
    /// The time to wait before asking again.
    pub fn take_tokens(&mut self, count: u64, now: Duration) -> Result<(), Duration> {
        self.tokens.as_mut().map_or(Ok(()), |bucket| bucket.take(count, now))
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
