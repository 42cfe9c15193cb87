//! A fixed number of requests per minute: governor's GCRA (generic cell rate algorithm),
//! on the program's clock.

use super::token_bucket::BURST_SECONDS;
use crate::base::clock::Clock;
use crate::base::governor_clock::GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter as Gcra};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// A fixed number of requests per minute.
pub(crate) struct RequestQuota {
    limiter: Gcra<NotKeyed, InMemoryState, GovernorClock, NoOpMiddleware<Duration>>,
    clock: Arc<dyn Clock>,
}

/// Shortest delay that is returned: shorter ones would only wake the caller more often.
const MIN_DELAY: Duration = Duration::from_millis(1);

impl RequestQuota {
    /// A quota of `per_minute` requests, at least 1, with a burst of half a second, at
    /// least 1: governor's default burst is a whole minute's quota.
    pub(crate) fn new(per_minute: u32, clock: Arc<dyn Clock>) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "smaller than per_minute")]
        let burst = (f64::from(per_minute) / 60.0 * BURST_SECONDS) as u32;
        let at_least_one = |count| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_minute(at_least_one(per_minute)).allow_burst(at_least_one(burst));
        Self { limiter: Gcra::direct_with_clock(quota, GovernorClock(clock.clone())), clock }
    }

    /// Takes one request.
    ///
    /// # Errors
    /// How long to wait before the next try.
    pub(crate) fn try_take(&self) -> Result<(), Duration> {
        self.limiter.check().map_err(|not_until| not_until.wait_time_from(self.clock.now()).max(MIN_DELAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::ManualClock;

    #[test]
    fn half_a_second_at_once_then_one_by_one() {
        for (per_minute, burst, gap_ms) in [(600, 5, 100), (60, 1, 1000), (1, 1, 60_000), (0, 1, 60_000)] {
            let clock = Arc::new(ManualClock::starting_at(0));
            let quota = RequestQuota::new(per_minute, clock.clone());
            assert_eq!((0..20).take_while(|_| quota.try_take().is_ok()).count(), burst, "{per_minute}");
            let delay = quota.try_take().unwrap_err();
            assert_eq!(delay.as_millis(), gap_ms, "{per_minute}");
            clock.advance(delay);
            assert_eq!(quota.try_take(), Ok(()), "{per_minute}");
            assert!(quota.try_take().is_err(), "{per_minute}");
        }
    }
}
