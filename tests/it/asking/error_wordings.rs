//! Errors whose words decide, with any status, on the built program: parameters, credit, retired models.

use crate::bench::{Bench, statuses};
use crate::harness::http_server::{HttpServer, reply};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

const TASKS: &str = "tasks: {kind: {classify: {labels: [invoice, letter, form]}}}";
const POLICY: &str =
    "limits: {concurrency: 1}\nretry: {attempts: 2, max_wait: 2s}\non_error: {max_failed: 100%, stop_after: 0}";

fn said(content: &str) -> (u16, Value) {
    let choice = json!({"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"});
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020});
    (200, json!({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}))
}

fn invoice() -> (u16, Value) {
    said(r#"{"kind": "invoice"}"#)
}

fn error(status: u16, message: &str) -> (u16, Value) {
    (status, json!({"error": {"message": message}}))
}

/// A server that answers by the request and its number.
fn server(answer: impl Fn(&Value, usize) -> (u16, Value) + Send + Sync + 'static) -> HttpServer {
    let count = AtomicUsize::new(0);
    HttpServer::start(move |body, stream| {
        let (status, body) = answer(&serde_json::from_slice(body).unwrap(), count.fetch_add(1, Ordering::Relaxed));
        stream.write_all(&reply(status, "application/json", &body.to_string()))
    })
}

fn bench(server: &HttpServer, pages: usize, model: &str, more: &str) -> Bench {
    let bench = Bench::with_pages(pages);
    bench.job_at(&server.base_url, &format!("{TASKS}\n{POLICY}\n{more}"));
    let job = bench.text("job.yaml").replace("openai/gpt-4o-mini", model);
    bench.put("job.yaml", job.as_bytes());
    bench
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
            if is_described { invoice() } else { said(content) }
        });
        let bench = bench(&server, 13, "some-model", "");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{content}: {}", ran.stderr);
        assert_eq!(statuses(&bench.rows())["ok"], 13, "{content}");
        assert!(server.count() <= 17, "{content}: {} requests", server.count());
    }
}

/// Counts that follow the end of a reply replace those that came with it, however late they are.
#[test]
fn the_last_counts_of_a_stream_are_billed() {
    let chunk = |delta: Value, finish: Value, output: u64, total: u64| {
        let usage = json!({"prompt_tokens": 1000, "completion_tokens": output, "total_tokens": total});
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
        let body =
            json!({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice], "usage": usage});
        format!("data: {body}\n\n")
    };
    let first = chunk(json!({"content": "{\"kind\": \"invoice\"}"}), Value::Null, 6, 1100)
        + &chunk(json!({}), json!("stop"), 6, 1106);
    let last = chunk(json!({"extra_content": {}}), Value::Null, 6, 1606);
    // How the stream ends: with a mark, with the body, or not at all.
    for (end, closes) in [("data: [DONE]\n\n", true), ("", true), ("data: [DONE]\n\n", false), ("", false)] {
        for pause in [0, 50] {
            let (first, last) = (first.clone(), last.clone() + end);
            let server = HttpServer::start(move |_, stream| {
                let part = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
                let head = "HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                stream.write_all(format!("{head}{}", part(&first)).as_bytes())?;
                std::thread::sleep(std::time::Duration::from_millis(pause));
                stream.write_all(part(&last).as_bytes())?;
                if closes { stream.write_all(b"0\r\n\r\n") } else { Ok(()) }
            });
            let bench = bench(&server, 2, "some-model", "request: {stream: true, max_tokens: 700}");
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 0, "{end:?} {closes} {pause}: {}", ran.stderr);
            let found: Vec<u64> = bench.rows().iter().filter_map(|row| row["output_tokens"].as_u64()).collect();
            assert_eq!((found, server.count()), (vec![606, 606], 2), "{end:?} {closes} {pause}");
        }
    }
}
