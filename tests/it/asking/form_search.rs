//! What a new endpoint rejects without naming it, on the built program: the received requests, and the stored form.

use crate::bench::{Bench, rows, statuses};
use crate::harness::recording_server::{RecordingServer, error, invoice};
use serde_json::Value;
use std::sync::Mutex;

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

/// The image of a request.
fn image_of(request: &Value) -> Value {
    let parts = request["messages"].as_array().unwrap().last().unwrap()["content"].as_array().unwrap();
    parts.iter().find(|part| part["type"] == "image_url").cloned().unwrap()
}

/// Numbers the pages by the order of their first requests.
#[derive(Default)]
struct Pages(Mutex<Vec<Value>>);

impl Pages {
    fn number(&self, request: &Value) -> usize {
        let (image, mut seen) = (image_of(request), self.0.lock().unwrap());
        seen.iter().position(|known| *known == image).unwrap_or_else(|| {
            seen.push(image);
            seen.len() - 1
        })
    }
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
            // Later runs begin with the form that was found.
            bench.put("pages/more.jpg", &crate::bench::page(4711));
            assert_eq!((bench.run(&[]).code, server.count()), (0, requests + 1), "{what} {status}");
        }
    }
}

/// Despite trials in the meantime: the endpoint accepts the usual request.
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
        let pages = Pages::default();
        let server = failing(move |request, _| (pages.number(request) == bad).then_some(500));
        let bench = bench_at(&server, 6);
        let ran = bench.run(&[]);
        let found = statuses(&bench.rows());
        assert_eq!((ran.code, found.get("ok"), found.get("failed")), (0, Some(&5), Some(&1)), "{bad}: {}", ran.stderr);
        assert!(server.each(|request| has_temperature(request) && has_schema(request)).iter().all(|usual| *usual));
    }
}

#[test]
fn what_is_searched_is_found_although_a_page_is_bad_itself() {
    for status in [400, 500] {
        let pages = Pages::default();
        let server = RecordingServer::start(move |request, _| match pages.number(request) {
            _ if has_schema(request) => error(status, "computer says no"),
            1 => error(400, "the picture is damaged"),
            _ => invoice(),
        });
        let bench = bench_at(&server, 6);
        let ran = bench.run(&[]);
        let found = statuses(&bench.rows());
        assert_eq!((found.get("ok"), found.get("failed")), (Some(&5), Some(&1)), "{status}: {}", ran.stderr);
    }
}

/// One error is clear, the next one is not.
#[test]
fn what_is_wrong_beside_a_rejected_parameter_is_searched() {
    let server = RecordingServer::start(|request, _| {
        if has_temperature(request) {
            error(400, "Unsupported parameter: 'temperature' is not supported with this model.")
        } else if has_schema(request) {
            error(500, "computer says no")
        } else {
            invoice()
        }
    });
    let bench = bench_at(&server, 6);
    let ran = bench.run(&[]);
    assert_eq!((ran.code, statuses(&bench.rows())["ok"]), (0, 6), "{}", ran.stderr);
    let requests = server.count();
    bench.put("pages/more.jpg", &crate::bench::page(4711));
    assert_eq!((bench.run(&[]).code, server.count()), (0, requests + 1));
}

/// With any wording: nothing was answered, and nothing else helps.
#[test]
fn an_error_of_all_pages_names_what_to_check() {
    for (status, message, hint) in [
        (400, "some-model: move on to other-model, the deployment is gone", "check provider.model (some-model)"),
        (400, "Content type 'image_url' isn't handled here", "choose a model that takes images"),
        (400, "The credentials are not ours", "check the API key"),
        (400, "We like payments before work", "check the credit"),
    ] {
        let server = RecordingServer::start(move |_, _| error(status, message));
        let bench = bench_at(&server, 8);
        let ran = bench.run(&[]);
        let expected = format!("the endpoint rejects every request: HTTP {status}: {message}");
        let is_said = ran.stderr.contains(&expected) && ran.stderr.contains(hint);
        assert!(ran.code == 5 && is_said, "{message}: {}", ran.stderr);
        let kept = statuses(&rows(&bench.text("partial/out.jsonl")));
        assert!(kept["pending"] >= 4, "{message}: {kept:?}");
    }
}
