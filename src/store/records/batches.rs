//! Batches and their attempts.

use super::runs::TaskKey;
use crate::base::ids::{AttemptId, AttemptName, BatchId, JobId, PageId, RecipeId, RecipeSetId, RunKey};
use crate::base::money::Pico;
use crate::base::vocabulary::{AttemptPurpose, BatchState};

/// A batch before it is filled.
#[derive(Clone, Debug)]
pub struct BatchStart {
    /// A key that no other batch has, also at the provider.
    pub key: String,
    /// The run.
    pub run: RunKey,
    /// The job.
    pub job: JobId,
    /// The id of the provider. Any run that uses it can collect the batch.
    pub provider: String,
    /// The price in effect, as text; `None` if unknown.
    pub price: Option<String>,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// The progress of a batch, and its size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchProgress {
    /// The batch.
    pub batch: BatchId,
    /// The state.
    pub state: BatchState,
    /// The number of lines in its file.
    pub requests: u64,
    /// The size of its file in bytes.
    pub bytes: u64,
    /// The number of prompt tokens, as the queue of the provider counts them.
    pub tokens: u64,
    /// The id that the provider gave the file.
    pub input_file: Option<String>,
    /// The id that the provider gave the batch.
    pub remote: Option<String>,
}

/// A state change of a batch.
#[derive(Clone, Debug)]
pub struct BatchChange {
    /// The new state.
    pub progress: BatchProgress,
    /// The message of the provider when the batch ended.
    pub message: Option<String>,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// A batch that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRecord {
    /// The state.
    pub progress: BatchProgress,
    /// A key that no other batch has, also at the provider.
    pub key: String,
    /// The price in effect when it was filled, as text; `None` if unknown.
    pub price: Option<String>,
}

/// Earlier attempts of batches at the questions of an attempt, since these were last done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EarlierAttempts {
    /// Attempts that had a reply.
    pub replies: u32,
    /// Repairs among these.
    pub repairs: u32,
    /// Attempts with an error after which another one may succeed.
    pub retries: u32,
}

/// An open attempt of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchAttempt {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its identity outside this store. `None` if a docmill opened it that knew no sequence
    /// numbers and was still running when the store was migrated.
    pub name: Option<AttemptName>,
    /// Why it was made.
    pub purpose: AttemptPurpose,
    /// What other runs have tried before it.
    pub earlier: EarlierAttempts,
    /// The page.
    pub page: PageId,
    /// The set of recipes that it asks.
    pub set: RecipeSetId,
    /// These recipes, in their order.
    pub recipes: Vec<RecipeId>,
    /// The expected cost.
    pub expected: Option<Pico>,
    /// The reservation.
    pub reserved: Option<Pico>,
    /// The tasks of the run that opened the attempt.
    pub tasks: Vec<TaskKey>,
}
