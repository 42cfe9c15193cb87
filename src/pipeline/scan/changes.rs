//! Changes of entries on their way into the store, written in groups.

use super::pass::ScanPass;
use crate::pipeline::control::context::RunContext;
use crate::store::{EntryChange, StoreError};
use std::sync::Arc;

/// Changes that are not written yet.
pub(crate) struct ChangeBuffer {
    run: Arc<RunContext>,
    pass: Arc<ScanPass>,
    changes: Vec<EntryChange>,
}

/// Changes that are written at once.
const GROUP: usize = 64;

impl ChangeBuffer {
    /// An empty buffer.
    pub(crate) fn new(run: Arc<RunContext>, pass: Arc<ScanPass>) -> Self {
        Self { run, pass, changes: Vec::new() }
    }

    /// Adds a change.
    pub(crate) fn push(&mut self, change: EntryChange) {
        self.changes.push(change);
    }

    /// Writes the changes when there are enough for a group.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn write_group(&mut self) -> Result<(), StoreError> {
        if self.changes.len() < GROUP { Ok(()) } else { self.write_all() }
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
