//! What a new endpoint rejects without naming it, on the built program: what the server received, and what is kept.

use crate::bench::{Bench, statuses};
use crate::harness::recording_server::{RecordingServer, error, invoice};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// A server that fails with the status that `fails` returns.
fn failing(fails: impl Fn(&Value, usize) -> Option<u16> + Send + Sync + 'static) -> RecordingServer {
    RecordingServer::start(move |request, at| match fails(request, at) {
        Some(status) => error(status, "computer says no"),
        None => invoice(),
    })
}

fn bench_at(server: &RecordingServer, pages: usize) -> Bench {
    let tasks = "tasks: {kind: {classify: {labels: [invoice, letter, form]}}}";
    let policy = "limits: {concurrency: 2}\non_error: {max_failed: 100%, stop_after: 0}";
    Bench::with_model(&server.server.base_url, pages, "some-model", &format!("{tasks}\n{policy}"))
}

/// Whether a request has something.
type Has = fn(&Value) -> bool;

fn has_temperature(request: &Value) -> bool {
    !request["temperature"].is_null()
}

fn has_schema(request: &Value) -> bool {
    request["response_format"]["type"] == "json_schema"
}

fn has_format(request: &Value) -> bool {
    !request["response_format"].is_null()
}

fn has_system_message(request: &Value) -> bool {
    request["messages"][0]["role"] == "system"
}

/// Schemas and parameters that a server does not support are internal errors to some of them.
#[test]
fn what_a_server_rejects_without_naming_it_is_left_out_and_stored() {
    let cases: [(&str, Has); 4] = [
        ("temperature", has_temperature),
        ("schema", has_schema),
        ("format", has_format),
        ("system message", has_system_message),
    ];
    for status in [400, 422, 500] {
        for (what, has) in cases {
            let server = failing(move |request, _| has(request).then_some(status));
            let bench = bench_at(&server, 5);
            let ran = bench.run(&[]);
            let requests = server.count();
            assert_eq!((ran.code, statuses(&bench.rows())["ok"]), (0, 5), "{what} {status}: {}", ran.stderr);
            assert!(ran.stderr.contains("from now on"), "{what} {status}: {}", ran.stderr);
            assert!(requests <= 5 + 16, "{what} {status}: {requests} requests");
            // Later runs begin with what was found.
            bench.put("pages/more.jpg", &crate::bench::page(4711));
            assert_eq!((bench.run(&[]).code, server.count()), (0, requests + 1), "{what} {status}");
        }
    }
}

/// Whatever was tried in the meantime: the endpoint accepts the usual request.
#[test]
fn a_server_that_failed_for_the_moment_is_asked_as_before() {
    for (status, errors) in [(400, 2), (400, 5), (500, 2), (500, 3), (500, 6)] {
        let server = failing(move |_, at| (at < errors).then_some(status));
        let bench = bench_at(&server, 8);
        let ran = bench.run(&[]);
        assert_eq!((ran.code, statuses(&bench.rows())["ok"]), (0, 8), "{status} {errors}: {}", ran.stderr);
        let usual = |request: &Value| has_temperature(request) && has_schema(request) && has_system_message(request);
        let is_usual = server.each(usual);
        assert!(is_usual[errors + 1..].iter().all(|is_usual| *is_usual), "{status} {errors}: {is_usual:?}");
        assert!(!ran.stderr.contains("from now on"), "{status} {errors}: {}", ran.stderr);
    }
}

/// A page that the server can't process fails alone.
#[test]
fn a_page_with_an_internal_error_changes_nothing() {
    for bad in [0, 3] {
        let seen = Arc::<Mutex<Vec<Value>>>::default();
        let server = failing(move |request, _| {
            let parts = request["messages"].as_array().unwrap().last().unwrap()["content"].as_array().unwrap();
            let image = parts.iter().find(|part| part["type"] == "image_url").cloned().unwrap();
            let mut seen = seen.lock().unwrap();
            if !seen.contains(&image) {
                seen.push(image.clone());
            }
            (seen.get(bad) == Some(&image)).then_some(500)
        });
        let bench = bench_at(&server, 6);
        let ran = bench.run(&[]);
        let found = statuses(&bench.rows());
        assert_eq!((ran.code, found.get("ok"), found.get("failed")), (0, Some(&5), Some(&1)), "{bad}: {}", ran.stderr);
        assert!(server.each(|request| has_temperature(request) && has_schema(request)).iter().all(|usual| *usual));
    }
}
