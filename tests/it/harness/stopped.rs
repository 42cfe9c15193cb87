//! A process that is stopped for a while.

use super::signal::{is_sent, signal};
use std::path::Path;
use std::process::Child;

/// A stopped process. It continues when this is dropped, even if a test fails.
pub(crate) struct Stopped(u32);

impl Stopped {
    /// Stops a process.
    pub(crate) fn new(child: &Child) -> Self {
        signal(child, "STOP");
        Self(child.id())
    }
}

/// Stops a process while it does not write to its store: others could not write to it, either.
pub(crate) fn stopped_beside(child: &Child, store: &Path) -> Stopped {
    loop {
        let stopped = Stopped::new(child);
        let db = rusqlite::Connection::open(store).unwrap();
        if db.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
            return stopped;
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // A panic here would hide why the test fails.
        is_sent(self.0, "CONT");
    }
}
