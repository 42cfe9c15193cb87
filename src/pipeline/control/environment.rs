//! What a run is given besides its job.

use crate::base::clock::Clock;
use crate::base::hooks::Hooks;
use crate::export::ExportError;
use crate::pipeline::model::page_status::Wish;
use crate::prepare::DecoderCommand;
use crate::provider::{HttpClient, HttpClientError};
use crate::source::SourceError;
use crate::store::StoreError;
use std::sync::Arc;
use std::time::Duration;

/// Time, chance, names and the way out: everything that tests hand in differently.
#[derive(Clone)]
pub struct Environment {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Points where a test looks or crashes.
    pub hooks: Arc<dyn Hooks>,
    /// Decides jitter.
    pub seed: u64,
    /// The run's id.
    pub run_id: String,
    /// The client of the provider.
    pub client: HttpClient,
    /// How a decoder process is started.
    pub decoder: DecoderCommand,
}

/// What the command line asks of a run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// Most pages to ask.
    pub limit: Option<u64>,
    /// Ask only this many pages, a sample that stays the same.
    pub sample: Option<u64>,
    /// Which settled outcomes are asked again.
    pub wish: Wish,
    /// Only these tasks; empty: all.
    pub tasks: Vec<String>,
    /// How long a stop waits for what is in flight.
    pub grace: Duration,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { limit: None, sample: None, wish: Wish::default(), tasks: Vec::new(), grace: Duration::from_secs(8) }
    }
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The input can't be searched.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An output can't be written.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// HTTP can't be set up.
    #[error(transparent)]
    Client(#[from] HttpClientError),
    /// A task is named that the job does not have.
    #[error("the job has no task `{name}`; it has: {known}")]
    NoTask {
        /// The name that was given.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The input can't be read to its end.
    #[error("{0}")]
    Input(String),
    /// Pages that are like others, asked different things.
    #[error("input.near_duplicates and questions that name columns of the list exclude each other")]
    NearTemplates,
    /// A page can't be read.
    #[error("can't use {path}: {reason}")]
    Page {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// There is nothing in the store to show.
    #[error("the store has no run of this job")]
    NoRun,
    /// Something that can't be happened.
    #[error("internal error: {0}")]
    Internal(String),
}
