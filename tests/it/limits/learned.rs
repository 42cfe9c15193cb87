//! Limits that are not stated are learned from replies: they are used fully, and rarely exceeded.

use crate::bench::Bench;
use crate::harness::http_server::{HttpServer, reply};
use crate::harness::refusals::MAX_REFUSED;
use docmill::internal::simulator::Options;
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// How many requests were answered, and the share of all requests that were refused.
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
        let case = format!("bucket of {bucket_seconds} s, headers {headers}: {refused:.4} refused");
        // The bucket of a minute holds more than all requests.
        assert!(refused <= if bucket_seconds > 1.0 { 0.0 } else { MAX_REFUSED }, "{case}");
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
            let name = format!("test{part}.yaml");
            bench.second_job(&format!("test{part}"));
            let input = format!("folder: pages, include: [\"*{part}.jpg\", \"*{}.jpg\"]", part + 4);
            bench.put(&name, bench.text(&name).replace("folder: pages", &input).as_bytes());
            let mut command = bench.command(&["run", &name, "-q", "--progress", "off"]);
            command.stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    let (answered, refused) = seen(&bench.stats());
    assert_eq!(answered, 384);
    assert!(refused <= MAX_REFUSED, "{refused}");
}

/// One refusal as the first reply, with a budget, which allows one request until a reply shows what is
/// billed: it does not show the rate.
#[test]
fn a_refusal_as_the_first_reply_does_not_slow_the_run_down() {
    let answer = r#"{"choices":[{"message":{"content":"{\"kind\":\"letter\",\"marks\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":9}}"#;
    let (number, open, most) = (AtomicUsize::new(0), AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let server = HttpServer::start(move |_, stream| {
        if number.fetch_add(1, Relaxed) == 0 {
            return stream.write_all(&reply(429, "application/json", r#"{"error":{"message":"slow down"}}"#));
        }
        seen.fetch_max(open.fetch_add(1, Relaxed) + 1, Relaxed);
        // A slow machine has time to send more while replies are held back; the run is not slowed down if it does.
        let mut waits = (0..100).filter(|_| seen.load(Relaxed) < 4);
        while waits.next().is_some() {
            std::thread::sleep(Duration::from_millis(20));
        }
        open.fetch_sub(1, Relaxed);
        stream.write_all(&reply(200, "application/json", answer))
    });
    let bench = Bench::with_pages(60);
    bench.job_at(&server.base_url, "limits: {concurrency: 8, budget_usd: 5}");
    let ran = bench.run(&["-q"]);
    assert_eq!((ran.code, server.count()), (0, 61), "{}", ran.stderr);
    assert!(most.load(Relaxed) > 3, "at most {} requests at once", most.load(Relaxed));
}
