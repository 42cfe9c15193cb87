//! Estimates as a table: a run whose server keeps to a rule, looked at ten times a second.

use super::*;
use crate::pipeline::control::trouble::TroubleKind;
use crate::provider::{ConcurrencyGrowth, PaceLimits};

/// A run, by what bounds it.
#[derive(Clone, Copy)]
struct Run {
    pages: u64,
    /// Pages that are found to need nothing, before those to ask.
    answered_before: u64,
    latency: f64,
    earlier_latency_ms: Option<u64>,
    limits: PaceLimits,
    /// Requests per second that are let through: those of a limit.
    rate: Option<f64>,
    /// Pages per second that are prepared.
    supply: f64,
    /// Time before the first request.
    start: f64,
    is_new_endpoint: bool,
}

const fn limits(concurrency: u32, max_concurrency: u32) -> PaceLimits {
    PaceLimits {
        requests_per_minute: None,
        tokens_per_minute: None,
        concurrency,
        max_concurrency,
        growth: ConcurrencyGrowth::Rounds(1),
    }
}

const RUN: Run = Run {
    pages: 400,
    answered_before: 0,
    latency: 1.0,
    earlier_latency_ms: Some(1000),
    limits: limits(8, 8),
    rate: None,
    supply: 1e6,
    start: 1.0,
    is_new_endpoint: false,
};

/// What a run showed at each tick: the time, and the estimate in seconds.
struct Played {
    estimates: Vec<(f64, Option<TimeEstimate>)>,
    end: f64,
}

const TICK: f64 = 0.1;

/// Plays a run request by request, and asks for the estimate at each tick.
fn play(run: Run) -> Played {
    let (mut now, mut estimator) = (Progress::default(), TimeLeft::default());
    (now.total, now.left, now.earlier_latency_ms) = (run.pages, run.pages, run.earlier_latency_ms);
    let mut concurrency = f64::from(run.limits.concurrency);
    // When the replies to requests in flight arrive.
    let mut replies: Vec<f64> = Vec::new();
    let (mut sent, mut tokens, mut unasked) = (0, 1.0, 0);
    let mut estimates = Vec::new();
    let mut alone = run.is_new_endpoint;
    for tick in 0..100_000 {
        let time = f64::from(tick) * TICK;
        while let Some(at) = replies.iter().position(|reply| *reply <= time) {
            replies.swap_remove(at);
            now.asked += 1;
            now.answers += 1;
            now.answer_ms += (run.latency * 1000.0) as u64;
            (concurrency, alone) =
                ((concurrency + 1.0 / concurrency).min(f64::from(run.limits.max_concurrency)), false);
        }
        if time >= run.start {
            // A thousand a second are found to need nothing.
            unasked = run.answered_before.min(unasked + 100);
            let supplied = (((time - run.start) * run.supply) as u64 + 1).min(run.pages - run.answered_before);
            let is_supplied = |sent: u64| unasked == run.answered_before && sent < supplied;
            tokens = run.rate.map_or(1e9, |rate| (tokens + rate * TICK).min((rate / 2.0).max(1.0)));
            now.wait_reason = None;
            let slots = if alone { 1 } else { concurrency as usize };
            while is_supplied(sent) && replies.len() < slots {
                if tokens < 1.0 {
                    now.wait_reason = Some(WaitReason::RequestLimit);
                    break;
                }
                (sent, tokens) = (sent + 1, tokens - 1.0);
                replies.push(time + run.latency);
            }
        }
        (now.in_flight, now.begun, now.unasked) = (replies.len() as u64, sent, unasked);
        now.left = run.pages - now.asked - unasked;
        let limits = PaceLimits { concurrency: concurrency as u32, ..run.limits };
        now.pace = Some(RunPace { limits, tokens_per_request: None, is_alone: alone });
        if now.left == 0 {
            return Played { estimates, end: time };
        }
        estimates.push((time, estimator.update(&now, Duration::from_secs_f64(time))));
    }
    panic!("the run does not end");
}

impl Played {
    /// When there was an estimate for the first time.
    fn first(&self) -> f64 {
        self.estimates.iter().find(|(_, estimate)| estimate.is_some()).unwrap().0
    }

    /// The maximum factor by which the estimates were wrong from `from` on. Replies of simulated servers arrive in
    /// rounds: an error of less than one round, or 3 s, counts as right.
    fn worst(&self, from: f64, latency: f64) -> f64 {
        let factor = |(time, estimate): &(f64, Option<TimeEstimate>)| {
            let left = self.end - time;
            let estimate = estimate.as_ref()?.left.as_secs_f64();
            let is_wrong = (estimate - left).abs() > latency.max(3.0);
            (*time >= from && is_wrong).then(|| (estimate / left).max(left / estimate))
        };
        self.estimates.iter().filter_map(factor).fold(1.0, f64::max)
    }
}

#[test]
fn estimates_are_right_from_the_start() {
    let stated = PaceLimits { requests_per_minute: Some(1200.0), ..limits(64, 64) };
    let slow = PaceLimits { requests_per_minute: Some(60.0), ..limits(64, 64) };
    let unknown = Run { earlier_latency_ms: None, is_new_endpoint: true, ..RUN };
    // The name, the run, from when on there is an estimate (the first request is sent after 1 s), and by which factor one may be
    // wrong.
    for (name, run, first, worst) in [
        ("8 in flight, latency known", RUN, 1.0, 1.3),
        ("8 in flight, new endpoint", unknown, 2.0, 1.3),
        ("slow replies", Run { latency: 20.0, earlier_latency_ms: Some(20_000), ..RUN }, 1.0, 2.2),
        ("slow replies, new endpoint", Run { latency: 20.0, ..unknown }, 21.0, 1.6),
        ("a stated rate", Run { limits: stated, rate: Some(20.0), ..unknown }, 1.0, 1.3),
        ("a low rate", Run { limits: slow, rate: Some(1.0), pages: 60, ..unknown }, 1.0, 1.5),
        ("up to 64 in flight", Run { limits: limits(8, 64), ..RUN }, 1.0, 1.3),
        ("up to 64 in flight, many pages", Run { limits: limits(8, 64), pages: 5000, ..RUN }, 1.0, 1.3),
        ("few pages", Run { pages: 6, latency: 8.0, earlier_latency_ms: Some(8000), ..RUN }, 1.0, 1.3),
        ("faster than before", Run { earlier_latency_ms: Some(2000), ..RUN }, 1.0, 2.1),
        ("slower than before", Run { latency: 4.0, ..RUN }, 1.0, 4.1),
        ("answered pages first", Run { pages: 2000, answered_before: 1800, ..RUN }, 8.0, 2.1),
        ("pages are prepared slowly", Run { supply: 2.0, ..RUN }, 1.0, 4.4),
    ] {
        let played = play(run);
        let factor = played.worst(0.0, run.latency);
        assert!(played.first() <= first + 0.2, "{name}: first estimate at {} s", played.first());
        assert!(factor <= worst, "{name}: wrong by a factor of {factor:.2} of {:.0} s", played.end);
    }
}

#[test]
fn what_is_seen_corrects_what_was_expected_within_some_rounds() {
    for (name, run, from) in [
        ("faster than before", Run { earlier_latency_ms: Some(2000), ..RUN }, 5.0),
        ("slower than before", Run { latency: 4.0, ..RUN }, 10.0),
        ("answered pages first", Run { pages: 2000, answered_before: 1800, ..RUN }, 10.0),
        ("pages are prepared slowly", Run { supply: 2.0, ..RUN }, 10.0),
        (
            "others use the limit",
            Run { limits: PaceLimits { requests_per_minute: Some(1200.0), ..limits(64, 64) }, rate: Some(5.0), ..RUN },
            15.0,
        ),
    ] {
        let factor = play(run).worst(from, run.latency);
        assert!(factor <= 1.5, "{name}: wrong by a factor of {factor:.2}");
    }
}

#[test]
fn an_estimate_is_rough_until_it_rests_on_replies() {
    let Played { estimates, end } = play(RUN);
    let is_rough = |time: f64| {
        let at = estimates.iter().rfind(|(at, _)| *at <= time).and_then(|(_, estimate)| *estimate);
        at.map(|estimate| estimate.is_rough)
    };
    assert_eq!(
        (is_rough(1.2), is_rough(1.8), is_rough(2.5), is_rough(end)),
        (Some(true), Some(true), Some(false), Some(false))
    );
    let growing = play(Run { limits: limits(8, 64), ..RUN });
    assert!(
        growing
            .estimates
            .iter()
            .any(|(time, estimate)| *time > 5.0 && estimate.is_some_and(|estimate| estimate.is_rough))
    );
}

#[test]
fn nothing_is_estimated_without_a_basis() {
    let busy = Progress { left: 100, asked: 50, begun: 58, in_flight: 8, ..Progress::default() };
    let estimate = |change: &dyn Fn(&mut Progress)| {
        let (mut estimator, mut now) = (TimeLeft::default(), busy.clone());
        change(&mut now);
        let mut last = None;
        for second in 0..=10 {
            last = estimator.update(&now, Duration::from_secs(second));
        }
        last.map(|estimate| (estimate.left.as_secs(), estimate.is_rough))
    };
    assert_eq!(estimate(&|_| {}), Some((20, false)), "batches: from what was asked since the first request");
    assert_eq!(estimate(&|now| now.left = 0), None);
    assert_eq!(estimate(&|now| now.asked = 0), None);
    assert_eq!(estimate(&|now| now.left = 1 << 40), None);
    assert_eq!(estimate(&|now| now.is_only_listing = true), None);
    assert_eq!(estimate(&|now| (now.is_minimum, now.is_counting) = (true, true)), None, "the input is being counted");
    assert_eq!(estimate(&|now| now.is_minimum = true), Some((20, true)), "files with several pages");
    assert_eq!(estimate(&|now| now.wait_reason = Some(WaitReason::Cooldown)), None, "an outage");
    let trouble = |kind| Some(Trouble { number: 1, kind, message: String::new(), max_wait: None });
    for (kind, expected) in [
        (TroubleKind::Unreachable, None),
        (TroubleKind::Unavailable, None),
        (TroubleKind::RateLimit, None),
        (TroubleKind::Foreign, None),
        // Nothing was answered for ten seconds.
        (TroubleKind::Error("timeout"), None),
    ] {
        assert_eq!(estimate(&|now| now.trouble = trouble(kind)), expected, "{kind:?}");
    }
    assert_eq!(estimate(&|now| now.is_ending = true), None, "the run ends");
    // Single errors pass: each answer ends a trouble.
    let mut estimator = TimeLeft::default();
    let erring = |second| Some(Trouble { number: second / 4, ..trouble(TroubleKind::Error("timeout"))? });
    let last = (0..=10).map(|second| {
        let now = Progress { trouble: erring(second), ..busy.clone() };
        estimator.update(&now, Duration::from_secs(second))
    });
    assert_eq!(last.last().flatten().map(|estimate| estimate.left.as_secs()), Some(20));
}
