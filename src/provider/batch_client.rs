//! The provider's Batch API, one call at a time.

use super::client::body_reader::BodyReader;
use super::client::call::HttpCall;
use super::client::failure::HttpFailure;
use super::client::http_client::HttpClient;
use super::client::upload::file_call;
use super::dialect::interface::{BatchDialect, ErrorReply};
use super::judgement::verdict::ProviderRefusal;
use super::learning::endpoint_proof::EndpointProof;
use super::replies::batch::{BatchFault, BatchLine, NO_BATCH_API, RemoteBatch};
use super::reply_reader::beginning;
use crate::base::clock::Clock;
use reqwest::Response;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// The Batch API of one endpoint.
pub struct BatchClient<'a> {
    client: &'a HttpClient,
    dialect: &'a dyn BatchDialect,
    clock: &'a dyn Clock,
    proof: &'a EndpointProof,
}

/// Timeout of a call, without the time for a file's content.
const CALL_TIMEOUT: Duration = Duration::from_secs(120);
/// Timeout of a download.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(3600);
/// Slowest upload that is waited for, in bytes per second.
const MIN_UPLOAD_RATE: u64 = 100_000;

impl<'a> BatchClient<'a> {
    pub(crate) fn new(
        client: &'a HttpClient,
        dialect: &'a dyn BatchDialect,
        clock: &'a dyn Clock,
        proof: &'a EndpointProof,
    ) -> Self {
        Self { client, dialect, clock, proof }
    }

    /// Uploads a file of request lines and returns the provider's id of it.
    ///
    /// # Errors
    /// When the file can't be read, or the provider rejects it or can't be reached.
    pub async fn upload(&self, path: &Path) -> Result<String, BatchFault> {
        let file = file_call(self.dialect.upload_form(), path).await;
        let (call, length) =
            file.map_err(|error| BatchFault::transient(format!("can't read {}: {error}", path.display())))?;
        let timeout = CALL_TIMEOUT + Duration::from_secs(length / MIN_UPLOAD_RATE);
        match self.json(call, timeout, |reply| self.dialect.read_file_id(reply)).await {
            // It is the call that the provider does not support.
            Err(BatchFault::NotFound(message)) => {
                Err(BatchFault::Refused(ProviderRefusal::of_all(message, NO_BATCH_API)))
            }
            uploaded => uploaded,
        }
    }

    /// Creates a batch from an uploaded file. `key`: a unique text by which [`Self::find`]
    /// finds the batch again.
    ///
    /// # Errors
    /// When the provider rejects it, or can't be reached: then the batch may exist.
    pub async fn create(&self, input_file: &str, key: &str) -> Result<RemoteBatch, BatchFault> {
        self.batch(self.dialect.create_call(input_file, key)).await
    }

    /// The current state of a batch.
    ///
    /// # Errors
    /// When the provider has no such file or batch, or can't be reached.
    pub async fn status(&self, batch: &str) -> Result<RemoteBatch, BatchFault> {
        // It has created the batch, maybe in an earlier run.
        self.proof.on_other_reply();
        self.batch(self.dialect.status_call(batch)).await
    }

    /// Searches the provider's list for the batch with this key, or with this input file.
    ///
    /// # Errors
    /// When the list can't be read to its end.
    pub async fn find(&self, input_file: &str, key: &str) -> Result<Option<RemoteBatch>, BatchFault> {
        let mut after: Option<String> = None;
        loop {
            let call = self.dialect.list_call(after.as_deref());
            let list = self.json(call, CALL_TIMEOUT, |reply| self.dialect.read_list(reply)).await?;
            let is_match = |batch: &&RemoteBatch| batch.key.as_deref() == Some(key) || batch.input_file == input_file;
            if let Some(found) = list.batches.iter().find(is_match) {
                return Ok(Some(self.redacted(found.clone())));
            }
            if !list.has_more {
                return Ok(None);
            }
            let last = list.batches.last().map(|batch| batch.id.clone());
            if last.is_none() || last == after {
                return Err(BatchFault::transient("the provider's list of batches does not end"));
            }
            after = last;
        }
    }

    /// Opens a file of the provider, to be read line by line.
    ///
    /// # Errors
    /// When the provider has no such file or batch, or can't be reached.
    pub async fn lines(&self, file: &str) -> Result<BatchLines, BatchFault> {
        let response = self.checked(self.dialect.content_call(file), DOWNLOAD_TIMEOUT).await?;
        Ok(BatchLines::new(response))
    }

    /// Reads a line of a result file; `None` if it is not one.
    #[must_use]
    pub fn read_line(&self, text: &str) -> Option<BatchLine> {
        self.dialect.read_line(text)
    }

    /// What precedes and follows a request's body in a line of a batch's file. `custom_id`
    /// consists of ASCII letters, digits and hyphens.
    #[must_use]
    pub fn line_frame(&self, custom_id: &str) -> (String, &'static str) {
        self.dialect.line_frame(custom_id)
    }

    async fn batch(&self, call: HttpCall) -> Result<RemoteBatch, BatchFault> {
        let batch = self.json(call, CALL_TIMEOUT, |reply| self.dialect.read_batch(reply)).await?;
        Ok(self.redacted(batch))
    }

    fn redacted(&self, mut batch: RemoteBatch) -> RemoteBatch {
        batch.errors.iter_mut().for_each(|error| error.message = self.client.redact(&error.message));
        batch
    }

    /// Makes a call, and reads the reply. One that can't be read shows that this may be no API, or none for batches.
    async fn json<T>(
        &self,
        call: HttpCall,
        timeout: Duration,
        read: impl FnOnce(&Value) -> Result<T, BatchFault>,
    ) -> Result<T, BatchFault> {
        let url = self.client.url(&call.path);
        let response = self.checked(call, timeout).await?;
        let status = response.status().as_u16();
        let text = BodyReader::new(response).text().await?;
        if let Some(Ok(read)) = serde_json::from_str(&text).ok().map(|reply| read(&reply)) {
            self.proof.on_other_reply();
            return Ok(read);
        }
        let what = beginning(&self.client.redact(&text));
        let judged = self.proof.judge_other_reply(&url, status, &what);
        Err(judged.map_or_else(BatchFault::Refused, BatchFault::transient))
    }

    /// Makes a call; an error status is a fault.
    async fn checked(&self, call: HttpCall, timeout: Duration) -> Result<Response, BatchFault> {
        let response = self.client.send(call, timeout).await?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let body = self.client.redact(&BodyReader::new(response).text().await.unwrap_or_default());
        let reply = ErrorReply { status, headers: &headers, body: &body, wall_ms: self.clock.wall_ms() };
        Err(self.dialect.judge_error(&reply))
    }
}

/// The lines of a file of the provider.
pub struct BatchLines {
    response: Response,
    /// Bytes that were received but not returned yet.
    buffer: Vec<u8>,
    /// Bytes of `buffer` in which there is no line ending.
    searched: usize,
    /// Whether everything was received.
    is_over: bool,
    /// Whether the current line is too long and is skipped.
    is_skipping: bool,
}

/// Longest line that is returned, in bytes; longer ones are skipped.
const MAX_LINE_BYTES: usize = 16 << 20;

impl BatchLines {
    fn new(response: Response) -> Self {
        Self { response, buffer: Vec::new(), searched: 0, is_over: false, is_skipping: false }
    }

    /// The next line without its line ending; `None` after the last.
    ///
    /// # Errors
    /// When the file can't be read to its end.
    pub async fn next(&mut self) -> Result<Option<String>, BatchFault> {
        loop {
            let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
            if let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=self.searched + at).collect();
                self.searched = 0;
                if std::mem::take(&mut self.is_skipping) {
                    continue;
                }
                return Ok(Some(text(&line)));
            }
            if self.is_over {
                let rest = if self.is_skipping { Vec::new() } else { std::mem::take(&mut self.buffer) };
                self.searched = 0;
                let rest = text(&rest);
                return Ok((!rest.is_empty()).then_some(rest));
            }
            if self.buffer.len() > MAX_LINE_BYTES || self.is_skipping {
                self.buffer.clear();
                self.is_skipping = true;
            }
            self.searched = self.buffer.len();
            match self.response.chunk().await.map_err(|error| HttpFailure::from(&error))? {
                Some(bytes) => self.buffer.extend_from_slice(&bytes),
                None => self.is_over = true,
            }
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line).trim_end().to_owned()
}

#[cfg(test)]
mod tests;
