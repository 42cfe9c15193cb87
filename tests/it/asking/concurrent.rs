//! Several runs of one job at once.

use crate::bench::{Bench, page, statuses};
use crate::harness::wait::wait_until;
use docmill::internal::simulator::Options;
use std::time::Duration;

/// A run is complete only with the answers to files that another run has found meanwhile.
#[test]
fn a_run_waits_for_files_that_another_run_asks() {
    let options = Options { latency: Duration::from_secs(3), ..Options::default() };
    let bench = Bench::with_pages(2).simulator(options);
    bench.job("limits: {concurrency: 4}");
    let wait_for = |requests: u64| {
        wait_until(&format!("{requests} requests were sent"), || {
            bench.stats()["requests"].as_u64().unwrap() >= requests
        });
    };
    let first = bench.start(&["--progress", "off", "--summary", "first.json"]);
    wait_for(2);
    // The first run has passed these places. The second one needs several rounds for them.
    (2..12).for_each(|at| bench.put(&format!("pages/{at:05}.jpg"), &page(at)));
    let second = bench.start(&["--progress", "off", "--summary", "second.json"]);
    wait_for(4);
    for (name, run) in [("first", first), ("second", second)] {
        let ran = run.wait_with_output().unwrap();
        assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
        let summary: serde_json::Value = serde_json::from_str(&bench.text(&format!("{name}.json"))).unwrap();
        assert_eq!(
            (summary["outcome"].as_str(), &summary["pages"]["pending"]),
            (Some("complete"), &0.into()),
            "{name}"
        );
    }
    assert_eq!(statuses(&bench.rows()), [("ok".to_owned(), 12)].into());
    assert_eq!(bench.stats()["requests"], 12, "nothing was asked twice");
}
