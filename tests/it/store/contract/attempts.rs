//! Attempts.

use super::Backend;
use super::fixtures::{
    Bench, NOW_MS, attempt, entry, failed, fault, granted, ok, page, settlement, start, wait, without_revisions,
};
use docmill::internal::base::money::Pico;
use docmill::internal::base::usage::Usage;
use docmill::internal::store::{
    AskedElsewhere, AttemptCharge, AttemptId, AttemptPurpose, AttemptState, EntryChange, ErrorKind, OpenAttempt,
    Opened, PageId, Revision, RunId, RunStart, ServedRecord, Settlement, VerdictName,
};
use std::time::Duration;

pub(crate) fn attempts_of_a_run_are_numbered_from_one<B: Backend>() {
    let bench = Bench::<B>::new();
    let Opened::Granted { request, attempt: first, sequence: 1 } = bench.open(bench.attempt(page(1))) else { panic!() };
    bench.settle(settlement(first, Vec::new()));
    // The same request again, and others in one commit.
    let again = OpenAttempt { request: Some(request), purpose: AttemptPurpose::Repair, ..bench.attempt(page(1)) };
    let opens = vec![again, bench.attempt(page(2)), bench.attempt(page(3))];
    let opened = wait(bench.store.open_attempts(opens)).unwrap();
    let sequences: Vec<_> = opened
        .iter()
        .map(|opened| match opened {
            Opened::Granted { request: own, sequence, .. } => (*own == request, *sequence),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sequences, [(true, 2), (false, 3), (false, 4)]);
    // An attempt that is not opened has no number; another run has its own numbers.
    assert_eq!(bench.open(bench.attempt(page(3))), Opened::Elsewhere);
    let other = bench.backend.open();
    let keys = other.begin_run(start("second")).unwrap();
    let open = |number| wait(other.open_attempt(attempt(keys.run, page(number), bench.recipes()))).unwrap();
    let Opened::Granted { sequence: 1, .. } = open(5) else { panic!() };
    let Opened::Granted { sequence: 5, .. } = bench.open(bench.attempt(page(6))) else { panic!() };
    let Opened::Granted { sequence: 2, .. } = open(7) else { panic!() };
}

pub(crate) fn an_attempt_is_not_opened_when_an_outcome_was_stored_meanwhile<B: Backend>() {
    let bench = Bench::<B>::new();
    let (kind, date) = (bench.recipe(0), bench.recipe(1));
    bench.put(page(1), vec![(kind, failed(true))]);
    let open = |recipes: Vec<_>| bench.open(OpenAttempt { recipes, ..bench.attempt(page(1)) });
    let seen = bench.revision(page(1), 0);
    assert_eq!(open(vec![(kind, None), (date, None)]), Opened::Changed, "there is an outcome");
    assert_eq!(open(vec![(kind, Some(Revision::NONE))]), Opened::Changed, "it was another one");
    assert_eq!(open(vec![(date, seen)]), Opened::Changed, "there is none");
    assert!(matches!(open(vec![(date, None)]), Opened::Granted { .. }));
    assert!(matches!(open(vec![(kind, seen)]), Opened::Granted { .. }));
}

pub(crate) fn a_recipe_of_a_page_is_asked_by_one_attempt_at_a_time<B: Backend>() {
    let bench = Bench::<B>::new();
    let (kind, date) = (bench.recipe(0), bench.recipe(1));
    let other = bench.backend.open();
    let keys = other.begin_run(start("second")).unwrap();
    let elsewhere = |recipes: Vec<_>| wait(other.open_attempt(attempt(keys.run, page(1), recipes))).unwrap();
    let is_asked = |recipes: &[_]| bench.reader().asked_elsewhere(&page(1), recipes).unwrap().is_some();

    assert!(!is_asked(&[kind, date]), "the page is not known");
    let first = granted(bench.open(attempt(bench.keys.run, page(1), vec![kind])));
    assert_eq!(
        [is_asked(&[kind]), is_asked(&[date]), is_asked(&[date, kind]), is_asked(&[])],
        [true, false, true, false]
    );
    assert!(bench.reader().asked_elsewhere(&PageId { page: 2, ..page(1) }, &[kind]).unwrap().is_none());
    assert_eq!(elsewhere(vec![kind]), Opened::Elsewhere);
    assert_eq!(elsewhere(vec![date, kind]), Opened::Elsewhere);
    let second = granted(elsewhere(vec![date]));
    assert!(is_asked(&[date]));

    bench.settle(settlement(first, Vec::new()));
    assert!(!is_asked(&[kind]) && is_asked(&[date]));
    wait(other.settle_attempt(settlement(second, Vec::new()))).unwrap();
    assert!(!is_asked(&[kind, date]));
    let third = granted(elsewhere(vec![kind]));
    assert_eq!(bench.open(bench.attempt(page(1))), Opened::Elsewhere);
    // What a dead run was asking is free.
    other.close();
    bench.end();
    let bench = bench.die_and_begin("third");
    assert_eq!(bench.keys.lost, 1);
    assert!(bench.reader().asked_elsewhere(&page(1), &[kind]).unwrap().is_none());
    assert!(granted(bench.open(bench.attempt(page(1)))) > third);
}

/// An attempt of a process that is stopped. It holds its page until another process gives it up, and
/// its answer counts when it comes after all.
pub(crate) fn an_attempt_of_another_run_is_given_up_once<B: Backend>() {
    let bench = Bench::<B>::new();
    let (attempt, settled) = (bench.granted(page(1)), bench.granted(page(2)));
    bench.settle(settlement(settled, Vec::new()));
    let asked = bench.reader().asked_elsewhere(&page(1), &bench.recipes()).unwrap();
    let (run, timeout) = (RunId::new("first"), Some(Duration::from_secs(60)));
    assert_eq!(asked, Some(AskedElsewhere { attempt, run, timeout, batch: None }));

    let other = bench.backend.open();
    let keys = other.begin_run(start("second")).unwrap();
    let held = |own, scope: &str| {
        let held = bench.reader().reserved_elsewhere(own, scope).unwrap();
        held.into_iter().map(|held| (held.attempt, held.timeout)).collect::<Vec<_>>()
    };
    assert_eq!(held(keys.run, "budget"), [(attempt, timeout)]);
    assert_eq!((held(bench.keys.run, "budget"), held(keys.run, "another")), (Vec::new(), Vec::new()));
    for _ in 0..2 {
        wait(other.give_up_attempts(vec![attempt, settled], NOW_MS)).unwrap();
        assert_eq!(bench.reader().budget_used("budget").unwrap(), Pico(170), "its reservation counts as spent, once");
    }
    assert_eq!(held(keys.run, "budget"), []);
    let again = granted(wait(other.open_attempt(self::attempt(keys.run, page(1), bench.recipes()))).unwrap());
    bench.settle(settlement(attempt, vec![(bench.recipe(0), ok("letter"))]));
    assert_eq!(bench.page(page(1)).outcomes[0], Some(ok("letter")));
    assert_eq!(bench.reader().budget_used("budget").unwrap(), Pico(270), "with what the other one reserves");
    wait(other.settle_attempt(settlement(again, vec![(bench.recipe(0), ok("invoice"))]))).unwrap();
    assert_eq!(bench.page(page(1)).outcomes[0], Some(ok("invoice")));
}

pub(crate) fn settled_attempts_are_read_as_they_were_settled<B: Backend>() {
    let bench = Bench::<B>::new();
    bench.store.change_entries(bench.job(), vec![EntryChange::Put(entry("b/x.jpg", 1))]).unwrap();
    let (first, second) = (bench.granted(page(1)), bench.granted(page(2)));
    bench.settle(settlement(first, vec![(bench.recipe(0), ok("letter")), (bench.recipe(1), failed(true))]));
    bench.settle(Settlement {
        verdict: VerdictName::Later,
        fault: Some(fault(ErrorKind::NotNow)),
        http_status: Some(429),
        server_request_id: None,
        charge: AttemptCharge {
            tokens: Usage::default(),
            is_estimated: true,
            cost: None,
            reported_cost: None,
            budget: Pico(55),
            saved_by_cache: Pico::ZERO,
            saved_by_size: Pico::ZERO,
        },
        served: ServedRecord::default(),
        parameters: None,
        ..settlement(second, Vec::new())
    });
    let third = bench.granted(page(3));
    let reader = bench.reader();
    let attempts = reader.attempts(bench.keys.run, AttemptId(0), i64::MIN, i64::MAX, 9).unwrap();
    let [one, two, three] = &attempts[..] else { panic!("{attempts:?}") };
    assert_eq!(
        (one.id, one.is_first, one.state, one.purpose),
        (first, true, AttemptState::Settled, AttemptPurpose::Ask)
    );
    assert_eq!((one.verdict, one.http_status, one.error_kind), (Some(VerdictName::Done), Some(200), None));
    assert_eq!(one.tokens, Usage { input: 1000, cached_input: 100, cache_write: 10, output: 50, reasoning: 30 });
    assert_eq!((one.cost, one.expected, one.is_estimated), (Some(Pico(70)), Some(Pico(60)), false));
    assert_eq!((one.reported_cost, two.reported_cost), (Some(Pico(69)), None));
    let served = &one.served;
    assert_eq!(
        [&served.model, &served.provider, &served.service_tier].map(Option::as_deref),
        [Some("model-2026-09-22"), Some("router"), Some("default")]
    );
    assert_eq!(two.served, ServedRecord::default());
    assert_eq!((one.is_priced, two.is_priced), (true, true), "both reserved something");
    assert_eq!((one.saved_by_cache, one.saved_by_size, one.latency_ms), (Pico(3), Pico(4), Some(250)));
    assert_eq!((one.recipes.clone(), one.model.as_str(), one.opened_ms), (bench.recipes(), "model", NOW_MS));
    assert_eq!(one.path.as_deref(), Some(b"b/x.jpg".as_slice()));
    assert_eq!(
        (two.verdict, two.http_status, two.error_kind),
        (Some(VerdictName::Later), Some(429), Some(ErrorKind::NotNow))
    );
    assert_eq!((two.cost, two.is_estimated, two.path.clone()), (None, true, None));
    assert_eq!((three.id, three.state, three.verdict, three.cost), (third, AttemptState::Open, None, None));
    assert_eq!(reader.budget_used("budget").unwrap(), Pico(70 + 55 + 100));
    let known = bench.page(page(1));
    assert_eq!(without_revisions(known.outcomes), [Some(ok("letter")), Some(failed(true))]);
}

pub(crate) fn attempts_are_read_in_pages_and_by_time<B: Backend>() {
    let bench = Bench::<B>::new();
    let opened: Vec<AttemptId> = (1..=5)
        .map(|number| {
            granted(bench.open(OpenAttempt { at_ms: NOW_MS + i64::from(number), ..bench.attempt(page(number)) }))
        })
        .collect();
    let reader = bench.reader();
    let read = |after, since, until, limit| -> Vec<AttemptId> {
        let attempts = reader.attempts(bench.keys.run, after, since, until, limit).unwrap();
        attempts.into_iter().map(|attempt| attempt.id).collect()
    };
    let (all, none) = ((i64::MIN, i64::MAX), AttemptId(0));
    assert_eq!(read(none, all.0, all.1, 2), opened[..2]);
    assert_eq!(read(opened[1], all.0, all.1, 2), opened[2..4]);
    assert_eq!(read(opened[3], all.0, all.1, 2), opened[4..]);
    assert_eq!(read(opened[4], all.0, all.1, 2), []);
    assert_eq!(read(none, NOW_MS + 2, NOW_MS + 4, 9), opened[1..3], "from the first time up to the second");
    // Attempts of another run are not among them.
    bench.end();
    let bench = Bench { keys: bench.store.begin_run(start("second")).unwrap(), ..bench };
    let own = bench.granted(page(9));
    let attempts = bench.reader().attempts(bench.keys.run, none, all.0, all.1, 9).unwrap();
    assert_eq!(attempts.into_iter().map(|attempt| attempt.id).collect::<Vec<_>>(), [own]);
}

pub(crate) fn an_attempt_that_was_marked_lost_keeps_its_charge_when_it_is_settled<B: Backend>() {
    let bench = Bench::<B>::new();
    let attempt = bench.granted(page(1));
    assert_eq!(bench.store.mark_lost(bench.keys.run, NOW_MS).unwrap(), 1);
    assert_eq!(bench.store.mark_lost(bench.keys.run, NOW_MS).unwrap(), 0);
    assert_eq!(bench.reader().budget_used("budget").unwrap(), Pico(100));
    bench.settle(settlement(attempt, vec![(bench.recipe(0), ok("letter"))]));
    assert_eq!(bench.reader().budget_used("budget").unwrap(), Pico(100), "not charged again");
    assert_eq!(bench.page(page(1)).outcomes[0], Some(ok("letter")), "but its outcomes count");
}

pub(crate) fn open_attempts_are_lost_when_their_run_ends<B: Backend>() {
    let bench = Bench::<B>::new();
    let attempt = bench.granted(page(1));
    bench.end();
    let reader = bench.reader();
    let attempts = reader.attempts(bench.keys.run, AttemptId(0), i64::MIN, i64::MAX, 9).unwrap();
    assert_eq!((attempts[0].id, attempts[0].state, attempts[0].cost), (attempt, AttemptState::Lost, Some(Pico(100))));
    let keys = bench.store.begin_run(RunStart { policy: "x".into(), ..start("second") }).unwrap();
    assert_eq!((keys.lost, keys.dead.len()), (0, 0), "an orderly end is not a death");
    assert!(reader.asked_elsewhere(&page(1), &bench.recipes()).unwrap().is_none());
}
