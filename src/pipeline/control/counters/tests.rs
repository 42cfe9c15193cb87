//! What counters show after what has happened.

use super::*;

#[test]
fn a_second_pass_counts_no_page_twice() {
    let counters = Counters::default();
    counters.begin_pass(true);
    (0..4).for_each(|_| counters.add_entry());
    (0..2).for_each(|_| counters.add_unreadable());
    counters.add_asked(true);
    counters.add_asked(false);
    let first = counters.snapshot();
    assert_eq!((first.found, first.done, first.asked, first.failed), (4, 4, 2, 3));
    // The second pass encounters the two unreadable pages again; the asked ones are done.
    counters.begin_pass(true);
    (0..4).for_each(|_| counters.add_entry());
    (0..2).for_each(|_| counters.add_unreadable());
    (0..2).for_each(|_| counters.add_done());
    let second = counters.snapshot();
    assert_eq!((second.found, second.done, second.asked, second.failed), (4, 4, 2, 3));
}

#[test]
fn the_number_of_failed_pages_never_falls_while_a_pass_runs() {
    let counters = Counters::default();
    counters.begin_pass(true);
    (0..5).for_each(|_| counters.add_unreadable());
    counters.begin_pass(true);
    assert_eq!(counters.snapshot().failed, 5);
    (0..6).for_each(|_| counters.add_unreadable());
    assert_eq!(counters.snapshot().failed, 6, "a file that broke between two passes");
}

#[test]
fn an_answer_ends_a_trouble_and_the_next_error_begins_another() {
    let counters = Counters::default();
    let now = || counters.snapshot().trouble.map(|trouble| (trouble.number, trouble.message));
    counters.end_trouble();
    assert_eq!(now(), None);
    counters.set_trouble(TroubleKind::Unreachable, "refused", Some(Duration::from_secs(9)));
    counters.set_trouble(TroubleKind::Unavailable, "503", None);
    assert_eq!(now(), Some((1, "503".into())));
    counters.end_trouble();
    assert_eq!(now(), None);
    counters.set_trouble(TroubleKind::RateLimit, "429", None);
    assert_eq!(now(), Some((2, "429".into())));
}

#[test]
fn what_requests_wait_for() {
    let counters = Counters::default();
    let now = || (counters.snapshot().is_waiting, counters.snapshot().wait_reason);
    assert_eq!(now(), (false, None));
    for reason in [WaitReason::Cooldown, WaitReason::RequestLimit, WaitReason::TokenLimit] {
        counters.set_waiting(Some(reason));
        assert_eq!(now(), (true, Some(reason)));
    }
    counters.set_waiting(None);
    assert_eq!(now(), (false, None));
}

#[test]
fn the_work_of_a_run_is_bounded_by_its_limit_and_final_after_the_walk() {
    let counters = Counters::default();
    counters.begin_pass(true);
    (0..10).for_each(|_| counters.add_entry());
    (0..4).for_each(|_| counters.add_already_done());
    let work = || {
        let now = counters.snapshot();
        (now.finished, now.total, now.is_minimum)
    };
    assert_eq!(work(), (0, 6, true));
    counters.set_counted(100);
    counters.add_asked(false);
    assert_eq!(work(), (1, 96, false));
    counters.set_limit(5);
    assert_eq!(work(), (1, 5, false));
    counters.end_walk();
    assert_eq!((work(), counters.is_counted()), ((1, 5, false), true));
}

#[test]
fn latencies_fall_into_the_first_bucket_that_holds_them() {
    let counters = Counters::default();
    for latency_ms in [1, 100, 101, 120_000, 120_001] {
        counters.add_attempt(VerdictName::Done, latency_ms, [1, 0, 2], Some(Pico(3)));
    }
    let now = counters.snapshot();
    assert_eq!((now.latencies[0], now.latencies[1], now.latencies[10], now.latencies[11]), (2, 1, 1, 1));
    assert_eq!((now.verdicts[0], now.tokens, now.cost_pico, now.latency_ms), (5, [5, 0, 10], Some(15), 240_203));
    counters.add_attempt(VerdictName::Done, 1, [1, 0, 2], None);
    assert_eq!(counters.snapshot().cost_pico, None, "a price that is unknown is not zero");
    let before = counters.snapshot();
    counters.add_attempt(VerdictName::Later, 9, [0; 3], Some(Pico::ZERO));
    let now = counters.snapshot();
    assert_eq!(
        (now.answers, now.answer_ms),
        (6, before.latency_ms),
        "a refused connection does not count as an answer"
    );
    assert_eq!(now.latency_ms, before.latency_ms + 9);
}
