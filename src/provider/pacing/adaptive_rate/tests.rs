//! Whole runs of processes against a provider's bucket.

use super::*;

/// A provider's bucket, in requests, which processes share.
struct World {
    /// Per minute.
    limit: f64,
    capacity: f64,
    /// How much of the capacity is used.
    level: f64,
    reset: ResetTime,
}

/// How a provider writes reset times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ResetTime {
    Exact,
    RoundedUp,
    Rounded,
    RoundedDown,
}

impl ResetTime {
    fn written(self, seconds: f64) -> Duration {
        Duration::from_secs_f64(match self {
            Self::Exact => seconds,
            Self::RoundedUp => seconds.ceil(),
            Self::Rounded => seconds.round(),
            Self::RoundedDown => seconds.floor(),
        })
    }
}

impl World {
    fn report(&self) -> ReportedLimit {
        ReportedLimit {
            per_minute: self.limit as u64,
            remaining: (self.capacity - self.level).max(0.0) as u64,
            reset: self.reset.written(self.level.max(0.0) / (self.limit / 60.0)),
        }
    }
}

/// Runs processes for some seconds, starting at `from`. Returns what each sent in the second
/// half, and which fraction of all requests was throttled.
fn run(
    rates: &mut [AdaptiveRate],
    world: &mut World,
    seconds: u64,
    from: Duration,
    has_headers: bool,
) -> (Vec<f64>, f64) {
    let step = Duration::from_millis(10);
    let mut due = vec![0.0; rates.len()];
    let mut sent = vec![0.0; rates.len()];
    let (mut throttled, mut all) = (0.0, 0.0);
    let steps = seconds * 100;
    for at in 0..steps {
        let now = from + step * u32::try_from(at).unwrap();
        world.level = (world.level - world.limit / 6000.0).max(0.0);
        for (index, rate) in rates.iter_mut().enumerate() {
            due[index] += rate.per_minute().unwrap_or(3000.0) / 6000.0;
            rate.on_admission(now);
            rate.on_delayed(1, now);
            while due[index] >= 1.0 {
                due[index] -= 1.0;
                all += 1.0;
                if world.level + 1.0 > world.capacity {
                    throttled += 1.0;
                    rate.on_throttled(has_headers.then_some(world.limit), 600.0, None, now, now);
                    due[index] -= rate.per_minute().unwrap_or(0.0) / 60.0;
                    continue;
                }
                world.level += 1.0;
                if has_headers {
                    rate.on_headers(&world.report(), now, now);
                }
                sent[index] += if at >= steps / 2 { 1.0 } else { 0.0 };
            }
        }
    }
    (sent, throttled / all)
}

#[test]
fn the_limit_is_used_and_throttling_is_rare() {
    for (limit, seconds) in [(600.0, 1.0), (600.0, 60.0), (6000.0, 1.0), (6000.0, 60.0), (120.0, 60.0)] {
        for processes in [1, 4] {
            let mut world = World { limit, capacity: limit / 60.0 * seconds, level: 0.0, reset: ResetTime::Exact };
            let mut rates = vec![AdaptiveRate::new(1); processes];
            let (sent, throttled) = run(&mut rates, &mut world, 120, Duration::from_secs(1), true);
            let used = sent.iter().sum::<f64>() / limit;
            let (min, max) = (sent.iter().copied().fold(f64::MAX, f64::min), sent.iter().copied().fold(0.0, f64::max));
            let result = format!(
                "{limit} a minute in {seconds} s, {processes}: {used:.3} used, {throttled:.4} throttled, {min} to {max}"
            );
            assert!(used > 0.9, "{result}");
            assert!(throttled <= if processes == 1 { 0.01 } else { 0.02 }, "{result}");
            assert!(min * 2.0 >= max, "{result}");
        }
    }
}

/// Whole seconds hide how full a small bucket is.
#[test]
fn a_limit_is_used_whose_reset_times_are_whole_seconds() {
    for (limit, seconds) in [(1200.0, 1.0), (6000.0, 1.0), (1200.0, 2.0), (1200.0, 5.0), (600.0, 60.0), (120.0, 60.0)] {
        for reset in [ResetTime::Exact, ResetTime::RoundedUp, ResetTime::Rounded, ResetTime::RoundedDown] {
            let mut world = World { limit, capacity: limit / 60.0 * seconds, level: 0.0, reset };
            let (sent, throttled) = run(&mut [AdaptiveRate::new(1)], &mut world, 120, Duration::from_secs(1), true);
            let used = sent.iter().sum::<f64>() / limit;
            let result =
                format!("{limit} a minute in {seconds} s, {reset:?}: {used:.3} used, {throttled:.4} throttled");
            assert!(used > 0.9, "{result}");
            assert!(throttled <= 0.01, "{result}");
        }
    }
}

/// Runs some of `parallel` processes, which know of each other. Returns how much of the limit was used in the second
/// half, the fraction that was throttled, and the slowest in proportion to the fastest.
fn run_shards(parallel: u32, active: usize, (limit, seconds): (f64, f64)) -> (f64, f64, f64) {
    let mut world = World { limit, capacity: limit / 60.0 * seconds, level: 0.0, reset: ResetTime::Exact };
    let mut rates = vec![AdaptiveRate::new(parallel); active];
    // All begin with a request whose reply shows the limit.
    rates.iter_mut().for_each(|rate| rate.on_headers(&world.report(), Duration::from_secs(1), Duration::from_secs(1)));
    let (sent, throttled) = run(&mut rates, &mut world, 240, Duration::from_secs(1), true);
    let (min, max) = (sent.iter().copied().fold(f64::MAX, f64::min), sent.iter().copied().fold(0.0, f64::max));
    (sent.iter().sum::<f64>() / (limit * 2.0), throttled, min / max)
}

#[test]
fn shards_share_a_limit_from_the_start_and_take_over_what_others_leave() {
    for limit in [(1200.0, 1.0), (3000.0, 1.0), (1200.0, 60.0)] {
        for active in [16, 4, 1] {
            let (used, throttled, evenness) = run_shards(16, active, limit);
            let result =
                format!("{active} of 16 at {limit:?}: {used:.3} used, {throttled:.4} throttled, {evenness:.2}");
            assert!(used > 0.9, "{result}");
            assert!(throttled <= 0.02, "{result}");
            assert!(evenness >= 0.5, "{result}");
        }
    }
}

#[test]
fn of_a_limit_that_an_error_names_shards_take_their_parts() {
    let second = Duration::from_secs(1);
    for (parallel, expected) in [(1, 1164.0), (4, 291.0)] {
        let mut rate = AdaptiveRate::new(parallel);
        rate.on_throttled(Some(rate.equal_part(1200)), 0.0, None, second, second);
        assert_eq!(rate.per_minute(), Some(expected));
    }
}

#[test]
fn a_limit_that_changes_is_followed_by_headers() {
    let mut world = World { limit: 1200.0, capacity: 1200.0, level: 0.0, reset: ResetTime::Exact };
    let mut rates = vec![AdaptiveRate::new(1)];
    let mut from = Duration::from_secs(1);
    for limit in [1200.0, 600.0, 1200.0] {
        world.level *= limit / world.limit;
        (world.limit, world.capacity) = (limit, limit);
        // A full bucket's content is used first.
        let settling = if from < Duration::from_secs(2) { 150 } else { 30 };
        run(&mut rates, &mut world, settling, from, true);
        from += Duration::from_secs(settling);
        let (sent, _) = run(&mut rates, &mut world, 60, from, true);
        from += Duration::from_secs(60);
        let used = sent[0] * 2.0 / limit;
        assert!((0.85..1.15).contains(&used), "{limit}: {used}");
    }
}

#[test]
fn without_headers_the_rate_is_found_by_throttling() {
    let mut world = World { limit: 600.0, capacity: 10.0, level: 0.0, reset: ResetTime::Exact };
    let mut rates = vec![AdaptiveRate::new(1)];
    let (sent, throttled) = run(&mut rates, &mut world, 120, Duration::from_secs(1), false);
    assert!(sent[0] > 0.85 * 600.0, "{}", sent[0]);
    assert!(throttled < 0.02, "{throttled}");
}

#[test]
fn without_headers_a_limit_that_changes_is_followed() {
    let mut world = World { limit: 1200.0, capacity: 20.0, level: 0.0, reset: ResetTime::Exact };
    let mut rates = vec![AdaptiveRate::new(1)];
    let mut from = Duration::from_secs(1);
    let (mut throttled, mut parts) = (0.0, 0.0);
    for limit in [1200.0, 600.0, 1200.0] {
        (world.limit, world.capacity) = (limit, limit / 60.0);
        run(&mut rates, &mut world, 30, from, false);
        from += Duration::from_secs(30);
        let (sent, share) = run(&mut rates, &mut world, 120, from, false);
        from += Duration::from_secs(120);
        let used = sent[0] / limit;
        assert!((0.85..1.05).contains(&used), "{limit}: {used}");
        (throttled, parts) = (throttled + share, parts + 1.0);
    }
    assert!(throttled / parts < 0.02, "{throttled}");
}

#[test]
fn a_pause_does_not_raise_a_limit() {
    let s = Duration::from_secs;
    for pause in [20, 60, 300, 100_000] {
        let mut rate = AdaptiveRate::new(1);
        rate.on_throttled(Some(600.0), 600.0, None, s(10), s(10));
        rate.on_delayed(1, s(11));
        rate.on_delayed(1, s(11 + pause));
        rate.on_delayed(1, s(12 + pause));
        assert!(rate.per_minute().is_some_and(|rate| rate < 601.0), "{pause} s: {rate:?}");
    }
}

#[test]
fn replies_to_older_requests_are_ignored() {
    let mut rate = AdaptiveRate::new(1);
    let full = ReportedLimit { per_minute: 600, remaining: 600, reset: Duration::ZERO };
    let empty = ReportedLimit { per_minute: 600, remaining: 0, reset: Duration::from_secs(60) };
    let s = Duration::from_secs;
    rate.on_headers(&full, s(10), s(11));
    let before = rate.per_minute();
    rate.on_headers(&empty, s(9), s(12));
    assert_eq!(rate.per_minute(), before);
    rate.on_headers(&empty, s(13), s(14));
    assert!(rate.per_minute() < before);
}

/// The rates of one process after each second, from 0 on; `throttled_at`: the second in which one
/// request is throttled without need.
fn rates(has_headers: bool, throttled_at: u64) -> Vec<f64> {
    let mut world = World { limit: 1200.0, capacity: 20.0, level: 0.0, reset: ResetTime::Exact };
    let mut rates = vec![AdaptiveRate::new(1)];
    if !has_headers {
        rates[0].on_throttled(Some(1200.0), 0.0, None, Duration::from_secs(1), Duration::from_secs(1));
    }
    let second = |at: u64| {
        let now = Duration::from_secs(at + 1);
        if at == throttled_at {
            rates[0].on_throttled(None, 0.0, None, now, now);
        }
        run(&mut rates, &mut world, 1, now, has_headers);
        rates[0].per_minute().unwrap_or_default()
    };
    (0..16).map(second).collect()
}

#[test]
fn a_limit_that_no_other_process_uses_is_used_within_seconds() {
    let found = rates(true, 1000);
    assert!(found[4] > 0.95 * 1200.0, "{found:?}");
}

#[test]
fn after_a_single_throttled_request_the_rate_recovers_within_seconds() {
    for has_headers in [true, false] {
        let found = rates(has_headers, 11);
        assert!(found[10] > 0.9 * 1200.0, "{found:?}");
        // Headers show within a second that nothing is wrong.
        assert!(has_headers || found[11] < 0.95 * found[10], "{found:?}");
        assert!(found[15] > 0.85 * 1200.0, "{found:?}");
    }
}
