//! Exponential backoff: how long to wait between retries.
//!
//! Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

use std::time::Duration;

/// Delays that double after every failure, up to a maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    first: Duration,
    max: Duration,
}

/// Largest fraction of a delay that jitter adds to it.
const MAX_JITTER: f64 = 0.25;

impl Backoff {
    /// A backoff that starts at `first` and never exceeds `max`.
    #[must_use]
    pub const fn new(first: Duration, max: Duration) -> Self {
        Self { first, max }
    }

    /// The delay after `failures` consecutive failures. 0 counts as 1.
    #[must_use]
    pub fn delay(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.max)
    }
}

/// `delay` plus up to a quarter of it. `chance` is a random number from 0 to 1: it spreads
/// clients that failed at the same moment.
#[must_use]
pub fn jittered(delay: Duration, chance: f64) -> Duration {
    Duration::try_from_secs_f64(delay.as_secs_f64() * MAX_JITTER * chance)
        .map_or(delay, |extra| delay.saturating_add(extra))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn delays_double_up_to_the_maximum() {
        let backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(8));
        let delays: Vec<_> = (0..8).map(|failures| backoff.delay(failures).as_millis()).collect();
        assert_eq!(delays, [500, 500, 1000, 2000, 4000, 8000, 8000, 8000]);
        assert_eq!(backoff.delay(u32::MAX), Duration::from_secs(8));
    }

    proptest! {
        #[test]
        fn jitter_only_lengthens_and_by_a_quarter_at_most(ms in 0_u64..1_000_000_000, chance in 0.0..1.0_f64) {
            let delay = Duration::from_millis(ms);
            let longer = jittered(delay, chance);
            prop_assert!(longer >= delay && longer <= delay.mul_f64(1.26));
        }

        #[test]
        fn delays_never_shrink(first_ms in 1_u64..10_000, max_ms in 1_u64..100_000, failures in 1_u32..100) {
            let backoff = Backoff::new(Duration::from_millis(first_ms), Duration::from_millis(max_ms));
            prop_assert!(backoff.delay(failures) <= backoff.delay(failures + 1));
            prop_assert!(backoff.delay(failures) <= Duration::from_millis(max_ms));
        }
    }
}
