//! Why a command could not do its work.

use crate::export::ExportError;
use crate::provider::HttpClientError;
use crate::source::SourceError;
use crate::store::StoreError;

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The input can't be searched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store can't be used.
    #[error(transparent)]
    Store(StoreError),
    /// An output can't be written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The HTTP client can't be set up.
    #[error(transparent)]
    Client(#[from] HttpClientError),
    /// A task was named that the job does not have.
    #[error("the job has no task `{name}`; its tasks are: {known}")]
    NoTask {
        /// The name that was given.
        name: String,
        /// The names of the job's tasks.
        known: String,
    },
    /// The input can't be read to its end.
    #[error("{0}")]
    Input(String),
    /// Near duplicates share an answer, so they can't be asked different questions.
    #[error("input.near_duplicates can't be combined with questions that name columns of the list")]
    NearDuplicateTemplates,
    /// A run that waits for nothing was asked for, and the job has no batches.
    #[error("--once is for jobs with `delivery: batch`: requests that are sent at once are waited for")]
    OnceWithoutBatches,
    /// A page can't be read.
    #[error("can't use {path}: {reason}")]
    Page {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The store holds no run of the job.
    #[error("the store has no run of this job")]
    NoRun,
    /// A run that ends at once had no time left for its outputs. They are as they were.
    #[error("the outputs were not finished in time")]
    OutputsAbandoned,
    /// A defect of docmill.
    #[error("internal error: {0}")]
    Internal(String),
}

impl From<StoreError> for PipelineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Internal(message) => Self::Internal(message),
            error => Self::Store(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_defect_of_the_store_is_a_defect_of_docmill() {
        let error = PipelineError::from(StoreError::Internal("wrong reply".into()));
        assert!(matches!(&error, PipelineError::Internal(message) if message == "wrong reply"), "{error}");
        assert!(matches!(PipelineError::from(StoreError::Closed), PipelineError::Store(StoreError::Closed)));
    }
}
