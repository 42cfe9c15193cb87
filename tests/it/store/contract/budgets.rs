//! Budgets.

use super::Backend;
use super::fixtures::{Bench, NOW_MS, attempt, granted, page, settlement, start, wait};
use docmill::internal::base::money::Pico;
use docmill::internal::store::{
    AttemptCharge, AttemptId, BatchStart, BudgetLine, OpenAttempt, Opened, RecipeId, ReservationMultiples, RunKey,
    Settlement, Store,
};
use proptest::prelude::*;

fn limited(open: OpenAttempt, scope: &str, limit: i64, reserved: i64) -> OpenAttempt {
    let budget = BudgetLine { scope: scope.into(), limit: Some(Pico(limit)), multiples: ReservationMultiples::NONE };
    OpenAttempt { budget, reserved: Some(Pico(reserved)), ..open }
}

pub(crate) fn a_reservation_fits_up_to_the_limit<B: Backend>() {
    let bench = Bench::<B>::new();
    let open = |number, reserved| bench.open(limited(bench.attempt(page(number)), "a", 100, reserved));
    let over = |reserved, spent| Opened::OverBudget { spent: Pico(spent), reserved: Pico(reserved) };
    assert_eq!(open(1, 101), over(0, 0));
    let first = granted(open(1, 60));
    assert_eq!(open(2, 41), over(60, 0), "others may return what they do not need");
    let second = granted(open(2, 40));
    assert_eq!(bench.reader().budget_used("a").unwrap(), Pico(100));
    let settle = |attempt, budget| {
        let charge = AttemptCharge { budget: Pico(budget), ..settlement(attempt, Vec::new()).charge };
        bench.settle(Settlement { charge, ..settlement(attempt, Vec::new()) });
    };
    settle(first, 10);
    assert_eq!(open(3, 51), over(40, 10));
    // More than was reserved is charged too.
    settle(second, 85);
    assert_eq!((open(3, 6), bench.reader().budget_used("a").unwrap()), (over(0, 95), Pico(95)));
    granted(open(3, 5));
    granted(bench.open(limited(bench.attempt(page(4)), "b", 100, 100)));
    assert_eq!(bench.reader().budget_used("c").unwrap(), Pico::ZERO);
}

/// Beside others an attempt needs more of the budget than its reservation, and lines of batches count apart.
pub(crate) fn attempts_beside_others_need_headroom<B: Backend>() {
    let bench = Bench::<B>::new();
    let multiples = ReservationMultiples { single_percent: 400, batch_percent: 200 };
    let open = |number, reserved, batch| {
        let attempt = limited(bench.attempt(page(number)), "a", 100, reserved);
        let budget = BudgetLine { multiples, ..attempt.budget };
        bench.open(OpenAttempt { budget, batch, ..attempt })
    };
    let over = |reserved, spent| Opened::OverBudget { spent: Pico(spent), reserved: Pico(reserved) };
    let settle = |attempt, budget| {
        let charge = AttemptCharge { budget: Pico(budget), ..settlement(attempt, Vec::new()).charge };
        bench.settle(Settlement { charge, ..settlement(attempt, Vec::new()) });
    };
    let first = granted(open(1, 20, None));
    assert_eq!(open(2, 6, None), over(20, 0));
    let second = granted(open(2, 5, None));
    settle(first, 2);
    settle(second, 3);
    let batch = wait(bench.store.begin_batch(BatchStart {
        key: "b".into(),
        run: bench.keys.run,
        job: bench.keys.job,
        provider: "p".into(),
        price: None,
        at_ms: NOW_MS,
    }))
    .unwrap();
    let line = granted(open(3, 30, Some(batch)));
    // 5 are spent, 30 are reserved for a line and count twice.
    assert_eq!(open(4, 36, None), over(30, 5), "alone beside lines");
    let third = granted(open(4, 35, None));
    assert_eq!(open(5, 1, None), over(65, 5));
    settle(third, 1);
    assert_eq!(open(5, 18, Some(batch)), over(30, 6), "48 lines count twice");
    granted(open(5, 17, Some(batch)));
    settle(line, 3);
    wait(bench.store.withdraw_batch(batch)).unwrap();
    assert_eq!(bench.reader().budget_used("a").unwrap(), Pico(9));
    assert_eq!(open(6, 92, None), over(0, 9));
    granted(open(6, 91, None));
}

pub(crate) fn unknown_prices_are_only_counted<B: Backend>() {
    let bench = Bench::<B>::new();
    let open = |number, limit| {
        let budget = BudgetLine { scope: "a".into(), limit, multiples: ReservationMultiples::NONE };
        bench.open(OpenAttempt { budget, reserved: None, ..bench.attempt(page(number)) })
    };
    let first = granted(open(1, None));
    granted(open(2, Some(Pico::ZERO)));
    bench.settle(settlement(first, Vec::new()));
    assert_eq!(bench.reader().budget_used("a").unwrap(), Pico(70));
    assert_eq!(open(3, Some(Pico(69))), Opened::OverBudget { spent: Pico(70), reserved: Pico::ZERO });
}

/// A process with a run.
struct Process {
    store: Store,
    run: RunKey,
    open: Vec<(AttemptId, usize, i64)>,
}

/// What a process does next.
#[derive(Clone, Debug)]
enum Step {
    /// Opens attempts in one commit: the scope and the reservation of each.
    Open(Vec<(usize, i64)>),
    /// Settles the oldest open attempts: the charge for each.
    Settle(Vec<i64>),
    /// Marks its open attempts lost.
    Lose,
}

const SCOPES: [(&str, i64); 2] = [("a", 1000), ("b", 300)];

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        4 => prop::collection::vec((0_usize..2, 0_i64..400), 1..5).prop_map(Step::Open),
        3 => prop::collection::vec(0_i64..450, 1..5).prop_map(Step::Settle),
        1 => Just(Step::Lose),
    ];
    prop::collection::vec((0_usize..2, step), 1..12)
}

/// Two processes on one store against two sums for each budget.
pub(crate) fn budgets_follow_a_model<B: Backend>() {
    let config = ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = prop::test_runner::TestRunner::new(config);
    runner.run(&steps(), |steps| play::<B>(&steps)).unwrap();
}

fn play<B: Backend>(steps: &[(usize, Step)]) -> Result<(), TestCaseError> {
    let backend = B::new();
    let mut recipes: Vec<RecipeId> = Vec::new();
    let mut processes = ["first", "second"].map(|name| {
        let store = backend.open();
        let keys = store.begin_run(start(name)).unwrap();
        recipes = keys.tasks.iter().map(|task| task.recipe_id).collect();
        Process { store, run: keys.run, open: Vec::new() }
    });
    let (mut spent, mut reserved) = ([0_i64; 2], [0_i64; 2]);
    let mut number = 0;
    for (who, step) in steps {
        let process = &mut processes[*who];
        match step {
            Step::Open(wanted) => {
                let opens = wanted.iter().map(|(scope, amount)| {
                    number += 1;
                    let (name, limit) = SCOPES[*scope];
                    limited(attempt(process.run, page(number), recipes.clone()), name, limit, *amount)
                });
                let opened = wait(process.store.open_attempts(opens.collect())).unwrap();
                for (opened, (scope, amount)) in opened.into_iter().zip(wanted) {
                    if spent[*scope] + reserved[*scope] + amount > SCOPES[*scope].1 {
                        let over = Opened::OverBudget { spent: Pico(spent[*scope]), reserved: Pico(reserved[*scope]) };
                        prop_assert_eq!(opened, over);
                    } else {
                        reserved[*scope] += amount;
                        process.open.push((granted(opened), *scope, *amount));
                    }
                }
            }
            Step::Settle(charges) => {
                let count = charges.len().min(process.open.len());
                let settled = process.open.drain(..count).zip(charges);
                let settlements = settled.map(|((attempt, scope, amount), charged)| {
                    reserved[scope] -= amount;
                    spent[scope] += charged;
                    let one = settlement(attempt, Vec::new());
                    Settlement { charge: AttemptCharge { budget: Pico(*charged), ..one.charge }, ..one }
                });
                wait(process.store.settle_batch_attempts(settlements.collect())).unwrap();
            }
            Step::Lose => {
                let lost = process.store.mark_lost(process.run, NOW_MS).unwrap();
                prop_assert_eq!(lost, process.open.len() as u64);
                for (_, scope, amount) in process.open.drain(..) {
                    reserved[scope] -= amount;
                    spent[scope] += amount;
                }
            }
        }
        let reader = backend.open_to_read().reader().unwrap();
        for (scope, (name, _)) in SCOPES.iter().enumerate() {
            prop_assert_eq!(reader.budget_used(name).unwrap(), Pico(spent[scope] + reserved[scope]));
        }
    }
    Ok(())
}
