//! The runtime of the asking thread.

use crate::pipeline::control::error::PipelineError;
use std::future::Future;
use tokio::runtime::{Builder, Runtime};

/// A runtime on the current thread. Dropping it does not wait for blocking work, such as looking up the
/// name of a host.
pub(crate) struct AskingRuntime(Option<Runtime>);

impl AskingRuntime {
    /// A new runtime.
    ///
    /// # Errors
    /// When the system gives no resources for it.
    pub(crate) fn new() -> Result<Self, PipelineError> {
        let runtime = Builder::new_current_thread().enable_all().build();
        Ok(Self(Some(runtime.map_err(|error| PipelineError::Internal(error.to_string()))?)))
    }

    /// Completes a future.
    pub(crate) fn block_on<T>(
        &self,
        future: impl Future<Output = Result<T, PipelineError>>,
    ) -> Result<T, PipelineError> {
        match &self.0 {
            Some(runtime) => runtime.block_on(future),
            None => Err(PipelineError::Internal("the runtime has ended".into())),
        }
    }
}

impl Drop for AskingRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
