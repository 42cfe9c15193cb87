//! Histories of attempts and the steps that follow from them.

use super::*;
use crate::provider::{CapabilityChange, Charge, Obstacle, TransientFault};
use serde_json::json;

fn exchange(verdict: Verdict) -> Exchange {
    Exchange {
        rate_limits: crate::provider::RateLimitHeaders::default(),
        exceeded: None,
        verdict,
        charge: Charge::Nothing,
        latency: Duration::ZERO,
        status: None,
        request_id: None,
        content: "{}".into(),
        served: crate::provider::Served::default(),
        parameters: None,
        answered_in_reasoning: false,
        foreign: None,
        outage: crate::provider::Outage::No,
        is_scope_unknown: false,
        rejects_named: false,
        is_guess: false,
        names_several: false,
    }
}

const RETRY: Retry = Retry {
    attempts: 3,
    max_wait: Duration::from_secs(600),
    page_time: None,
    timed_out: TimedOut::Wait(Duration::from_secs(60)),
};

const FORMAT: CapabilityChange = CapabilityChange::WeakerFormat;

/// One letter per attempt: `o` valid, `i` invalid, `c` cut at max_tokens, `n` repeating itself, `h` the
/// first task valid and the second not, `p` transient error, `t` timeout, `k` missing capability,
/// `m` reasoning used up the output limit, `l` later, `x` an error of the page, `r` refusal. Upper case:
/// `I` invalid, in a form that is no longer sent; `K` and `M`: the endpoint can't change again; `P` the same with a
/// status of the server's faults; `F`: only this page is rejected with its format.
fn verdict(letter: char, open: usize) -> Verdict {
    let bad = || Err(TaskFault::new(ErrorKind::WrongLabel, "no"));
    let done = |reading: Vec<_>, cut| Verdict::Done { reading, cut };
    let passing = |change, may_run| {
        Verdict::Retry(TransientFault { kind: ErrorKind::ServerError, message: "500".into(), change, may_run })
    };
    let page = |is_refusal| Verdict::Page(PageFault { kind: ErrorKind::BadRequest, message: "400".into(), is_refusal });
    match letter {
        'o' => done(vec![Ok(json!("a")); open], Cut::No),
        'i' | 'I' => done(vec![bad(); open], Cut::No),
        'c' => done(vec![bad(); open], Cut::Length),
        'n' => done(vec![bad(); open], Cut::Repetition),
        'h' => done((0..open).map(|at| if at == 0 { Ok(json!("a")) } else { bad() }).collect(), Cut::No),
        'p' => passing(None, false),
        't' => passing(None, true),
        'k' => passing(Some(FORMAT), false),
        'K' | 'P' | 'F' => passing(Some(FORMAT), false),
        'm' | 'M' => passing(Some(CapabilityChange::OutputFactor), false),
        'l' => Verdict::Later { after: None, obstacle: Obstacle::Other, message: String::new() },
        'x' => page(false),
        _ => page(true),
    }
}

/// What an attempt shows about the form of requests.
fn form(letter: char) -> FormChange {
    match letter {
        'I' => FormChange::AlreadyMade,
        'K' | 'P' => FormChange::Exhausted(FORMAT),
        'F' => FormChange::PageWithoutFormat,
        'M' => FormChange::Exhausted(CapabilityChange::OutputFactor),
        _ => FormChange::None,
    }
}

/// Plays a history; the steps taken (A ask, R repair, L longer, V varied, W wait, S stop: done) and
/// the outcomes by task.
fn play(history: &str, tasks: usize) -> (String, Vec<String>) {
    let names = ["kind", "more"];
    let mut state = PageState::new((0..tasks).map(|at| (at, names[at].to_owned(), None)));
    let (mut steps, mut outcomes) = (String::new(), vec![String::from("-"); tasks]);
    let mut letters = history.chars();
    loop {
        let step = next_step(&state, &RETRY);
        match &step {
            Step::Done => {
                steps.push('S');
                for (at, outcome) in state.open_outcomes(1) {
                    outcomes[at] = format!("{} {}", outcome.status.name(), outcome.fault.unwrap().kind);
                }
                return (steps, outcomes);
            }
            Step::Wait(_) => {
                steps.push('W');
                state.finish_wait(Duration::ZERO);
            }
            Step::Ask(ask) => {
                steps.push(match (ask.repair.is_some(), ask.variation.is_lengthened, ask.variation.has_no_format()) {
                    (true, ..) => 'R',
                    (false, true, _) => 'L',
                    (false, false, true) => 'V',
                    (false, false, false) => 'A',
                });
                let Some(letter) = letters.next() else {
                    return (steps, outcomes);
                };
                let status = (letter == 'P').then_some(500);
                let exchange = Exchange { status, ..exchange(verdict(letter, state.open.len())) };
                for (at, outcome) in state.apply_exchange(&exchange, ask, form(letter), 1) {
                    outcomes[at] = outcome.status.name().to_owned();
                }
            }
        }
    }
}

#[test]
fn histories_of_one_task() {
    for (history, steps, outcome) in [
        ("o", "AS", "ok"),
        ("io", "ARS", "ok"),
        ("iio", "ARRS", "ok"),
        ("iii", "ARRS", "invalid wrong_label"),
        ("po", "AWAS", "ok"),
        ("ppp", "AWAWAS", "failed server_error"),
        ("ippo", "ARWRWRS", "ok"),
        ("iliki", "ARRRRS", "invalid wrong_label"),
        ("ko", "AAS", "ok"),
        ("lllllllo", "AAAAAAAAS", "ok"),
        ("x", "AS", "failed bad_request"),
        ("K", "AS", "failed bad_request"),
        ("PPP", "AWAWAS", "failed server_error"),
        ("Fo", "AVS", "ok"),
        ("FK", "AVS", "failed bad_request"),
        ("FF", "AVS", "failed bad_request"),
        ("FPo", "AVWVS", "ok"),
        ("Fio", "AVRS", "ok"),
        ("r", "AS", "refused bad_request"),
        ("co", "ALS", "ok"),
        ("cc", "ALS", "invalid length"),
        ("ir", "ARS", "refused bad_request"),
        ("lplp", "AAWAAWA", "-"),
        ("no", "AVS", "ok"),
        ("nn", "AVS", "invalid repetition"),
        ("cnn", "ALLS", "invalid repetition"),
        ("IIIIio", "AAAAARS", "ok"),
        ("K", "AS", "failed bad_request"),
        ("mo", "AAS", "ok"),
        ("Mo", "ALS", "ok"),
        ("MM", "ALS", "invalid length"),
    ] {
        assert_eq!(play(history, 1), (steps.to_owned(), vec![outcome.to_owned()]), "{history}");
    }
}

#[test]
fn only_the_invalid_task_is_asked_again() {
    assert_eq!(play("ho", 2), ("ARS".into(), vec!["ok".into(), "ok".into()]));
    assert_eq!(play("hii", 2), ("ARRS".into(), vec!["ok".into(), "invalid wrong_label".into()]));
    assert_eq!(play("hx", 2), ("ARS".into(), vec!["ok".into(), "failed bad_request".into()]));
}

#[test]
fn waits_double_up_to_a_bound() {
    let mut state = PageState::new(std::iter::once((0, "kind".to_owned(), None)));
    let mut waits = Vec::new();
    let ask = AskStep::default();
    for _ in 0..7 {
        state.apply_exchange(&exchange(verdict('p', 1)), &ask, FormChange::None, 1);
        if let Step::Wait(wait) = next_step(&state, &Retry { attempts: 100, ..RETRY }) {
            waits.push(wait.as_millis());
        }
        state.finish_wait(Duration::ZERO);
    }
    assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
}

#[test]
fn a_request_that_may_still_run_is_repeated_as_the_manifest_states() {
    let after_a_time_out = |timed_out| {
        let mut state = PageState::new(std::iter::once((0, "kind".to_owned(), None)));
        state.apply_exchange(&exchange(verdict('t', 1)), &AskStep::default(), FormChange::None, 1);
        match next_step(&state, &Retry { timed_out, ..RETRY }) {
            Step::Wait(wait) => format!("wait {} ms", wait.as_millis()),
            step => format!("{step:?}"),
        }
    };
    assert_eq!(after_a_time_out(TimedOut::Wait(Duration::from_secs(60))), "wait 60000 ms");
    assert_eq!(after_a_time_out(TimedOut::Resend), "wait 500 ms");
    assert_eq!(after_a_time_out(TimedOut::Leave), "Done");
}

#[test]
fn a_page_uses_no_more_than_its_time() {
    let retry = Retry { attempts: 100, page_time: Some(Duration::from_secs(10)), ..RETRY };
    for letter in ['p', 'i'] {
        let mut state = PageState::new(std::iter::once((0, "kind".to_owned(), None)));
        let slow = Exchange { latency: Duration::from_secs(4), ..exchange(verdict(letter, 1)) };
        state.apply_exchange(&slow, &AskStep::default(), FormChange::None, 1);
        assert_eq!(state.time_left(&retry), Some(Duration::from_secs(6)));
        assert!(!matches!(next_step(&state, &retry), Step::Done), "{letter}");
        state.finish_wait(Duration::from_millis(5500));
        assert!(matches!(next_step(&state, &retry), Step::Done), "half a second is not enough to ask again: {letter}");
    }
    // Waiting for limits is not the page's time, and a wait that is longer is not begun.
    let mut state = PageState::new(std::iter::once((0, "kind".to_owned(), None)));
    let ask = AskStep::default();
    for _ in 0..20 {
        state.apply_exchange(
            &Exchange { latency: Duration::from_secs(4), ..exchange(verdict('l', 1)) },
            &ask,
            FormChange::None,
            1,
        );
        assert!(matches!(next_step(&state, &retry), Step::Ask(_)));
    }
    state.apply_exchange(&exchange(verdict('t', 1)), &ask, FormChange::None, 1);
    assert!(matches!(next_step(&state, &retry), Step::Done), "a minute's wait in ten seconds");
    assert!(state.open_outcomes(1)[0].1.is_transient, "the next run asks again");
}

/// The last attempt of a page by another run, after what others have tried, and what follows from its result.
#[test]
fn what_other_runs_have_tried_counts() {
    use AttemptPurpose::{Ask, Lengthen, Repair, Retry as Again};
    let earlier = |replies, repairs, retries| EarlierAttempts { replies, repairs, retries };
    for (purpose, earlier, letter, expected) in [
        (Ask, earlier(0, 0, 0), 'i', "repair"),
        (Repair, earlier(1, 0, 0), 'i', "repair"),
        (Repair, earlier(2, 1, 0), 'i', "done"),
        (Ask, earlier(0, 0, 0), 'c', "varied"),
        (Lengthen, earlier(1, 0, 0), 'c', "done"),
        (Again, earlier(0, 0, 1), 'p', "wait"),
        (Again, earlier(0, 0, 2), 'p', "done"),
        (Again, earlier(1, 0, 0), 'n', "varied"),
        (Again, earlier(4, 0, 0), 'n', "done"),
        (Again, earlier(4, 0, 0), 'c', "done"),
        (Again, earlier(4, 0, 0), 'i', "done"),
        (Again, earlier(4, 0, 9), 'o', "done"),
        (Ask, earlier(0, 0, 0), 'k', "ask"),
    ] {
        let mut state = PageState::resumed(std::iter::once((0, "kind".to_owned(), None)), purpose, earlier);
        let step = AskStep { variation: state.variation(), repair: None };
        state.apply_exchange(&exchange(verdict(letter, 1)), &step, form(letter), 1);
        let next = match next_step(&state, &RETRY) {
            Step::Done => "done",
            Step::Wait(_) => "wait",
            Step::Ask(AskStep { repair: Some(_), .. }) => "repair",
            Step::Ask(ask) if ask.variation == Variation::default() => "ask",
            Step::Ask(_) => "varied",
        };
        assert_eq!(next, expected, "{purpose:?} {earlier:?} {letter}");
    }
}

/// A refused page; other pages have yet to show whether the refusal is its own.
#[test]
fn attempts_do_not_end_a_page_whose_error_may_concern_all() {
    let retry = Retry { attempts: 1, ..RETRY };
    let mut state = PageState::new([(0, "kind".to_owned(), None)].into_iter());
    let ask = AskStep::default();
    let refused = exchange(Verdict::transient(ErrorKind::BadRequest, "HTTP 403"));
    for _ in 0..3 {
        let unknown_scope = Exchange { is_scope_unknown: true, ..refused.clone() };
        state.apply_exchange(&unknown_scope, &ask, FormChange::None, 1);
        assert!(matches!(next_step(&state, &retry), Step::Wait(_)));
        state.finish_wait(Duration::from_secs(1));
        assert!(matches!(next_step(&state, &retry), Step::Ask(_)));
    }
    state.apply_exchange(&refused, &ask, FormChange::None, 1);
    assert!(matches!(next_step(&state, &retry), Step::Done));
}
