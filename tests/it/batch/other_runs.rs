//! Batches of other runs: of processes that have ended, and of some that are stopped.

use crate::bench::{Bench, Ran, page, statuses};
use crate::harness::stopped::Stopped;
use crate::harness::wait::wait_until;
use docmill::internal::simulator::Options;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::Duration;

const BATCH: &str = "delivery: batch\nbatch: {poll: 50ms, requests: 1000}\nrequest: {timeout: 1s}";

fn options() -> Options {
    Options { batch_time: Duration::from_secs(1), ..Options::default() }
}

/// Starts a run of `job.yaml`, and waits until a batch of it is in progress.
fn started_with_a_batch(bench: &Bench) -> Child {
    let mut child = bench.start(&["-q"]);
    wait_until("the run created a batch", || {
        assert!(child.try_wait().unwrap().is_none(), "the run ended early");
        submitted(bench) > 0
    });
    child
}

/// The batches that the store knows to be submitted.
fn submitted(bench: &Bench) -> i64 {
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let count = store.query_row("SELECT count(*) FROM batches WHERE state = 'submitted'", [], |row| row.get(0));
    // The run has yet to create its tables.
    count.unwrap_or(0)
}

fn start(bench: &Bench, job: &str) -> Child {
    let mut command = bench.command(&["run", job, "--progress", "off"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The rest of a common budget is reserved for a batch whose run is killed.
#[test]
fn a_run_that_waits_for_the_budget_takes_over_the_batch_that_holds_it() {
    let bench = Bench::with_pages(6).simulator(options());
    bench.job(BATCH);
    let budget = bench.worst_request_usd() * 6.6;
    bench.job(&format!("{BATCH}\nlimits: {{budget_usd: {budget:.9}, budget_name: common}}"));
    bench.second_job("second");
    let second = bench.text("second.yaml").replace("folder: pages", "folder: others");
    bench.put("second.yaml", second.as_bytes());
    (0..2).for_each(|at| bench.put(&format!("others/{at}.jpg"), &page(500 + at)));
    let mut first = started_with_a_batch(&bench);
    // Stopped, it does not collect the batch, however late the second run is.
    let stopped = Stopped::beside(&first, &bench.path("store.db"));
    let mut second = start(&bench, "second.yaml");
    let mut lines = BufReader::new(second.stderr.take().unwrap());
    let mut stderr = String::new();
    while !stderr.contains("waiting for the part of the budget that is reserved for ") {
        assert!(lines.read_line(&mut stderr).unwrap() > 0, "it does not wait for the budget: {stderr}");
    }
    first.kill().unwrap();
    drop(stopped);
    first.wait().unwrap();
    lines.read_to_string(&mut stderr).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(0), "{stderr}");
    assert_eq!(statuses(&crate::bench::rows(&bench.text("second.jsonl")))["ok"], 2);
    // The results that were taken over are stored.
    let batches = bench.stats()["batches"].as_u64().unwrap();
    assert_eq!(bench.run(&["-q", "--budget-usd", "5"]).code, 0);
    assert_eq!(statuses(&bench.rows())["ok"], 6);
    assert!(bench.stats()["pages"].as_object().unwrap().values().all(|count| *count == 1), "{}", bench.stats());
    assert!(batches >= 2);
}

/// A process that is stopped does not hold the pages of its batch longer than its requests may take.
#[test]
fn a_run_collects_the_batch_of_a_process_that_is_stopped() {
    for delivery in ["batch", "now"] {
        let bench = Bench::with_pages(5).simulator(options());
        bench.job(BATCH);
        let mut first = started_with_a_batch(&bench);
        let stopped = Stopped::beside(&first, &bench.path("store.db"));
        bench.job(&BATCH.replace("delivery: batch", &format!("delivery: {delivery}")));
        let ran = Ran::from(start(&bench, "job.yaml").wait_with_output().unwrap());
        drop(stopped);
        assert_eq!(ran.code, 0, "{delivery}: {}", ran.stderr);
        let named = ran.stderr.split_once("waiting for 5 pages that run ").map(|(_, rest)| rest.split(' ').next());
        let name = named.flatten().unwrap_or_else(|| panic!("it does not say for whom it waits: {}", ran.stderr));
        assert!(ran.stderr.contains(&format!("run {name} has stalled")), "{}", ran.stderr);
        assert_eq!(statuses(&bench.rows())["ok"], 5, "{delivery}");
        // The stopped one finds everything answered.
        assert!(first.wait().unwrap().success(), "{delivery}");
        let stats = bench.stats();
        assert_eq!(
            (&stats["batches"], &stats["requests"]),
            (&1.into(), &0.into()),
            "{delivery}: nothing is asked twice"
        );
        assert_eq!(bench.docmill(&["store", "check", "--store", "store.db"]).code, 0);
    }
}
