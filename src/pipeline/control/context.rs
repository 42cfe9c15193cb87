//! What every stage of a run shares.

use super::counters::Counters;
use super::dependencies::Dependencies;
use super::error::PipelineError;
use super::identity::{RunIdentity, RunPurpose};
use super::run_outcome::RunOutcome;
use super::shutdown::Shutdown;
use crate::base::clock::Clock;
use crate::base::hooks::Hooks;
use crate::base::random::Random;
use crate::manifest::Job;
use crate::store::{RunEnd, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// One run (or one tried page): its job, its store and its surroundings. Made once, shared by
/// all threads. Endpoints and admission belong to the asking thread and are passed beside it.
pub(crate) struct RunContext {
    /// The checked manifest.
    pub(crate) job: Arc<Job>,
    /// Who this run is in the store.
    pub(crate) identity: RunIdentity,
    /// The store, for writing; readers come from it.
    pub(crate) store: Store,
    /// Time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Decides jitter.
    pub(crate) random: Random,
    /// Points where a test watches or crashes.
    pub(crate) hooks: Arc<dyn Hooks>,
    /// Whether and why the run ends.
    pub(crate) shutdown: Shutdown,
    /// What has happened so far.
    pub(crate) counters: Arc<Counters>,
}

impl RunContext {
    /// Begins a run in the store.
    ///
    /// # Errors
    /// When the store can't be opened or written.
    pub(crate) fn begin(
        job: &Arc<Job>,
        questions: &Arc<[crate::task::Question]>,
        dependencies: &Dependencies,
        purpose: RunPurpose,
        shutdown: &Shutdown,
        counters: &Arc<Counters>,
    ) -> Result<Self, PipelineError> {
        let clock = dependencies.clock.clone();
        let store = Store::open(&job.store, clock.clone(), dependencies.hooks.clone())?;
        let renderers = dependencies.decoder.renderer_fingerprint(job.image.pdf_renderer);
        let identity = RunIdentity::begin(job, questions, &dependencies.run_id, purpose, renderers, &store, &*clock)?;
        identity.keys.notices.iter().for_each(|notice| tracing::warn!("{notice}"));
        Ok(Self {
            job: job.clone(),
            identity,
            store,
            clock,
            random: Random::new(dependencies.seed),
            hooks: dependencies.hooks.clone(),
            shutdown: shutdown.clone(),
            counters: counters.clone(),
        })
    }

    /// Ends a run that only tries pages. `asked`: whether every page has its answers.
    ///
    /// # Errors
    /// When the store can't be written.
    pub(crate) fn end_try(&self, asked: Result<bool, &PipelineError>) -> Result<(), StoreError> {
        let outcome = RunOutcome::from_try(asked, self.shutdown.outcome().as_ref());
        let (run, at_ms) = (self.identity.keys.run, self.clock.wall_ms());
        self.store.mark_lost(run, at_ms)?;
        self.store.end_run(RunEnd {
            run,
            outcome: outcome.name(),
            exit_code: outcome.exit_code(),
            is_finished: true,
            pages: None,
            at_ms,
        })
    }

    /// Time since the run began. Monotonic: setting the system's clock does not change it.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.now().saturating_sub(self.identity.started)
    }

    /// Sleeps for `wait`.
    ///
    /// # Errors
    /// When the run ends first.
    pub(crate) async fn pause(&self, wait: Duration) -> Result<(), Ending> {
        tokio::select! {
            () = self.clock.sleep(wait) => Ok(()),
            () = self.shutdown.requested() => Err(Ending),
        }
    }
}

/// The run ends: nothing more is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ending;
