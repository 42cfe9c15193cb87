//! Limits against simulated providers.

use super::*;
use crate::base::clock::ManualClock;

const S: fn(u64) -> Duration = Duration::from_secs;

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::starting_at(0))
}

/// How many of `tries` requests are admitted, one every 10 ms.
fn admitted(limit: &mut Limit, from: Duration, tries: u32) -> u32 {
    let taken = |at: u32| limit.try_take(1, from + Duration::from_millis(10) * at).is_ok();
    (0..tries).map(taken).map(u32::from).sum()
}

#[test]
fn without_any_limit_everything_is_admitted() {
    for mut limit in [Limit::for_requests(None, &clock()), Limit::for_tokens(None, &clock())] {
        assert!((0..1000).all(|_| limit.try_take(1_000_000, S(1)).is_ok()));
    }
}

#[test]
fn throttling_without_headers_starts_from_the_rate_before_it() {
    let mut limit = Limit::for_requests(None, &clock());
    assert_eq!(admitted(&mut limit, S(0), 1000), 1000, "100 a second");
    (0..1000).for_each(|_| limit.on_processed());
    limit.on_throttled(None, S(10), S(10));
    // From three quarters of 100 a second back to almost all, for 10 seconds.
    let after = admitted(&mut limit, S(10), 1000);
    assert!((800..=930).contains(&after), "{after}");
}

#[test]
fn headers_that_count_nothing_do_not_slow_requests_down() {
    let ms = Duration::from_millis;
    // What is admitted of one request every 10 ms, each with this report on the one before.
    let admitted = |count: u64, per_minute: u64, remaining: &dyn Fn(u64) -> u64| {
        let mut limit = Limit::for_tokens(None, &clock());
        (0..500_u64)
            .filter(|at| {
                let now = ms(10 * at);
                let is_admitted = limit.try_take(count, now).is_ok();
                if is_admitted {
                    let reported = LimitHeaders { limit: per_minute, remaining: remaining(*at), reset: None };
                    limit.on_headers(&reported, now, now + ms(5));
                }
                is_admitted
            })
            .count()
    };
    assert_eq!(admitted(1, 3, &|_| 3), 500, "always full");
    assert_eq!(admitted(1000, 10, &|_| 10), 500, "fewer tokens than a request has");
    assert_eq!(admitted(1000, 10, &|_| 0), 500, "the same, used up");
    assert!(admitted(1, 60, &|_| 59) < 20, "a limit that is counted");
    assert!(admitted(1, 60, &|at| if at == 0 { 60 } else { 59 }) < 20, "from the second report on");
    assert!(admitted(1000, 20_000, &|_| 19_000) < 20);
}

#[test]
fn throttling_before_any_reply_shows_no_limit() {
    for processed in [0, 1, 7] {
        let mut limit = Limit::for_requests(None, &clock());
        assert_eq!(admitted(&mut limit, S(1), processed + 1), processed + 1);
        (0..processed).for_each(|_| limit.on_processed());
        limit.on_throttled(None, S(1), S(1));
        assert!(!limit.is_pacing(), "{processed}");
        assert_eq!(admitted(&mut limit, S(3), 1000), 1000, "{processed}");
    }
}

#[test]
fn a_limit_that_is_guessed_too_low_is_left_within_seconds() {
    let mut limit = Limit::for_requests(None, &clock());
    assert_eq!(admitted(&mut limit, S(1), 10), 10, "in a tenth of a second");
    (0..10).for_each(|_| limit.on_processed());
    limit.on_throttled(None, S(1), S(1));
    assert!(admitted(&mut limit, S(1), 100) <= 10, "the guess is 10 a second");
    admitted(&mut limit, S(2), 600);
    let after = admitted(&mut limit, S(8), 100);
    assert!(after > 60, "{after} of 100 a second");
}

#[test]
fn a_stated_limit_is_used_from_the_first_second_while_nothing_speaks_against_it() {
    let ms = Duration::from_millis;
    // A provider's bucket of one second, and how many of 20 seconds' requests are admitted.
    let used = |free: u64, per_minute: u64| {
        let mut limit = Limit::for_requests(Some(1200), &clock());
        let mut count = 0;
        let clock = Arc::new(ManualClock::starting_at(0));
        limit.quota = Some(RequestQuota::new(1200, clock.clone()));
        for at in 0..2000 {
            clock.advance(ms(10));
            let now = ms(10) * (at + 1);
            count += u32::from(limit.try_take(1, now).is_ok());
            let reset = Duration::from_secs_f64((20 - free) as f64 * 60.0 / per_minute as f64);
            limit.on_headers(&LimitHeaders { limit: per_minute, remaining: free, reset: Some(reset) }, now, now);
        }
        count
    };
    assert!((400..=410).contains(&used(10, 1200)), "{}", used(10, 1200));
    assert!((400..=410).contains(&used(10, 6000)), "a higher limit changes nothing");
    assert!(used(2, 1200) < 300, "others use it: {}", used(2, 1200));
    assert!(used(19, 600) < 220, "it is lower: {}", used(19, 600));
}

/// A provider that allows `limit` requests per window and reports reset times in whole seconds.
struct WholeSeconds {
    limit: f64,
    window: f64,
    /// Whether all of them come back at the end of a window; otherwise one after another.
    is_fixed: bool,
    /// How it rounds seconds.
    round: fn(f64) -> f64,
    used: f64,
    changed: f64,
}

impl WholeSeconds {
    /// The reply to a request at `now`, in seconds; `None`: it is throttled.
    fn reply(&mut self, now: f64) -> Option<LimitHeaders> {
        let refilled = match self.is_fixed {
            true if (now / self.window).floor() > (self.changed / self.window).floor() => self.used,
            true => 0.0,
            false => (now - self.changed) * self.limit / self.window,
        };
        (self.used, self.changed) = ((self.used - refilled).max(0.0), now);
        if self.used + 1.0 > self.limit {
            return None;
        }
        self.used += 1.0;
        let reset = match self.is_fixed {
            true => self.window - now % self.window,
            false => self.used * self.window / self.limit,
        };
        let (limit, remaining) = (self.limit as u64, (self.limit - self.used) as u64);
        Some(LimitHeaders { limit, remaining, reset: Some(S((self.round)(reset) as u64)) })
    }

    /// How many of 30 seconds' requests are let through and throttled, the first of them at `from`, in seconds, at most
    /// `concurrency` at once. Each takes 200 ms.
    fn run(&mut self, from: f64, concurrency: usize) -> (u32, u32) {
        self.run_with(from, concurrency, &|_| 200)
    }

    /// The same, each of which takes `latency` milliseconds.
    fn run_with(&mut self, from: f64, concurrency: usize, latency: &dyn Fn(u32) -> u64) -> (u32, u32) {
        let mut learned = Limit::for_requests(None, &clock());
        let mut underway: Vec<(Duration, Duration, Option<LimitHeaders>)> = Vec::new();
        let (mut used, mut throttled, mut has_reply) = (0_u32, 0_u32, false);
        for step in 0..3000 {
            let now = Duration::from_secs_f64(from) + Duration::from_millis(10) * step;
            for (_, sent, reply) in underway.extract_if(.., |(arrives, ..)| *arrives <= now) {
                has_reply = true;
                match reply {
                    Some(headers) => learned.on_headers(&headers, sent, now),
                    None => learned.on_throttled(None, sent, now),
                }
            }
            // One request until the first reply.
            let max = if has_reply { concurrency } else { 1 };
            while underway.len() < max && learned.try_take(1, now).is_ok() {
                let reply = self.reply(now.as_secs_f64());
                (used, throttled) = (used + u32::from(reply.is_some()), throttled + u32::from(reply.is_none()));
                underway.push((now + Duration::from_millis(latency(used)), now, reply));
            }
        }
        (used, throttled)
    }
}

#[test]
fn reset_times_in_whole_seconds_show_limits_per_second_and_limits_per_minute() {
    // The limit, its window, whether it is fixed, the first second, and at least how many of 30 seconds' requests are used.
    for (limit, window, is_fixed, from, min_used) in [
        (20.0, 1.0, false, 0.0, 0.8),
        (50.0, 1.0, false, 0.0, 0.8),
        (100.0, 1.0, false, 0.0, 0.8),
        (20.0, 1.0, true, 0.0, 0.5),
        (50.0, 1.0, true, 0.0, 0.5),
        (20.0, 10.0, false, 0.0, 0.6),
        (20.0, 60.0, false, 0.0, 0.2),
        (50.0, 60.0, false, 0.0, 0.4),
        (100.0, 60.0, false, 0.0, 0.4),
        (600.0, 60.0, false, 0.0, 0.4),
        (20.0, 60.0, true, 59.2, 0.2),
        (50.0, 60.0, true, 59.2, 0.2),
        (600.0, 60.0, true, 59.2, 0.2),
    ] {
        for round in [f64::ceil, f64::floor, f64::round] {
            let mut provider = WholeSeconds { limit, window, is_fixed, round, used: 0.0, changed: from };
            let (used, throttled) = provider.run(from, 32);
            let share = f64::from(used) * window / limit / 30.0;
            let rounded = round(0.5) + round(0.4);
            let case = format!(
                "{limit} per {window} s, fixed: {is_fixed}, rounded: {rounded}: {share:.2} used, {throttled} throttled"
            );
            assert!(share >= min_used && f64::from(throttled) <= f64::from(used) * 0.01, "{case}");
        }
    }
}

#[test]
fn few_requests_at_once_show_a_limit_per_second_too() {
    for concurrency in [1, 2, 4] {
        for limit in [20.0, 50.0] {
            let mut provider =
                WholeSeconds { limit, window: 1.0, is_fixed: false, round: f64::ceil, used: 0.0, changed: 0.0 };
            let (used, throttled) = provider.run(0.0, concurrency);
            // As many as the latency allows.
            let max = limit.min(5.0 * concurrency as f64) * 30.0;
            let case = format!("{limit}, {concurrency} at once: {used} of {max}, {throttled} throttled");
            assert!(f64::from(used) >= max * 0.8 && throttled == 0, "{case}");
        }
    }
}

#[test]
fn slow_replies_show_a_limit_per_second_and_no_other() {
    let latencies: [&dyn Fn(u32) -> u64; 3] = [&|_| 5000, &|at| 4000 + u64::from(at * 7 % 20) * 100, &|_| 2000];
    for (case, latency) in latencies.into_iter().enumerate() {
        for round in [f64::ceil, f64::floor] {
            // The limit, its window, and at least and at most how much of 30 seconds' requests is used: the full bucket, too.
            for (limit, window, min_used, max_used) in [
                (20.0, 1.0, 0.4, 1.1),
                (50.0, 1.0, 0.3, 1.1),
                (2.0, 1.0, 0.1, 1.1),
                (60.0, 60.0, 0.2, 3.0),
                (600.0, 60.0, 0.2, 3.0),
            ] {
                let mut provider = WholeSeconds { limit, window, is_fixed: false, round, used: 0.0, changed: 0.0 };
                let (used, throttled) = provider.run_with(0.0, 512, latency);
                let share = f64::from(used) * window / limit / 30.0;
                let case = format!("{limit} per {window} s, latencies {case}: {share:.2} used, {throttled} throttled");
                assert!(
                    (min_used..=max_used).contains(&share) && f64::from(throttled) <= f64::from(used) * 0.02,
                    "{case}"
                );
            }
        }
    }
}

#[test]
fn constant_reset_times_show_no_limit_per_second() {
    let always: [fn(f64) -> f64; 2] = [|_| 0.0, |_| 1.0];
    for round in always {
        for limit in [20.0, 60.0, 120.0, 600.0] {
            let mut provider = WholeSeconds { limit, window: 60.0, is_fixed: false, round, used: 0.0, changed: 0.0 };
            let (used, throttled) = provider.run(0.0, 32);
            let case = format!("{limit} per minute, {} s: {used} used, {throttled} throttled", round(0.0));
            assert!(f64::from(used) >= limit / 2.0 * 0.4 && throttled == 0, "{case}");
        }
    }
}

#[test]
fn throttling_below_a_stated_limit_slows_down() {
    let mut limit = Limit::for_tokens(Some(1200), &clock());
    assert!(admitted(&mut limit, S(0), 1000) >= 200);
    limit.on_throttled(None, S(10), S(10));
    let after = admitted(&mut limit, S(10), 100);
    assert!(after <= 12, "half of 20 in a second: {after}");
}

#[test]
fn throttling_leaves_each_process_its_part_of_the_limit() {
    // The processes, the limit that the manifest states for each and that the error names for all; the rate before
    // what throttling takes away.
    for (parallel, stated, named, expected) in [
        (1, Some(1200), None, 1200.0),
        (4, Some(300), None, 300.0),
        (4, Some(300), Some(1200), 300.0),
        (4, Some(300), Some(600), 150.0),
        (4, None, Some(1200), 300.0),
    ] {
        let mut limit = Limit::for_tokens(stated, &clock()).shared_by(parallel);
        limit.on_throttled(named, S(1), S(1));
        limit.on_throttled(named, S(20), S(20));
        admitted(&mut limit, S(20), 1000);
        (0..400).for_each(|at| _ = limit.try_take(1, S(40 + at)));
        let rate = limit.adaptive.per_minute().unwrap();
        let case = format!("{parallel} processes, {stated:?}, {named:?}: {rate}");
        assert!((expected * 0.4..=expected).contains(&rate), "{case}");
    }
}

#[test]
fn after_throttling_nothing_is_saved_up() {
    let mut limit = Limit::for_requests(None, &clock());
    limit.on_throttled(Some(1200), S(1), S(1));
    assert!(limit.try_take(1, S(1)).is_err(), "a new bucket is empty");
    assert_eq!((0..20).filter(|_| limit.try_take(1, S(2)).is_ok()).count(), 1);
    assert_eq!((0..20).filter(|_| limit.try_take(1, S(9)).is_ok()).count(), 9, "half a second's");
}

#[test]
fn the_learned_rate_lowers_the_manifests_limit_but_never_raises_it() {
    let full = LimitHeaders { limit: 120, remaining: 60, reset: Some(S(30)) };
    for (stated, reported, max) in [(600, 120, 40), (60, 120_000, 11)] {
        let mut limit = Limit::for_tokens(Some(stated), &clock());
        for at in 0..20 {
            let reported = LimitHeaders { limit: reported, remaining: reported / 2, ..full };
            limit.on_headers(&reported, S(at), S(at));
        }
        let admitted = admitted(&mut limit, S(20), 1000);
        assert!(admitted <= max, "{admitted} of {max}");
    }
}
