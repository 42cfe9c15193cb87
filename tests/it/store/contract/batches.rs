//! Batches.

use super::Backend;
use super::fixtures::{Bench, NOW_MS, end, failed, granted, ok, page, settlement, start, wait};
use docmill::internal::base::money::Pico;
use docmill::internal::store::{
    AttemptId, AttemptName, AttemptState, BatchChange, BatchId, BatchProgress, BatchStart, BatchState, OpenAttempt,
    Opened, PageId, RecipeId, RunId, RunStart, Settlement, VerdictName,
};
use std::collections::HashSet;

impl<B: Backend> Bench<B> {
    fn begin_batch(&self, key: &str) -> BatchId {
        let start = BatchStart {
            key: key.into(),
            run: self.keys.run,
            job: self.job(),
            provider: "provider".into(),
            price: Some("0.1 0.4".into()),
            at_ms: NOW_MS,
        };
        wait(self.store.begin_batch(start)).unwrap()
    }

    /// A batch in this state with attempts for pages 1 to 3.
    fn batch(&self, key: &str, state: BatchState) -> (BatchId, Vec<AttemptId>) {
        let batch = self.begin_batch(key);
        let opens = (1..=3).map(|number| OpenAttempt { batch: Some(batch), ..self.attempt(page(number)) });
        let opened = wait(self.store.open_attempts(opens.collect())).unwrap();
        if state != BatchState::Filling {
            self.change_batch(progress(batch, state), None);
        }
        (batch, opened.into_iter().map(granted).collect())
    }

    fn change_batch(&self, progress: BatchProgress, message: Option<&str>) {
        let change = BatchChange { progress, message: message.map(str::to_owned), at_ms: NOW_MS };
        wait(self.store.change_batch(change)).unwrap();
    }

    fn states(&self) -> Vec<AttemptState> {
        let attempts = self.reader().attempts(self.keys.run, AttemptId(0), i64::MIN, i64::MAX, 99).unwrap();
        attempts.into_iter().map(|attempt| attempt.state).collect()
    }

    fn spent(&self) -> i64 {
        self.reader().budget_used("budget").unwrap().0
    }
}

fn progress(batch: BatchId, state: BatchState) -> BatchProgress {
    let remote = (state == BatchState::Submitted).then(|| "remote-1".to_owned());
    BatchProgress {
        batch,
        state,
        requests: 3,
        bytes: 4_000_000_000,
        tokens: 5,
        input_file: Some("file-1".into()),
        remote,
    }
}

pub(crate) fn a_batch_goes_through_its_states<B: Backend>() {
    let bench = Bench::<B>::new();
    let (batch, attempts) = bench.batch("key-1", BatchState::Filling);
    let record = || bench.reader().batches(bench.keys.run).unwrap();
    let filling = BatchProgress {
        batch,
        state: BatchState::Filling,
        requests: 0,
        bytes: 0,
        tokens: 0,
        input_file: None,
        remote: None,
    };
    assert_eq!((record()[0].progress.clone(), record()[0].key.as_str()), (filling, "key-1"));
    assert_eq!(record()[0].price.as_deref(), Some("0.1 0.4"));
    for state in [BatchState::Filled, BatchState::Uploaded, BatchState::Submitted] {
        bench.change_batch(progress(batch, state), None);
        assert_eq!(record()[0].progress, progress(batch, state));
    }
    let stored = bench.reader().batch_attempts(batch).unwrap();
    assert_eq!(stored.iter().map(|stored| stored.attempt).collect::<Vec<_>>(), attempts);
    let second = &stored[1];
    assert_eq!(second.name, Some(AttemptName { run: RunId::new("first"), sequence: 2 }));
    assert_eq!(
        (second.page, second.recipes.clone(), second.tasks.clone()),
        (page(2), bench.recipes(), bench.keys.tasks.clone())
    );
    assert_eq!((second.expected, second.reserved), (Some(Pico(60)), Some(Pico(100))));
    let recipes = bench.recipes();
    let of_page = |number| recipes.iter().map(move |recipe| (page(number), *recipe));
    let found: HashSet<(PageId, RecipeId)> = bench.reader().recipes_in_batches().unwrap().into_iter().collect();
    assert_eq!(found, (1..=3).flat_map(of_page).collect());
    let elsewhere = |provider: &str| bench.reader().batches_elsewhere(bench.keys.job, provider).unwrap();
    assert!(elsewhere("p").is_empty() && elsewhere("q").is_empty(), "its run goes on");
    assert!(bench.reader().asked_elsewhere(&page(1), &bench.recipes()).unwrap().is_some());
    bench.change_batch(progress(batch, BatchState::Ended), Some("done"));
    assert_eq!((record().len(), bench.reader().recipes_in_batches().unwrap().len()), (0, 0));
}

pub(crate) fn the_attempts_of_a_batch_are_settled_once<B: Backend>() {
    let bench = Bench::<B>::new();
    let (batch, attempts) = bench.batch("key-1", BatchState::Submitted);
    let settle = |attempt, outcome| {
        let settlement = settlement(attempt, vec![(bench.recipe(0), outcome)]);
        wait(bench.store.settle_batch_attempts(vec![settlement])).unwrap();
    };
    settle(attempts[0], ok("letter"));
    settle(attempts[0], ok("invoice"));
    assert_eq!(bench.page(page(1)).outcomes[0], Some(ok("letter")), "a line that comes twice changes nothing");
    assert_eq!(bench.spent(), 70 + 100 + 100);
    settle(attempts[1], failed(true));
    assert_eq!(bench.reader().batch_attempts(batch).unwrap().len(), 1);
    let record = bench.reader().attempts(bench.keys.run, AttemptId(0), i64::MIN, i64::MAX, 1).unwrap().remove(0);
    assert_eq!((record.state, record.latency_ms), (AttemptState::Settled, None), "a batch has no latency");
    assert_eq!(bench.reader().mean_latency(bench.job(), "model", false).unwrap(), None);
}

pub(crate) fn a_withdrawn_batch_returns_its_reservations<B: Backend>() {
    let bench = Bench::<B>::new();
    let (batch, attempts) = bench.batch("key-1", BatchState::Filled);
    assert_eq!(bench.spent(), 300);
    wait(bench.store.withdraw_batch(batch)).unwrap();
    assert_eq!((bench.spent(), bench.states(), bench.reader().batches(bench.keys.run).unwrap().len()), (0, vec![], 0));
    assert!(bench.reader().asked_elsewhere(&page(1), &bench.recipes()).unwrap().is_none());
    // Neither their ids nor their sequence numbers are used again.
    let Opened::Granted { attempt, sequence: 4, .. } = bench.open(bench.attempt(page(1))) else { panic!() };
    assert!(attempts.iter().all(|withdrawn| *withdrawn < attempt));
}

pub(crate) fn what_is_open_when_a_batch_ends_is_lost<B: Backend>() {
    let bench = Bench::<B>::new();
    let (batch, attempts) = bench.batch("key-1", BatchState::Submitted);
    bench.settle(settlement(attempts[0], Vec::new()));
    assert_eq!(bench.store.mark_lost(bench.keys.run, NOW_MS).unwrap(), 0, "not before it ends");
    bench.change_batch(progress(batch, BatchState::Ended), Some("expired"));
    use AttemptState::{Lost, Settled};
    assert_eq!((bench.states(), bench.spent()), (vec![Settled, Lost, Lost], 70 + 100 + 100));
}

pub(crate) fn the_next_run_adopts_what_a_dead_run_submitted<B: Backend>() {
    let bench = Bench::<B>::new();
    let (batch, attempts) = bench.batch("key-1", BatchState::Submitted);
    bench.settle(settlement(attempts[0], Vec::new()));
    let bench = bench.die_and_begin("second");
    assert_eq!(bench.keys.lost, 0, "the provider goes on with it");
    let batches = bench.reader().batches(bench.keys.run).unwrap();
    assert_eq!(batches.iter().map(|record| record.progress.batch).collect::<Vec<_>>(), [batch]);
    let stored = bench.reader().batch_attempts(batch).unwrap();
    let names: Vec<_> = stored.iter().map(|stored| stored.name.as_ref().unwrap().to_string()).collect();
    assert_eq!(names, ["first-2", "first-3"], "the names stay");
    // The run that collects them is charged: they are its attempts.
    let settlement = Settlement { verdict: VerdictName::Retry, ..settlement(attempts[1], Vec::new()) };
    wait(bench.store.settle_batch_attempts(vec![settlement])).unwrap();
    assert_eq!(bench.states(), [AttemptState::Settled, AttemptState::Open]);
    let Opened::Granted { sequence: 1, .. } = bench.open(bench.attempt(page(9))) else { panic!() };

    // A live run keeps its batches; those of another provider are not touched.
    let other = bench.backend.open();
    let third = other.begin_run(start("third")).unwrap();
    wait(other.take_over_batches(third.run, "provider".into(), Vec::new())).unwrap();
    assert_eq!(other.reader().unwrap().batches(third.run).unwrap().len(), 0);
    bench.store.end_run(end(bench.keys.run)).unwrap();
    wait(other.take_over_batches(third.run, "elsewhere".into(), Vec::new())).unwrap();
    assert_eq!(other.reader().unwrap().batches(third.run).unwrap().len(), 0);
    wait(other.take_over_batches(third.run, "provider".into(), Vec::new())).unwrap();
    assert_eq!(other.reader().unwrap().batches(third.run).unwrap()[0].progress.batch, batch);
    assert_eq!(other.reader().unwrap().batch_attempts(batch).unwrap().len(), 1);
}

/// A live run whose process has stalled.
pub(crate) fn what_a_stopped_run_has_submitted_is_adopted<B: Backend>() {
    let bench = Bench::<B>::new();
    let (submitted, _) = bench.batch("key-1", BatchState::Submitted);
    let filled = bench.begin_batch("key-2");
    let open = OpenAttempt { batch: Some(filled), ..bench.attempt(page(9)) };
    granted(wait(bench.store.open_attempts(vec![open])).unwrap().remove(0));
    bench.change_batch(progress(filled, BatchState::Filled), None);
    let in_batch = |number| {
        let asked = bench.reader().asked_elsewhere(&page(number), &bench.recipes()).unwrap().unwrap();
        let batch = asked.batch.unwrap();
        (asked.run.to_string(), batch.provider, batch.is_submitted, batch.heartbeat_ms)
    };
    assert_eq!(in_batch(1), ("first".into(), "provider".into(), true, NOW_MS));
    assert_eq!(in_batch(9), ("first".into(), "provider".into(), false, NOW_MS));

    let other = bench.backend.open();
    let second = other.begin_run(start("second")).unwrap();
    let holders = |own, scope: &str| {
        let holders = other.reader().unwrap().batch_holders(own, scope).unwrap();
        holders.into_iter().map(|holder| (holder.run.to_string(), holder.heartbeat_ms)).collect::<Vec<_>>()
    };
    assert_eq!(holders(second.run, "budget"), [("first".to_owned(), NOW_MS)]);
    assert_eq!((holders(bench.keys.run, "budget"), holders(second.run, "another")), (Vec::new(), Vec::new()));
    let resumed = |provider: &str, stopped: &[&str]| {
        let stopped = stopped.iter().map(|run| RunId::new(*run)).collect();
        wait(other.take_over_batches(second.run, provider.into(), stopped)).unwrap();
        let batches = other.reader().unwrap().batches(second.run).unwrap();
        batches.iter().map(|record| record.progress.batch).collect::<Vec<_>>()
    };
    assert_eq!((resumed("provider", &["third"]), resumed("elsewhere", &["first"])), (Vec::new(), Vec::new()));
    assert_eq!(resumed("provider", &["first"]), [submitted], "what is not submitted may be when the process goes on");
    assert_eq!(in_batch(1).0, "second");
}

pub(crate) fn a_batch_that_a_dead_run_was_filling_is_withdrawn<B: Backend>() {
    let bench = Bench::<B>::new();
    bench.batch("key-1", BatchState::Filling);
    let bench = bench.die_and_begin("second");
    assert_eq!((bench.keys.lost, bench.spent()), (0, 0), "nothing of it was sent");
    assert_eq!(bench.reader().batches(bench.keys.run).unwrap().len(), 0);
    // The same when the run ends in an orderly way.
    bench.batch("key-2", BatchState::Filling);
    bench.end();
    assert_eq!(bench.spent(), 0);
    let keys = bench.store.begin_run(RunStart { provider: "other".into(), ..start("third") }).unwrap();
    assert_eq!(bench.reader().batches(keys.run).unwrap().len(), 0);
}

pub(crate) fn files_of_batches_that_are_no_more_are_removed<B: Backend>() {
    let bench = Bench::<B>::new();
    let keys = ["filling", "submitted", "ended", "withdrawn", "of nobody"];
    let files = keys.map(|key| bench.store.batch_file(key));
    files.iter().for_each(|file| std::fs::write(file, "{}\n").unwrap());
    bench.begin_batch("filling");
    for (key, state) in [("submitted", BatchState::Submitted), ("ended", BatchState::Ended)] {
        let batch = bench.begin_batch(key);
        bench.change_batch(progress(batch, state), None);
    }
    let withdrawn = bench.begin_batch("withdrawn");
    wait(bench.store.withdraw_batch(withdrawn)).unwrap();
    bench.store.remove_orphan_batch_files().unwrap();
    assert_eq!(files.map(|file| file.exists()), [true, true, false, false, false]);
}
