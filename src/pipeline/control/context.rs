//! What every stage of a run shares.

use super::counters::Counters;
use super::environment::Environment;
use super::error::PipelineError;
use super::identity::{RunIdentity, RunPurpose};
use super::run_outcome::RunOutcome;
use super::shutdown::Shutdown;
use crate::base::clock::Clock;
use crate::base::exit_codes::{FAILED_PAGES, SUCCESS};
use crate::base::hooks::Hooks;
use crate::base::random::Random;
use crate::base::vocabulary::RunOutcomeName;
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
        environment: &Environment,
        purpose: RunPurpose,
        shutdown: &Shutdown,
        counters: &Arc<Counters>,
    ) -> Result<Self, PipelineError> {
        let clock = environment.clock.clone();
        let store = Store::open(&job.store, clock.clone(), environment.hooks.clone())?;
        let renderers = environment.decoder.renderer_fingerprint(job.image.pdf_renderer);
        let identity = RunIdentity::begin(job, questions, &environment.run_id, purpose, renderers, &store, &*clock)?;
        identity.keys.notices.iter().for_each(|notice| tracing::warn!("{notice}"));
        Ok(Self {
            job: job.clone(),
            identity,
            store,
            clock,
            random: Random::new(environment.seed),
            hooks: environment.hooks.clone(),
            shutdown: shutdown.clone(),
            counters: counters.clone(),
        })
    }

    /// Ends a run that only tries pages with the exit code that its command has. `asked`: whether every page has its
    /// answers.
    ///
    /// # Errors
    /// When the store can't be written.
    pub(crate) fn end_trial(&self, asked: Result<bool, &PipelineError>) -> Result<(), StoreError> {
        let exit_code = match (asked, self.shutdown.outcome()) {
            (Err(error), _) => RunOutcome::from_error(error).exit_code(),
            (Ok(_), Some(outcome)) => outcome.exit_code(),
            (Ok(true), None) => SUCCESS,
            (Ok(false), None) => FAILED_PAGES,
        };
        let (run, at_ms) = (self.identity.keys.run, self.clock.wall_ms());
        self.store.mark_lost(run, at_ms)?;
        self.store.end_run(RunEnd {
            run,
            outcome: RunOutcomeName::Try,
            exit_code,
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
