//! The rate of requests to each host.

use crate::base::clock::Clock;
use crate::base::governor_clock::GovernorClock;
use crate::manifest::Fetch;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Hosts above which those that have their whole quota again are forgotten.
const MAX_IDLE_HOSTS: usize = 1024;
/// Shortest time to wait, so that rounding never makes a wait a busy loop.
const MIN_WAIT: Duration = Duration::from_millis(1);

/// Limits the rate of requests to each host (`input.fetch.requests_per_second`). All
/// readers of a run share one.
pub struct HostLimits {
    limiter: RateLimiter<String, DefaultKeyedStateStore<String>, GovernorClock, NoOpMiddleware<Duration>>,
    clock: Arc<dyn Clock>,
}

impl HostLimits {
    /// Limits each host to the rate of `fetch`. An idle host may receive the requests of one
    /// second at once.
    #[must_use]
    pub fn new(fetch: &Fetch, clock: Arc<dyn Clock>) -> Self {
        let rate = NonZeroU32::new(fetch.requests_per_second).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::dashmap_with_clock(Quota::per_second(rate), GovernorClock(clock.clone()));
        Self { limiter, clock }
    }

    /// Waits until `host` may receive a request, and counts that request.
    pub(crate) async fn admit(&self, host: &str) {
        if self.limiter.len() > MAX_IDLE_HOSTS {
            self.limiter.retain_recent();
        }
        let host = host.to_owned();
        while let Err(not_until) = self.limiter.check_key(&host) {
            let wait = not_until.wait_time_from(self.clock.now());
            self.clock.sleep(wait.max(MIN_WAIT)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::ManualClock;

    fn limits(requests_per_second: u32) -> (Arc<ManualClock>, HostLimits) {
        let clock = Arc::new(ManualClock::starting_at(0));
        let fetch =
            Fetch { requests_per_second, timeout: Duration::from_secs(1), max_bytes: 1, allow_private_hosts: false };
        (clock.clone(), HostLimits::new(&fetch, clock))
    }

    fn admit(limits: &HostLimits, host: &str) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(limits.admit(host));
    }

    #[test]
    fn a_host_receives_a_second_of_requests_at_once_and_then_its_rate() {
        for rate in [1, 5, 10, 100] {
            let (clock, limits) = limits(rate);
            for sent in 0..3 * rate {
                admit(&limits, "a");
                let due = Duration::from_secs(1) * (sent + 1).saturating_sub(rate) / rate;
                let late = clock.now().checked_sub(due).unwrap();
                // Each wait may be rounded up to a millisecond.
                assert!(late <= Duration::from_millis(u64::from(sent)), "rate {rate}, request {sent}: {late:?} late");
            }
        }
    }

    #[test]
    fn hosts_do_not_wait_for_each_other() {
        let (clock, limits) = limits(2);
        for host in ["a", "b", "a", "c", "b"] {
            admit(&limits, host);
        }
        assert_eq!(clock.now(), Duration::ZERO);
    }

    #[test]
    fn forgetting_idle_hosts_raises_no_rate() {
        let (clock, limits) = limits(1);
        admit(&limits, "busy");
        for host in 0..=MAX_IDLE_HOSTS {
            admit(&limits, &host.to_string());
        }
        admit(&limits, "busy");
        assert!(clock.now() >= Duration::from_secs(1), "{:?}", clock.now());
        clock.advance(Duration::from_secs(5));
        admit(&limits, "one more");
        assert!(limits.limiter.len() < 10, "{} hosts", limits.limiter.len());
    }
}
