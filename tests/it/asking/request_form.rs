//! The form of requests follows what an endpoint accepts, on the built program: rejected parameters,
//! ignored schemas, reasoning that needs more room, refusals of one page.

use crate::bench::{Bench, statuses};
use crate::harness::http_server::{HttpServer, reply};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex};

const TASKS: &str = "tasks: {kind: {classify: {labels: [invoice, letter, form]}}}";
const POLICY: &str = "retry: {attempts: 2, max_wait: 2m}\non_error: {max_failed: 100%, stop_after: 0}";
const PAGES: usize = 6;

/// A reply: status and body.
type Reply = (u16, Value);

/// What a server saw.
#[derive(Clone, Default)]
struct Seen {
    requests: Arc<Mutex<Vec<Value>>>,
    pages: Arc<Mutex<HashMap<String, usize>>>,
}

impl Seen {
    fn bodies(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }
}

/// A server that answers by the request and the number of its page.
fn server(answer: impl Fn(&Value, usize) -> Reply + Send + Sync + 'static) -> (HttpServer, Seen) {
    let seen = Seen::default();
    let shared = seen.clone();
    let server = HttpServer::start(move |body, stream| {
        let request: Value = serde_json::from_slice(body).unwrap();
        let images = request["messages"].as_array().unwrap().iter().flat_map(|message| message["content"].as_array());
        let image = images.flatten().find(|part| part["type"] == "image_url").unwrap()["image_url"]["url"].to_string();
        let page = {
            let mut pages = shared.pages.lock().unwrap();
            let next = pages.len();
            *pages.entry(image).or_insert(next)
        };
        shared.requests.lock().unwrap().push(request.clone());
        let (status, body) = answer(&request, page);
        stream.write_all(&reply(status, "application/json", &body.to_string()))
    });
    (server, seen)
}

fn reply_with(content: &str) -> Reply {
    ended(json!({"role": "assistant", "content": content}), "stop", 20)
}

fn ended(message: Value, finish: &str, output: u64) -> Reply {
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": output, "total_tokens": 1000 + output});
    let choice = json!({"index": 0, "message": message, "finish_reason": finish});
    (200, json!({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}))
}

fn invoice() -> Reply {
    reply_with(r#"{"kind": "invoice"}"#)
}

fn error(status: u16, message: &str) -> Reply {
    (status, json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}}))
}

/// The text of the user's message.
fn prompt(request: &Value) -> String {
    request["messages"].to_string()
}

fn bench(server: &HttpServer, pages: usize, more: &str) -> Bench {
    let bench = Bench::with_pages(pages);
    bench.job_at(&server.base_url, &format!("{TASKS}\n{POLICY}\n{more}"));
    let model = bench.text("job.yaml").replace("openai/gpt-4o-mini", "some-model");
    bench.put("job.yaml", model.as_bytes());
    bench
}

/// Every way to reject a parameter costs one request, and a later run knows it.
#[test]
fn a_rejected_parameter_costs_one_request_once() {
    let has = |name: &'static str| move |request: &Value| !request[name].is_null();
    let is_schema = |request: &Value| request["response_format"]["type"] == "json_schema";
    let bounded = |name: &'static str| move |request: &Value| request["response_format"].to_string().contains(name);
    type When = Box<dyn Fn(&Value) -> bool + Send + Sync>;
    let cases: Vec<(&str, When, Reply, usize)> = vec![
        ("temperature", Box::new(has("temperature")), error(400, "`temperature` is deprecated for this model."), 1),
        ("kimi", Box::new(has("temperature")), error(400, "invalid temperature: only 1 is allowed for this model"), 1),
        (
            "status 422",
            Box::new(has("temperature")),
            (
                422,
                json!({"detail": [{"type": "extra_forbidden", "loc": ["body", "temperature"], "msg": "Extra inputs are not permitted"}]}),
            ),
            1,
        ),
        (
            "max_tokens",
            Box::new(has("max_tokens")),
            error(
                400,
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            ),
            1,
        ),
        (
            "schema, status 500",
            Box::new(is_schema),
            (
                500,
                json!({"error": {"code": 500, "message": "response_format type must be one of \"text\" or \"json_object\", but got: json_schema", "type": "server_error"}}),
            ),
            1,
        ),
        (
            "schema, status 422",
            Box::new(is_schema),
            (
                422,
                json!({"detail": [{"loc": ["body", "response_format", "type"], "msg": "Input should be 'text' or 'json_object'", "type": "literal_error"}]}),
            ),
            1,
        ),
        (
            "any format",
            Box::new(has("response_format")),
            (
                400,
                json!([{"error": {"code": 400, "message": "Invalid JSON payload received. Unknown name \"response_format\": Cannot find field.", "status": "INVALID_ARGUMENT"}}]),
            ),
            2,
        ),
        (
            "a bound",
            Box::new(bounded("maxLength")),
            error(
                400,
                "Invalid schema for response_format 'page': In context=('properties', 'sender'), 'maxLength' is not permitted.",
            ),
            1,
        ),
        (
            "all bounds",
            Box::new(bounded("uniqueItems")),
            error(400, "The provided JSON schema contains features not supported by xgrammar."),
            1,
        ),
        (
            "the system's role",
            Box::new(|request: &Value| request["messages"][0]["role"] == "system"),
            error(400, "Developer instruction is not enabled for models/gemma"),
            1,
        ),
    ];
    for (name, when, rejection, extra) in cases {
        let (server, seen) = server(move |request, _| {
            if when(request) {
                rejection.clone()
            } else {
                reply_with(r#"{"kind": "invoice", "marks": [], "sender": "a"}"#)
            }
        });
        let bench = bench(&server, PAGES, "");
        let job = bench.text("job.yaml").replace(TASKS, "tasks: {kind: {classify: {labels: [invoice, letter, form]}}, marks: {tag: {labels: [stamp, logo]}}, sender: {question: {text: Who?, type: text}}}");
        bench.put("job.yaml", job.as_bytes());
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert_eq!(statuses(&bench.rows()), [("ok".to_owned(), PAGES)].into(), "{name}");
        assert_eq!(seen.bodies().len(), PAGES + extra, "{name}");
        bench.put("pages/more.jpg", &crate::bench::page(4711));
        assert_eq!(bench.run(&[]).code, 0, "{name}");
        assert_eq!(seen.bodies().len(), PAGES + extra + 1, "{name}: the store knows it");
    }
}

/// What the manifest states is never left out.
#[test]
fn a_rejected_value_of_the_manifest_ends_the_run_and_is_named() {
    for (request, member, message, expected) in [
        (
            "{temperature: 0.7}",
            "temperature",
            "'temperature' does not support 0.7 with this model.",
            "request.temperature: 0.7",
        ),
        (
            "{top_p: 0.5}",
            "top_p",
            "Unsupported parameter: 'top_p' is not supported with this model.",
            "request.top_p: 0.5",
        ),
        ("{extra: {seed: 7}}", "seed", "Unrecognized request argument supplied: seed", "request.extra.seed"),
        (
            "{reasoning_effort: xhigh}",
            "reasoning_effort",
            "Unsupported value: 'reasoning_effort' does not support 'xhigh'. Supported values are: 'low', 'high'.",
            "request.reasoning_effort: xhigh",
        ),
    ] {
        let (server, seen) =
            server(move |request, _| if request[member].is_null() { invoice() } else { error(400, message) });
        let bench = bench(&server, PAGES, &format!("request: {request}"));
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 5, "{request}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("the endpoint rejects {expected}")), "{request}: {}", ran.stderr);
        assert_eq!(seen.bodies().len(), 1, "{request}");
        assert_eq!(bench.report()["pages"]["pending"], PAGES, "{request}");
    }
}

#[test]
fn temperature_zero_is_left_out_also_when_it_is_written_and_null_is_never_sent() {
    let (server, seen) = server(|request, _| {
        if request["temperature"].is_null() {
            invoice()
        } else {
            error(400, "`temperature` is deprecated for this model.")
        }
    });
    let written = bench(&server, PAGES, "request: {temperature: 0}");
    assert_eq!(written.run(&[]).code, 0);
    assert_eq!(seen.bodies().len(), PAGES + 1);
    let null = bench(&server, PAGES, "request: {temperature: null}");
    assert_eq!(null.run(&[]).code, 0);
    assert_eq!(seen.bodies().len(), 2 * PAGES + 1);
}

/// Once pages are answered, an error of one page that mentions a parameter is that page's.
#[test]
fn an_error_of_one_page_does_not_change_the_form() {
    for (rejection, status) in [
        (
            (
                500,
                json!({"error": {"message": "'response_format' is not supported by the fallback backend", "type": "server_error"}}),
            ),
            "failed",
        ),
        (error(400, "temperature: pfui"), "failed"),
    ] {
        let (server, seen) = server(move |_, page| if page == 3 { rejection.clone() } else { invoice() });
        let bench = bench(&server, 8, "limits: {concurrency: 1}");
        let ran = bench.run(&[]);
        let rows = bench.rows();
        assert_eq!(rows.iter().filter(|row| row["status"] == "ok").count(), 7, "{}", ran.stderr);
        assert_eq!(rows.iter().filter(|row| row["status"] == status).count(), 1);
        let bodies = seen.bodies();
        assert!(bodies.iter().all(|body| body["temperature"] == 0), "{bodies:?}");
        // The odd page is asked without a format before it is given up.
        let others = bodies.iter().filter(|body| body["response_format"]["type"] != "json_schema").count();
        assert!(others <= 2, "{bodies:?}");
    }
}

/// The error stays the same after every change: the page fails, and there is no loop.
#[test]
fn changes_end() {
    let (server, seen) = server(|_, _| error(400, "'temperature' is not supported with this model."));
    let bench = bench(&server, 2, "");
    let ran = bench.run(&[]);
    assert_eq!(statuses(&bench.rows()), [("failed".to_owned(), 2)].into(), "{}", ran.stderr);
    assert_eq!(seen.bodies().len(), 3);
}

/// Until the first reply is understood, one request is in flight.
#[test]
fn an_unknown_endpoint_is_asked_one_page_at_a_time() {
    let in_flight = Arc::new(Mutex::new((0_usize, Vec::new())));
    let counter = in_flight.clone();
    let (server, _) = server(move |_, _| {
        {
            let mut flight = counter.lock().unwrap();
            flight.0 += 1;
            let now = flight.0;
            flight.1.push(now);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        counter.lock().unwrap().0 -= 1;
        invoice()
    });
    let bench = bench(&server, 12, "limits: {concurrency: 8}");
    assert_eq!(bench.run(&[]).code, 0);
    let seen = in_flight.lock().unwrap().1.clone();
    // With the schema described, and then without.
    assert_eq!(seen[..2], [1, 1], "{seen:?}");
}

/// A server that ignores `response_format` follows a schema in the prompt.
#[test]
fn a_schema_that_is_ignored_goes_into_the_prompt() {
    for (model, wrong) in [
        ("some-model", "The page is an invoice from ACME."),
        ("some-model", r#"{"document_type": "invoice"}"#),
        ("gpt-4o-mini", "**Invoice**, as the title says"),
    ] {
        let (server, seen) =
            server(
                move |request, _| {
                    if prompt(request).contains("JSON Schema of the reply") { invoice() } else { reply_with(wrong) }
                },
            );
        let bench = bench(&server, 13, "");
        bench.put("job.yaml", bench.text("job.yaml").replace("some-model", model).as_bytes());
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{model}: {}", ran.stderr);
        assert_eq!(statuses(&bench.rows()), [("ok".to_owned(), 13)].into(), "{model} {wrong}");
        let requests = seen.bodies().len();
        assert!(requests <= 16, "{model} {wrong}: {requests} requests for 13 pages");
    }
}

/// An endpoint that follows schemas gets the description with the first request only.
#[test]
fn the_schema_is_described_to_an_unknown_endpoint_once() {
    let (server, seen) = server(|_, _| invoice());
    let unknown = bench(&server, PAGES, "");
    assert_eq!(unknown.run(&[]).code, 0);
    let described: Vec<bool> =
        seen.bodies().iter().map(|request| prompt(request).contains("JSON Schema of the reply")).collect();
    assert_eq!(described, [true, false, false, false, false, false]);
}

/// Reasoning that uses up the output limit, in its three forms.
#[test]
fn reasoning_that_needs_more_room_is_not_the_pages_failure() {
    let usage = |output: u64| json!({"prompt_tokens": 1000, "completion_tokens": output, "total_tokens": 1000 + output, "completion_tokens_details": {"reasoning_tokens": output}});
    let empty = move |message: Value, output: u64| {
        let (status, mut body) = ended(message, "length", output);
        body["usage"] = usage(output);
        (status, body)
    };
    for (name, out_of_room) in [
        ("empty content", empty(json!({"role": "assistant", "content": ""}), 200)),
        ("no content", empty(json!({"role": "assistant", "reasoning": "The page may be {\"kind\": \"letter\"}"}), 200)),
        (
            "an open thought",
            empty(json!({"role": "assistant", "content": "<think>The page may be {\"kind\": \"letter\"}"}), 200),
        ),
        (
            "an error",
            error(
                400,
                "Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.",
            ),
        ),
    ] {
        let (server, seen) = server(move |request, _| match request["max_tokens"].as_u64().unwrap() {
            0..2000 => out_of_room.clone(),
            _ => invoice(),
        });
        let bench = bench(&server, PAGES, "");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{name}: {}", ran.stderr);
        assert_eq!(statuses(&bench.rows()), [("ok".to_owned(), PAGES)].into(), "{name}");
        assert_eq!(seen.bodies().len(), PAGES + 1, "{name}");
        let limits: Vec<u64> = seen.bodies().iter().map(|request| request["max_tokens"].as_u64().unwrap()).collect();
        assert_eq!(limits[1], 4096, "{name}");
        bench.put("pages/more.jpg", &crate::bench::page(4711));
        assert_eq!(bench.run(&[]).code, 0, "{name}");
        assert_eq!(seen.bodies().len(), PAGES + 2, "{name}: the store knows it");
    }
    // A limit that the manifest states is raised for the page only.
    let (server, seen) = server(move |_, _| empty(json!({"role": "assistant", "content": ""}), 100));
    let stated = bench(&server, 1, "request: {max_tokens: 100}");
    let ran = stated.run(&[]);
    assert_eq!(stated.rows()[0]["error_kind"], "length", "{}", ran.stderr);
    let limits: Vec<u64> = seen.bodies().iter().map(|request| request["max_tokens"].as_u64().unwrap()).collect();
    assert_eq!(limits, [100, 200]);
}

#[test]
fn a_reply_that_repeats_itself_is_asked_for_once_more_in_another_way() {
    let repeated = format!("{{\"kind\": \"{}", "invoice letter ".repeat(200));
    let (server, seen) = server(move |request, _| match request["response_format"].is_null() {
        true => invoice(),
        false => ended(json!({"role": "assistant", "content": repeated}), "length", 400),
    });
    let bench = bench(&server, 1, "");
    let ran = bench.run(&[]);
    assert_eq!(bench.rows()[0]["status"], "ok", "{}", ran.stderr);
    assert_eq!(seen.bodies().len(), 2);
}

/// A refusal of one page is that page's; a refusal of all ends the run, and all stay pending.
#[test]
fn a_403_404_410_or_451_concerns_one_page_once_another_is_answered() {
    for (status, body, kind) in [
        (403, json!({"code": "permission-denied", "error": "Content violates usage guidelines. "}), "content_filter"),
        (403, json!({"error": {"message": "Forbidden"}}), "bad_request"),
        (404, json!({"error": {"message": "Resource not found"}}), "bad_request"),
        (410, json!({"error": {"message": "Gone"}}), "bad_request"),
        (451, json!({"error": {"message": "Unavailable for legal reasons"}}), "bad_request"),
        (403, json!({"error": {"message": "Request blocked by guardrail"}}), "content_filter"),
    ] {
        for refused in [0, 2] {
            let body_of_page = body.clone();
            let (server, seen) =
                server(move |_, page| if page == refused { (status, body_of_page.clone()) } else { invoice() });
            let bench = bench(&server, 10, "limits: {concurrency: 1}");
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 0, "{body} {refused}: {}", ran.stderr);
            let rows = bench.rows();
            let ok = rows.iter().filter(|row| row["status"] == "ok").count();
            let kinds: Vec<&Value> = rows.iter().map(|row| &row["error_kind"]).filter(|kind| !kind.is_null()).collect();
            assert_eq!((ok, kinds), (9, vec![&json!(kind)]), "{body} {refused}");
            assert!(seen.bodies().len() <= 11, "{body} {refused}");
        }
        if kind == "content_filter" {
            continue;
        }
        let all = body.clone();
        let (server, seen) = server(move |_, _| (status, all.clone()));
        let bench = bench(&server, 10, "");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 5, "{body}: {}", ran.stderr);
        assert_eq!((seen.bodies().len(), &bench.report()["pages"]["pending"]), (3, &json!(10)), "{body}");
        assert!(!ran.stderr.contains("unavailable: HTTP"), "{}", ran.stderr);
    }
}

/// Access that ends in the middle of a run: the pages that are left stay pending.
#[test]
fn many_refused_pages_in_a_row_end_a_run_that_was_answered() {
    for (status, body) in
        [(403, json!({"error": {"message": "Forbidden"}})), (404, json!({"error": {"message": "Not Found"}}))]
    {
        for concurrency in [1, 4, 16] {
            let refusal = body.clone();
            let (server, seen) = server(move |_, page| if page < 6 { invoice() } else { (status, refusal.clone()) });
            let bench = bench(&server, 40, &format!("limits: {{concurrency: {concurrency}}}"));
            let patient = bench.text("job.yaml").replace("attempts: 2", "attempts: 20");
            bench.put("job.yaml", patient.as_bytes());
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 5, "{body}: {}", ran.stderr);
            let pages = &bench.report()["pages"];
            assert_eq!((&pages["ok"], &pages["pending"]), (&json!(6), &json!(34)), "{body} {concurrency}");
            assert!(seen.bodies().len() <= 6 + 16 + 16, "{}", seen.bodies().len());
        }
    }
}

/// One page's clear error about the format, between pages that are answered in it.
#[test]
fn one_pages_error_does_not_change_a_form_that_works() {
    let message = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.";
    let error = json!({"error": {"message": message, "type": "invalid_request_error", "param": "response_format", "code": null}});
    for odd in [3, 5] {
        let error = error.clone();
        let (server, seen) = server(move |_, page| if page == odd { (400, error.clone()) } else { invoice() });
        let bench = bench(&server, 12, "limits: {concurrency: 1}");
        let ran = bench.run(&[]);
        let kinds: Vec<Value> =
            bench.rows().iter().map(|row| row["error_kind"].clone()).filter(|kind| !kind.is_null()).collect();
        assert_eq!(kinds, ["bad_request"], "{}", ran.stderr);
        let formats: Vec<Value> = seen.bodies().iter().map(|body| body["response_format"]["type"].clone()).collect();
        let others = formats.iter().filter(|format| **format != "json_schema").count();
        assert_eq!(others, 1, "only the odd page is asked without a format: {formats:?}");
        assert_eq!(formats.len(), 14, "the odd page is asked three times");
    }
    // A server that changes: every page shows it.
    let (server, seen) = server(move |request, page| match request["response_format"]["type"].as_str() {
        Some("json_schema") if page >= 4 => (400, error.clone()),
        _ => invoice(),
    });
    let bench = bench(&server, 12, "limits: {concurrency: 1}");
    let ran = bench.run(&[]);
    assert_eq!(statuses(&bench.rows())["ok"], 12, "{}", ran.stderr);
    assert!(seen.bodies().len() <= 14, "{}", seen.bodies().len());
}

/// With any status: no page can be answered.
#[test]
fn what_concerns_every_page_ends_the_run_at_once() {
    for (status, body) in [
        (
            400,
            json!({"error": {"code": "Arrearage", "message": "Access denied, please make sure your account is in good standing.", "type": "Arrearage"}}),
        ),
        (
            400,
            json!({"type": "error", "error": {"type": "invalid_request_error", "message": "Your credit balance is too low to access the Anthropic API."}}),
        ),
        (403, json!({"error": {"message": "Insufficient balance", "type": "x"}})),
        (
            500,
            json!({"error": {"code": 500, "message": "image input is not supported - hint: you may need to provide the mmproj", "type": "server_error"}}),
        ),
        (404, json!({"error": {"message": "No endpoints found that support image input", "code": 404}})),
        (
            400,
            json!({"error": {"message": "No connected db.", "type": "no_db_connection", "param": null, "code": "400"}}),
        ),
        (
            400,
            json!({"error": {"message": "/chat/completions: Invalid model name passed in model=some-model. Call `/v1/models` to view available models for your key.", "code": "400"}}),
        ),
    ] {
        let answer = body.clone();
        let (server, seen) = server(move |_, _| (status, answer.clone()));
        let bench = bench(&server, 5, "");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 5, "{body}: {}", ran.stderr);
        assert_eq!((seen.bodies().len(), &bench.report()["pages"]["pending"]), (1, &json!(5)), "{body}");
    }
}

/// Servers reject an assistant without words.
#[test]
fn a_repair_never_sends_an_empty_turn() {
    for empty in ["", "  \n"] {
        let asked = Mutex::new(0);
        let (server, seen) = server(move |request, _| {
            let is_empty = |message: &Value| {
                message["role"] == "assistant" && message["content"].as_str().unwrap_or_default().trim().is_empty()
            };
            if request["messages"].as_array().unwrap().iter().any(is_empty) {
                return error(
                    400,
                    "Invalid request: the message at position 2 with role 'assistant' must not be empty",
                );
            }
            let mut asked = asked.lock().unwrap();
            *asked += 1;
            if *asked == 1 { reply_with(empty) } else { invoice() }
        });
        let bench = bench(&server, 1, "");
        let ran = bench.run(&[]);
        assert_eq!((ran.code, &bench.rows()[0]["status"]), (0, &json!("ok")), "{}", ran.stderr);
        assert_eq!(seen.bodies().len(), 2);
    }
}

/// Groq checks replies itself, and reports an invalid one as an error.
#[test]
fn a_reply_that_the_server_found_invalid_is_repaired() {
    let failed = json!({"error": {"message": "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details.", "type": "invalid_request_error", "code": "json_validate_failed", "failed_generation": "{\"kind\": \"inv"}});
    let asked = Mutex::new(0);
    let (server, seen) = server(move |_, _| {
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        if *asked == 1 { (400, failed.clone()) } else { invoice() }
    });
    let bench = bench(&server, 1, "");
    let ran = bench.run(&[]);
    assert_eq!((ran.code, &bench.rows()[0]["status"]), (0, &json!("ok")), "{}", ran.stderr);
    assert_eq!(seen.bodies()[1]["messages"][2]["content"], "{\"kind\": \"inv");
}
