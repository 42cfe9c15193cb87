//! Limits that nobody stated are learned from replies: they are used, and hardly hit.

use crate::bench::Bench;
use docmill::internal::simulator::Options;
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;

/// Requests that were let through in the server's last `seconds`, and the share of all
/// attempts that were refused.
fn seen(stats: &Value) -> (u64, f64) {
    let count = |name: &str| stats[name].as_u64().unwrap();
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let refused = count("rate_limited") as f64 / count("requests") as f64;
    (count("answered"), refused)
}

#[test]
fn an_unstated_limit_is_used_and_hardly_hit() {
    for (bucket_seconds, headers) in [(1.0, true), (60.0, true), (1.0, false)] {
        let bench = Bench::with_pages(400).simulator(Options {
            requests_per_minute: Some(1200),
            bucket_seconds,
            headers,
            latency: Duration::from_millis(100),
            ..Options::default()
        });
        bench.job("");
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let stats = bench.stats();
        let (answered, refused) = seen(&stats);
        assert_eq!(answered, 400);
        let words = format!("bucket of {bucket_seconds} s, headers {headers}: {refused:.4} refused");
        // The first replies have to come before anything is known.
        assert!(refused <= if headers { 0.01 } else { 0.03 }, "{words}");
    }
}

#[test]
fn processes_share_an_unstated_limit() {
    let bench = Bench::with_pages(480).simulator(Options {
        requests_per_minute: Some(1200),
        bucket_seconds: 1.0,
        latency: Duration::from_millis(50),
        ..Options::default()
    });
    bench.job("");
    let children: Vec<_> = (0..4)
        .map(|part| {
            let job = bench
                .text("job.yaml")
                .replace("folder: pages", &format!("folder: pages, include: [\"*{part}.jpg\", \"*{}.jpg\"]", part + 4));
            let job = job.replace("name: test", &format!("name: test{part}")).replace("out.", &format!("out{part}."));
            bench.put(&format!("job{part}.yaml"), job.replace("report.json", &format!("report{part}.json")).as_bytes());
            let mut command = bench.command(&["run", &format!("job{part}.yaml"), "-q", "--progress", "off"]);
            command.stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    let (answered, refused) = seen(&bench.stats());
    assert_eq!(answered, 384);
    assert!(refused <= 0.06, "{refused}");
}
