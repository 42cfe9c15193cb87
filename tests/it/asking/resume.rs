//! kill -9, and what it costs.

use crate::bench::{Bench, hanging_after, rows, statuses, under_way, without_times};
use crate::harness::closed_port::ClosedPort;
use docmill::internal::simulator::{Options, Server};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::time::Duration;

#[test]
fn what_was_stored_is_never_asked_again_after_kill_9() {
    let undisturbed = Bench::with_pages(120).simulator(Options::default());
    undisturbed.job("");
    assert_eq!(undisturbed.run(&[]).code, 0);

    let mut bench = Bench::with_pages(120);
    let mut seen = Vec::new();
    for answered in [7, 12, 15, 18, 21] {
        bench = bench.simulator(hanging_after(answered));
        bench.job("limits: {concurrency: 6}");
        let mut child = bench.start(&["--progress", "off"]);
        under_way(&bench, &mut child, answered + 1);
        child.kill().unwrap();
        child.wait().unwrap();
        seen.push(bench.stats());
    }
    bench = bench.simulator(Options::default());
    bench.job("limits: {concurrency: 6}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(without_times(&bench.rows()), without_times(&undisturbed.rows()));
    seen.push(bench.stats());
    let sum = |number: fn(&Value) -> &Value| seen.iter().map(|stats| number(stats).as_u64().unwrap()).sum::<u64>();
    let pages = seen.iter().flat_map(|stats| stats["pages"].as_object().unwrap());
    let mut counts = BTreeMap::<&String, u64>::new();
    pages.for_each(|(page, count)| *counts.entry(page).or_default() += count.as_u64().unwrap());
    assert_eq!(counts.len(), 120);
    let again: u64 = counts.values().map(|count| count - 1).sum();
    assert!((5..=5 * 6).contains(&again), "{again} asked again: what was in flight at the kills");

    // The ledger knows what may have been paid for nothing.
    let report = bench.docmill(&["report", "job.yaml", "--run", "all", "--format", "json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    let (lost, sent) = (report["attempts"]["lost"].as_u64().unwrap(), report["attempts"]["sent"].as_u64().unwrap());
    assert!(lost >= again && sent >= sum(|stats| &stats["requests"]), "{report}");
    let settled = report["tokens"]["input"].as_u64().unwrap();
    let server = sum(|stats| &stats["tokens"]["input"]);
    assert!(settled < server && server <= settled + lost * 10_000, "{settled} {server} {lost}");
}

#[test]
fn two_processes_on_one_store_pay_once() {
    let bench = Bench::with_pages(40).simulator(Options { latency: Duration::from_millis(30), ..Options::default() });
    bench.job("limits: {concurrency: 4}");
    bench.second_job("other");
    let children: Vec<_> =
        ["job.yaml", "other.yaml"].iter().map(|job| bench.command(&["run", job, "-q"]).spawn().unwrap()).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let stats = bench.stats();
    assert_eq!(stats["requests"], 40, "{stats}");
    assert_eq!(without_times(&rows(&bench.text("out.jsonl"))), without_times(&rows(&bench.text("other.jsonl"))));
}

#[test]
fn a_provider_that_goes_away_and_comes_back_fails_no_page() {
    // Another program may take the port before it is held.
    assert!((0..5).any(|_| goes_away_and_comes_back()), "the port was always taken by another program");
}

/// Whether the provider could come back at the same port.
fn goes_away_and_comes_back() -> bool {
    let mut bench = Bench::with_pages(30).simulator(hanging_after(10));
    bench.job("limits: {concurrency: 3}\nretry: {max_wait: 10m}");
    let url = bench.server.as_ref().unwrap().base_url();
    let port = url.trim_end_matches("/v1").rsplit(':').next().unwrap().parse().unwrap();
    let mut child = bench.start(&[]);
    under_way(&bench, &mut child, 11);
    drop(bench.server.take());
    let held = ClosedPort::bind_at(port);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut printed = String::new();
    while held.is_some() && !printed.contains("cannot connect to") {
        assert!(stderr.read_line(&mut printed).unwrap() > 0, "the outage is not reported: {printed}");
    }
    drop(held);
    let Ok(again) = Server::start(Options { port, ..Options::default() }) else {
        child.kill().unwrap();
        child.wait().unwrap();
        return false;
    };
    stderr.read_to_string(&mut printed).unwrap();
    assert!(child.wait().unwrap().success(), "{printed}");
    assert_eq!(statuses(&bench.rows()), [("ok".to_owned(), 30)].into(), "{printed}");
    drop(again);
    true
}

#[test]
fn a_provider_that_stays_away_leaves_pages_pending_and_the_last_output_alone() {
    let mut bench = Bench::with_pages(10).simulator(Options::default());
    bench.job("retry: {max_wait: 1s}");
    assert_eq!(bench.run(&[]).code, 0);
    let before = bench.text("out.csv");
    for at in 100..105 {
        bench.put(&format!("pages/{at:05}.jpg"), &crate::bench::page(at));
    }
    drop(bench.server.take());
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("run the same command again"), "{}", ran.stderr);
    assert_eq!(bench.text("out.csv"), before);
    let partial = statuses(&rows(&bench.text("partial/out.jsonl")));
    assert_eq!((partial["ok"], partial["pending"]), (10, 5));
    let bench = bench.simulator(Options::default());
    bench.job("retry: {max_wait: 1s}");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(statuses(&bench.rows())["ok"], 15);
    assert_eq!(bench.stats()["requests"], 5);
}

#[test]
fn many_processes_may_make_the_store_at_once() {
    for _ in 0..4 {
        let bench = Bench::with_pages(6).simulator(Options::default());
        bench.job("");
        let run = |_| bench.command(&["run", "job.yaml", "-q"]).spawn().unwrap();
        let children: Vec<_> = (0..4).map(run).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(bench.stats()["requests"], 6);
    }
}
