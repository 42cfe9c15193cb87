//! Delivery by the provider's batches: every page is answered once, nothing is submitted
//! twice, wherever a run dies.

use crate::bench::{Bench, Ran, statuses, without_times};
use crate::harness::signal::signal;
use crate::harness::stopped::{STARTS, Stopped};
use crate::harness::wait::wait_until;
use docmill::internal::base::hooks::Point;
use docmill::internal::simulator::{BatchFault, Options};
use serde_json::Value;
use std::time::Duration;

const MORE: &str = "delivery: batch\nbatch: {poll: 50ms, requests: 1000}\non_error: {stop_after: 0}";

fn options() -> Options {
    Options { batch_time: Duration::from_millis(200), ..Options::default() }
}

/// How often each page was executed, and each batch created.
fn counts(stats: &Value, name: &str) -> Vec<u64> {
    stats[name].as_object().unwrap().values().filter_map(Value::as_u64).collect()
}

#[test]
fn a_batch_gives_the_same_rows_for_half_the_price() {
    let (now, batch) = (Bench::with_pages(40).simulator(options()), Bench::with_pages(40).simulator(options()));
    now.job("");
    batch.job(MORE);
    let plan: Value = serde_json::from_str(&batch.docmill(&["plan", "job.yaml", "--format", "json"]).stdout).unwrap();
    assert_eq!((now.run(&["-q"]).code, batch.run(&["-q"]).code), (0, 0));
    assert_eq!(without_times(&now.rows()), without_times(&batch.rows()));
    let cost = |bench: &Bench| bench.report()["cost"]["total_usd"].as_str().unwrap().parse::<f64>().unwrap();
    assert!((cost(&now) / cost(&batch) - 2.0).abs() < 1e-9, "{} {}", cost(&now), cost(&batch));
    let expected: f64 = plan["cost_usd"]["expected"].as_str().unwrap().parse().unwrap();
    assert!((expected / cost(&batch) - 1.0).abs() < 0.02);
    let stats = batch.stats();
    assert_eq!((&stats["batches"], &stats["requests"]), (&1.into(), &0.into()), "one batch, and nothing beside it");
    assert_eq!(batch.run(&["-q"]).code, 0);
    assert_eq!(batch.stats()["batches"], 1, "nothing is asked again");
    let left: Vec<_> = std::fs::read_dir(batch.path("")).unwrap().filter_map(Result::ok).collect();
    assert!(left.iter().all(|entry| !entry.file_name().to_string_lossy().contains(".batch-")), "no file is left");
}

#[test]
fn invalid_and_cut_replies_are_asked_again_in_the_next_batch() {
    let kinds = ["500", "wrong-label", "length", "refusal", "empty"];
    let kinds = kinds.iter().map(|name| name.parse().unwrap()).collect();
    let bench = Bench::with_pages(60).simulator(Options { faults: 0.3, kinds, ..options() });
    bench.job(
        &format!("{MORE}\nrequest: {{max_tokens: 90}}").replace("stop_after: 0", "stop_after: 0, max_failed: 100%"),
    );
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let statuses = statuses(&bench.rows());
    assert!(statuses["ok"] > 50 && !statuses.contains_key("pending"), "{statuses:?}");
    let batches = bench.stats()["batches"].as_u64().unwrap();
    assert!((2..=8).contains(&batches), "{batches} batches");
}

#[test]
fn a_full_queue_makes_smaller_batches() {
    let bench = Bench::with_pages(60).simulator(Options { batch_queue: Some(60_000), ..options() });
    bench.job(MORE);
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("60000 prompt tokens"), "{}", ran.stderr);
    assert_eq!(statuses(&bench.rows())["ok"], 60);
    assert_eq!(counts(&bench.stats(), "pages"), vec![1; 60]);
}

#[test]
fn a_budget_holds_for_batches_too() {
    let bench = Bench::with_pages(40).simulator(options());
    bench.job(&format!("{MORE}\nlimits: {{budget_usd: 0.04}}"));
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    let report = bench.report();
    let spent: f64 = report["cost"]["total_usd"].as_str().unwrap().parse().unwrap();
    assert!(spent <= 0.04 && spent > 0.035, "{spent}");
    bench.job(MORE);
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(counts(&bench.stats(), "pages"), vec![1; 40]);
}

#[test]
fn a_stop_leaves_batches_to_the_next_run() {
    let bench = interrupted_with_a_batch(MORE, 30, Duration::from_millis(1500));
    // The questions have changed by now: the answers still belong to the old questions.
    let changed = bench.text("job.yaml").replace("marks:", "stamps:").replace("[stamp, logo, seal]", "[stamp]");
    let kept = bench.text("job.yaml");
    bench.put("job.yaml", changed.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    bench.put("job.yaml", kept.as_bytes());
    let before = bench.stats()["lines"].clone();
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.stats()["lines"], before, "the first batch's answers were stored");
    assert_eq!(statuses(&bench.rows())["ok"], 30);
}

#[test]
fn files_that_cannot_be_read_at_first_lose_nothing() {
    for fault in [BatchFault::Unreadable, BatchFault::Empty] {
        let kinds = vec!["500".parse().unwrap()];
        let some_fail = Options { faults: 0.4, kinds, ..options() };
        for simulator in [some_fail, options()] {
            let has_errors = simulator.faults > 0.0;
            let bench = Bench::with_pages(40).simulator(Options { batch_faults: vec![fault, fault], ..simulator });
            bench.job(MORE);
            let ran = bench.run(&["-q"]);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            assert_eq!(statuses(&bench.rows())["ok"], 40);
            assert_eq!(bench.open_attempts(), 0);
            let batches = bench.stats()["batches"].as_u64().unwrap();
            assert!(has_errors || batches == 1, "what was executed is not executed again: {fault:?} {batches}");
        }
    }
}

#[test]
fn lines_that_are_refused_for_a_limit_do_not_go_on_for_ever() {
    let kinds = vec!["429".parse().unwrap()];
    let bench = Bench::with_pages(6).simulator(Options { faults: 1.0, kinds, ..options() });
    bench.job(&format!("{MORE}\nretry: {{attempts: 3}}").replace("stop_after: 0", "stop_after: 0, max_failed: 100%"));
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.stats()["batches"], 3);
    assert_eq!(statuses(&bench.rows())["failed"], 6);
}

#[test]
fn one_error_takes_away_one_capability_however_many_batches_meet_it() {
    let bench = Bench::with_pages(12).simulator(Options { json_schema: false, ..options() });
    bench.job(&MORE.replace("requests: 1000", "requests: 3"));
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(statuses(&bench.rows())["ok"], 12);
}

#[test]
fn pages_that_all_fail_alike_stop_the_run_before_all_are_sent() {
    let kinds = vec!["refusal".parse().unwrap()];
    let bench =
        Bench::with_pages(120).simulator(Options { faults: 1.0, kinds, batch_queue: Some(120_000), ..options() });
    bench.job(
        &MORE
            .replace("stop_after: 0", "stop_after: 20")
            .replace("requests: 1000", "requests: 12, queued_tokens: 110000"),
    );
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert!(bench.stats()["pages"].as_object().unwrap().len() < 120);
}

/// A run of `job` that was interrupted while all of its pages were in a batch. Where the batch has ended before, every
/// page must be answered, and another run is interrupted.
fn interrupted_with_a_batch(job: &str, pages: usize, batch_time: Duration) -> Bench {
    for _ in 0..STARTS {
        let bench = Bench::with_pages(pages).simulator(Options { batch_time, ..Options::default() });
        bench.job(job);
        let mut child = bench.start(&["-q"]);
        let pages = pages as i64;
        wait_until("a batch is in progress", || {
            bench.lines_in_batches() == pages || child.try_wait().unwrap().is_some()
        });
        if child.try_wait().unwrap().is_none() {
            signal(&child, "TERM");
        }
        let ended = Ran::from(child.wait_with_output().unwrap());
        if ended.code == 143 && bench.open_attempts() == pages {
            return bench;
        }
        let answered = bench.count_rows("attempts WHERE state = 'settled' AND verdict = 'done'");
        assert!([0, 143].contains(&ended.code) && answered == pages, "{answered} of {pages}: {}", ended.stderr);
    }
    panic!("no run was interrupted while a batch was in progress");
}

#[test]
fn the_next_run_collects_the_batches_of_the_last_one() {
    type Change = fn(&str) -> String;
    let changes: [(&str, Change); 3] = [
        ("delivery: now", |job| job.replace("delivery: batch", "delivery: now")),
        ("another job", |job| job.replace("name: test", "name: other")),
        ("another model", |job| job.replace("gpt-4o-mini", "gpt-4o")),
    ];
    for (name, change) in changes {
        let bench = interrupted_with_a_batch(MORE, 10, Duration::from_millis(900));
        let plan: Value =
            serde_json::from_str(&bench.docmill(&["plan", "job.yaml", "--format", "json"]).stdout).unwrap();
        assert_eq!((&plan["under_way"], &plan["to_ask"]), (&10.into(), &0.into()));
        bench.put("job.yaml", change(&bench.text("job.yaml")).as_bytes());
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert_eq!(statuses(&bench.rows())["ok"], 10, "{name}");
        assert_eq!(bench.open_attempts(), 0, "{name}");
        let again = if name == "another model" { 2 } else { 1 };
        assert_eq!(counts(&bench.stats(), "pages"), vec![again; 10], "{name}");
    }
}

/// A provider that has forgotten a batch: its pages are asked again.
#[test]
fn a_batch_that_the_provider_does_not_know_blocks_no_run() {
    let bench = interrupted_with_a_batch(MORE, 5, Duration::from_secs(60));
    let bench = bench.simulator(options());
    bench.job(MORE);
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(statuses(&bench.rows())["ok"], 5);
    assert_eq!(bench.open_attempts(), 0);
}

#[test]
fn a_provider_without_batches_is_reported() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.job(MORE);
    let job = bench.text("job.yaml").replace("/v1\"", "/v9\"");
    bench.put("job.yaml", job.as_bytes());
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("Batch API"), "{}", ran.stderr);
}

/// The points at which a run dies, one after the other.
const DEATHS: [Point; 6] = [
    Point::BatchFilled,
    Point::BatchUploaded,
    Point::BatchCreated,
    Point::BatchSubmitted,
    Point::BatchCollecting,
    Point::BatchCollected,
];

#[test]
fn five_thousand_pages_with_everything_that_goes_wrong() {
    use BatchFault::{Expire, Fail, Missing, None, Twice};
    let bench = Bench::with_pages(5000).simulator(Options {
        batch_time: Duration::from_millis(500),
        batch_faults: vec![None, Expire, Fail, Missing, Twice],
        ..Options::default()
    });
    bench.job(MORE);
    for point in DEATHS {
        crate::store::dying::run(&bench, point, 1);
    }
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (rows, stats) = (bench.rows(), bench.stats());
    assert_eq!(statuses(&rows)["ok"], 5000);
    assert!(counts(&stats, "batch_keys").len() >= 5, "{}", stats["batch_keys"]);
    assert!(counts(&stats, "batch_keys").iter().all(|count| *count == 1), "{}", stats["batch_keys"]);
    // Only a page whose line went missing was executed again.
    let pages = counts(&stats, "pages");
    let again = pages.iter().filter(|count| **count > 1).count();
    assert_eq!(pages.len(), 5000);
    assert!(again > 0 && again <= 1000 / 50, "{again} pages were executed again");
    let undisturbed = Bench::with_pages(5000).simulator(options());
    undisturbed.job("limits: {concurrency: 64}");
    assert_eq!(undisturbed.run(&["-q"]).code, 0);
    assert_eq!(without_times(&rows), without_times(&undisturbed.rows()));
    // The ledger knows what the server executed: settled, and not answered.
    let billed = |bench: &Bench| bench.report()["tokens"]["input"].as_u64().unwrap();
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let settled: i64 = store
        .query_row(
            "SELECT sum(input_tokens) FROM attempts WHERE state = 'settled' AND usage_source = 'reported'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(settled as u64, billed(&undisturbed));
    assert!(stats["tokens"]["input"].as_u64().unwrap() > settled as u64, "the missing lines were billed");
}

/// Whichever of them notices: a run does not wait indefinitely for pages in a batch that no process
/// collects any longer.
#[test]
fn a_run_takes_over_the_batch_of_a_process_that_ends_while_it_waits() {
    for other in [MORE, ""] {
        let prepared = || {
            let bench = Bench::with_pages(20).simulator(Options { batch_time: Duration::from_secs(1), ..options() });
            bench.job(MORE);
            bench
        };
        // Stopped, it does not collect the batch, however late the second run is.
        let (bench, mut first, stopped) =
            Stopped::while_waiting(prepared, &["-q"], |bench| bench.lines_in_batches() == 20);
        bench.job(other);
        let mut second = bench.start(&["-q"]);
        wait_until("the second run has begun", || {
            assert!(second.try_wait().unwrap().is_none(), "the second run ended while the first one has the batch");
            bench.count_rows("runs") == 2
        });
        first.kill().unwrap();
        drop(stopped);
        first.wait().unwrap();
        let ran = second.wait_with_output().unwrap();
        assert!(ran.status.success(), "{other}: {}", String::from_utf8_lossy(&ran.stderr));
        let stats = bench.stats();
        assert_eq!((&stats["batches"], &stats["requests"]), (&1.into(), &0.into()), "{other}: nothing is asked twice");
        assert_eq!(statuses(&bench.rows())["ok"], 20, "{other}");
    }
}
