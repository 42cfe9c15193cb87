//! Why a request of the page's script can't be answered.

use crate::pipeline::{PagePictureFault, PipelineError};
use crate::store::StoreError;

/// Why a request can't be answered. Each is a lower-case fragment.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// There is nothing at this address.
    #[error("{0}")]
    NotFound(String),
    /// The request is wrong.
    #[error("{0}")]
    Wrong(String),
    /// There is no picture of the page.
    #[error("{0}")]
    NoPicture(#[from] PagePictureFault),
    /// The store can't be read or written.
    #[error("{0}")]
    Failed(String),
}

impl From<PipelineError> for ApiError {
    fn from(error: PipelineError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}
