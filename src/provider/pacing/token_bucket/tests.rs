//! The bucket against a model in whole numbers, and what its users rely on.

use super::*;
use proptest::prelude::*;

/// The same bucket, counted exactly: 1 token is 60 billion units, so that a rate of 1 per
/// minute adds 1 unit per nanosecond.
struct Model {
    per_minute: u64,
    capacity: u128,
    level: u128,
    updated: u64,
}

const UNITS: u128 = 60_000_000_000;

impl Model {
    fn full(per_minute: u64) -> Self {
        let capacity = u128::from((per_minute / 120).max(1)) * UNITS;
        Self { per_minute, capacity, level: capacity, updated: 0 }
    }

    fn refill(&mut self, now_ns: u64) {
        self.level += u128::from(self.per_minute) * u128::from(now_ns - self.updated);
        self.level = self.level.min(self.capacity);
        self.updated = now_ns;
    }

    /// The units that are missing for `count`.
    fn missing(&mut self, count: u64, now_ns: u64) -> u128 {
        self.refill(now_ns);
        self.capacity = self.capacity.max(u128::from(count) * UNITS);
        (u128::from(count) * UNITS).saturating_sub(self.level)
    }
}

#[derive(Clone, Debug)]
enum Action {
    Pass(u64),
    Ask(u64),
    SetRate(u64),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        2 => (0_u64..5_000_000_000).prop_map(Action::Pass),
        4 => (0_u64..60_000).prop_map(Action::Ask),
        1 => (1_u64..5_000_000).prop_map(Action::SetRate),
    ];
    prop::collection::vec(action, 1..60)
}

proptest! {
    #[test]
    fn it_agrees_with_the_model(first_rate in 1_u64..5_000_000, actions in actions()) {
        let (mut bucket, mut model) = (TokenBucket::full(first_rate as f64, Duration::ZERO), Model::full(first_rate));
        let mut now_ns = 0;
        for action in actions {
            let now = Duration::from_nanos(now_ns);
            match action {
                Action::Pass(ns) => now_ns += ns,
                Action::SetRate(per_minute) => {
                    bucket.set_rate(per_minute as f64, now);
                    model.refill(now_ns);
                    model.per_minute = per_minute;
                }
                Action::Ask(count) => {
                    let missing = model.missing(count, now_ns);
                    match bucket.delay(count, now) {
                        None => {
                            // Less than the rounding error is missing, if anything.
                            prop_assert!(missing < UNITS / 100_000, "{missing} units are missing");
                            bucket.spend(count);
                            model.level = model.level.saturating_sub(u128::from(count) * UNITS);
                        }
                        Some(delay) => {
                            let exact_ns = missing.div_ceil(u128::from(model.per_minute)) as f64;
                            let delay_ns = delay.as_nanos() as f64;
                            let expected = exact_ns.max(1e6);
                            prop_assert!((delay_ns - expected).abs() <= 1000.0 + expected * 1e-6, "{delay_ns} instead of {expected} ns");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn after_the_delay_the_count_can_be_taken(rate in 1_u64..4_000_000_000, counts in prop::collection::vec(1_u64..2_000_000, 1..20)) {
        let (mut bucket, mut now) = (TokenBucket::empty(rate as f64, Duration::ZERO), Duration::ZERO);
        for count in counts {
            if let Some(delay) = bucket.delay(count, now) {
                now += delay;
            }
            prop_assert_eq!(bucket.delay(count, now), None);
            bucket.spend(count);
        }
    }
}

#[test]
fn a_burst_is_half_a_second_and_at_least_one() {
    for (per_minute, burst) in [(1, 1), (60, 1), (600, 5), (60_000, 500)] {
        let mut bucket = TokenBucket::full(f64::from(per_minute), Duration::ZERO);
        for _ in 0..burst {
            assert_eq!(bucket.delay(1, Duration::ZERO), None, "{per_minute}");
            bucket.spend(1);
        }
        assert!(bucket.delay(1, Duration::ZERO).is_some(), "{per_minute}");
    }
}

#[test]
fn a_count_above_the_capacity_waits_for_what_is_missing_and_raises_the_capacity() {
    let s = Duration::from_secs;
    let mut bucket = TokenBucket::full(60_000.0, s(0));
    let delay = bucket.delay(30_000, s(0)).unwrap();
    assert_eq!(delay.as_millis(), 29_500, "500 were there");
    assert!(bucket.delay(30_000, s(29)).is_some());
    assert_eq!(bucket.delay(30_000, s(30)), None);
    bucket.spend(30_000);
    assert_eq!(bucket.delay(30_000, s(90)), None, "saved up while nothing was sent");
}

#[test]
fn a_clock_that_goes_back_changes_nothing() {
    let s = Duration::from_secs;
    let mut bucket = TokenBucket::empty(60.0, s(10));
    assert_eq!(bucket.delay(1, s(5)), bucket.delay(1, s(10)));
    bucket.set_rate(60.0, s(3));
    assert_eq!(bucket.delay(1, s(11)), None);
}

#[test]
fn a_rate_of_zero_is_a_long_delay_and_no_panic() {
    let mut bucket = TokenBucket::empty(0.0, Duration::ZERO);
    assert!(bucket.delay(1_000_000_000, Duration::ZERO).unwrap() > Duration::from_secs(86_400));
}
