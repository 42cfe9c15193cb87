//! Sums over attempts.

use super::*;
use crate::base::ids::RecipeId;
use crate::base::vocabulary::ErrorKind;
use crate::report::sample::{attempt, run};
use proptest::prelude::*;

fn spend_of(attempts: &[AttemptRecord], tasks: i64) -> Spend {
    let mut spend = Spend::default();
    attempts.iter().for_each(|attempt| spend.add(attempt, &run(tasks)));
    spend
}

#[test]
fn an_unknown_price_makes_the_total_unknown_not_zero() {
    assert_eq!(spend_of(&[attempt(1, Some(7))], 2).known_total(), Some(Pico(7)));
    let unknown = spend_of(&[attempt(1, Some(7)), attempt(2, None)], 2);
    assert_eq!((unknown.known_total(), unknown.total, unknown.unpriced), (None, Pico(7), 1));
}

#[test]
fn an_attempt_is_wasted_in_at_most_one_way() {
    use AttemptPurpose::{Ask, Lengthen, Repair, Retry};
    use VerdictName::{Done, Page};
    let fault = || Some(ErrorKind::WrongLabel);
    let (none, failed, invalid, repaired) = ([0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]);
    for (purpose, verdict, error_kind, expected) in [
        (Ask, Done, None, none),
        (Retry, Done, None, none),
        (Ask, Done, fault(), invalid),
        (Retry, Done, fault(), invalid),
        (Repair, Done, None, repaired),
        (Repair, Done, fault(), repaired),
        (Lengthen, Done, None, repaired),
        (Ask, VerdictName::Retry, fault(), failed),
        (Repair, VerdictName::Retry, fault(), failed),
        (Lengthen, Page, fault(), failed),
    ] {
        let record = AttemptRecord { purpose, error_kind, verdict: Some(verdict), ..attempt(1, Some(1)) };
        let spend = spend_of(&[record], 2);
        let wasted = [spend.failed_cost, spend.invalid_cost, spend.repaired_cost];
        assert_eq!(wasted, expected.map(Pico), "{purpose:?} {verdict:?}");
    }
}

#[test]
fn results_are_counted_by_state_verdict_and_http_status() {
    use AttemptState::{Lost, Open, Settled, Withdrawn};
    use VerdictName::{Done, Later, Retry, Stop};
    for (state, verdict, http_status, expected) in [
        (Open, None, None, [0, 0, 0, 0]),
        (Withdrawn, None, None, [0, 0, 0, 0]),
        (Lost, None, None, [0, 0, 0, 1]),
        (Settled, Some(Done), Some(200), [1, 0, 0, 0]),
        (Settled, Some(Later), Some(429), [0, 0, 1, 0]),
        (Settled, Some(Stop), Some(429), [0, 1, 0, 0]),
        (Settled, Some(Later), Some(503), [0, 1, 0, 0]),
        (Settled, Some(Retry), None, [0, 1, 0, 0]),
        (Settled, None, None, [0, 1, 0, 0]),
    ] {
        let spend = spend_of(&[AttemptRecord { state, verdict, http_status, ..attempt(1, Some(9)) }], 2);
        let results = [spend.succeeded, spend.failed, spend.rate_limited, spend.lost];
        assert_eq!((spend.sent, results), (1, expected), "{state:?} {http_status:?}");
        assert_eq!(spend.total, Pico(if state == Settled { 9 } else { 0 }));
        assert_eq!(spend.lost_cost, Pico(if state == Lost { 9 } else { 0 }), "not part of the total");
    }
}

#[test]
fn usage_estimates_and_latencies_are_of_replies() {
    let reply = AttemptRecord { is_estimated: true, ..attempt(1, Some(10)) };
    let timeout = AttemptRecord { verdict: Some(VerdictName::Retry), http_status: None, ..reply.clone() };
    let spend = spend_of(&[reply.clone(), timeout, AttemptRecord { latency_ms: None, ..attempt(2, Some(10)) }], 2);
    assert_eq!((spend.usage_missing, spend.estimated_cost), (1, Pico(20)));
    assert_eq!(spend.latencies.total(), 1, "neither of a timeout nor of a batch");
    let unexpected = AttemptRecord { expected: None, ..attempt(3, Some(500)) };
    let spend = spend_of(&[AttemptRecord { expected: Some(Pico(8)), ..reply }, unexpected], 2);
    assert_eq!((spend.expected, spend.expected_actual, spend.estimate_ratio()), (Pico(8), Pico(10), Some(1.25)));
    assert_eq!(Spend::default().estimate_ratio(), None);
}

#[test]
fn a_task_that_the_run_does_not_know_keeps_its_part() {
    let record = AttemptRecord { recipes: vec![RecipeId(2), RecipeId(9)], ..attempt(1, Some(7)) };
    let spend = spend_of(std::slice::from_ref(&record), 2);
    let parts: Vec<(&str, Pico)> = spend.by_task.iter().map(|(task, part)| (task.as_str(), part.cost)).collect();
    assert_eq!(parts, [(UNKNOWN_TASK, Pico(3)), ("total", Pico(4))]);
    // A question that was rendered for a line of a list.
    let spend = spend_of(&[AttemptRecord { rendered: vec![(RecipeId(9), 0)], ..record }], 2);
    assert_eq!(spend.by_task.keys().collect::<Vec<_>>(), ["kind", "total"]);
}

#[test]
fn the_slowest_attempts_are_kept() {
    let attempts: Vec<AttemptRecord> = (1..10).map(|id| attempt(id, Some(id))).collect();
    let spend = spend_of(&attempts, 2);
    let latencies: Vec<u64> = spend.slowest.iter().map(|slow| slow.latency_ms).collect();
    assert_eq!(latencies, [1510, 1420, 1330, 1240, 1150]);
    assert_eq!((&*spend.slowest[0].path, spend.slowest[0].cost), (&b"mail/9.jpg"[..], Pico(9)));
}

/// Attempts of any state, verdict, purpose, price and set of tasks.
fn attempts() -> impl Strategy<Value = Vec<AttemptRecord>> {
    let state = prop_oneof![Just(AttemptState::Settled), Just(AttemptState::Open), Just(AttemptState::Lost)];
    let purpose = prop::sample::select(AttemptPurpose::ALL);
    let verdict = prop::sample::select(VerdictName::ALL);
    let is_first = any::<bool>();
    let fault = prop::option::of(prop::sample::select(ErrorKind::ALL));
    let cost = prop::option::weighted(0.9, 0_i64..1_000_000_007);
    let one = (state, purpose, verdict, is_first, fault, cost, 1_i64..4, 0_usize..3, any::<bool>());
    prop::collection::vec(one, 0..50).prop_map(|all| {
        let record =
            |(id, (state, purpose, verdict, is_first, fault, cost, tasks, model, is_estimated))| AttemptRecord {
                state,
                purpose,
                is_first,
                is_estimated,
                verdict: Some(verdict),
                error_kind: fault,
                recipes: (1..=tasks).map(RecipeId).collect(),
                model: format!("model {model}"),
                ..attempt(id, cost)
            };
        (1_i64..).zip(all).map(record).collect()
    })
}

proptest! {
    /// In any division of the spend, nothing is lost and nothing is counted twice.
    #[test]
    fn parts_add_up_to_the_total(attempts in attempts()) {
        let spend = spend_of(&attempts, 3);
        let settled: Vec<_> = attempts.iter().filter(|attempt| attempt.state == AttemptState::Settled).collect();
        let total: Pico = settled.iter().filter_map(|attempt| attempt.cost).sum();
        prop_assert_eq!(spend.total, total);
        for parts in [&spend.by_task, &spend.by_model, &spend.by_day, &spend.by_run] {
            prop_assert_eq!(parts.values().map(|part| part.cost).sum::<Pico>(), total);
        }
        for parts in [&spend.by_model, &spend.by_day, &spend.by_run] {
            prop_assert_eq!(parts.values().map(|part| part.attempts).sum::<u64>(), settled.len() as u64);
            let mut tokens = Usage::default();
            parts.values().for_each(|part| tokens += part.tokens);
            prop_assert_eq!(tokens, spend.tokens);
        }
        let open = attempts.iter().filter(|attempt| attempt.state == AttemptState::Open).count() as u64;
        prop_assert_eq!(spend.sent, attempts.len() as u64);
        prop_assert_eq!(spend.sent, spend.succeeded + spend.failed + spend.rate_limited + spend.lost + open);
        prop_assert!(spend.failed_cost + spend.invalid_cost + spend.repaired_cost <= total);
        prop_assert!(spend.estimated_cost <= total && spend.requests <= spend.sent);
    }

    /// The order in which attempts are read does not change any sum.
    #[test]
    fn sums_do_not_depend_on_the_order(attempts in attempts()) {
        let reversed: Vec<AttemptRecord> = attempts.iter().rev().cloned().collect();
        let (one, other) = (spend_of(&attempts, 3), spend_of(&reversed, 3));
        let sums = |spend: &Spend| {
            let parts = [&spend.by_task, &spend.by_model, &spend.by_day, &spend.by_run].map(Clone::clone);
            let wasted = [spend.failed_cost, spend.invalid_cost, spend.repaired_cost, spend.lost_cost];
            (spend.total, spend.tokens, spend.by_fault.clone(), spend.latencies.clone(), parts, wasted)
        };
        prop_assert_eq!(sums(&one), sums(&other));
    }
}
