//! The end of a run, asked for from anywhere: the first to ask decides the outcome.

use super::run_outcome::RunOutcome;
use std::sync::Arc;
use tokio::sync::watch;

/// A handle to ask for the end, and to see that it was asked for.
#[derive(Clone, Debug)]
pub struct Stop {
    ending: Arc<watch::Sender<Option<RunOutcome>>>,
    /// A signal came, be it first or later: nobody waits longer than the grace.
    urgent: Arc<watch::Sender<bool>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { ending: Arc::new(watch::channel(None).0), urgent: Arc::new(watch::channel(false).0) }
    }
}

impl Stop {
    /// Asks for the end. Later wishes change nothing.
    pub fn request(&self, outcome: RunOutcome) {
        if matches!(outcome, RunOutcome::Interrupted(_) | RunOutcome::DeadlineReached) {
            self.urgent.send_replace(true);
        }
        self.ending.send_if_modified(|ending| {
            let is_first = ending.is_none();
            if is_first {
                *ending = Some(outcome);
            }
            is_first
        });
    }

    /// What was asked for.
    #[must_use]
    pub fn ending(&self) -> Option<RunOutcome> {
        self.ending.borrow().clone()
    }

    /// Whether the end was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.ending.borrow().is_some()
    }

    /// Whether a signal or the deadline asked: then nothing more is looked at either.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        *self.urgent.borrow()
    }

    /// Completes when a signal or the deadline asks.
    pub async fn hurried(&self) {
        let mut urgent = self.urgent.subscribe();
        // The sender lives as long as this handle.
        let _ = urgent.wait_for(|urgent| *urgent).await;
    }

    /// Completes when the end is asked for.
    pub async fn requested(&self) {
        let mut ending = self.ending.subscribe();
        // The sender lives as long as this handle.
        let _ = ending.wait_for(Option::is_some).await;
    }
}
