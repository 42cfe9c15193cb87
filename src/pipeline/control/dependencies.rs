//! What a run is given besides its job.

use crate::base::clock::Clock;
use crate::base::hooks::Hooks;
use crate::base::ids::RunId;
use crate::prepare::DecoderCommand;
use crate::provider::HttpClient;
use std::sync::Arc;

/// Time, randomness, ids and the way to the provider: everything that tests replace.
#[derive(Clone)]
pub struct Dependencies {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Points where a test watches or crashes.
    pub hooks: Arc<dyn Hooks>,
    /// Decides jitter.
    pub seed: u64,
    /// The run's id.
    pub run_id: RunId,
    /// The HTTP client.
    pub client: HttpClient,
    /// How a decoder process is started.
    pub decoder: DecoderCommand,
}
