//! The end of a run. Anybody may request it; the first request decides the outcome.

use super::run_outcome::RunOutcome;
use std::sync::Arc;
use tokio::sync::watch;

/// Requests the end of a run, and shows whether it was requested. Clones share one state.
#[derive(Clone, Debug)]
pub struct Shutdown {
    outcome: Arc<watch::Sender<Option<RunOutcome>>>,
    /// A signal or the deadline came, first or later: nothing waits longer than the grace period.
    is_immediate: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { outcome: Arc::new(watch::channel(None).0), is_immediate: Arc::new(watch::channel(false).0) }
    }
}

impl Shutdown {
    /// Requests the end. Later requests do not change the outcome.
    pub fn request(&self, outcome: RunOutcome) {
        if matches!(outcome, RunOutcome::Interrupted(_) | RunOutcome::DeadlineReached) {
            self.is_immediate.send_replace(true);
        }
        self.outcome.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                *first = Some(outcome);
            }
            is_first
        });
    }

    /// The outcome of the first request.
    #[must_use]
    pub fn outcome(&self) -> Option<RunOutcome> {
        self.outcome.borrow().clone()
    }

    /// Whether the end was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.outcome.borrow().is_some()
    }

    /// Whether a signal or the deadline requested it: then no more files are looked at either.
    #[must_use]
    pub fn is_immediate(&self) -> bool {
        *self.is_immediate.borrow()
    }

    /// Completes when a signal or the deadline requests the end.
    pub async fn immediate(&self) {
        let mut is_immediate = self.is_immediate.subscribe();
        // The sender lives as long as this handle.
        let _ = is_immediate.wait_for(|is_immediate| *is_immediate).await;
    }

    /// Completes when the end is requested.
    pub async fn requested(&self) {
        let mut outcome = self.outcome.subscribe();
        // The sender lives as long as this handle.
        let _ = outcome.wait_for(Option::is_some).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::control::run_outcome::Signal;

    #[test]
    fn the_first_request_decides_and_a_later_signal_only_makes_it_immediate() {
        let shutdown = Shutdown::default();
        assert!(!shutdown.is_requested() && !shutdown.is_immediate());
        shutdown.request(RunOutcome::StorageError("the disk is full".into()));
        assert!(shutdown.is_requested() && !shutdown.is_immediate());
        shutdown.clone().request(RunOutcome::Interrupted(Signal::Terminate));
        assert!(shutdown.is_immediate());
        assert_eq!(shutdown.outcome(), Some(RunOutcome::StorageError("the disk is full".into())));
    }
}
