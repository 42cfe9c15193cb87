//! Signals.

use std::process::{Child, Command};

/// Sends a signal, such as `TERM`, to a process that has not been waited for.
#[track_caller]
pub(crate) fn signal(child: &Child, name: &str) {
    assert!(is_sent(child.id(), name), "SIG{name} can't be sent");
}

/// Whether the signal could be sent.
pub(super) fn is_sent(id: u32, name: &str) -> bool {
    Command::new("kill").args([format!("-{name}"), id.to_string()]).status().is_ok_and(|status| status.success())
}
