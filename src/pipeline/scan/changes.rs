//! Changes of entries on their way into the store, written in groups.

use super::pass::ScanPass;
use crate::pipeline::control::context::RunContext;
use crate::store::{EntryChange, StoreError};
use std::sync::Arc;
use std::time::Duration;

/// Changes that are not written yet.
pub(crate) struct ChangeBuffer {
    run: Arc<RunContext>,
    pass: Arc<ScanPass>,
    changes: Vec<EntryChange>,
    /// When the oldest of them was added.
    since: Duration,
}

/// Number of changes that triggers a write.
const GROUP: usize = 64;
/// Maximum age of an unwritten change. A process may die, and other commands read the store.
const MAX_AGE: Duration = Duration::from_secs(1);

impl ChangeBuffer {
    /// An empty buffer.
    pub(crate) fn new(run: Arc<RunContext>, pass: Arc<ScanPass>) -> Self {
        Self { run, pass, changes: Vec::new(), since: Duration::ZERO }
    }

    /// Adds a change.
    pub(crate) fn push(&mut self, change: EntryChange) {
        if self.changes.is_empty() {
            self.since = self.run.clock.now();
        }
        self.changes.push(change);
    }

    /// Writes the changes when there are enough for a group, or when the oldest has waited long enough.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn write_if_due(&mut self) -> Result<(), StoreError> {
        let is_old = || self.run.clock.now().saturating_sub(self.since) >= MAX_AGE;
        if self.changes.len() >= GROUP || is_old() { self.write_all() } else { Ok(()) }
    }

    /// Writes all changes.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn write_all(&mut self) -> Result<(), StoreError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        self.pass.seen.set_changed();
        self.run.store.change_entries(self.run.identity.keys.job, std::mem::take(&mut self.changes))
    }
}
