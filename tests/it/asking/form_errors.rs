//! Which errors change the form of requests, on the built program: what they name must have been sent, for errors from
//! any source, and output limits that they state are kept.

use crate::bench::{Bench, statuses};
use crate::harness::http_server::HttpServer;
use crate::harness::recording_server::{RecordingServer, error, invoice};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Mutex;

const TASKS: &str = "tasks: {kind: {classify: {labels: [invoice, letter, form]}}}";
const POLICY: &str = "retry: {attempts: 2, max_wait: 2m}\non_error: {max_failed: 100%, stop_after: 0}";
const ONE: &str = "limits: {concurrency: 1}";

/// A job for the model `model` at `server`.
fn bench_at(server: &RecordingServer, pages: usize, model: &str, more: &str) -> Bench {
    Bench::with_model(&server.server.base_url, pages, model, &format!("{TASKS}\n{POLICY}\n{more}"))
}

/// The picture of a request.
fn image_of(request: &Value) -> Value {
    let parts = request["messages"].as_array().unwrap().last().unwrap()["content"].as_array().unwrap();
    parts.iter().find(|part| part["type"] == "image_url").unwrap()["image_url"]["url"].clone()
}

/// A member of each request.
fn sent(server: &RecordingServer, name: &str) -> Vec<Value> {
    server.each(|request| request[name].clone())
}

/// The same error in a reply of status 200.
fn inside(code: u16, message: &str) -> (u16, Value) {
    (200, json!({"error": {"message": message, "code": code}}))
}

const NOT_SENT: &str = "Unsupported parameter: 'stream_options' is not supported with this model.";

#[test]
fn an_error_about_what_was_not_sent_changes_no_request() {
    let answers: Vec<(String, (u16, Value))> = [400, 401, 403, 404, 408, 410, 422, 429, 451, 500, 503]
        .into_iter()
        .flat_map(|status| {
            [(format!("{status}"), error(status, NOT_SENT)), (format!("200 with {status}"), inside(status, NOT_SENT))]
        })
        .collect();
    for (case, answer) in answers {
        for first in [0, 3] {
            let answer = answer.clone();
            let recorded = RecordingServer::start(move |_, at| if at == first { answer.clone() } else { invoice() });
            let bench = bench_at(&recorded, 6, "gpt-4o-mini", ONE);
            let ran = bench.run(&[]);
            assert_eq!(recorded.forms().len(), 1, "{case} at {first}: {:?}", recorded.forms());
            assert!(!ran.stderr.contains("from now on"), "{case} at {first}: {}", ran.stderr);
            assert!(recorded.count() <= 7, "{case} at {first}: {} requests", recorded.count());
        }
    }
}

/// A refusal of all requests that happens to name a parameter ends the run instead of failing every page.
#[test]
fn a_refusal_that_names_what_was_not_sent_is_a_refusal() {
    for status in [401, 403, 404, 410, 451] {
        let recorded = RecordingServer::start(move |_, _| error(status, NOT_SENT));
        let bench = bench_at(&recorded, 12, "some-model", ONE);
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 5, "{status}: {}", ran.stderr);
        assert!(recorded.count() <= 3, "{status}: {} requests", recorded.count());
        assert_eq!(bench.report()["pages"]["pending"], 12, "{status}");
    }
}

/// An error inside of a reply of status 200 is understood like one with the status that it should have had.
#[test]
fn an_error_inside_of_a_reply_changes_what_it_rejects() {
    let message = "Unsupported parameter: 'temperature' is not supported with this model.";
    for code in [400, 404, 429, 500, 503] {
        let recorded = RecordingServer::start(move |request, _| match request["temperature"].is_null() {
            true => invoice(),
            false => inside(code, message),
        });
        let bench = bench_at(&recorded, 3, "some-model", ONE);
        let ran = bench.run(&[]);
        assert_eq!((ran.code, recorded.count()), (0, 4), "{code}: {}", ran.stderr);
        assert_eq!(bench.report()["tokens"]["input"], 3000, "{code}: the error costs nothing");
        // Once pages are answered in this form, one error does not change it.
        let recorded = RecordingServer::start(move |_, at| if at == 4 { inside(code, message) } else { invoice() });
        let bench = bench_at(&recorded, 8, "gpt-4o-mini", ONE);
        let ran = bench.run(&[]);
        assert_eq!((ran.code, recorded.count()), (0, 9), "{code}: {}", ran.stderr);
        assert_eq!(recorded.forms().len(), 1, "{code}: {}", ran.stderr);
    }
}

/// The status of a reply is the one that it had.
#[test]
fn an_error_inside_of_a_reply_is_called_one() {
    for (code, expected_text) in
        [(json!(502), "HTTP 200 with the error 502: x"), (json!("x"), "HTTP 200 with an error: x")]
    {
        let code = code.clone();
        // From an endpoint that has never answered it would show something else than an API.
        let recorded = RecordingServer::start(move |_, at| match at {
            0 => invoice(),
            _ => (200, json!({"error": {"message": "x", "code": code}})),
        });
        let bench = bench_at(&recorded, 2, "some-model", ONE);
        let ran = bench.run(&[]);
        assert!(ran.stderr.contains(expected_text) && !ran.stderr.contains("HTTP 500"), "{}", ran.stderr);
    }
}

#[test]
fn an_output_limit_is_lowered_to_what_the_server_accepts() {
    // In words that are not understood, a number counts only in an error of the request.
    const ALL: &[u16] = &[400, 422, 500];
    const REQUEST: &[u16] = &[400, 422];
    for (message, statuses) in [
        ("Invalid 'max_tokens': integer above maximum value. Expected a value <= 64, but got 100 instead.", ALL),
        ("max_tokens must be less than or equal to 64", ALL),
        (
            "max_tokens is too large: 100. This model supports at most 64 completion tokens, whereas you provided 100.",
            ALL,
        ),
        ("max_tokens must be less than 65 (request id: 20251127)", ALL),
        ("This model can emit no more than 64 tokens per reply", REQUEST),
        ("completion budget: 64 maximum", REQUEST),
        ("max_tokens 100: this deployment goes to 64", REQUEST),
    ] {
        for &status in statuses {
            for is_inside in [false, true] {
                let recorded = RecordingServer::start(move |request, _| {
                    match (request["max_tokens"].as_u64() > Some(64), is_inside) {
                        (true, false) => error(status, message),
                        (true, true) => inside(status, message),
                        _ => invoice(),
                    }
                });
                let bench = bench_at(&recorded, 3, "some-model", ONE);
                let ran = bench.run(&[]);
                assert_eq!((ran.code, recorded.count()), (0, 4), "{status} {message}: {}", ran.stderr);
                assert_eq!(sent(&recorded, "max_tokens")[1..], [64, 64, 64], "{status} {message}");
            }
        }
    }
}

/// A server that rejects the output limit under both of its names.
fn unlimited() -> RecordingServer {
    RecordingServer::start(|request, _| {
        let sent = ["max_tokens", "max_completion_tokens"].into_iter().find(|name| !request[*name].is_null());
        match sent {
            Some(name) => error(400, &format!("Unsupported parameter: '{name}' is not supported with this model.")),
            None => invoice(),
        }
    })
}

#[test]
fn an_output_limit_that_is_rejected_under_both_names_is_left_out() {
    let recorded = unlimited();
    let bench = bench_at(&recorded, 4, "some-model", ONE);
    let ran = bench.run(&[]);
    assert_eq!((ran.code, recorded.count()), (0, 6), "{}", ran.stderr);
    assert!(ran.stderr.contains("without an output limit"), "{}", ran.stderr);
    assert_eq!(statuses(&bench.rows())["ok"], 4);
    bench.put("pages/more.jpg", &crate::bench::page(4711));
    assert_eq!((bench.run(&[]).code, recorded.count()), (0, 7), "the store knows it");
}

/// Without a limit only the model's known maximum bounds a bill.
#[test]
fn a_budget_is_not_spent_on_replies_without_a_bound() {
    let recorded = unlimited();
    let bench = bench_at(&recorded, 4, "some-model", "limits: {concurrency: 1, budget_usd: 5}");
    for requests in [2, 2] {
        let ran = bench.run(&[]);
        assert_eq!((ran.code, recorded.count()), (5, requests), "{}", ran.stderr);
        assert!(ran.stderr.contains("limits.budget_usd can't be guaranteed"), "{}", ran.stderr);
        assert_eq!(bench.report()["pages"]["pending"], 4);
    }
    let plan = bench.docmill(&["plan", "job.yaml", "--fail-over-budget"]);
    assert_eq!(plan.code, 4, "{}", plan.stderr);
    assert!(
        plan.stderr.contains("limits.budget_usd can't be guaranteed: the endpoint accepts no output limit"),
        "{}",
        plan.stderr
    );
    assert!(plan.stdout.contains("nothing is sent, because the endpoint accepts no output limit"), "{}", plan.stdout);
    // The model writes 16,384 tokens at most: 1.60 USD per million.
    for (budget, code, requests) in [("0.02", 4, 2), ("5", 0, 6)] {
        let recorded = unlimited();
        let bench = bench_at(&recorded, 4, "gpt-4o-mini", &format!("limits: {{concurrency: 1, budget_usd: {budget}}}"));
        let ran = bench.run(&[]);
        assert_eq!((ran.code, recorded.count()), (code, requests), "{budget}: {}", ran.stderr);
    }
}

/// A limit that other pages are answered with is not left out for some pages, which would end a run with a budget.
#[test]
fn an_error_of_pages_that_mentions_the_limit_is_theirs() {
    for message in [
        "Invalid base64 in image_url at byte 4096; max_tokens unaffected",
        "Could not parse the image. Supported parameters: temperature, max_tokens",
        "Unsupported parameter: max_tokens",
    ] {
        for model in ["some-model", "gpt-6-luna"] {
            for bad in [&[0][..], &[3], &[0, 1], &[2, 4], &[0, 5]] {
                let images = Mutex::<Vec<Value>>::default();
                let recorded = RecordingServer::start(move |request, _| {
                    let image = image_of(request);
                    let mut images = images.lock().unwrap();
                    if !images.contains(&image) {
                        images.push(image.clone());
                    }
                    let at = images.iter().position(|seen| *seen == image).unwrap();
                    if bad.contains(&at) { error(400, message) } else { invoice() }
                });
                let bench = bench_at(&recorded, 6, model, "limits: {concurrency: 1, budget_usd: 5}");
                let ran = bench.run(&[]);
                let found = statuses(&bench.rows());
                let counts = (ran.code, found["ok"], found["failed"]);
                assert_eq!(counts, (0, 6 - bad.len(), bad.len()), "{model} {bad:?} {message}: {}", ran.stderr);
            }
        }
    }
}

/// A first page that can't be read, at a server that knows only the old name of the limit.
#[test]
fn the_limit_stays_if_only_its_other_name_is_rejected() {
    for (message, rejection) in [
        (
            "Could not parse image. Supported parameters: temperature, max_tokens",
            "Unknown parameter max_completion_tokens",
        ),
        (
            "Prompt + max_tokens = 9000 but the model holds 8192",
            "max_completion_tokens: Extra inputs are not permitted",
        ),
    ] {
        for more in [ONE, "limits: {concurrency: 1, budget_usd: 5}"] {
            let first = Mutex::<Option<Value>>::default();
            let recorded = RecordingServer::start(move |request, _| {
                let image = image_of(request);
                let mut first = first.lock().unwrap();
                match first.get_or_insert(image.clone()) {
                    _ if !request["max_completion_tokens"].is_null() => error(400, rejection),
                    first if *first == image => error(400, message),
                    _ => invoice(),
                }
            });
            let bench = bench_at(&recorded, 5, "some-model", more);
            let ran = bench.run(&[]);
            let found = statuses(&bench.rows());
            assert_eq!((ran.code, found.get("ok")), (0, Some(&4)), "{message}: {}", ran.stderr);
            assert_eq!(sent(&recorded, "max_tokens").last(), Some(&100.into()), "{message}: {}", ran.stderr);
        }
    }
}

#[test]
fn a_stated_output_limit_is_never_left_out() {
    let recorded = unlimited();
    let bench = bench_at(&recorded, 4, "some-model", &format!("{ONE}\nrequest: {{max_tokens: 300}}"));
    let ran = bench.run(&[]);
    assert_eq!((ran.code, recorded.count()), (5, 2), "{}", ran.stderr);
    assert!(ran.stderr.contains("the endpoint rejects request.max_tokens: 300"), "{}", ran.stderr);
}

/// The same meaning with any status: waiting does not bring a model back.
#[test]
fn an_unknown_model_stops_the_run_with_any_status() {
    for message in ["The model `some-model` does not exist", "The model some-model has been sunset"] {
        for status in [404, 500, 503] {
            let recorded = RecordingServer::start(move |_, _| error(status, message));
            let bench = bench_at(&recorded, 4, "some-model", ONE);
            let ran = bench.run(&[]);
            assert_eq!((ran.code, recorded.count()), (5, 1), "{status} {message}: {}", ran.stderr);
            assert!(ran.stderr.contains("provider.model (some-model)"), "{status} {message}: {}", ran.stderr);
        }
    }
    let recorded = RecordingServer::start(|_, at| if at < 2 { error(503, "The model is loading") } else { invoice() });
    let bench = bench_at(&recorded, 4, "some-model", ONE);
    let ran = bench.run(&[]);
    assert_eq!((ran.code, recorded.count()), (0, 6), "{}", ran.stderr);
}

/// Statuses that are not a reply to a request.
#[test]
fn a_status_that_is_not_a_reply_ends_the_run() {
    for (head, expected_text) in [
        (
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
            "HTTP 101: the server does not reply to the request",
        ),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", "HTTP 304: the server sent a redirect without a location"),
        ("HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n", "HTTP 302: redirects to /login"),
    ] {
        let server = HttpServer::start(move |_, stream| stream.write_all(head.as_bytes()));
        let bench = Bench::with_pages(4);
        bench.job_at(&server.base_url, ONE);
        let ran = bench.run(&[]);
        assert_eq!((ran.code, server.count()), (5, 1), "{head}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected_text), "{head}: {}", ran.stderr);
    }
}

/// The first line names the true cause.
#[test]
fn the_first_line_names_the_cause() {
    for (status, message, expected_text, not_expected) in [
        (404, "no such route", "/v1/chat/completions: no such route", "unavailable"),
        (
            429,
            "You exceeded your current quota, please check your plan and billing details.",
            "HTTP 429: You exceeded your current quota",
            "limits the rate",
        ),
        (402, "Insufficient credits", "HTTP 402: Insufficient credits", "unavailable"),
    ] {
        let recorded = RecordingServer::start(move |_, _| error(status, message));
        let bench = bench_at(&recorded, 4, "some-model", ONE);
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 5, "{status}: {}", ran.stderr);
        let first = ran.stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        let begin = format!("error: the provider refuses: HTTP {status}");
        assert!(first.starts_with(&begin) && first.contains(expected_text), "{status}: {}", ran.stderr);
        assert!(!ran.stderr.contains(not_expected), "{status}: {}", ran.stderr);
        assert_eq!(bench.report()["attempts"]["rate_limited"], 0, "{status}: {}", bench.report()["attempts"]);
    }
}

/// Qubrid streams by default, and others don't support the parameter.
#[test]
fn a_rejected_stream_is_left_out_and_a_stated_one_is_named() {
    let messages = [
        "Unknown parameter: 'stream'.",
        "stream is not supported with this model",
        "This model does not support streaming.",
    ];
    for message in messages {
        let recorded = RecordingServer::start(move |request, _| match request["stream"].is_null() {
            true => invoice(),
            false => error(400, message),
        });
        let bench = bench_at(&recorded, 3, "some-model", ONE);
        let ran = bench.run(&[]);
        assert_eq!((ran.code, recorded.count()), (0, 4), "{message}: {}", ran.stderr);
        let bench = bench_at(&recorded, 3, "some-model", &format!("{ONE}\nrequest: {{stream: true}}"));
        let ran = bench.run(&[]);
        assert_eq!((ran.code, recorded.count()), (5, 5), "{message}: {}", ran.stderr);
        assert!(ran.stderr.contains("the endpoint rejects request.stream: true"), "{message}: {}", ran.stderr);
    }
}

/// Some servers stop in the middle of the reasoning, and call it the end.
#[test]
fn an_empty_reply_as_long_as_the_limit_raises_the_limit() {
    let answer = |request: &Value| {
        let limit = request["max_tokens"].as_u64().unwrap();
        let (_, mut body) = invoice();
        if limit < 400 {
            body["choices"][0]["message"]["content"] = "".into();
            body["usage"] = json!({"prompt_tokens": 1000, "completion_tokens": limit, "total_tokens": 1000 + limit});
        }
        (200, body)
    };
    let recorded = RecordingServer::start(move |request, _| answer(request));
    let bench = bench_at(&recorded, 3, "some-model", ONE);
    let ran = bench.run(&[]);
    assert_eq!((ran.code, recorded.count()), (0, 4), "{}", ran.stderr);
    assert_eq!(sent(&recorded, "max_tokens"), [100, 4096, 4096, 4096]);
    // A stated limit is doubled for a page, and the row shows what used it up.
    let recorded = RecordingServer::start(move |request, _| answer(request));
    let bench = bench_at(&recorded, 1, "some-model", &format!("{ONE}\nrequest: {{max_tokens: 150}}"));
    let ran = bench.run(&[]);
    assert_eq!((ran.code, sent(&recorded, "max_tokens")), (0, vec![150.into(), 300.into()]), "{}", ran.stderr);
    let rows = bench.text("out.csv");
    assert!(rows.contains("reasoning used up max_tokens, even at twice the length"), "{rows}");
}

/// An account without credit, and a parameter, in unforeseen words.
#[test]
fn other_words_mean_the_same() {
    for message in ["Your wallet is empty.", "Payment overdue", "negative balance: please settle"] {
        for status in [400, 403, 404, 422] {
            let recorded = RecordingServer::start(move |_, _| error(status, message));
            let bench = bench_at(&recorded, 4, "some-model", ONE);
            let ran = bench.run(&[]);
            assert_eq!((ran.code, recorded.count()), (5, 3), "{status} {message}: {}", ran.stderr);
            assert!(ran.stderr.contains("add credit"), "{status} {message}: {}", ran.stderr);
        }
    }
    // The same words about one page are that page's.
    let text = "Image rejected: the invoice on the page is overdue, the payment unpaid";
    let recorded = RecordingServer::start(move |_, at| if at == 0 { error(400, text) } else { invoice() });
    let bench = bench_at(&recorded, 4, "some-model", ONE);
    let ran = bench.run(&[]);
    assert_eq!((ran.code, recorded.count()), (0, 5), "{}", ran.stderr);
    let nest = json!({"message": ["property temperature should not exist"], "error": "Bad Request", "statusCode": 400});
    for rejection in [
        error(403, "You may not set temperature"),
        error(400, "Greedy decoding (temperature=0) is unsupported"),
        (400, nest),
    ] {
        let answer = rejection.clone();
        let recorded = RecordingServer::start(move |request, _| match request["temperature"].is_null() {
            true => invoice(),
            false => answer.clone(),
        });
        let bench = bench_at(&recorded, 3, "some-model", ONE);
        let ran = bench.run(&[]);
        assert_eq!((ran.code, recorded.count()), (0, 4), "{rejection:?} {}", ran.stderr);
    }
}
