//! `/v1/files` and `/v1/batches`: files of requests that are answered some time later, for
//! half the price, in no order. Source: OpenAI's batch guide and spec 2.3.0 (2026-08).

use super::bill::text_tokens;
use super::chat::{billed, said, sight};
use super::faults::{BatchFault, Fault, choose};
use super::reply::error;
use super::request::parse;
use super::state::{Reply, State, full, now};
use crate::base::random::mix;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// Largest file that is taken, in bytes.
const MOST_FILE: usize = 200_000_000;
/// Most requests of a batch.
const MOST_LINES: usize = 50_000;

/// Files and batches by their ids.
#[derive(Default)]
pub(crate) struct Shelf {
    files: BTreeMap<String, Vec<u8>>,
    batches: BTreeMap<String, Batch>,
    /// Files that can't be read at the first try.
    unreadable: BTreeSet<String>,
    next: u64,
}

struct Batch {
    input_file: String,
    metadata: Value,
    made: Instant,
    fault: Option<BatchFault>,
    /// Why it failed as a whole.
    failure: Option<Value>,
    /// Prompt tokens, while it waits.
    queued: u64,
    lines: usize,
    /// Output and error file, once it has ended.
    results: Option<(Option<String>, Option<String>, usize)>,
}

pub(crate) async fn upload(state: &State, request: Request<Incoming>) -> Reply {
    let kind = request.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let boundary = kind.split_once("boundary=").map(|(_, rest)| rest.trim_matches('"').to_owned());
    let body = match Limited::new(request.into_body(), MOST_FILE + 4096).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return state.error(400, "invalid_request_error", None, None, "File is too large."),
    };
    let Some(file) = boundary.and_then(|boundary| part(&body, &boundary, "file")) else {
        return state.error(400, "invalid_request_error", None, Some("file"), "'file' is a required property");
    };
    let bytes = file.len();
    let id = {
        let mut inner = state.inner.borrow_mut();
        inner.stats.files += 1;
        inner.shelf.add(file.to_vec())
    };
    let reply = json!({"id": id, "object": "file", "bytes": bytes, "created_at": 1_766_116_121, "filename": "batch.jsonl", "purpose": "batch", "status": "processed"});
    state.plain(200, "application/json", reply.to_string())
}

/// The content of a part of a multipart form.
fn part<'a>(body: &'a [u8], boundary: &str, name: &str) -> Option<&'a [u8]> {
    let find = |from: usize, text: &[u8]| {
        body.get(from..)?.windows(text.len()).position(|window| window == text).map(|at| at + from)
    };
    let head = find(0, format!("name=\"{name}\"").as_bytes())?;
    let start = find(head, b"\r\n\r\n")? + 4;
    // The content may be large: its end is looked for from the end.
    let end = format!("\r\n--{boundary}");
    let at = body.windows(end.len()).rposition(|window| window == end.as_bytes())?;
    body.get(start..at)
}

pub(crate) fn content(state: &State, id: &str) -> Reply {
    if state.inner.borrow_mut().shelf.unreadable.remove(id) {
        return state.plain(502, "text/html", "<html><h1>502 Bad Gateway</h1></html>".into());
    }
    let file = state.inner.borrow().shelf.files.get(id).cloned();
    match file {
        Some(bytes) => {
            let mut response = Response::new(full(bytes));
            response
                .headers_mut()
                .insert("content-type", hyper::header::HeaderValue::from_static("application/octet-stream"));
            Ok(response)
        }
        None => state.error(404, "invalid_request_error", None, Some("id"), &format!("No such File object: {id}")),
    }
}

pub(crate) async fn create(state: &State, request: Request<Incoming>) -> Reply {
    let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let input_file = asked.get("input_file_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !state.inner.borrow().shelf.files.contains_key(&input_file) {
        let message = format!("Cannot find file {input_file}, or project does not have access to it.");
        return state.error(400, "invalid_request_error", None, Some("file_id"), &message);
    }
    let (failure, queued, lines) = validate(state, &input_file);
    let mut inner = state.inner.borrow_mut();
    inner.stats.batches += 1;
    let key = asked.get("metadata").map(Value::to_string).unwrap_or_default();
    *inner.stats.batch_keys.entry(key).or_default() += 1;
    let at = usize::try_from(inner.stats.batches - 1).unwrap_or(usize::MAX);
    let fault = state.options.batch_faults.get(at).copied();
    let waiting: u64 =
        inner.shelf.batches.values().filter(|batch| batch.results.is_none()).map(|batch| batch.queued).sum();
    let failure = match (failure, fault, state.options.batch_queue) {
        (Some(failure), ..) => Some(failure),
        (_, Some(BatchFault::Fail), _) => Some(queue_failure(2_000_000)),
        (_, _, Some(most)) if waiting + queued > most => Some(queue_failure(most)),
        _ => None,
    };
    inner.shelf.next += 1;
    let id = format!("batch_{:016x}", mix(inner.shelf.next));
    let queued = if failure.is_some() { 0 } else { queued };
    let metadata = asked.get("metadata").cloned().unwrap_or(Value::Null);
    let results = failure.is_some().then_some((None, None, 0));
    let batch = Batch { input_file, metadata, made: now(), fault, failure, queued, lines, results };
    let reply = described(state, &id, &batch).to_string();
    inner.shelf.batches.insert(id, batch);
    drop(inner);
    state.plain(200, "application/json", reply)
}

fn queue_failure(limit: u64) -> Value {
    let grouped = crate::base::units::grouped(limit);
    json!({"code": "token_limit_exceeded", "line": null, "param": null, "message": format!("Enqueued token limit reached for gpt-4o-mini in organization org-simulator. Limit: {grouped} enqueued tokens. Please try again once some in_progress batches have been completed.")})
}

/// What is wrong with a file as a whole; its prompt tokens; its lines.
fn validate(state: &State, file: &str) -> (Option<Value>, u64, usize) {
    let bytes = state.inner.borrow().shelf.files.get(file).cloned().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let (mut ids, mut tokens, mut count) = (std::collections::HashSet::new(), 0, 0_usize);
    let wrong = |line: usize, code: &str, message: &str| {
        Some(json!({"code": code, "line": line, "param": null, "message": message}))
    };
    for (at, line) in text.lines().enumerate() {
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            return (wrong(at + 1, "invalid_json_line", "This line is not parseable as valid JSON."), 0, 0);
        };
        let id = value.get("custom_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if id.is_empty() || !ids.insert(id) {
            return (wrong(at + 1, "duplicate_custom_id", "The custom_id is missing or not unique."), 0, 0);
        }
        if value.pointer("/body/stream").and_then(Value::as_bool) == Some(true) {
            return (wrong(at + 1, "invalid_request", "Streaming is not supported in batches."), 0, 0);
        }
        if state.options.batch_queue.is_some() {
            tokens += prompt_tokens(state, &value);
        }
        count += 1;
    }
    if count > MOST_LINES {
        return (wrong(MOST_LINES + 1, "too_many_requests", "The batch has too many requests."), 0, 0);
    }
    (None, tokens, count)
}

/// Tokens of a request's prompt.
fn prompt_tokens(state: &State, request: &Value) -> u64 {
    let body = request.get("body").map(Value::to_string).unwrap_or_default();
    let Ok(asked) = parse(body.as_bytes(), false) else { return 0 };
    let image = sight(state, &asked, key_of(&asked.image)).map_or(0, |sight| billed(state, &asked, &sight));
    image + text_tokens(asked.chars)
}

/// Stands for an image.
fn key_of(image: &[u8]) -> u64 {
    u64::from_le_bytes(blake3::hash(image).as_bytes()[..8].try_into().unwrap_or_default())
}

/// A batch by its id, brought to where it is now.
pub(crate) fn show(state: &State, id: &str) -> Reply {
    finish(state, id);
    let reply = state.inner.borrow().shelf.batches.get(id).map(|batch| described(state, id, batch).to_string());
    match reply {
        Some(reply) => state.plain(200, "application/json", reply),
        None => state.error(404, "invalid_request_error", None, None, &format!("No batch found with id '{id}'.")),
    }
}

pub(crate) fn list(state: &State, query: &str) -> Reply {
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let limit = value("limit").and_then(|text| text.parse().ok()).unwrap_or(20_usize);
    let inner = state.inner.borrow();
    let after = value("after").unwrap_or_default();
    let later: Vec<_> = inner.shelf.batches.iter().filter(|(id, _)| id.as_str() > after).collect();
    let data: Vec<Value> = later.iter().take(limit).map(|(id, batch)| described(state, id, batch)).collect();
    let reply = json!({"object": "list", "data": data, "has_more": later.len() > limit});
    drop(inner);
    state.plain(200, "application/json", reply.to_string())
}

fn described(state: &State, id: &str, batch: &Batch) -> Value {
    let passed = now().saturating_duration_since(batch.made).as_secs_f64();
    let share = passed / state.options.batch_time.as_secs_f64().max(1e-9);
    let ended = if batch.fault == Some(BatchFault::Expire) { "expired" } else { "completed" };
    let status = match () {
        () if batch.failure.is_some() => "failed",
        () if batch.results.is_some() => ended,
        () if share < 0.1 => "validating",
        () if share < 0.8 => "in_progress",
        () => "finalizing",
    };
    let (output, errors, failed) = batch.results.clone().unwrap_or_default();
    let completed = if batch.results.is_some() { batch.lines - failed.min(batch.lines) } else { 0 };
    json!({
        "id": id, "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h", "status": status,
        "input_file_id": batch.input_file, "output_file_id": output, "error_file_id": errors, "metadata": batch.metadata,
        "errors": batch.failure.as_ref().map(|failure| json!({"object": "list", "data": [failure]})),
        "request_counts": {"total": batch.lines, "completed": completed, "failed": failed}, "created_at": 1_766_116_121,
    })
}

/// Answers the requests of a batch whose time has come.
fn finish(state: &State, id: &str) {
    let (file, fault) = {
        let inner = state.inner.borrow();
        let Some(batch) = inner.shelf.batches.get(id) else { return };
        let passed = now().saturating_duration_since(batch.made);
        if batch.results.is_some() || passed < state.options.batch_time {
            return;
        }
        (inner.shelf.files.get(&batch.input_file).cloned().unwrap_or_default(), batch.fault)
    };
    let text = String::from_utf8_lossy(&file).into_owned();
    let count = text.lines().count();
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate() {
        let request: Value = serde_json::from_str(line).unwrap_or_default();
        let custom_id = request.get("custom_id").cloned().unwrap_or_default();
        let line_id = format!("batch_req_{at:06}");
        if fault == Some(BatchFault::Expire) && at >= count / 2 {
            let error = json!({"code": "batch_expired", "message": "This request could not be executed before the completion window expired."});
            errors.push(json!({"id": line_id, "custom_id": custom_id, "response": null, "error": error}));
            continue;
        }
        let (status, body) = answer(state, &request);
        let response = json!({"status_code": status, "request_id": format!("req_{at:016x}"), "body": body});
        let line = json!({"id": line_id, "custom_id": custom_id, "response": response, "error": null});
        if fault == Some(BatchFault::Missing) && at % 50 == 7 {
            continue;
        }
        if fault == Some(BatchFault::Twice) && at % 50 == 9 {
            output.push(line.clone());
        }
        if status == 200 { output.push(line) } else { errors.push(line) }
    }
    // Order is not promised, so it is not kept.
    let seed = state.options.seed;
    let shuffled = |lines: &mut Vec<Value>| {
        lines.sort_by_cached_key(|line| {
            mix(seed
                ^ line.to_string().len() as u64
                ^ mix(line["id"].to_string().bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte)))))
        });
    };
    shuffled(&mut output);
    shuffled(&mut errors);
    let failed = errors.len();
    let mut inner = state.inner.borrow_mut();
    let mut put = |lines: Vec<Value>| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        (!lines.is_empty()).then(|| inner.shelf.add(text.into_bytes()))
    };
    let results = (put(output), put(errors), failed);
    if fault == Some(BatchFault::Unreadable) {
        inner.shelf.unreadable.extend([&results.0, &results.1].into_iter().flatten().cloned());
    }
    if let Some(batch) = inner.shelf.batches.get_mut(id) {
        batch.results = Some(results);
    }
}

/// What a request of a batch is answered with: a status and a body.
fn answer(state: &State, request: &Value) -> (u16, Value) {
    let wrong = |status: u16, kind: &str, code: Option<&str>, message: &str| {
        (status, serde_json::from_str(&error(kind, code, None, message)).unwrap_or_default())
    };
    let body = request.get("body").map(Value::to_string).unwrap_or_default();
    let asked = match parse(body.as_bytes(), false) {
        Ok(asked) => asked,
        Err((status, kind, code, _, message)) => return wrong(status, kind, code, &message),
    };
    let hash = blake3::hash(&asked.image);
    let key = u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap_or_default());
    let attempt = {
        let mut inner = state.inner.borrow_mut();
        inner.stats.lines += 1;
        let count = inner.stats.pages.entry(hash.to_hex().to_string()).or_default();
        *count += 1;
        *count - 1
    };
    let Some(sight) = sight(state, &asked, key) else {
        return wrong(400, "invalid_request_error", Some("invalid_image_format"), "You uploaded an unsupported image.");
    };
    let fault = choose(state.options.seed, state.options.faults, &state.options.kinds, key, attempt);
    if fault == Some(Fault::RateLimited) {
        return wrong(429, "requests", Some("rate_limit_exceeded"), "Rate limit reached for requests");
    }
    if asked.wants_schema && !state.options.json_schema {
        let message = "response_format type json_schema is not supported by this model";
        let error = error("invalid_request_error", None, Some("response_format"), message);
        return (400, serde_json::from_str(&error).unwrap_or_default());
    }
    if fault == Some(Fault::ServerError) {
        return wrong(
            500,
            "server_error",
            None,
            "The server had an error while processing your request. Sorry about that!",
        );
    }
    let image = billed(state, &asked, &sight);
    let said = said(state, &asked, &sight, key, image, fault);
    (200, serde_json::from_str(&said.whole()).unwrap_or_default())
}

impl Shelf {
    fn add(&mut self, bytes: Vec<u8>) -> String {
        self.next += 1;
        let id = format!("file-{:016x}", mix(self.next));
        self.files.insert(id.clone(), bytes);
        id
    }
}
