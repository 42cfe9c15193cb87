//! One batch: its states and its JSON. Source: OpenAI's batch guide and API specification 2.3.0
//! (2026-08).

use super::batch_fault::BatchFault;
use super::model::CREATED;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A batch of requests.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    /// Id of the file with the requests.
    pub(crate) input_file: String,
    pub(crate) metadata: Value,
    pub(crate) created: Instant,
    pub(crate) fault: Option<BatchFault>,
    /// Why the batch failed as a whole.
    pub(crate) failure: Option<Value>,
    /// Prompt tokens that the batch takes up in the queue until it has ended.
    pub(crate) queued_tokens: u64,
    /// Number of requests.
    pub(crate) requests: usize,
    /// Set when the batch ends. A batch that failed as a whole has no files.
    pub(crate) results: Option<BatchResults>,
}

/// The results of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BatchResults {
    /// Id of the file with the replies. `None`: there are none.
    pub(crate) output_file: Option<String>,
    /// Id of the file with the errors. `None`: there are none.
    pub(crate) error_file: Option<String>,
    /// Number of lines in the error file.
    pub(crate) failed: usize,
}

impl Batch {
    /// Whether its requests are to be executed now. `batch_time`: time from the creation of a
    /// batch to its results.
    pub(crate) fn is_due(&self, now: Instant, batch_time: Duration) -> bool {
        !self.has_ended() && now.saturating_duration_since(self.created) >= batch_time
    }

    /// Whether the batch no longer takes up the queue.
    pub(crate) fn has_ended(&self) -> bool {
        self.results.is_some()
    }

    fn status(&self, now: Instant, batch_time: Duration) -> &'static str {
        if self.failure.is_some() {
            return "failed";
        }
        if self.results.is_some() {
            return if self.fault == Some(BatchFault::Expire) { "expired" } else { "completed" };
        }
        let elapsed = now.saturating_duration_since(self.created).as_secs_f64();
        match elapsed / batch_time.as_secs_f64().max(1e-9) {
            share if share < 0.1 => "validating",
            share if share < 0.8 => "in_progress",
            _ => "finalizing",
        }
    }

    /// The batch object.
    pub(crate) fn to_json(&self, id: &str, now: Instant, batch_time: Duration) -> Value {
        let BatchResults { output_file, error_file, failed } = self.results.clone().unwrap_or_default();
        let completed = if self.results.is_some() { self.requests.saturating_sub(failed) } else { 0 };
        json!({
            "id": id, "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h",
            "status": self.status(now, batch_time),
            "input_file_id": self.input_file, "output_file_id": output_file, "error_file_id": error_file,
            "metadata": self.metadata,
            "errors": self.failure.as_ref().map(|failure| json!({"object": "list", "data": [failure]})),
            "request_counts": {"total": self.requests, "completed": completed, "failed": failed}, "created_at": CREATED,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![expect(clippy::disallowed_methods, reason = "an origin for times")]

    use super::*;

    pub(crate) fn batch() -> Batch {
        Batch {
            input_file: "file-1".into(),
            metadata: json!({"key": "k"}),
            created: Instant::now(),
            fault: None,
            failure: None,
            queued_tokens: 100,
            requests: 10,
            results: None,
        }
    }

    #[test]
    fn states_by_time_result_and_fault() {
        let results = |failed: usize| {
            let error_file = (failed > 0).then(|| "file-3".to_owned());
            Some(BatchResults { output_file: Some("file-2".into()), error_file, failed })
        };
        let queue_full = Some(json!({"code": "token_limit_exceeded"}));
        for (elapsed_ms, fault, failure, results, status, completed, is_due) in [
            (0, None, None, None, "validating", 0, false),
            (99, None, None, None, "validating", 0, false),
            (101, None, None, None, "in_progress", 0, false),
            (799, None, None, None, "in_progress", 0, false),
            (801, None, None, None, "finalizing", 0, false),
            (1000, None, None, None, "finalizing", 0, true),
            (9000, None, None, None, "finalizing", 0, true),
            (1000, None, None, results(0), "completed", 10, false),
            (1000, None, None, results(2), "completed", 8, false),
            (1000, Some(BatchFault::Expire), None, None, "finalizing", 0, true),
            (1000, Some(BatchFault::Expire), None, results(5), "expired", 5, false),
            (1000, Some(BatchFault::Twice), None, results(0), "completed", 10, false),
            (0, Some(BatchFault::Fail), queue_full.clone(), Some(BatchResults::default()), "failed", 10, false),
            (9000, None, queue_full, Some(BatchResults::default()), "failed", 10, false),
        ] {
            let batch = Batch { fault, failure, results, ..batch() };
            let (now, batch_time) = (batch.created + Duration::from_millis(elapsed_ms), Duration::from_secs(1));
            let json = batch.to_json("batch_1", now, batch_time);
            let words = format!("{elapsed_ms} ms, {fault:?}: {json}");
            assert_eq!(json["status"], status, "{words}");
            assert_eq!(json["request_counts"]["completed"], completed, "{words}");
            assert_eq!(batch.is_due(now, batch_time), is_due, "{words}");
            assert_eq!(batch.has_ended(), ["completed", "expired", "failed"].contains(&status), "{words}");
        }
    }

    #[test]
    fn the_object_has_the_documented_members() {
        let batch = Batch { failure: Some(json!({"code": "x"})), ..batch() };
        let json = batch.to_json("batch_1", batch.created, Duration::from_secs(1));
        assert_eq!(
            json,
            json!({
                "id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "completion_window": "24h",
                "status": "failed", "input_file_id": "file-1", "output_file_id": null, "error_file_id": null,
                "metadata": {"key": "k"}, "errors": {"object": "list", "data": [{"code": "x"}]},
                "request_counts": {"total": 10, "completed": 0, "failed": 0}, "created_at": 1_766_116_121,
            })
        );
    }

    #[test]
    fn a_batch_without_a_time_is_due_at_once() {
        let batch = batch();
        assert!(batch.is_due(batch.created, Duration::ZERO));
    }
}
