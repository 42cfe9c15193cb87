//! What goes into the store and comes out of it of batches.

use super::pages::TaskKey;
use crate::base::ids::{AttemptId, BatchId, JobId, PageId, RecipeId, RecipeSetId, RunKey};
use crate::base::money::Pico;
use crate::base::vocabulary::BatchState;

/// A batch that is about to be filled.
#[derive(Clone, Debug)]
pub struct BatchStart {
    /// Tells it from all others, at the provider too.
    pub key: String,
    /// The run.
    pub run: RunKey,
    /// The job.
    pub job: JobId,
    /// The provider's id: whoever asks it again can collect the batch.
    pub provider: String,
    /// What a token costs, as text; `None`: unknown.
    pub price: Option<String>,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// How far a batch has come, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchProgress {
    /// Its key in this store.
    pub batch: BatchId,
    /// How far it is.
    pub state: BatchState,
    /// Lines in its file.
    pub requests: u64,
    /// Bytes of its file.
    pub bytes: u64,
    /// Prompt tokens, as the provider's queue counts them.
    pub tokens: u64,
    /// The provider's id of the file.
    pub input_file: Option<String>,
    /// The provider's id of the batch.
    pub remote: Option<String>,
}

/// A step of a batch.
#[derive(Clone, Debug)]
pub struct BatchChange {
    /// Where it is now.
    pub progress: BatchProgress,
    /// What the provider said at its end.
    pub message: Option<String>,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// A batch that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRecord {
    /// Where it is.
    pub progress: BatchProgress,
    /// Tells it from all others, at the provider too.
    pub key: String,
    /// What a token costs, as text; `None`: unknown.
    pub price: Option<String>,
}

/// An open attempt of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchAttempt {
    /// Its key.
    pub attempt: AttemptId,
    /// The page.
    pub page: PageId,
    /// The set of recipes that it asks.
    pub set: RecipeSetId,
    /// These recipes, in their order.
    pub recipes: Vec<RecipeId>,
    /// What it was expected to cost.
    pub expected: Option<Pico>,
    /// What was set aside for it.
    pub reserved: Option<Pico>,
    /// The tasks of the run that asked.
    pub tasks: Vec<TaskKey>,
}
