//! A batch as the provider reports it, in any dialect.

use crate::provider::client::failure::HttpFailure;
use crate::provider::judgement::verdict::{Obstacle, ProviderRefusal, Verdict};
use serde_json::Value;
use std::time::Duration;

/// A batch as the provider reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteBatch {
    /// The provider's id of the batch.
    pub id: String,
    /// Its state.
    pub status: RemoteStatus,
    /// The id of the file with its requests.
    pub input_file: String,
    /// The id of the file with results.
    pub output_file: Option<String>,
    /// The id of the file with errors.
    pub error_file: Option<String>,
    /// Why it failed as a whole.
    pub errors: Vec<BatchError>,
    /// How many requests it has executed. 0: none, or the provider does not state it.
    pub completed: u64,
    /// The metadata that was set when the batch was created, to find it again.
    pub key: Option<String>,
}

/// The state of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RemoteStatus {
    /// It is validated, executed or being finalized.
    #[default]
    Working,
    /// The provider reports no state, or an unknown one.
    Unclear,
    /// Nothing of it was executed.
    Failed,
    /// Every request was executed, with or without success.
    Completed,
    /// Its time ran out. The results so far exist.
    Expired,
    /// It was cancelled. The results so far exist.
    Cancelled,
}

/// Why a batch failed as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchError {
    /// The provider's error code.
    pub code: String,
    /// A human-readable message.
    pub message: String,
    /// The line of the file that it is about, from 1.
    pub line: Option<u64>,
    /// Set if the provider's queue had no space for the batch.
    pub full_queue: Option<FullQueue>,
}

/// The provider's queue of batches is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FullQueue {
    /// Prompt tokens that may be queued; `None` if the error does not name them.
    pub max_tokens: Option<u64>,
}

/// The hint for a provider without a Batch API.
pub(crate) const NO_BATCH_API: &str =
    "the provider may have no Batch API: set `delivery: now` to send each request on its own";

/// Why a call about batches failed.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchFault {
    /// It may succeed when it is retried. It may also have succeeded already.
    Transient {
        /// A human-readable message.
        message: String,
        /// The minimum delay that the server asked for.
        after: Option<Duration>,
        /// The obstacle.
        obstacle: Obstacle,
    },
    /// The provider has no such file or batch.
    NotFound(String),
    /// It will not succeed.
    Refused(ProviderRefusal),
}

impl BatchFault {
    /// A fault that may not occur again, without a delay that the server asked for.
    pub(crate) fn transient(message: impl Into<String>) -> Self {
        Self::Transient { message: message.into(), after: None, obstacle: Obstacle::Other }
    }

    /// A reply that lacks the member `name`.
    pub(crate) fn missing_member(name: &str) -> Self {
        Self::transient(format!("the reply has no member `{name}`"))
    }
}

impl From<HttpFailure> for BatchFault {
    fn from(failure: HttpFailure) -> Self {
        match failure.judge().0 {
            Verdict::Stop(refusal) => Self::Refused(refusal),
            Verdict::Later { message, after, obstacle } => Self::Transient { message, after, obstacle },
            Verdict::Retry(fault) => Self::transient(fault.message),
            Verdict::Page(fault) => Self::transient(fault.message),
            Verdict::Done { .. } => Self::transient("the reply broke off"),
        }
    }
}

/// A line of a batch's result file.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchLine {
    /// The id that the request was given.
    pub custom_id: String,
    /// The whole line.
    pub(crate) value: Value,
}
