//! A process that is stopped for a while.

use std::process::{Child, Command, ExitStatus};

/// A stopped process. It goes on when this is dropped, even if a test fails.
pub(crate) struct Stopped(String);

impl Stopped {
    /// Stops a process.
    pub(crate) fn new(child: &Child) -> Self {
        let id = child.id().to_string();
        assert!(signal(&id, "-STOP").unwrap().success(), "it can't be stopped");
        Self(id)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // A panic here would hide why the test fails.
        let _ = signal(&self.0, "-CONT");
    }
}

fn signal(id: &str, name: &str) -> std::io::Result<ExitStatus> {
    Command::new("kill").args([name, id]).status()
}
