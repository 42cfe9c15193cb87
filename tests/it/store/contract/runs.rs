//! Runs, recipes, endpoints.

use super::Backend;
use super::fixtures::{Bench, NOW_MS, end, granted, ok, page, recipe_record, settlement, start};
use docmill::internal::base::digest::Digest;
use docmill::internal::base::money::Pico;
use docmill::internal::store::{
    AttemptId, AttemptState, BudgetLine, EndpointFact, OpenAttempt, RecipeId, ReservationMultiples, RunEnd, RunId,
    RunOutcomeName, RunStart, Settlement, StoreError, VerdictName,
};

pub(crate) fn a_run_is_recorded_from_its_begin_to_its_end<B: Backend>() {
    let bench = Bench::<B>::new();
    let run = &bench.reader().runs(None).unwrap()[0];
    assert_eq!((run.run, run.run_id.as_str(), run.job), (bench.keys.run, "first", bench.keys.job));
    assert_eq!((run.job_name.as_str(), run.model.as_str()), ("invoices", "model"));
    assert_eq!((run.started_ms, run.ended_ms, run.outcome), (NOW_MS, None, None));
    assert_eq!(run.tasks, bench.keys.tasks);
    assert_eq!(run.tasks.iter().map(|task| task.task.as_str()).collect::<Vec<_>>(), ["kind", "date"]);

    let end = RunEnd { outcome: RunOutcomeName::BudgetReached, exit_code: 4, ..end(bench.keys.run) };
    bench.store.end_run(end).unwrap();
    let other = RunStart { job: Digest::compute(b"other"), job_name: "letters".into(), ..start("second") };
    let other = bench.store.begin_run(other).unwrap();
    assert!(other.job != bench.keys.job && other.lost == 0 && other.dead.is_empty());

    let reader = bench.backend.open_to_read().reader().unwrap();
    let ids = |job| reader.runs(job).unwrap().into_iter().map(|run| run.run_id.to_string()).collect::<Vec<_>>();
    assert_eq!(ids(None), ["second", "first"], "newest first");
    assert_eq!(ids(Some(bench.keys.job)), ["first"]);
    let run = &reader.runs(Some(bench.keys.job)).unwrap()[0];
    assert_eq!((run.ended_ms, run.outcome), (Some(NOW_MS + 1000), Some((RunOutcomeName::BudgetReached, 4))));
    assert_eq!(reader.job(&Digest::compute(b"other")).unwrap(), Some(other.job));
    assert!(!run.is_try);
    assert_eq!(reader.settings_body(run.settings.unwrap()).unwrap().unwrap().as_str(), "{}");
    assert_eq!(reader.job(&Digest::compute(b"neither")).unwrap(), None);
}

pub(crate) fn a_trial_leaves_the_job_as_it_is<B: Backend>() {
    let bench = Bench::<B>::new();
    bench.store.end_run(end(bench.keys.run)).unwrap();
    let settings = r#"{"provider":{"model":"other"}}"#;
    let trial = RunStart { manifest: "name: other".into(), settings: settings.into(), is_try: true, ..start("trial") };
    let keys = bench.store.begin_run(trial).unwrap();
    assert_eq!(keys.job, bench.keys.job);
    let reader = bench.reader();
    let identity = Digest::compute(b"job");
    assert_eq!(reader.job_of_manifest(&identity, "name: invoices").unwrap(), Some(keys.job));
    assert_eq!(reader.job_of_manifest(&identity, "name: other").unwrap(), None);
    let runs = reader.runs(Some(keys.job)).unwrap();
    assert_eq!(runs.iter().map(|run| run.is_try).collect::<Vec<_>>(), [true, false], "even before its end");
    assert_eq!(reader.settings_body(runs[0].settings.unwrap()).unwrap().unwrap().as_str(), settings);
    assert!(runs[0].settings != runs[1].settings);
    bench.store.end_run(end(keys.run)).unwrap();
    bench.store.begin_run(start("third")).unwrap();
    let runs = reader.runs(Some(keys.job)).unwrap();
    assert_eq!(runs[0].settings, runs[2].settings, "equal settings are stored once");
}

pub(crate) fn recipes_and_sets_are_found_again<B: Backend>() {
    let bench = Bench::<B>::new();
    let (kind, date) = (recipe_record("kind"), recipe_record("date"));
    let reader = bench.reader();
    let ids = bench.recipes();
    assert_eq!(reader.recipe_id(&date.hash).unwrap(), Some(ids[1]));
    assert_eq!(reader.recipe(ids[1]).unwrap(), date.body.value());
    assert_eq!(reader.recipe_id(&Digest::compute(b"none")).unwrap(), None);
    assert!(matches!(reader.recipe(RecipeId::UNSTORED), Err(StoreError::Damaged(_))));

    let both = [kind.clone(), date.clone()];
    assert_eq!(reader.known_set(&both, "policy").unwrap(), Some((bench.keys.set, ids.clone())));
    assert_eq!(reader.known_set(&both, "other policy").unwrap(), None);

    let define = |recipes: &[_], policy: &str| bench.store.define_recipes(recipes.to_vec(), policy.into()).unwrap();
    assert_eq!(define(&both, "policy"), (bench.keys.set, bench.keys.tasks.clone()), "nothing new");
    let turned = [date.clone(), kind.clone()];
    let (reversed, tasks) = define(&turned, "policy");
    assert!(reversed != bench.keys.set, "the order of a set matters");
    assert_eq!((tasks[0].task.as_str(), tasks[0].recipe_id), ("date", ids[1]));
    assert_eq!(reader.known_set(&turned, "policy").unwrap(), Some((reversed, vec![ids[1], ids[0]])));
    let (stricter, _) = define(&both, "other policy");
    assert!(stricter != bench.keys.set);
    assert_eq!(reader.known_set(&both, "other policy").unwrap(), Some((stricter, ids.clone())));
    let wide = [kind, recipe_record("total")];
    let (wider, tasks) = define(&wide, "policy");
    assert!(!ids.contains(&tasks[1].recipe_id));
    assert_eq!(reader.known_set(&wide, "policy").unwrap(), Some((wider, vec![ids[0], tasks[1].recipe_id])));
}

pub(crate) fn a_run_that_died_is_reaped_by_the_next_one<B: Backend>() {
    let bench = Bench::<B>::new();
    let (lost, settled) = (bench.granted(page(1)), bench.granted(page(2)));
    bench.settle(settlement(settled, vec![(bench.recipe(0), ok("letter"))]));
    assert_eq!(bench.reader().budget_used("budget").unwrap(), Pico(170));

    let first = bench.keys.run;
    let bench = bench.die_and_begin("second");
    assert_eq!((bench.keys.lost, &bench.keys.dead), (1, &vec![RunId::new("first")]));
    let reader = bench.reader();
    assert_eq!(reader.budget_used("budget").unwrap(), Pico(170), "a lost attempt counts with its reservation");
    let attempts = reader.attempts(first, AttemptId(0), i64::MIN, i64::MAX, 9).unwrap();
    let states: Vec<_> = attempts.iter().map(|attempt| (attempt.id, attempt.state, attempt.cost)).collect();
    assert_eq!(states, [(lost, AttemptState::Lost, Some(Pico(100))), (settled, AttemptState::Settled, Some(Pico(70)))]);
    let dead = reader.runs(None).unwrap().remove(1);
    assert_eq!((dead.run_id.as_str(), dead.outcome), ("first", Some((RunOutcomeName::Died, 1))));
    assert!(dead.ended_ms.is_some());
    // Once only.
    bench.end();
    assert_eq!(bench.die_and_begin("third").keys.lost, 0);
}

pub(crate) fn a_run_that_is_alive_is_left_alone<B: Backend>() {
    let bench = Bench::<B>::new();
    bench.granted(page(1));
    let other = bench.backend.open();
    // Years later: a wrong clock kills no run.
    let late = RunStart { at_ms: NOW_MS + 100_000_000_000, ..start("second") };
    let keys = other.begin_run(late).unwrap();
    assert_eq!((keys.lost, keys.dead.len()), (0, 0));
    let runs = bench.reader().runs(None).unwrap();
    assert!(runs.len() == 2 && runs.iter().all(|run| run.ended_ms.is_none()));
}

pub(crate) fn page_counts_are_those_of_the_run_just_before<B: Backend>() {
    let bench = Bench::<B>::new();
    let counts = || Some("{\"ok\":3}".to_owned());
    let finish = |run| bench.store.end_run(RunEnd { pages: counts(), ..end(run) }).unwrap();
    let before = |keys: &docmill::internal::store::RunKeys| {
        bench.reader().page_counts_before(keys.run, keys.job, keys.set).unwrap()
    };
    assert_eq!(before(&bench.keys), None, "there is none");
    finish(bench.keys.run);
    let second = bench.store.begin_run(start("second")).unwrap();
    assert_eq!(before(&second), counts());
    // Without counts.
    bench.store.end_run(end(second.run)).unwrap();
    let third = bench.store.begin_run(start("third")).unwrap();
    assert_eq!(before(&third), None);
    finish(third.run);
    // Under another policy; of another job.
    let fourth = bench.store.begin_run(RunStart { policy: "other".into(), ..start("fourth") }).unwrap();
    assert_eq!(before(&fourth), None);
    finish(fourth.run);
    let fifth = bench.store.begin_run(RunStart { job: Digest::compute(b"other"), ..start("fifth") }).unwrap();
    assert_eq!(before(&fifth), None);
    finish(fifth.run);
    // Another run is in progress.
    let sixth = bench.store.begin_run(start("sixth")).unwrap();
    finish(sixth.run);
    let seventh = bench.store.begin_run(start("seventh")).unwrap();
    assert_eq!(before(&seventh), counts());
    let other = bench.backend.open();
    other.begin_run(start("eighth")).unwrap();
    assert_eq!(before(&seventh), None);
}

pub(crate) fn the_mean_latency_is_that_of_replies_of_the_model<B: Backend>() {
    let bench = Bench::<B>::new();
    assert_eq!(bench.reader().mean_latency(bench.job(), "model", false).unwrap(), None);
    for (number, verdict, latency_ms) in
        [(1, VerdictName::Done, 100), (2, VerdictName::Done, 301), (3, VerdictName::Retry, 9000)]
    {
        let open = OpenAttempt { at_ms: NOW_MS + i64::from(number), ..bench.attempt(page(number)) };
        let attempt = granted(bench.open(open));
        bench.settle(Settlement { verdict, latency_ms, ..settlement(attempt, Vec::new()) });
    }
    // The name of a budget may be anything.
    for (number, scope) in [(4_u32, "day:2026-11-29/simulated/job"), (5, "run:a/paid/x/simulated/y")] {
        let budget = BudgetLine { scope: scope.into(), limit: None, multiples: ReservationMultiples::NONE };
        let open = OpenAttempt { budget, at_ms: NOW_MS + i64::from(number), ..bench.attempt(page(number)) };
        let attempt = granted(bench.open(open));
        let verdict = VerdictName::Done;
        bench.settle(Settlement { verdict, latency_ms: number.into(), ..settlement(attempt, Vec::new()) });
    }
    let reader = bench.reader();
    assert_eq!(reader.mean_latency(bench.job(), "model", false).unwrap(), Some((135, 3)));
    assert_eq!(reader.mean_latency(bench.job(), "model", true).unwrap(), Some((4, 1)), "of the simulator");
    assert_eq!(reader.mean_latency(bench.job(), "other", false).unwrap(), None);
}

pub(crate) fn facts_about_endpoints_are_kept_apart<B: Backend>() {
    let bench = Bench::<B>::new();
    assert_eq!((&bench.keys.capabilities, &bench.keys.calibration), (&None, &None));
    let remember = |endpoint: &str, fact| {
        super::fixtures::wait(bench.store.remember_endpoint(endpoint.into(), fact)).unwrap();
    };
    // Of two processes that learn about one endpoint, none overwrites the other.
    let learned = |json: &str| EndpointFact::Capabilities {
        learned: json.into(),
        merge: |stored, learned| Ok(format!("[{stored},{learned}]")),
    };
    remember("provider model", learned("{\"a\":1}"));
    remember("provider model", learned("{\"a\":2}"));
    remember("provider model", EndpointFact::Calibration("{\"b\":1}".into()));
    remember("provider model", EndpointFact::Calibration("{\"b\":2}".into()));
    remember("provider other", EndpointFact::Calibration("{\"b\":3}".into()));
    assert_eq!(bench.reader().calibration("provider other").unwrap().as_deref(), Some("{\"b\":3}"));
    assert_eq!(bench.reader().calibration("nobody").unwrap(), None);
    bench.end();
    let keys = bench.store.begin_run(start("second")).unwrap();
    assert_eq!(
        (keys.capabilities.as_deref(), keys.calibration.as_deref()),
        (Some("[{\"a\":1},{\"a\":2}]"), Some("{\"b\":2}"))
    );
    assert_eq!(bench.reader().capabilities("provider model").unwrap(), keys.capabilities);
}

/// `--refresh` and `--retry`: pages asked since the first of these runs are not asked again. The clock does not matter.
pub(crate) fn a_run_continues_one_with_the_same_selection_that_was_not_completed<B: Backend>() {
    let bench = Bench::<B>::new();
    let finish = |run, outcome| {
        let is_finished = outcome == RunOutcomeName::Complete;
        bench.store.end_run(RunEnd { outcome, is_finished, ..end(run) }).unwrap();
    };
    let begin = |id: &str, selection: Option<&str>| {
        let selection = selection.map(str::to_owned);
        // The clock goes back from run to run.
        let at_ms = NOW_MS - 1000 * i64::from(id.as_bytes()[0]);
        bench.store.begin_run(RunStart { selection, at_ms, ..start(id) }).unwrap()
    };
    finish(bench.keys.run, RunOutcomeName::Complete);
    let (refresh, retry) = (Some("refresh"), Some("retry"));
    let first = begin("a", refresh);
    assert_eq!(first.continues, None);
    assert!(first.begin.since > bench.keys.begin.since);
    assert_eq!(
        bench.reader().continued_since(bench.keys.job, bench.keys.set, "refresh").unwrap(),
        Some(first.begin.since),
        "it still runs"
    );
    finish(first.run, RunOutcomeName::Interrupted);
    let second = begin("b", refresh);
    assert_eq!((second.begin.since, &second.continues), (first.begin.since, &Some(RunId::new("a"))));
    assert!(second.begin.own > first.begin.own);
    finish(second.run, RunOutcomeName::BudgetReached);
    // A tried page is not a run of the job.
    let tried = begin("c", None);
    finish(tried.run, RunOutcomeName::Try);
    let third = begin("d", refresh);
    assert_eq!((third.begin.since, &third.continues), (first.begin.since, &Some(RunId::new("b"))));
    finish(third.run, RunOutcomeName::Complete);
    assert_eq!(bench.reader().continued_since(bench.keys.job, bench.keys.set, "refresh").unwrap(), None);
    let anew = begin("e", refresh);
    assert!(anew.begin.since > first.begin.since && anew.continues.is_none());
    finish(anew.run, RunOutcomeName::Interrupted);
    let other = begin("f", retry);
    assert!(other.begin.since > anew.begin.since && other.continues.is_none(), "another selection");
    finish(other.run, RunOutcomeName::Interrupted);
    let plain = begin("g", None);
    finish(plain.run, RunOutcomeName::Complete);
    let last = begin("h", retry);
    assert_eq!(last.continues, Some(RunId::new("f")), "a run without a selection does not matter");
    finish(last.run, RunOutcomeName::Complete);
    assert_eq!(begin("i", retry).continues, None);
    assert_eq!(begin("j", refresh).continues, Some(RunId::new("e")), "each selection on its own");
}

pub(crate) fn a_run_takes_the_first_identity_that_no_live_run_has<B: Backend>() {
    let bench = Bench::<B>::new();
    let slots = vec![Digest::compute(b"one"), Digest::compute(b"two")];
    // A process has one run.
    let processes: Vec<_> = (0..4).map(|_| bench.backend.open()).collect();
    let begin = |at: usize, id: &str| processes[at].begin_run(RunStart { slots: slots.clone(), ..start(id) }).unwrap();
    let (second, third) = (begin(0, "second"), begin(1, "third"));
    let reader = bench.reader();
    assert_eq!(reader.job(&slots[0]).unwrap(), Some(second.job));
    assert_eq!(reader.job(&slots[1]).unwrap(), Some(third.job));
    assert!(second.job != bench.keys.job && third.job != second.job);
    // All identities are in use: two runs must not share one.
    let full = processes[2].begin_run(RunStart { slots: slots.clone(), ..start("too many") }).unwrap_err();
    assert!(full.to_string().contains("3 runs of the job read standard input already"), "{full}");
    processes[0].end_run(end(second.run)).unwrap();
    assert_eq!(begin(0, "fourth").job, second.job, "a slot is used again");
    bench.end();
    assert_eq!(begin(2, "fifth").job, bench.keys.job, "the job's own identity comes first");
    let shared = processes[3].begin_run(start("sixth")).unwrap();
    assert_eq!(shared.job, bench.keys.job, "a job without slots has one identity");
}

pub(crate) fn a_job_takes_over_the_record_of_its_former_identity<B: Backend>() {
    let bench = Bench::<B>::new();
    bench.end();
    let (former, new) = (Digest::compute(b"job"), Digest::compute(b"new"));
    let other = RunStart { job: new, former: Some(former), manifest: "name: other".into(), ..start("second") };
    let other = bench.store.begin_run(RunStart { job: Digest::compute(b"other"), ..other }).unwrap();
    assert!(other.job != bench.keys.job, "another manifest");
    let reader = bench.reader();
    assert_eq!(reader.job_of_manifest(&former, "name: invoices").unwrap(), Some(bench.keys.job));
    assert_eq!(reader.job_of_manifest(&former, "name: other").unwrap(), None);
    let begin = |id: &str| bench.store.begin_run(RunStart { job: new, former: Some(former), ..start(id) }).unwrap();
    assert_eq!((begin("third").job, begin("fourth").job), (bench.keys.job, bench.keys.job));
    let reader = bench.reader();
    assert_eq!((reader.job(&former).unwrap(), reader.job(&new).unwrap()), (None, Some(bench.keys.job)));
}
