//! Why a job can't be evaluated.

use crate::pipeline::PipelineError;

/// Why a job can't be evaluated.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// The input, the store or the job.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// The request does not fit the job or the truth.
    #[error("{message}")]
    Input {
        /// The fault: a lower-case fragment.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl EvalError {
    /// Wrong input without a hint.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::Input { message: message.into(), hint: None }
    }

    /// The same with a hint.
    pub(crate) fn input_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Input { message: message.into(), hint: Some(hint.into()) }
    }
}

impl From<crate::store::StoreError> for EvalError {
    fn from(error: crate::store::StoreError) -> Self {
        PipelineError::from(error).into()
    }
}
