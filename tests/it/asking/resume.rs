//! kill -9, and what it costs.

use crate::bench::{Bench, rows, statuses, under_way, without_times};
use docmill::internal::simulator::Options;
use std::time::Duration;

#[test]
fn what_was_stored_is_never_asked_again_after_kill_9() {
    let undisturbed = Bench::with_pages(120).simulator(Options::default());
    undisturbed.job("");
    assert_eq!(undisturbed.run(&[]).code, 0);

    let options = Options { latency: Duration::from_millis(40), ..Options::default() };
    let bench = Bench::with_pages(120).simulator(options);
    bench.job("limits: {concurrency: 6}");
    let mut interrupted = 0;
    for round in 0..5_u64 {
        let mut child = bench.start(&["--progress", "off"]);
        std::thread::sleep(Duration::from_millis(120 + round * 53));
        child.kill().unwrap();
        interrupted += u32::from(!child.wait().unwrap().success());
    }
    assert!(interrupted >= 2, "{interrupted} of 5 runs were killed before their end");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(without_times(&bench.rows()), without_times(&undisturbed.rows()));
    let stats = bench.stats();
    let counts: Vec<u64> = stats["pages"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).collect();
    assert_eq!(counts.len(), 120);
    let again: u64 = counts.iter().map(|count| count - 1).sum();
    assert!(again <= 5 * 6, "{again} asked again, at most what was in flight at the kills");

    // The ledger knows what may have been paid for nothing.
    let report = bench.docmill(&["report", "job.yaml", "--run", "all", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    let (lost, sent) = (report["attempts"]["lost"].as_u64().unwrap(), report["attempts"]["sent"].as_u64().unwrap());
    assert!(lost >= again && sent >= stats["requests"].as_u64().unwrap(), "{report}");
    let settled = report["tokens"]["input"].as_u64().unwrap();
    let server = stats["tokens"]["input"].as_u64().unwrap();
    assert!(settled <= server && server <= settled + lost * 10_000, "{settled} {server} {lost}");
}

#[test]
fn two_processes_on_one_store_pay_once() {
    let bench = Bench::with_pages(40).simulator(Options { latency: Duration::from_millis(30), ..Options::default() });
    bench.job("limits: {concurrency: 4}");
    let other = bench.text("job.yaml").replace("name: test", "name: other").replace(": out.", ": other.");
    bench.put("other.yaml", other.as_bytes());
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
    let bench = Bench::with_pages(30).simulator(Options { latency: Duration::from_millis(60), ..Options::default() });
    bench.job("limits: {concurrency: 3}\nretry: {max_wait: 60s}");
    let url = bench.server.as_ref().unwrap().base_url();
    let port = url.trim_end_matches("/v1").rsplit(':').next().unwrap().parse().unwrap();
    let mut child = bench.start(&["--progress", "off"]);
    under_way(&bench, &mut child, 3);
    let mut bench = bench;
    drop(bench.server.take());
    std::thread::sleep(Duration::from_millis(1500));
    let again = docmill::internal::simulator::Server::start(Options { port, ..Options::default() }).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(statuses(&bench.rows()).into_iter().collect::<Vec<_>>(), [("ok".to_owned(), 30)]);
    drop(again);
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
