//! One rate limit as a continuously refilled bucket, as recorded on OpenAI's API: the time
//! until it is full is `(limit - remaining) / refill`, the wait of a throttled request is
//! `(used + requested - limit) / refill`, and `refill` is the limit per minute over 60 s.
//!
//! A throttled request takes nothing out of the bucket. (On OpenAI's API it counts.)

use std::time::{Duration, Instant};

/// One limit per minute.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Units per minute.
    limit: u64,
    /// Seconds of allowance that the bucket holds.
    seconds: f64,
    /// Units that may be used at once.
    capacity: f64,
    /// Units in use at `updated`.
    used: f64,
    updated: Instant,
}

/// How far a request exceeds a bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OverLimit {
    /// Units of the limit that are in use.
    pub(crate) used: u64,
    /// Time until the request would fit.
    pub(crate) wait: Duration,
}

impl Bucket {
    /// A full bucket that holds the allowance of `seconds`, at least one unit.
    pub(crate) fn new(limit: u64, seconds: f64, now: Instant) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "limits are small")]
        let capacity = (limit as f64 * seconds / 60.0).max(1.0);
        Self { limit, seconds, capacity, used: 0.0, updated: now }
    }

    /// Units per minute.
    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    /// Changes the limit. The used share of the bucket stays the same.
    pub(crate) fn set_limit(&mut self, limit: u64, now: Instant) {
        if limit != self.limit {
            let fresh = Self::new(limit, self.seconds, now);
            *self = Self { used: self.used * fresh.capacity / self.capacity, updated: self.updated, ..fresh };
        }
    }

    /// Uses `amount`, or nothing when it does not fit.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small and positive"
    )]
    pub(crate) fn use_up(&mut self, amount: u64, now: Instant) -> Result<(), OverLimit> {
        let elapsed = now.saturating_duration_since(self.updated).as_secs_f64();
        self.used = (self.used - elapsed * self.refill_per_second()).max(0.0);
        self.updated = now;
        let excess = self.used + amount as f64 - self.capacity;
        if excess > 1e-9 {
            // A bucket smaller than a minute's allowance: the rest of the limit counts as used.
            let used = (self.used + (self.limit as f64 - self.capacity).max(0.0)).round() as u64;
            return Err(OverLimit { used, wait: Duration::from_secs_f64(excess / self.refill_per_second()) });
        }
        self.used += amount as f64;
        Ok(())
    }

    /// The units left, and the time until the bucket is full, as rate-limit headers have them.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
    pub(crate) fn remaining_and_reset(&self) -> (u64, Duration) {
        let remaining = (self.capacity - self.used).max(0.0).floor() as u64;
        (remaining, Duration::from_secs_f64(self.used / self.refill_per_second()))
    }

    fn refill_per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "limits are small")]
        let limit = self.limit as f64;
        limit / 60.0
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "an origin for times")]

    use super::*;
    use proptest::prelude::*;

    /// Limit, used, requested and milliseconds of 429s recorded on the live API.
    #[test]
    fn waits_are_as_recorded() {
        for (limit, used, requested, wait_ms) in [
            (30_000, 29_937, 385, 644),
            (10_000, 8554, 3082, 9816),
            (30_000, 14_567, 24_754, 18_642),
            (200_000, 162_960, 42_288, 1574),
            (30_000, 18_928, 11_159, 174),
            (30_000, 28_039, 3906, 3890),
        ] {
            let now = Instant::now();
            let mut bucket = Bucket::new(limit, 60.0, now);
            bucket.use_up(used, now).unwrap();
            let over = bucket.use_up(requested, now).unwrap_err();
            assert_eq!((over.used, over.wait.as_millis()), (used, wait_ms));
            let just_before = now + over.wait - Duration::from_millis(1);
            assert!(bucket.use_up(requested, just_before).is_err());
            bucket.use_up(requested, now + over.wait + Duration::from_millis(1)).unwrap();
        }
    }

    /// Limit, remaining and microseconds of headers recorded on the live API.
    #[test]
    fn resets_are_as_recorded() {
        for (limit, remaining, reset_us) in [
            (5000, 4999, 12_000),
            (3000, 2999, 20_000),
            (10_000, 9999, 6000),
            (15_000, 14_999, 4000),
            (160_000, 159_976, 9000),
            (250_000, 249_900, 24_000),
            (40_000, 39_940, 90_000),
            (40_000, 39_880, 180_000),
            (40_000_000, 39_999_979, 31),
        ] {
            let now = Instant::now();
            let mut bucket = Bucket::new(limit, 60.0, now);
            bucket.use_up(limit - remaining, now).unwrap();
            let (found, reset) = bucket.remaining_and_reset();
            assert_eq!((found, reset.as_micros()), (remaining, reset_us));
        }
    }

    #[test]
    fn a_new_limit_keeps_the_used_share() {
        let now = Instant::now();
        let mut bucket = Bucket::new(1000, 60.0, now);
        bucket.use_up(250, now).unwrap();
        bucket.set_limit(400, now);
        assert_eq!((bucket.limit(), bucket.remaining_and_reset()), (400, (300, Duration::from_secs(15))));
        bucket.set_limit(400, now + Duration::from_secs(9));
        assert_eq!(bucket.remaining_and_reset().0, 300, "the same limit changes nothing");
    }

    proptest! {
        /// The model: exact arithmetic in units of 1/60000 (one unit per minute is one a millisecond).
        #[test]
        fn a_bucket_agrees_with_exact_arithmetic(
            limit in 1_u64..5000,
            seconds in 1_u64..120,
            steps in proptest::collection::vec((0_u64..3000, 0_u64..400), 1..60),
        ) {
            let start = Instant::now();
            #[expect(clippy::cast_precision_loss, reason = "small")]
            let mut bucket = Bucket::new(limit, seconds as f64, start);
            let capacity = (limit * seconds * 1000).max(60_000);
            let (mut used, mut elapsed_ms) = (0_u64, 0_u64);
            for (pause_ms, amount) in steps {
                elapsed_ms += pause_ms;
                used = used.saturating_sub(pause_ms * limit);
                let fits = used + amount * 60_000 <= capacity;
                let result = bucket.use_up(amount, start + Duration::from_millis(elapsed_ms));
                prop_assert!(result.is_ok() == fits, "{used} of {capacity} in use");
                match result {
                    Ok(()) => used += amount * 60_000,
                    Err(over) => {
                        let wait_ms = (used + amount * 60_000 - capacity).div_ceil(limit);
                        prop_assert!(over.wait.as_millis().abs_diff(wait_ms.into()) <= 1, "{:?} {wait_ms}", over.wait);
                    }
                }
                let remaining = (capacity - used) / 60_000;
                prop_assert!(bucket.remaining_and_reset().0.abs_diff(remaining) <= 1);
            }
        }
    }
}
