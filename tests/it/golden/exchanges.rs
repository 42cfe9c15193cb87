//! Whole exchanges with a scripted server: the request after each reply.

use super::files::assert_golden;
use super::jobs::{bench_with_pages, docmill};
use super::recorder::{Received, Recorder, Reply, completion, mask_image};
use crate::bench::{Bench, Ran};
use serde_json::{Map, Value, json};

const TASKS: &str = "tasks: {kind: {classify: {labels: [invoice, letter]}}, signed: {question: {text: Is the page signed?, type: boolean}}}";
const VALID: &str = r#"{"kind":"letter","signed":null}"#;

/// A job and what it is answered: one reply after the other.
struct Script {
    name: &'static str,
    /// Further lines of the manifest.
    manifest: String,
    replies: Vec<Reply>,
    /// The exit code of the run.
    code: i32,
}

fn script(name: &'static str, manifest: &str, replies: Vec<Reply>) -> Script {
    Script { name, manifest: manifest.to_owned(), replies, code: 0 }
}

fn scripts() -> Vec<Script> {
    let valid = || Reply::completion(VALID, "stop");
    let unsupported = |name: &str| {
        Reply::bad_request(&format!("Unsupported parameter: '{name}' is not supported with this model."), Some(name))
    };
    let sse = |end: &str| {
        let pieces = [r#"{"kind":"le"#, r#"tter","signed":true}"#];
        let chunk = |delta: Value, finish: Option<&str>| json!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
        let mut events: Vec<String> =
            pieces.iter().map(|piece| format!("data: {}\n\n", chunk(json!({"content": piece}), None))).collect();
        events.push(format!("data: {}\n\n", chunk(json!({}), Some(end))));
        let usage =
            json!({"choices": [], "usage": {"prompt_tokens": 8600, "completion_tokens": 10, "total_tokens": 8610}});
        events.push(format!("data: {usage}\n\ndata: [DONE]\n\n"));
        Reply::text("text/event-stream", events.concat())
    };
    let labels: String = (1..=90).map(|at| format!(", kind_{at}: A label with some words to describe it.")).collect();
    let many = format!("tasks: {{kind: {{classify: {{labels: {{letter: Addressed prose.{labels}}}}}}}}}");
    vec![
        script("plain", "", vec![valid()]),
        script("fenced_reply", "", vec![Reply::completion(&format!("Here it is:\n```json\n{VALID}\n```"), "stop")]),
        script("stream", "request: {stream: true}", vec![sse("stop")]),
        script(
            "stream_without_stream_options",
            "request: {stream: true}",
            vec![unsupported("stream_options"), sse("stop")],
        ),
        script(
            "json_object_then_plain",
            "",
            vec![unsupported("response_format"), unsupported("response_format"), valid()],
        ),
        script("max_completion_tokens", "", vec![unsupported("max_tokens"), valid()]),
        script("no_sampling", "request: {temperature: 0, top_p: 0.9}", vec![unsupported("temperature"), valid()]),
        script(
            "repair_one_task_then_both_faults",
            "",
            vec![
                Reply::completion(r#"{"kind":"bill","signed":true}"#, "stop"),
                Reply::completion("It is a \"letter\", I think.", "stop"),
                Reply::completion(r#"{"kind":"letter"}"#, "stop"),
            ],
        ),
        Script {
            code: 3,
            ..script(
                "repair_in_vain",
                "",
                vec![
                    Reply::completion(r#"{"kind":"bill"}"#, "stop"),
                    Reply::completion("", "stop"),
                    Reply::completion(r#"{"kind":null,"signed":"yes"}"#, "stop"),
                ],
            )
        },
        script(
            "lengthen",
            "",
            vec![Reply::completion(r#"{"kind":"letter","sig"#, "length"), Reply::completion(VALID, "stop")],
        ),
        script(
            "lengthen_given_max_tokens",
            "request: {max_tokens: 77}",
            vec![Reply::completion("", "length"), Reply::completion(VALID, "stop")],
        ),
        script(
            "sampling_and_extra",
            "request: {temperature: 0.5, top_p: 0.9, max_tokens: 77, extra: {seed: 42, reasoning_effort: low, provider: {order: [x]}}}",
            vec![valid()],
        ),
        script("detail_low", "image: {detail: low}", vec![valid()]),
        script(
            "prompt_cache_key",
            &format!("request: {{prompt_cache_key: true}}\nlimits: {{requests_per_minute: 15}}\n{many}"),
            vec![unsupported("prompt_cache_key"), Reply::completion(r#"{"kind":"letter"}"#, "stop")],
        ),
        script(
            "server_error_then_retry",
            "",
            vec![Reply::json(500, &json!({"error": {"message": "Oops.", "type": "server_error"}})), valid()],
        ),
        Script {
            code: 5,
            ..script("key_refused", "", vec![Reply::json(401, &json!({"error": {"message": "Incorrect API key."}}))])
        },
    ]
}

/// A folder with one page and a manifest against this server.
fn bench(base_url: &str, manifest: &str) -> Bench {
    let bench = bench_with_pages();
    std::fs::remove_file(bench.path("pages/large.jpg")).unwrap();
    let tasks = if manifest.contains("tasks:") { "" } else { TASKS };
    let provider = format!(
        "provider: {{base_url: \"{base_url}\", id: example, model: openai/gpt-4o-mini, api_key_env: DOCMILL_GOLDEN_KEY, headers: {{X-Title: golden}}}}"
    );
    let job = format!("version: 1\nname: golden\ninput: {{folder: pages}}\n{provider}\n{tasks}\n{manifest}\n");
    bench.put("job.yaml", job.as_bytes());
    bench
}

/// Answers with one reply after the other; more requests than that get an error about
/// the page.
fn scripted(replies: Vec<Reply>) -> Recorder {
    Recorder::start(move |before, _| {
        let reply = replies.get(before.len()).cloned();
        reply.unwrap_or_else(|| Reply::bad_request("More requests than the script has.", None))
    })
}

fn shown(request: &Received) -> Value {
    let (body, image) = request.body_masked();
    json!({"request": request.line, "headers": request.headers_masked(), "image": image, "body": body})
}

/// What the store has of the attempts, one line each.
fn attempts(bench: &Bench) -> Value {
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let mut query = store.prepare("SELECT purpose, verdict, error_kind FROM attempts ORDER BY id").unwrap();
    let rows = query.query_map([], |row| {
        let (purpose, verdict, kind): (String, String, Option<String>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!("{purpose} {verdict} {}", kind.unwrap_or_default()).trim_end().to_owned())
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn exchange(script: Script) -> Value {
    let Script { name, manifest, replies, code } = script;
    let expected = replies.len();
    let recorder = scripted(replies);
    let bench = bench(&recorder.base_url(), &manifest);
    let ran = docmill(&bench, &["run", "job.yaml", "-q"]);
    assert_eq!(ran.code, code, "{name}: {}", ran.stderr);
    let received = recorder.received();
    assert_eq!(received.len(), expected, "{name}: requests");
    json!({"attempts": attempts(&bench), "requests": received.iter().map(shown).collect::<Value>()})
}

/// Standard output of a command as lines, without times and image bytes.
fn lines(ran: &Ran) -> Value {
    let masked = |line: &str| match line.rsplit_once(", ").filter(|(_, last)| last.ends_with(" ms")) {
        Some((rest, _)) => format!("{rest}, N ms"),
        None => line.to_owned(),
    };
    ran.stdout.lines().map(masked).collect()
}

/// `docmill try`: prompt, request, reply and answers of one page.
fn trial() -> Value {
    let recorder = scripted(vec![
        Reply::completion(r#"{"kind":"bill","signed":true}"#, "stop"),
        Reply::completion(r#"{"kind":"letter"}"#, "stop"),
    ]);
    let bench = bench(&recorder.base_url(), "");
    let ran = docmill(&bench, &["try", "job.yaml", "pages/small.jpg"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    json!({"stdout": lines(&ran), "requests": recorder.received().iter().map(shown).collect::<Value>()})
}

/// A batch that the server has done at once: the file that is uploaded, and the call that
/// makes the batch.
fn batch() -> Value {
    let recorder = Recorder::start(|before, request| {
        let done = |metadata: Value| {
            json!({
                "id": "batch-1", "object": "batch", "status": "completed", "endpoint": "/v1/chat/completions",
                "input_file_id": "file-in", "output_file_id": "file-out", "metadata": metadata,
            })
        };
        match request.line.as_str() {
            "POST /v1/files" => Reply::json(200, &json!({"id": "file-in", "object": "file", "purpose": "batch"})),
            "POST /v1/batches" => {
                let asked: Value = serde_json::from_str(&request.body).unwrap();
                Reply::json(200, &done(asked["metadata"].clone()))
            }
            "GET /v1/batches/batch-1" => Reply::json(200, &done(json!({}))),
            "GET /v1/files/file-out/content" => {
                let upload = before.iter().find(|request| request.line == "POST /v1/files").unwrap();
                let lines = upload.body.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
                let line = |asked: Value| {
                    let body = completion(VALID, "stop");
                    let response = json!({"status_code": 200, "request_id": "r", "body": body});
                    format!(
                        "{}\n",
                        json!({"id": "l", "custom_id": asked["custom_id"], "response": response, "error": null})
                    )
                };
                Reply::text("application/jsonl", lines.map(line).collect())
            }
            line if line.starts_with("GET /v1/batches") => Reply::json(200, &json!({"data": [], "has_more": false})),
            line => Reply::json(404, &json!({"error": {"message": format!("Invalid URL ({line})")}})),
        }
    });
    let bench = bench(&recorder.base_url(), "delivery: batch\nbatch: {poll: 100ms}");
    let ran = docmill(&bench, &["run", "job.yaml", "-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let run: String = store.query_row("SELECT run_id FROM runs", [], |row| row.get(0)).unwrap();
    let line = |line: &str| {
        let (text, image) = mask_image(&line.replace(&run, "RUN"));
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => {
                assert_eq!(value.to_string(), text, "a line is compact JSON");
                json!({"image": image, "line": value})
            }
            Err(_) => text.into(),
        }
    };
    let received = recorder.received();
    let posts = received.iter().filter(|request| request.line.starts_with("POST "));
    let shown = posts.map(|request| {
        // The boundary between the parts of a form is random.
        let boundary = request.headers.iter().find_map(|(_, value)| value.split_once("boundary=").map(|(_, it)| it));
        let text = boundary.map_or(request.body.clone(), |boundary| request.body.replace(boundary, "BOUNDARY"));
        let body: Vec<Value> = text.lines().map(line).collect();
        json!({"request": request.line, "headers": request.headers_masked(), "body": body})
    });
    let requests: Vec<Value> = shown.collect();
    json!({"attempts": attempts(&bench), "requests": requests})
}

#[test]
fn exchanges_are_what_they_were() {
    let mut found: Map<String, Value> =
        scripts().into_iter().map(|script| (script.name.to_owned(), exchange(script))).collect();
    found.insert("try".into(), trial());
    found.insert("batch".into(), batch());
    assert_golden("exchanges.json", &found);
}
