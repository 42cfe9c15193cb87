//! Outages while batches are submitted, polled and downloaded: their messages, and how long the run waits.

use crate::bench::Bench;
use crate::harness::closed_port::ClosedPort;
use crate::harness::http_server::{HttpServer, reply};
use serde_json::json;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[test]
fn an_api_that_is_not_there_is_named_and_waited_for_as_long_as_stated() {
    let bench = Bench::with_pages(3);
    // The interval between polls is a minute.
    let port = ClosedPort::new();
    bench.job_at(&port.base_url(), "delivery: batch\nretry: {max_wait: 2s}\nlimits: {run_time: 45s}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    let whole = format!("cannot connect to {}/: connection refused; retrying for up to 2 s", port.base_url());
    assert_eq!(ran.stderr.matches(&whole).count(), 1, "{}", ran.stderr);
    assert!(!ran.stderr.contains("batches: "), "{}", ran.stderr);
    assert_eq!(bench.report()["pages"]["pending"], 3);
}

/// Calls in the order in which they are made: the one with this number fails once.
#[test]
fn each_call_names_its_outage() {
    let error = r#"{"error":{"message":"overloaded","type":"overloaded_error"}}"#;
    // The upload, the creation, the poll, the download.
    for failing in 0..4 {
        let calls = AtomicUsize::new(0);
        let server = HttpServer::start(move |_, stream| {
            let number = calls.fetch_add(1, Relaxed);
            let step = if number > failing { number - 1 } else { number };
            let batch = |status: &str| json!({"id": "batch_1", "status": status, "input_file_id": "file-1", "output_file_id": "file-2"});
            let body = match (number == failing, step) {
                (true, _) => return stream.write_all(&reply(503, "application/json", error)),
                (_, 0) => json!({"id": "file-1"}).to_string(),
                // After a failed creation it is looked for.
                (_, 1) if failing == 1 => json!({"data": [batch("in_progress")], "has_more": false}).to_string(),
                (_, 1) => batch("in_progress").to_string(),
                (_, 2) => batch("completed").to_string(),
                (_, 3) => json!({"custom_id": "nobody", "response": null}).to_string(),
                _ => batch("completed").to_string(),
            };
            stream.write_all(&reply(200, "application/json", &body))
        });
        let bench = Bench::with_pages(1);
        bench.job_at(
            &server.base_url,
            "delivery: batch\nbatch: {poll: 1s}\nretry: {max_wait: 20s, attempts: 1}\non_error: {max_failed: 100%, stop_after: 0}\nlimits: {run_time: 3m}",
        );
        let ran = bench.run(&[]);
        let line = "the server is unavailable: HTTP 503: overloaded; retrying for up to 20 s";
        assert!(ran.stderr.contains(line), "call {failing}: {}", ran.stderr);
    }
}
