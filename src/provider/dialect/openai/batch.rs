//! The provider's Batch API: files and batches, one call at a time.
//!
//! Source: OpenAI's batch guide and spec 2.3.0 (2026-08).

use super::errors::ErrorBody;
use crate::provider::body_reader::Incoming;
use crate::provider::http::{Failure, Transport, failure};
use crate::provider::pacing::retry_after;
use crate::provider::verdict;
use crate::provider::verdict::{Refusal, Verdict};
use bytes::Bytes;
use futures_util::stream;
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

/// A batch as the provider has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteBatch {
    /// Its id.
    pub id: String,
    /// How far it is.
    pub status: RemoteStatus,
    /// The file that it reads.
    pub input_file: String,
    /// The file with replies.
    pub output_file: Option<String>,
    /// The file with errors.
    pub error_file: Option<String>,
    /// Why it failed as a whole: code, words, the line that it is about (from 1).
    pub errors: Vec<(String, String, Option<u64>)>,
    /// What was given to tell it by.
    pub key: Option<String>,
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RemoteStatus {
    /// Waits, is worked on, or is about to end.
    #[default]
    Working,
    /// It is not told, or in a word that is not known.
    Unclear,
    /// Nothing of it was done.
    Failed,
    /// Everything was done, with or without success.
    Completed,
    /// Its time ran out: what was done is there.
    Expired,
    /// Somebody cancelled it: what was done is there.
    Cancelled,
}

/// Why a call did not do its work.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchFault {
    /// It may pass. It may also have been done.
    Passing {
        /// Words for people.
        message: String,
        /// What the server asked for.
        after: Option<Duration>,
    },
    /// The provider does not know what was asked for.
    Unknown(String),
    /// It does not pass.
    Refused(Refusal),
}

/// The member of `metadata` by which a batch is told.
const KEY: &str = "docmill";
/// Batches in one answer of the list.
const LISTED: u32 = 100;
/// Longest that a call takes; an upload besides its bytes.
const CALL: Duration = Duration::from_secs(120);
/// Slowest upload that is waited for, in bytes a second.
const SLOWEST: u64 = 100_000;
/// Bytes of a file that are sent at once.
const PIECE: usize = 256 << 10;

impl Transport {
    /// Uploads a file of request lines; its id.
    ///
    /// # Errors
    /// When the provider does not take it, or can't be reached.
    pub async fn upload(&self, file: &Path) -> Result<String, BatchFault> {
        let unreadable = |error: std::io::Error| BatchFault::Passing {
            message: format!("{}: {error}", file.display()),
            after: None,
        };
        let opened = File::open(file).map_err(unreadable)?;
        let length = opened.metadata().map_err(unreadable)?.len();
        let boundary = "docmill-6f1c2a5e9b7d4830";
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"batch.jsonl\"\r\nContent-Type: application/jsonl\r\n\r\n"
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let whole = head.len() as u64 + length + tail.len() as u64;
        let pieces = stream::unfold(Some(opened), |from| async move {
            let mut from = from?;
            let mut piece = vec![0; PIECE];
            match from.read(&mut piece) {
                Ok(0) => None,
                Ok(count) => {
                    piece.truncate(count);
                    Some((Ok(Bytes::from(piece)), Some(from)))
                }
                Err(error) => Some((Err(error), None)),
            }
        });
        let one = |text: String| stream::iter([Ok::<_, std::io::Error>(Bytes::from(text))]);
        let body = futures_util::StreamExt::chain(one(head), futures_util::StreamExt::chain(pieces, one(tail)));
        let request = self
            .call(Method::POST, "files")
            .header(CONTENT_TYPE, format!("multipart/form-data; boundary={boundary}"))
            .header(CONTENT_LENGTH, whole)
            .timeout(CALL + Duration::from_secs(length / SLOWEST))
            .body(reqwest::Body::wrap_stream(body));
        let value = self.value(request).await?;
        value.get("id").and_then(Value::as_str).map(str::to_owned).ok_or_else(|| no_member("id"))
    }

    /// Creates a batch that reads an uploaded file. `key` tells it from others.
    ///
    /// # Errors
    /// When the provider does not take it, or can't be reached: then it may exist.
    pub async fn create_batch(&self, input_file: &str, key: &str) -> Result<RemoteBatch, BatchFault> {
        let body = json!({
            "input_file_id": input_file, "endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": {KEY: key},
        });
        let request = self.call(Method::POST, "batches").header(CONTENT_TYPE, "application/json");
        self.remote(&self.value(request.body(body.to_string())).await?).ok_or_else(|| no_member("id"))
    }

    /// A batch as it is now.
    ///
    /// # Errors
    /// When the provider does not know it, or can't be reached.
    pub async fn batch(&self, id: &str) -> Result<RemoteBatch, BatchFault> {
        self.remote(&self.value(self.call(Method::GET, &format!("batches/{id}"))).await?).ok_or_else(|| no_member("id"))
    }

    /// The batch that was given this key, or that reads this file.
    ///
    /// # Errors
    /// When the list can't be read.
    pub async fn find_batch(&self, input_file: &str, key: &str) -> Result<Option<RemoteBatch>, BatchFault> {
        let mut after: Option<String> = None;
        loop {
            let place = after.as_ref().map_or(String::new(), |after| format!("&after={after}"));
            let value = self.value(self.call(Method::GET, &format!("batches?limit={LISTED}{place}"))).await?;
            let data = value.get("data").and_then(Value::as_array).ok_or_else(|| no_member("data"))?;
            let listed: Vec<RemoteBatch> = data.iter().filter_map(|value| self.remote(value)).collect();
            let is_it = |batch: &&RemoteBatch| batch.key.as_deref() == Some(key) || batch.input_file == input_file;
            if let Some(found) = listed.iter().find(is_it) {
                return Ok(Some(found.clone()));
            }
            let last = listed.last().map(|batch| batch.id.clone());
            let has_more = value.get("has_more").and_then(Value::as_bool) == Some(true);
            if !has_more {
                return Ok(None);
            }
            if last.is_none() || last == after {
                return Err(BatchFault::Passing { message: "the list of batches has no end".into(), after: None });
            }
            after = last;
        }
    }

    /// Reads a file of the provider's line by line.
    ///
    /// # Errors
    /// When it can't be read to its end.
    pub async fn lines_of(&self, file: &str) -> Result<Lines, BatchFault> {
        let request = self.call(Method::GET, &format!("files/{file}/content")).timeout(CALL * 30);
        Ok(Lines { response: self.checked(request).await?, held: Vec::new(), is_over: false, is_skipping: false })
    }

    fn remote(&self, value: &Value) -> Option<RemoteBatch> {
        let mut batch = remote(value)?;
        batch.errors.iter_mut().for_each(|(_, message, _)| *message = self.redact(message));
        Some(batch)
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).timeout(CALL)
    }

    async fn checked(&self, request: RequestBuilder) -> Result<Response, BatchFault> {
        let response = request.send().await.map_err(|error| of_failure(failure(&error)))?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let body = self.redact(&Incoming::new(response).text().await.unwrap_or_default());
        let error = ErrorBody::parse(&body);
        let after = retry_after::asked_for(&headers, &error.value, &error.message, 0);
        // A file that was just uploaded may not be known everywhere yet.
        if status == 400 && error.param == "file_id" || status == 404 && error.is_api && !error.says("invalid url") {
            return Err(BatchFault::Unknown(error.message));
        }
        Err(match verdict::of_error(status, &error, after, None).0 {
            Verdict::Stop(refusal) if status == 404 || status == 405 => {
                let hint = "does this provider have a Batch API? `delivery: now` does without";
                BatchFault::Refused(Refusal { hint: hint.into(), ..refusal })
            }
            Verdict::Stop(refusal) => BatchFault::Refused(refusal),
            Verdict::Retry(fault) => BatchFault::Passing { message: fault.message, after },
            Verdict::Later { message, after } => BatchFault::Passing { message, after },
            Verdict::Page(fault) => BatchFault::Refused(Refusal {
                message: fault.message,
                hint: "look at the message, then at batch.megabytes and batch.requests".into(),
            }),
            Verdict::Done { .. } => no_member("error"),
        })
    }

    async fn value(&self, request: RequestBuilder) -> Result<Value, BatchFault> {
        let text = Incoming::new(self.checked(request).await?).text().await.map_err(of_failure)?;
        serde_json::from_str(&text)
            .map_err(|_| BatchFault::Passing { message: "the reply is no JSON".into(), after: None })
    }
}

/// Lines of a file of the provider's.
pub struct Lines {
    response: Response,
    held: Vec<u8>,
    is_over: bool,
    /// A line that is too long is passed over.
    is_skipping: bool,
}

/// Longest line that is read, in bytes.
const LONGEST_LINE: usize = 16 << 20;

impl Lines {
    /// The next line without its end; `None` after the last.
    ///
    /// # Errors
    /// When the file can't be read to its end, or a line is longer than any reply.
    pub async fn next(&mut self) -> Result<Option<String>, BatchFault> {
        loop {
            if let Some(end) = self.held.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.held.drain(..=end).collect();
                if std::mem::take(&mut self.is_skipping) {
                    continue;
                }
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            if self.is_over {
                let rest = if self.is_skipping { Vec::new() } else { std::mem::take(&mut self.held) };
                let rest = String::from_utf8_lossy(&rest).trim_end().to_owned();
                return Ok((!rest.is_empty()).then_some(rest));
            }
            if self.held.len() > LONGEST_LINE || self.is_skipping {
                self.held.clear();
                self.is_skipping = true;
            }
            match self.response.chunk().await.map_err(|error| of_failure(failure(&error)))? {
                Some(bytes) => self.held.extend_from_slice(&bytes),
                None => self.is_over = true,
            }
        }
    }
}

fn of_failure(failure: Failure) -> BatchFault {
    match verdict::of_failure(failure).0 {
        Verdict::Stop(refusal) => BatchFault::Refused(refusal),
        Verdict::Later { message, after } => BatchFault::Passing { message, after },
        Verdict::Retry(fault) => BatchFault::Passing { message: fault.message, after: None },
        _ => no_member("reply"),
    }
}

fn no_member(name: &str) -> BatchFault {
    BatchFault::Passing { message: format!("the reply has no `{name}`"), after: None }
}

/// A batch as it stands in replies; states are spelled in either case.
fn remote(value: &Value) -> Option<RemoteBatch> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let error = |error: &Value| {
        let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let shown = |name: &str| crate::base::sanitize::one_line(&part(name), 500);
        (part("code"), shown("message"), error.get("line").and_then(Value::as_u64))
    };
    let errors = value.pointer("/errors/data").and_then(Value::as_array).into_iter().flatten().map(error);
    Some(RemoteBatch {
        id: text("id")?,
        status: match text("status").unwrap_or_default().to_lowercase().as_str() {
            "failed" => RemoteStatus::Failed,
            "completed" => RemoteStatus::Completed,
            "expired" => RemoteStatus::Expired,
            "cancelled" | "canceled" => RemoteStatus::Cancelled,
            "validating" | "in_progress" | "finalizing" | "cancelling" => RemoteStatus::Working,
            _ => RemoteStatus::Unclear,
        },
        input_file: text("input_file_id").unwrap_or_default(),
        output_file: text("output_file_id"),
        error_file: text("error_file_id"),
        errors: errors.collect(),
        key: value.get("metadata").and_then(|metadata| metadata.get(KEY)?.as_str()).map(str::to_owned),
    })
}
