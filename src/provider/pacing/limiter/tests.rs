//! Properties of the limiter under constant load.

use super::*;
use crate::base::clock::Sleep;
use crate::provider::judgement::rate_limits::{LimitHeaders, LimitKind};
use proptest::prelude::*;
use std::sync::atomic::{AtomicU64, Ordering};

/// A clock that counts nanoseconds and moves only by hand.
#[derive(Default)]
struct TestClock(AtomicU64);

impl TestClock {
    fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_nanos()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn wall_ms(&self) -> i64 {
        0
    }

    fn sleep(&self, _duration: Duration) -> Sleep<'_> {
        Box::pin(std::future::pending())
    }
}

fn limiter(requests: Option<u32>, tokens: Option<u64>) -> (RateLimiter, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    (RateLimiter::new(requests, tokens, clock.clone()), clock)
}

/// Takes `sizes` over and over, as fast as allowed, for `span`; when each was taken. `take`
/// takes one, after at most one delay for each of `limits`.
fn taken(
    clock: &TestClock,
    sizes: &[u64],
    limits: usize,
    span: Duration,
    mut take: impl FnMut(u64) -> Result<(), Duration>,
) -> Vec<(Duration, u64)> {
    let (end, mut out) = (clock.now() + span, Vec::new());
    for size in sizes.iter().cycle() {
        let mut delays = 0;
        while let Err(delay) = take(*size) {
            clock.advance(delay);
            delays += 1;
            assert!(delays <= limits, "after the delay it can be taken");
        }
        if clock.now() > end {
            break;
        }
        out.push((clock.now(), *size));
    }
    out
}

fn max_in_any(window: Duration, taken: &[(Duration, u64)]) -> u64 {
    let in_window =
        |start: Duration| taken.iter().filter(|(at, _)| *at >= start && *at < start + window).map(|(_, n)| n).sum();
    taken.iter().map(|(at, _)| in_window(*at)).max().unwrap_or(0)
}

const MINUTE: Duration = Duration::from_secs(60);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn requests_fill_the_limit_and_never_exceed_it(limit in 6_u32..3000) {
        let (mut limiter, clock) = limiter(Some(limit), None);
        let taken = taken(&clock, &[1], 1, MINUTE, |_| limiter.try_request());
        let (count, burst) = (u32::try_from(taken.len()).unwrap(), (limit / 120).max(1));
        prop_assert!(count <= limit + burst + 1, "{count} of {limit}");
        prop_assert!(count >= limit * 95 / 100, "{count} of {limit}");
        let second = max_in_any(Duration::from_secs(1), &taken);
        prop_assert!(second <= u64::from(limit.div_ceil(60) + burst + 1), "{second} in a second of {limit} a minute");
    }

    #[test]
    fn tokens_of_any_size_fill_the_limit_and_never_exceed_it(limit in 60_000_u32..2_000_000, sizes in prop::collection::vec(500_u64..40_000, 1..8)) {
        let (mut limiter, clock) = limiter(None, Some(limit.into()));
        let taken = taken(&clock, &sizes, 1, MINUTE, |size| limiter.try_tokens(size));
        let total: u64 = taken.iter().map(|(_, n)| n).sum();
        let largest = *sizes.iter().max().unwrap();
        let burst = (u64::from(limit) / 120).max(largest);
        prop_assert!(total <= u64::from(limit) + burst + 1, "{total} of {limit}");
        // At the end a request may still be waiting.
        prop_assert!(total + largest >= u64::from(limit) * 95 / 100, "{total} of {limit}");
    }

    #[test]
    fn a_learned_limit_never_raises_the_manifests(stated in 60_u32..600, factor in 1_u32..100) {
        let (mut limiter, clock) = limiter(Some(stated), None);
        let reported = LimitHeaders { limit: u64::from(stated * factor), remaining: 1_000_000, reset: None };
        let headers = RateLimitHeaders { requests: Some(reported), tokens: None };
        for _ in 0..100 {
            clock.advance(Duration::from_millis(100));
            limiter.on_headers(&headers, clock.now());
        }
        let taken = taken(&clock, &[1], 2, MINUTE, |_| limiter.try_request());
        let count = u32::try_from(taken.len()).unwrap();
        prop_assert!(count <= stated + (stated / 120).max(1) + 2, "{count} of {stated}");
    }
}

#[test]
fn a_large_request_waits_until_its_tokens_have_accumulated() {
    let (mut limiter, clock) = limiter(None, Some(60_000));
    assert!(limiter.try_tokens(30_000).is_err());
    clock.advance(Duration::from_secs(29));
    assert!(limiter.try_tokens(30_000).is_err());
    clock.advance(Duration::from_secs(2));
    assert!(limiter.try_tokens(30_000).is_ok());
    assert!(limiter.try_tokens(30_000).is_err(), "the next one waits again");
}

#[test]
fn requests_and_tokens_learn_apart() {
    let (mut limiter, clock) = limiter(None, None);
    let burst = |limiter: &mut RateLimiter| {
        let requests = (0..1000).filter(|_| limiter.try_request().is_ok()).count();
        (requests, (0..1000).filter(|_| limiter.try_tokens(1000).is_ok()).count())
    };
    assert_eq!(burst(&mut limiter), (1000, 1000), "no limit is known");
    clock.advance(Duration::from_secs(60));
    limiter.on_throttled(&ExceededLimit { kind: LimitKind::Tokens, per_minute: Some(60_000) }, clock.now());
    let (requests, tokens) = burst(&mut limiter);
    assert_eq!((requests, tokens), (1000, 0), "a new bucket is empty");
    clock.advance(Duration::from_secs(2));
    assert_eq!(burst(&mut limiter), (1000, 1), "970 a second, saved up to the size of a request");
    limiter.on_throttled(&ExceededLimit { kind: LimitKind::Requests, per_minute: Some(600) }, clock.now());
    assert_eq!(burst(&mut limiter).0, 0);
}
