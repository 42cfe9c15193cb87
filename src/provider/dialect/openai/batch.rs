//! The calls and replies of the Batch API.
//!
//! Source: OpenAI's batch guide and spec 2.3.0 (2026-08).

use super::batch_line::{line_frame, parse_line, read_result};
use super::errors::error_body::ErrorBody;
use super::errors::meaning::{ReceivedError, judge, requested_delay};
use super::errors::message_numbers::labelled_number;
use crate::base::sanitize::one_line;
use crate::provider::client::call::{FileForm, HttpCall};
use crate::provider::dialect::interface::{BatchDialect, BatchList, ErrorReply, LineResult};
use crate::provider::judgement::verdict::{Obstacle, ProviderRefusal, Verdict};
use crate::provider::replies::batch::{
    BatchError, BatchFault, BatchLine, FullQueue, NO_BATCH_API, RemoteBatch, RemoteStatus,
};
use serde_json::{Value, json};

/// The Batch API of OpenAI and compatible providers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OpenAiBatches;

/// The member of `metadata` that holds [`RemoteBatch::key`].
const KEY_MEMBER: &str = "docmill";
/// Batches per page of the list.
const LIST_LIMIT: u32 = 100;
/// Longest error message of a batch, in characters.
const MAX_MESSAGE_CHARS: usize = 500;

impl BatchDialect for OpenAiBatches {
    fn upload_form(&self) -> FileForm {
        FileForm {
            path: "files",
            headers: &[],
            fields: &[("purpose", "batch")],
            file_field: "file",
            file_name: "batch.jsonl",
            media_type: "application/jsonl",
        }
    }

    fn create_call(&self, input_file: &str, key: &str) -> HttpCall {
        let body = json!({
            "input_file_id": input_file,
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "metadata": {KEY_MEMBER: key},
        });
        HttpCall::post("batches", body.to_string().into())
    }

    fn status_call(&self, batch: &str) -> HttpCall {
        HttpCall::get(format!("batches/{batch}"))
    }

    fn list_call(&self, after: Option<&str>) -> HttpCall {
        let after = after.map_or(String::new(), |after| format!("&after={after}"));
        HttpCall::get(format!("batches?limit={LIST_LIMIT}{after}"))
    }

    fn content_call(&self, file: &str) -> HttpCall {
        HttpCall::get(format!("files/{file}/content"))
    }

    fn read_file_id(&self, reply: &Value) -> Result<String, BatchFault> {
        text(reply, "id").ok_or_else(|| BatchFault::missing_member("id"))
    }

    fn read_batch(&self, reply: &Value) -> Result<RemoteBatch, BatchFault> {
        parse_batch(reply).ok_or_else(|| BatchFault::missing_member("id"))
    }

    fn read_list(&self, reply: &Value) -> Result<BatchList, BatchFault> {
        let data = reply.get("data").and_then(Value::as_array).ok_or_else(|| BatchFault::missing_member("data"))?;
        Ok(BatchList {
            batches: data.iter().filter_map(parse_batch).collect(),
            has_more: reply.get("has_more").and_then(Value::as_bool) == Some(true),
        })
    }

    fn judge_error(&self, reply: &ErrorReply<'_>) -> BatchFault {
        let error = ErrorBody::parse(reply.body);
        let status = reply.status;
        // A new file may not be known to all of the provider's servers yet.
        if status == 400 && error.param == "file_id" || status == 404 && error.is_api && !error.mentions("invalid url")
        {
            return BatchFault::NotFound(error.message);
        }
        let after = requested_delay(reply, &error);
        // It is never about the form of a request for a page.
        let judged = judge(&ReceivedError { after, ..ReceivedError::of_status(status, &error) });
        let asks_for_change = matches!(&judged.verdict, Verdict::Retry(fault) if fault.change.is_some());
        match if asks_for_change { judged.otherwise.0 } else { judged.verdict } {
            Verdict::Stop(refusal) if status == 404 || status == 405 => {
                BatchFault::Refused(ProviderRefusal { hint: NO_BATCH_API.into(), ..refusal })
            }
            Verdict::Stop(refusal) => BatchFault::Refused(refusal),
            Verdict::Retry(fault) => BatchFault::Transient { message: fault.message, after, obstacle: Obstacle::Other },
            Verdict::Later { message, after, obstacle } => BatchFault::Transient { message, after, obstacle },
            Verdict::Page(fault) => BatchFault::Refused(ProviderRefusal::of_all(
                fault.message,
                "check batch.megabytes and batch.requests against the provider's limits",
            )),
            Verdict::Done { .. } => BatchFault::missing_member("error"),
        }
    }

    fn line_frame(&self, custom_id: &str) -> (String, &'static str) {
        line_frame(custom_id)
    }

    fn read_line(&self, text: &str) -> Option<BatchLine> {
        parse_line(text)
    }

    fn read_result(&self, line: &BatchLine) -> LineResult {
        read_result(line)
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// Reads a batch; `None` if it has no id. Providers write states in either case.
fn parse_batch(value: &Value) -> Option<RemoteBatch> {
    let errors = value.pointer("/errors/data").and_then(Value::as_array).into_iter().flatten().map(parse_error);
    Some(RemoteBatch {
        id: text(value, "id")?,
        status: match text(value, "status").unwrap_or_default().to_lowercase().as_str() {
            "failed" => RemoteStatus::Failed,
            "completed" => RemoteStatus::Completed,
            "expired" => RemoteStatus::Expired,
            "cancelled" | "canceled" => RemoteStatus::Cancelled,
            "validating" | "in_progress" | "finalizing" | "cancelling" => RemoteStatus::Working,
            _ => RemoteStatus::Unclear,
        },
        input_file: text(value, "input_file_id").unwrap_or_default(),
        output_file: text(value, "output_file_id"),
        error_file: text(value, "error_file_id"),
        errors: errors.collect(),
        completed: value.pointer("/request_counts/completed").and_then(Value::as_u64).unwrap_or(0),
        key: value.get("metadata").and_then(|metadata| text(metadata, KEY_MEMBER)),
    })
}

fn parse_error(value: &Value) -> BatchError {
    let code = text(value, "code").unwrap_or_default();
    let message = one_line(&text(value, "message").unwrap_or_default(), MAX_MESSAGE_CHARS);
    // `Enqueued token limit reached for … Limit: 2,000,000 enqueued tokens.`
    let is_full = code == "token_limit_exceeded";
    let full_queue = is_full.then(|| FullQueue { max_tokens: labelled_number(&message, "Limit") });
    BatchError { code, message, line: value.get("line").and_then(Value::as_u64), full_queue }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderMap;

    #[test]
    fn states_in_every_spelling() {
        for (status, expected) in [
            ("validating", RemoteStatus::Working),
            ("IN_PROGRESS", RemoteStatus::Working),
            ("finalizing", RemoteStatus::Working),
            ("cancelling", RemoteStatus::Working),
            ("COMPLETED", RemoteStatus::Completed),
            ("failed", RemoteStatus::Failed),
            ("expired", RemoteStatus::Expired),
            ("cancelled", RemoteStatus::Cancelled),
            ("canceled", RemoteStatus::Cancelled),
            ("paused", RemoteStatus::Unclear),
            ("", RemoteStatus::Unclear),
        ] {
            let batch = OpenAiBatches.read_batch(&json!({"id": "batch_1", "status": status})).unwrap();
            assert_eq!(batch.status, expected, "{status}");
        }
        assert_eq!(OpenAiBatches.read_batch(&json!({"status": "completed"})), Err(BatchFault::missing_member("id")));
    }

    #[test]
    fn a_batch_with_everything() {
        let message =
            "Enqueued token limit reached for m in organization o. Limit: 2,000,000 enqueued tokens.\u{1b}[31m";
        let reply = json!({
            "id": "batch_1", "status": "failed", "input_file_id": "file-1", "output_file_id": null, "error_file_id": "file-2",
            "errors": {"data": [{"code": "token_limit_exceeded", "message": message, "line": null}, {"code": "invalid_json_line", "message": "bad", "line": 3}]},
            "metadata": {"docmill": "run-1"}, "request_counts": {"total": 9, "completed": 7, "failed": 2},
        });
        let batch = OpenAiBatches.read_batch(&reply).unwrap();
        assert_eq!((batch.input_file.as_str(), batch.output_file.as_deref(), batch.completed), ("file-1", None, 7));
        assert_eq!((batch.error_file.as_deref(), batch.key.as_deref()), (Some("file-2"), Some("run-1")));
        assert_eq!(batch.errors[0].full_queue, Some(FullQueue { max_tokens: Some(2_000_000) }));
        assert!(!batch.errors[0].message.contains('\u{1b}'));
        assert_eq!((batch.errors[1].line, batch.errors[1].full_queue), (Some(3), None));
    }

    #[test]
    fn a_list_of_batches() {
        let list =
            OpenAiBatches.read_list(&json!({"data": [{"id": "a"}, {"no": "id"}, {"id": "b"}], "has_more": true}));
        let list = list.unwrap();
        let ids: Vec<&str> = list.batches.iter().map(|batch| batch.id.as_str()).collect();
        assert_eq!((ids, list.has_more), (vec!["a", "b"], true));
        assert!(!OpenAiBatches.read_list(&json!({"data": []})).unwrap().has_more);
        assert_eq!(OpenAiBatches.read_list(&json!([])), Err(BatchFault::missing_member("data")));
    }

    #[test]
    fn the_calls() {
        let path = |call: HttpCall| call.path;
        assert_eq!(path(OpenAiBatches.status_call("batch_1")), "batches/batch_1");
        assert_eq!(path(OpenAiBatches.list_call(None)), "batches?limit=100");
        assert_eq!(path(OpenAiBatches.list_call(Some("batch_9"))), "batches?limit=100&after=batch_9");
        assert_eq!(path(OpenAiBatches.content_call("file-1")), "files/file-1/content");
    }

    #[test]
    fn what_an_error_about_a_batch_means() {
        let error = |param: &str, message: &str| {
            json!({"error": {"message": message, "type": "invalid_request_error", "code": null, "param": param}})
                .to_string()
        };
        for (status, body, expected) in [
            (400, error("file_id", "Cannot find file x"), "not found"),
            (404, error("id", "No such Batch object: x"), "not found"),
            (404, error("", "Invalid URL (POST /v1/files)"), "refused: Batch API"),
            (404, "<html>404</html>".to_owned(), "refused: Batch API"),
            (405, String::new(), "refused: Batch API"),
            (401, error("", "Incorrect API key provided"), "refused: API key"),
            (413, "<html>413</html>".to_owned(), "refused: batch.megabytes"),
            (400, error("", "The file is too large"), "refused: batch.megabytes"),
            (500, error("", "x"), "transient None"),
            (502, "<html>502</html>".to_owned(), "transient None"),
            (429, error("", "Rate limit. Please try again in 20s."), "transient Some(20s)"),
        ] {
            let reply = ErrorReply { status, headers: &HeaderMap::new(), body: &body, wall_ms: 0 };
            let found = match OpenAiBatches.judge_error(&reply) {
                BatchFault::NotFound(_) => "not found".to_owned(),
                BatchFault::Refused(refusal) => format!("refused: {}", refusal.hint),
                BatchFault::Transient { after, .. } => format!("transient {after:?}"),
            };
            let matches = match expected.strip_prefix("refused: ") {
                Some(hint) => found.starts_with("refused: ") && found.contains(hint),
                None => found == expected,
            };
            assert!(matches, "{status} {body}: {found}");
        }
    }
}
