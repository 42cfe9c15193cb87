//! Batches of other runs: of processes that have ended, and of some that are stopped.

use crate::bench::{Bench, Ran, page, statuses};
use crate::harness::stopped::Stopped;
use docmill::internal::simulator::Options;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::Duration;

const BATCH: &str = "delivery: batch\nbatch: {poll: 50ms, requests: 1000}\nrequest: {timeout: 1s}";

fn options() -> Options {
    Options { batch_time: Duration::from_secs(1), ..Options::default() }
}

fn start(bench: &Bench, job: &str) -> Child {
    let mut command = bench.command(&["run", job, "--progress", "off"]);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The rest of a common budget is reserved for a batch whose run is killed.
#[test]
fn a_run_that_waits_for_the_budget_takes_over_the_batch_that_holds_it() {
    let prepared = || {
        let bench = Bench::with_pages(6).simulator(options());
        bench.job(BATCH);
        let budget = bench.worst_request_usd() * 6.6;
        bench.job(&format!("{BATCH}\nlimits: {{budget_usd: {budget:.9}, budget_name: common}}"));
        bench.second_job("second");
        let second = bench.text("second.yaml").replace("folder: pages", "folder: others");
        bench.put("second.yaml", second.as_bytes());
        (0..2).for_each(|at| bench.put(&format!("others/{at}.jpg"), &page(500 + at)));
        bench
    };
    // Stopped, it does not collect the batch, however late the second run is.
    let (bench, mut first, stopped) = Stopped::while_waiting(prepared, &["-q"], |bench| bench.lines_in_batches() > 0);
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
        let prepared = || {
            let bench = Bench::with_pages(5).simulator(options());
            bench.job(BATCH);
            bench
        };
        let (bench, mut first, stopped) =
            Stopped::while_waiting(prepared, &["-q"], |bench| bench.lines_in_batches() == 5);
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
