//! Runs that do not wait for batches, for schedulers that should not hold a slot.

use crate::bench::{Bench, Ran, page, statuses, without_times};
use docmill::internal::base::hooks::Point;
use docmill::internal::simulator::{BatchFault, Options};
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::time::Duration;

const BATCH: &str = "delivery: batch\nbatch: {poll: 50ms, requests: 20}\non_error: {stop_after: 0}";
/// A batch that ends in no test, unless the test ends it.
const NEVER: Duration = Duration::from_secs(3600);
/// A batch that ends soon.
const BATCH_TIME: Duration = Duration::from_millis(300);

fn bench(pages: usize, options: Options) -> Bench {
    let bench = Bench::with_pages(pages).simulator(options);
    bench.job(BATCH);
    bench
}

fn once(bench: &Bench) -> Ran {
    bench.run(&["-q", "--once"])
}

/// Comes again until nothing is open.
fn come_again(bench: &Bench) {
    for _ in 0..600 {
        let ran = once(bench);
        match ran.code {
            0 => return,
            10 => std::thread::sleep(Duration::from_millis(50)),
            code => panic!("exit code {code}: {}", ran.stderr),
        }
    }
    panic!("the batches never ended");
}

/// How often pages were executed, lines submitted, or batches created, as the simulator counts them.
fn counts(bench: &Bench, name: &str) -> Vec<u64> {
    bench.stats()[name].as_object().unwrap().values().filter_map(Value::as_u64).collect()
}

#[test]
fn a_batch_that_has_not_ended_is_left_and_its_run_is_not_finished() {
    let bench = bench(50, Options { batch_time: NEVER, ..Options::default() });
    let submitted = bench.run(&["--once", "--summary", "summary.json"]);
    assert_eq!(submitted.code, 10, "{}", submitted.stderr);
    let message =
        "\n50 pages are in batches that have not ended, or wait for the next one\n\nhint: run the same command";
    assert!(submitted.stderr.contains(message) && !submitted.stderr.contains("error: "), "{}", submitted.stderr);
    let summary: Value = serde_json::from_str(&bench.text("summary.json")).unwrap();
    assert_eq!((&summary["outcome"], &summary["exit_code"]), (&"batch_pending".into(), &10.into()));
    assert_eq!(summary["pages"]["pending"], 50);
    assert_eq!(bench.stats()["batches"], 3, "all of it is submitted");
    // Another one has nothing to submit.
    assert_eq!(once(&bench).code, 10);
    assert_eq!(bench.stats()["batches"], 3);
    assert!(!bench.path("out.csv").exists(), "the rows are not complete");
    // New pages are sent in addition to those in progress.
    bench.put("pages/new.jpg", &page(900));
    assert_eq!(once(&bench).code, 10);
    assert_eq!(bench.stats()["batches"], 4);
}

#[test]
fn what_has_ended_is_collected_and_the_rows_are_those_of_a_run_that_waits() {
    let held = Options { batch_time: NEVER, ..Options::default() };
    let ends_batches = held.ends_batches.clone();
    let waiting = bench(50, Options { batch_time: BATCH_TIME, ..Options::default() });
    let coming = bench(50, held);
    assert_eq!(waiting.run(&["-q"]).code, 0);
    assert_eq!(once(&coming).code, 10, "the first one only submits");
    ends_batches.store(true, Ordering::Relaxed);
    come_again(&coming);
    assert_eq!(without_times(&coming.rows()), without_times(&waiting.rows()));
    assert_eq!(counts(&coming, "pages"), vec![1; 50]);
    assert_eq!(once(&coming).code, 0, "and nothing is left to do");
    assert_eq!(coming.stats()["batches"], 3);
}

#[test]
fn what_a_batch_leaves_is_submitted_by_the_run_that_collects_it() {
    let kinds = ["500", "wrong-label", "empty"].iter().map(|name| name.parse().unwrap()).collect();
    let bench = bench(40, Options { faults: 0.3, kinds, batch_time: Duration::from_millis(300), ..Options::default() });
    come_again(&bench);
    assert_eq!(statuses(&bench.rows())["ok"], 40);
}

/// Trials of any run count.
#[test]
fn a_page_that_is_never_answered_right_is_asked_as_often_as_by_a_run_that_waits() {
    let options = || {
        let kinds = vec!["wrong-label".parse().unwrap()];
        Options { faults: 1.0, kinds, batch_time: Duration::from_millis(200), ..Options::default() }
    };
    let (waiting, coming) = (bench(3, options()), bench(3, options()));
    for bench in [&waiting, &coming] {
        bench.job(&BATCH.replace("stop_after: 0", "stop_after: 0, max_failed: 100%"));
    }
    assert_eq!(waiting.run(&["-q"]).code, 0);
    come_again(&coming);
    assert_eq!(statuses(&coming.rows())["invalid"], 3);
    // The reply that shows that the schema is ignored changes the request, which costs its page no attempt.
    // Which page that is depends on the order of the replies.
    let sorted = |bench| {
        let mut counts = counts(bench, "pages");
        counts.sort_unstable();
        counts
    };
    assert_eq!(sorted(&coming), sorted(&waiting));
}

#[test]
fn a_queue_that_holds_less_than_a_batch_is_filled_again_and_again() {
    let options = Options { batch_time: Duration::from_millis(200), batch_queue: Some(60_000), ..Options::default() };
    let bench = bench(40, options);
    come_again(&bench);
    assert_eq!(statuses(&bench.rows())["ok"], 40);
    assert_eq!(counts(&bench, "pages"), vec![1; 40]);
}

#[test]
fn a_budget_lets_few_pages_out_until_the_first_bills_are_seen() {
    let bench = bench(30, Options { batch_time: NEVER, ..Options::default() });
    bench.job(&format!("{BATCH}\nlimits: {{budget_usd: 5}}"));
    assert_eq!(once(&bench).code, 10);
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let open: i64 =
        store.query_row("SELECT count(*) FROM attempts WHERE state = 'open'", [], |row| row.get(0)).unwrap();
    assert_eq!(open, 3);
    // The same with batches that end.
    let bench = self::bench(30, Options { batch_time: BATCH_TIME, ..Options::default() });
    bench.job(&format!("{BATCH}\nlimits: {{budget_usd: 5}}"));
    come_again(&bench);
    assert_eq!(counts(&bench, "pages"), vec![1; 30]);
    assert!(bench.stats()["batches"].as_u64().unwrap() <= 4, "all the others are in the next ones");
}

#[test]
fn nothing_is_paid_twice_wherever_such_a_run_dies() {
    let faults = vec![BatchFault::None, BatchFault::None, BatchFault::Expire];
    let held = Options { batch_time: NEVER, batch_faults: faults, ..Options::default() };
    let ends_batches = held.ends_batches.clone();
    let bench = bench(60, held);
    for point in [Point::BatchFilled, Point::BatchUploaded, Point::BatchCreated, Point::BatchSubmitted] {
        crate::store::dying::run_once(&bench, point);
    }
    ends_batches.store(true, Ordering::Relaxed);
    come_again(&bench);
    assert_eq!(statuses(&bench.rows())["ok"], 60);
    assert_eq!(counts(&bench, "pages"), vec![1; 60]);
    assert!(counts(&bench, "batch_keys").iter().all(|count| *count == 1), "{}", bench.stats()["batch_keys"]);
    for point in [Point::BatchCollecting, Point::BatchCollected] {
        bench.put(&format!("pages/{point:?}.jpg"), &page(1000 + point as u32));
        ends_batches.store(false, Ordering::Relaxed);
        assert_eq!(once(&bench).code, 10, "it is submitted");
        ends_batches.store(true, Ordering::Relaxed);
        crate::store::dying::run_once(&bench, point);
        come_again(&bench);
    }
    let executed = counts(&bench, "pages");
    assert!(executed.len() == 62 && executed.iter().all(|count| *count == 1), "{executed:?}");
}

/// The creation of a batch that was never uploaded was not requested, so it is not looked for.
#[test]
fn a_batch_that_was_never_uploaded_is_submitted_by_the_next_run_at_once() {
    let bench = bench(50, Options { batch_time: NEVER, ..Options::default() });
    crate::store::dying::run_once(&bench, Point::BatchFilled);
    assert_eq!(once(&bench).code, 10);
    assert_eq!((&bench.stats()["batches"], &bench.stats()["batch_lists"]), (&3.into(), &0.into()));
}

#[test]
fn without_batches_there_is_nothing_to_come_again_for() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    let ran = once(&bench);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("--once is for jobs with `delivery: batch`"), "{}", ran.stderr);
    assert_eq!(bench.stats()["requests"], 0);
}
