//! Errors whose words decide, with any status, on the built program: parameters, credit, retired models.

use crate::bench::{Bench, statuses};
use crate::harness::http_server::{HttpServer, reply};
use crate::harness::recording_server::{error, invoice, reply_with};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const TASKS: &str = "tasks: {kind: {classify: {labels: [invoice, letter, form]}}}";
const POLICY: &str =
    "limits: {concurrency: 1}\nretry: {attempts: 2, max_wait: 2m}\non_error: {max_failed: 100%, stop_after: 0}";

/// A server that answers by the request and its number.
fn server(answer: impl Fn(&Value, usize) -> (u16, Value) + Send + Sync + 'static) -> HttpServer {
    let count = AtomicUsize::new(0);
    HttpServer::start(move |body, stream| {
        let (status, body) = answer(&serde_json::from_slice(body).unwrap(), count.fetch_add(1, Ordering::Relaxed));
        stream.write_all(&reply(status, "application/json", &body.to_string()))
    })
}

fn bench(server: &HttpServer, pages: usize, model: &str, more: &str) -> Bench {
    Bench::with_model(&server.base_url, pages, model, &format!("{TASKS}\n{POLICY}\n{more}"))
}

#[test]
fn a_parameter_is_rejected_with_any_status_at_the_cost_of_one_request() {
    for (status, message) in [
        (500, "`temperature` is deprecated for this model."),
        (502, "Unknown parameter: 'temperature'."),
        (503, "temperature: Extra inputs are not permitted"),
        (501, "invalid temperature: only 1 is allowed for this model"),
        (404, "No endpoints found that support parameter: temperature"),
        (403, "Parameter temperature is not permitted"),
    ] {
        let server = server(move |request, _| match request["temperature"].is_null() {
            true => invoice(),
            false => error(status, message),
        });
        let bench = bench(&server, 3, "some-model", "");
        let ran = bench.run(&[]);
        assert_eq!((ran.code, server.count()), (0, 4), "{status} {message}: {}", ran.stderr);
        assert_eq!(statuses(&bench.rows())["ok"], 3);
        let input = &bench.report()["tokens"]["input"];
        assert_eq!(input, 3000, "{status}: the error costs nothing");
    }
}

/// The names of what the requests had, without their messages.
fn forms(seen: &Mutex<Vec<Value>>) -> HashSet<String> {
    let mut bodies = seen.lock().unwrap().clone();
    bodies.iter_mut().for_each(|body| body["messages"] = Value::Null);
    bodies.iter().map(ToString::to_string).collect()
}

/// An endpoint that has answered, in this run or in an earlier one, and then rejects a parameter.
#[test]
fn a_parameter_that_is_rejected_later_is_understood_with_any_status() {
    for status in [400, 404, 408, 429, 500, 503, 504] {
        for answered in [0, 6] {
            let changes_at = Arc::new(AtomicUsize::new(usize::MAX));
            let at_now = changes_at.clone();
            let server = server(move |request, at| {
                let message = "Unsupported parameter: 'temperature' is not supported with this model.";
                let rejects = at >= at_now.load(Ordering::Relaxed) && !request["temperature"].is_null();
                if rejects { error(status, message) } else { invoice() }
            });
            let bench = bench(&server, 3, "some-model", "");
            assert_eq!(bench.run(&[]).code, 0);
            (100..112).for_each(|at| bench.put(&format!("pages/more{at}.jpg"), &crate::bench::page(at)));
            changes_at.store(3 + answered, Ordering::Relaxed);
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 0, "{status} {answered}: {}", ran.stderr);
            assert_eq!(statuses(&bench.rows())["ok"], 15, "{status} {answered}: {}", ran.stderr);
            // The errors of two pages show it.
            assert_eq!(server.count(), 17, "{status} {answered}: {}", ran.stderr);
            let input = bench.rows().iter().filter_map(|row| row["input_tokens"].as_u64()).sum::<u64>();
            assert_eq!(input, 15_000, "{status}: the errors cost nothing");
        }
    }
}

/// Some pages, or one of several servers behind the endpoint, reject what can be left out.
#[test]
fn what_some_pages_reject_is_left_out_of_all() {
    type When = Box<dyn Fn(usize, usize) -> bool + Send + Sync>;
    let temperature: fn(&Value) -> bool = |request| !request["temperature"].is_null();
    let system: fn(&Value) -> bool = |request| request["messages"][0]["role"] == "system";
    for (status, message, has) in [
        (400, "Unsupported parameter: 'temperature' is not supported with this model.", temperature),
        (500, "Unsupported parameter: 'temperature' is not supported with this model.", temperature),
        (400, "System messages are not supported together with images", system),
    ] {
        let cases: Vec<(&str, When)> = vec![
            ("every third page", Box::new(|_, page| page % 3 == 2)),
            ("every second request", Box::new(|at, _| at % 2 == 1)),
            ("every third request", Box::new(|at, _| at % 3 == 2)),
            ("one page", Box::new(|_, page| page == 4)),
        ];
        for (case, when) in cases {
            let pages = Mutex::new(HashMap::new());
            let server = server(move |request, at| {
                let image = request["messages"].to_string();
                let image = image[image.find("base64").unwrap()..].to_owned();
                let mut pages = pages.lock().unwrap();
                let next = pages.len();
                let page = *pages.entry(image).or_insert(next);
                if has(request) && when(at, page) { error(status, message) } else { invoice() }
            });
            let bench = bench(&server, 12, "some-model", "");
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 0, "{case} {message}: {}", ran.stderr);
            assert_eq!(statuses(&bench.rows())["ok"], 12, "{case} {message}: {}", ran.stderr);
            assert!(server.count() <= 14, "{case} {message}: {} requests", server.count());
            let sent = server.count();
            bench.put("pages/more.jpg", &crate::bench::page(4711));
            assert_eq!(bench.run(&[]).code, 0);
            assert_eq!(server.count(), sent + 1, "{case} {message}: the store knows it");
        }
    }
}

/// Also between pages that were answered with it: their answers and the others would have different settings.
#[test]
fn a_stated_value_that_some_pages_reject_ends_the_run() {
    for status in [400, 500, 503] {
        let server = server(move |_, at| match at {
            3 => error(status, "Unsupported parameter: 'temperature' is not supported with this model."),
            _ => invoice(),
        });
        let bench = bench(&server, 8, "some-model", "request: {temperature: 0.7}");
        let ran = bench.run(&[]);
        assert_eq!((ran.code, server.count()), (5, 4), "{status}: {}", ran.stderr);
        assert!(ran.stderr.contains("request.temperature: 0.7"), "{status}: {}", ran.stderr);
        assert_eq!(bench.report()["pages"]["ok"], 3, "{status}");
    }
}

/// A page whose format is rejected, between others that are answered with it, is asked without a format.
#[test]
fn a_format_that_some_pages_reject_stays_for_the_others() {
    let seen = Arc::<Mutex<Vec<Value>>>::default();
    let shared = seen.clone();
    let first = Mutex::new(HashMap::new());
    let server = server(move |request, _| {
        shared.lock().unwrap().push(request["response_format"]["type"].clone());
        let image = request["messages"].to_string();
        let image = image[image.find("base64").unwrap()..].to_owned();
        let mut first = first.lock().unwrap();
        let next = first.len();
        let page = *first.entry(image).or_insert(next);
        match page % 4 == 3 && request["response_format"]["type"] == "json_schema" {
            true => error(
                400,
                "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
            ),
            false => invoice(),
        }
    });
    let bench = bench(&server, 12, "some-model", "");
    let ran = bench.run(&[]);
    assert_eq!(statuses(&bench.rows())["ok"], 12, "{}", ran.stderr);
    let free = seen.lock().unwrap().iter().filter(|format| format.is_null()).count();
    assert!(free <= 3 && server.count() <= 18, "{free} of {}", server.count());
}

/// Overloads that name a parameter, before anything was answered and later.
#[test]
fn an_overload_changes_no_request() {
    for (status, message) in [
        (503, "The server is overloaded: temperature is not supported right now, try again later"),
        (
            500,
            "Overloaded: structured outputs (response_format) are not supported at the moment. Please try again later.",
        ),
        (503, "Failed to compile response_format: grammar backend unavailable"),
        (502, "Model replica m has been shut down; please retry"),
        (429, "temperature is not supported: too many requests"),
        (500, "Overloaded: image input is not supported right now, please retry later"),
    ] {
        for first in [0, 3] {
            let seen = Arc::<Mutex<Vec<Value>>>::default();
            let shared = seen.clone();
            let server = server(move |request, at| {
                shared.lock().unwrap().push(request.clone());
                if at == first { error(status, message) } else { invoice() }
            });
            // A model whose first request is like the others.
            let bench = bench(&server, 5, "gpt-4o-mini", "");
            let ran = bench.run(&[]);
            assert_eq!((ran.code, server.count()), (0, 6), "{status} {message}: {}", ran.stderr);
            assert_eq!(statuses(&bench.rows())["ok"], 5, "{status} {message}");
            assert_eq!(forms(&seen).len(), 1, "{status} {message}: {:?}", forms(&seen));
        }
    }
}

#[test]
fn what_concerns_all_pages_stops_the_run_and_leaves_them_pending() {
    let retired = "provider.model (some-model)";
    for (status, message, words) in [
        (500, "Insufficient Balance", "add credit"),
        (502, "Your credit balance is too low to access the Anthropic API.", "add credit"),
        (503, "Your credit balance is too low to access the Anthropic API.", "add credit"),
        (400, "The model `x` has been decommissioned and is no longer supported.", retired),
        (400, "The requested model has been retired.", retired),
        (410, "This model has been retired", retired),
        (400, "This model's input modalities do not include image", "takes images"),
    ] {
        for answered in [0, 2] {
            let server = server(move |_, at| if at < answered { invoice() } else { error(status, message) });
            let bench = bench(&server, 6, "some-model", "");
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 5, "{status} {message}: {}", ran.stderr);
            assert!(ran.stderr.contains(words), "{status} {message}: {}", ran.stderr);
            assert_eq!(server.count(), answered + 1, "{status} {message}");
            assert_eq!(bench.report()["pages"]["failed"].as_u64().unwrap_or(0), 0, "{status} {message}");
        }
    }
}

#[test]
fn a_stated_member_that_is_rejected_stops_the_run_and_is_named() {
    for (name, value, message) in [
        ("logprobs", "true", "logprobs is not supported with this model"),
        ("logprobs", "true", "You are not allowed to request logprobs from this model."),
        ("stop", "[x]", "stop are not supported with reasoning models"),
        ("verbosity", "low", "Verbosity is not supported."),
    ] {
        for status in [400, 500, 503] {
            let server = server(move |request, _| match request.get(name) {
                None => invoice(),
                Some(_) => error(status, message),
            });
            let bench = bench(&server, 3, "some-model", &format!("request: {{extra: {{{name}: {value}}}}}"));
            let ran = bench.run(&[]);
            assert_eq!((ran.code, server.count()), (5, 1), "{status} {message}: {}", ran.stderr);
            assert!(ran.stderr.contains(&format!("request.extra.{name}")), "{status} {message}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_model_that_only_thinks_is_asked_without_an_effort_unless_one_is_stated() {
    let message = "Budget 0 is invalid. This model only works in thinking mode.";
    let thinks = move || {
        server(move |request, _| match request["reasoning_effort"] == "none" {
            true => (400, json!([{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}])),
            false => invoice(),
        })
    };
    let server = thinks();
    let auto = bench(&server, 3, "gemini-2.5-flash", "");
    let ran = auto.run(&[]);
    assert_eq!((ran.code, server.count()), (0, 4), "{}", ran.stderr);
    let server = thinks();
    let stated = bench(&server, 3, "gemini-2.5-pro", "request: {reasoning_effort: none}");
    let ran = stated.run(&[]);
    assert_eq!((ran.code, server.count()), (5, 1), "{}", ran.stderr);
    assert!(ran.stderr.contains("request.reasoning_effort: none"), "{}", ran.stderr);
}

/// Values that no endpoint can send that follows the schema.
#[test]
fn an_ignored_schema_is_seen_in_wrong_values_too() {
    for content in [
        r#"{"kind": {"value": "invoice"}}"#,
        r#"{"kind": null}"#,
        r#"{"kind": "Invoice document"}"#,
        r#"{"properties": {"kind": {"enum": ["invoice"]}}, "type": "object"}"#,
    ] {
        let server = server(move |request, _| {
            let is_described = request["messages"].to_string().contains("JSON Schema of the reply");
            if is_described { invoice() } else { reply_with(content) }
        });
        let bench = bench(&server, 13, "some-model", "");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{content}: {}", ran.stderr);
        assert_eq!(statuses(&bench.rows())["ok"], 13, "{content}");
        assert!(server.count() <= 17, "{content}: {} requests", server.count());
    }
}

/// The parts of a request that errors name.
fn has_part(request: &Value, name: &str) -> bool {
    match name {
        "system" => request["messages"].as_array().unwrap().iter().any(|message| message["role"] == "system"),
        name => !request[name].is_null(),
    }
}

#[test]
fn parameters_are_recognized_by_their_everyday_names() {
    for (message, part) in [
        ("This model does not support structured outputs", "response_format"),
        ("No endpoints found that support structured outputs", "response_format"),
        ("System prompts are not supported by this model", "system"),
        ("Custom temperatures are not supported", "temperature"),
    ] {
        for status in [400, 404, 500] {
            let server = server(move |request, _| match has_part(request, part) {
                true => error(status, message),
                false => invoice(),
            });
            let bench = bench(&server, 4, "some-model", "");
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 0, "{status} {message}: {}", ran.stderr);
            assert_eq!(statuses(&bench.rows())["ok"], 4, "{status} {message}: {}", ran.stderr);
            // A format has two weaker ones.
            assert!(server.count() <= 6, "{status} {message}: {} requests", server.count());
        }
    }
}

/// The same message as long as the request has any of the parameters that it names, from the first page on or later.
#[test]
fn an_error_that_names_several_parameters_changes_each() {
    for (message, parts) in [
        (
            "Unsupported parameters: 'temperature', 'max_tokens' are not supported with this model.",
            &["temperature", "max_tokens"][..],
        ),
        (
            "Reasoning models do not support temperature, max_tokens or system messages.",
            &["temperature", "max_tokens", "system"],
        ),
        ("Unknown fields: response_format, temperature", &["response_format", "temperature"]),
    ] {
        for (status, answered) in [(400, 0), (422, 0), (500, 0), (400, 3), (500, 3)] {
            let server =
                server(move |request, at| match at >= answered && parts.iter().any(|part| has_part(request, part)) {
                    true => error(status, message),
                    false => invoice(),
                });
            let bench = bench(&server, 10, "some-model", "");
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 0, "{status} {answered} {message}: {}", ran.stderr);
            assert_eq!(statuses(&bench.rows())["ok"], 10, "{status} {answered} {message}: {}", ran.stderr);
            assert!(server.count() <= 15, "{status} {answered} {message}: {} requests", server.count());
        }
    }
    // What never stops ends, after one search for what else may be rejected.
    let message = "Unsupported parameters: 'temperature', 'max_tokens' are not supported with this model.";
    let server = server(move |_, _| error(400, message));
    let bench = bench(&server, 3, "some-model", "");
    let ran = bench.run(&[]);
    assert_eq!(statuses(&bench.rows())["failed"], 3, "{}", ran.stderr);
    assert!(server.count() <= 20, "{} requests", server.count());
}

/// The text is fixed, and does not name all that the server rejects.
#[test]
fn what_a_fixed_text_does_not_name_is_searched() {
    let message = "Unsupported parameters: 'temperature', 'max_tokens' are not supported with this model.";
    for parts in [&["temperature", "response_format"][..], &["temperature", "system"]] {
        let server = server(move |request, _| match parts.iter().any(|part| has_part(request, part)) {
            true => error(400, message),
            false => invoice(),
        });
        let bench = bench(&server, 10, "some-model", "");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{parts:?}: {}", ran.stderr);
        assert_eq!(statuses(&bench.rows())["ok"], 10, "{parts:?}: {}", ran.stderr);
        assert!(server.count() <= 22, "{parts:?}: {} requests", server.count());
    }
}

#[test]
fn an_output_limit_that_is_too_small_is_raised_unless_it_is_stated() {
    let message = "Invalid 'max_tokens': integer below minimum value. Expected a value >= 256, but got 100 instead.";
    let small = move |request: &Value, _| match request["max_tokens"].as_u64().unwrap() {
        0..256 => error(400, message),
        _ => invoice(),
    };
    let free = server(small);
    let job = bench(&free, 4, "some-model", "");
    let ran = job.run(&[]);
    assert_eq!((ran.code, free.count()), (0, 5), "{}", ran.stderr);
    assert_eq!(job.report()["tokens"]["input"], 4000, "the error costs nothing");
    let stated = server(small);
    let job = bench(&stated, 4, "some-model", "request: {max_tokens: 100}");
    let ran = job.run(&[]);
    assert_eq!((ran.code, stated.count()), (5, 1), "{}", ran.stderr);
    assert!(ran.stderr.contains("the endpoint rejects request.max_tokens: 100"), "{}", ran.stderr);
}
