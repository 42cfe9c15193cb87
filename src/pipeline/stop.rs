//! The end of a run, asked for from anywhere: the first to ask decides the outcome.

use super::outcome::Outcome;
use std::sync::Arc;
use tokio::sync::watch;

/// A handle to ask for the end, and to see that it was asked for.
#[derive(Clone, Debug)]
pub struct Stop {
    ending: Arc<watch::Sender<Option<Outcome>>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self { ending: Arc::new(watch::channel(None).0) }
    }
}

impl Stop {
    /// Asks for the end. Later wishes change nothing.
    pub fn request(&self, outcome: Outcome) {
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
    pub fn ending(&self) -> Option<Outcome> {
        self.ending.borrow().clone()
    }

    /// Whether the end was asked for.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.ending.borrow().is_some()
    }

    /// Whether a signal asked: then nothing more is looked at either.
    #[must_use]
    pub fn is_interrupted(&self) -> bool {
        matches!(&*self.ending.borrow(), Some(Outcome::Interrupted(_)))
    }

    /// Completes when the end is asked for.
    pub async fn requested(&self) {
        let mut ending = self.ending.subscribe();
        // The sender lives as long as this handle.
        let _ = ending.wait_for(Option::is_some).await;
    }
}
