//! `/v1/files` and `/v1/batches`: files with requests that are answered some time later, in no
//! particular order. Source: OpenAI's batch guide and API specification 2.3.0 (2026-08).

use super::api_error::ApiError;
use super::batch::{Batch, BatchResults};
use super::batch_fault::BatchFault;
use super::batch_run::{check_requests, run_when_due};
use super::batch_store::FailedDownload;
use super::http::{HTML, HttpReply, JSON, full_body};
use super::model::CREATED;
use super::multipart::part_content;
use super::state::SimulatorState;
use crate::base::units::grouped;
use http_body_util::{BodyExt, Collected, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Request, Response};
use serde_json::{Value, json};

/// Maximum size of a file, in bytes.
const MAX_FILE_BYTES: usize = 200_000_000;
/// Maximum size of the form around a file, in bytes.
const MAX_FORM_BYTES: usize = 4096;
/// Batches of one page of the list, unless the request sets another number.
const LIST_LIMIT: usize = 20;
/// Limit in the message of [`BatchFault::Fail`], in tokens.
const FAULT_QUEUE: u64 = 2_000_000;

/// `POST /v1/files`.
pub(crate) async fn upload(state: &SimulatorState, request: Request<Incoming>) -> HttpReply {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let body = match Limited::new(request.into_body(), MAX_FILE_BYTES + MAX_FORM_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return state.error(&ApiError::invalid_request("File is too large.")),
    };
    let Some(file) = part_content(&body, &content_type, "file") else {
        return state.error(&ApiError::invalid_request("'file' is a required property").with_param("file"));
    };
    let id = {
        let mut shared = state.shared.borrow_mut();
        shared.stats.files += 1;
        shared.batches.add_file(file.to_vec())
    };
    let reply = json!({"id": id, "object": "file", "bytes": file.len(), "created_at": CREATED, "filename": "batch.jsonl", "purpose": "batch", "status": "processed"});
    state.reply(200, JSON, reply.to_string())
}

/// `GET /v1/files/{id}/content`.
pub(crate) fn download(state: &SimulatorState, id: &str) -> HttpReply {
    let failure = state.shared.borrow_mut().batches.take_unreadable(id);
    if failure == Some(FailedDownload::Error) {
        return state.reply(502, HTML, "<html><h1>502 Bad Gateway</h1></html>".into());
    }
    let Some(mut bytes) = state.shared.borrow().batches.file(id).map(<[u8]>::to_vec) else {
        let message = format!("No such File object: {id}");
        return state.error(&ApiError::new(404, "invalid_request_error", message).with_param("id"));
    };
    if failure == Some(FailedDownload::Empty) {
        bytes.clear();
    }
    let mut response = Response::new(full_body(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    Ok(response)
}

/// `POST /v1/batches`. A batch that can't be executed is created and has failed.
pub(crate) async fn create(state: &SimulatorState, request: Request<Incoming>) -> HttpReply {
    let body = request.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    match create_from(state, &serde_json::from_slice(&body).unwrap_or_default()) {
        Ok(batch) => state.reply(200, JSON, batch.to_string()),
        Err(error) => state.error(&error),
    }
}

fn create_from(state: &SimulatorState, body: &Value) -> Result<Value, ApiError> {
    let input_file = body.get("input_file_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some(file) = state.shared.borrow().batches.file(&input_file).map(<[u8]>::to_vec) else {
        let message = format!("Cannot find file {input_file}, or project does not have access to it.");
        return Err(ApiError::invalid_request(message).with_param("file_id"));
    };
    let checked = check_requests(state, &file);
    let mut shared = state.shared.borrow_mut();
    shared.stats.batches += 1;
    let metadata = body.get("metadata").cloned();
    let key = metadata.as_ref().map(Value::to_string).unwrap_or_default();
    *shared.stats.batch_keys.entry(key).or_default() += 1;
    let number = usize::try_from(shared.stats.batches - 1).unwrap_or(usize::MAX);
    let fault = state.options.batch_faults.get(number).copied();
    let (requests, queued_tokens, failure) = match checked {
        Err(failure) => (0, 0, Some(failure)),
        Ok(checked) => {
            let queued = shared.batches.queued_tokens() + checked.prompt_tokens;
            let failure = match state.options.batch_queue {
                _ if fault == Some(BatchFault::Fail) => Some(queue_is_full(FAULT_QUEUE)),
                Some(max_queued) if queued > max_queued => Some(queue_is_full(max_queued)),
                _ => None,
            };
            (checked.requests, if failure.is_some() { 0 } else { checked.prompt_tokens }, failure)
        }
    };
    let batch = Batch {
        input_file,
        metadata: metadata.unwrap_or_default(),
        created: state.now(),
        fault,
        results: failure.is_some().then(BatchResults::default),
        failure,
        queued_tokens,
        requests,
    };
    let id = shared.batches.add_batch(batch.clone());
    Ok(batch.to_json(&id, state.now(), state.batch_time()))
}

fn queue_is_full(limit: u64) -> Value {
    let grouped = grouped(limit);
    json!({"code": "token_limit_exceeded", "line": null, "param": null, "message": format!("Enqueued token limit reached for gpt-4o-mini in organization org-simulator. Limit: {grouped} enqueued tokens. Please try again once some in_progress batches have been completed.")})
}

/// `GET /v1/batches/{id}`. A batch that is due is executed first.
pub(crate) fn show(state: &SimulatorState, id: &str) -> HttpReply {
    run_when_due(state, id);
    let shared = state.shared.borrow();
    let batch = shared.batches.batch(id).map(|batch| batch.to_json(id, state.now(), state.batch_time()));
    drop(shared);
    match batch {
        Some(batch) => state.reply(200, JSON, batch.to_string()),
        None => {
            let message = format!("No batch found with id '{id}'.");
            state.error(&ApiError::new(404, "invalid_request_error", message))
        }
    }
}

/// `GET /v1/batches`.
pub(crate) fn list(state: &SimulatorState, query: &str) -> HttpReply {
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let limit = value("limit").and_then(|text| text.parse().ok()).unwrap_or(LIST_LIMIT);
    let mut shared = state.shared.borrow_mut();
    shared.stats.batch_lists += 1;
    let (batches, has_more) = shared.batches.list(value("after").unwrap_or_default(), limit);
    let to_json = |(id, batch): (&str, &Batch)| batch.to_json(id, state.now(), state.batch_time());
    let data: Vec<Value> = batches.into_iter().map(to_json).collect();
    drop(shared);
    let reply = json!({"object": "list", "data": data, "has_more": has_more});
    state.reply(200, JSON, reply.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::Options;
    use std::time::Duration;

    /// A state with a file of these lines, whose batches take an hour.
    fn with_file(options: Options, lines: &[Value]) -> (SimulatorState, String) {
        let state = SimulatorState::new(Options { batch_time: Duration::from_secs(3600), ..options });
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let id = state.shared.borrow_mut().batches.add_file(text.into_bytes());
        (state, id)
    }

    fn requests(count: usize) -> Vec<Value> {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "four letters in each"}]});
        (0..count).map(|number| json!({"custom_id": number.to_string(), "body": body})).collect()
    }

    #[test]
    fn a_file_must_be_known() {
        let (state, _) = with_file(Options::default(), &[]);
        for body in [json!({}), json!({"input_file_id": "file-0"})] {
            let error = create_from(&state, &body).unwrap_err();
            assert_eq!((error.status, error.param.as_deref()), (400, Some("file_id")), "{body}");
        }
        assert_eq!(download(&state, "file-0").unwrap().status(), 404);
        assert_eq!(show(&state, "batch_0").unwrap().status(), 404);
    }

    #[test]
    fn batches_fail_by_fault_by_a_bad_line_or_by_a_full_queue() {
        let options = Options { batch_faults: vec![BatchFault::Fail], ..Options::default() };
        let (state, file) = with_file(options, &requests(3));
        let body = json!({"input_file_id": file, "metadata": {"key": "k"}});
        let failed = create_from(&state, &body).unwrap();
        assert_eq!((&failed["status"], &failed["metadata"]["key"]), (&json!("failed"), &json!("k")));
        let failure = &failed["errors"]["data"][0];
        assert_eq!(failure["code"], "token_limit_exceeded");
        assert!(failure["message"].as_str().unwrap().contains("Limit: 2,000,000 enqueued tokens."), "{failure}");
        let second = create_from(&state, &body).unwrap();
        assert_eq!((&second["status"], &second["request_counts"]["total"]), (&json!("validating"), &json!(3)));
        assert_eq!(state.shared.borrow().stats.batch_keys["{\"key\":\"k\"}"], 2);

        let (state, file) = with_file(Options::default(), &[json!({"custom_id": ""})]);
        let failed = create_from(&state, &json!({"input_file_id": file})).unwrap();
        assert_eq!(failed["errors"]["data"][0]["line"], 1);

        // A prompt has 20 letters, which is 5 tokens.
        let (state, file) = with_file(Options { batch_queue: Some(20), ..Options::default() }, &requests(3));
        let create = || create_from(&state, &json!({"input_file_id": file})).unwrap();
        assert_eq!([create()["status"].clone(), create()["status"].clone()], ["validating", "failed"]);
        assert_eq!(state.shared.borrow().batches.queued_tokens(), 15, "a failed batch takes up nothing");
    }
}
