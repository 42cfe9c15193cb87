//! The process that started docmill: its end, and descriptors that it has passed on.

use super::exit::{Failure, WRONG_INPUT};
#[cfg(target_os = "linux")]
use super::signals::PARENT_END;

/// Asks the system for [`PARENT_END`] when the process `parent` ends, which started docmill.
///
/// # Errors
/// When another process has started docmill, or `parent` has ended already.
#[cfg(target_os = "linux")]
pub(crate) fn end_with(parent: u32) -> Result<(), Failure> {
    use rustix::process::{Pid, getppid, set_parent_process_death_signal};
    let refused = |reason: &str| {
        Err(Failure::new(WRONG_INPUT, format!("--exit-with-parent {parent}: {reason}"))
            .with_hint("give the id of the process that starts docmill"))
    };
    if set_parent_process_death_signal(Some(PARENT_END)).is_err() {
        return refused("the system does not support it");
    }
    // It may have ended before the system was asked.
    let is_parent = Pid::as_raw(getppid()).cast_unsigned() == parent;
    if is_parent { Ok(()) } else { refused("this process has not started docmill, or it has ended") }
}

/// Other systems have no such signal.
#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "on Linux it can fail")]
pub(crate) fn end_with(_parent: u32) -> Result<(), Failure> {
    Ok(())
}

/// Keeps descriptors that docmill has inherited, such as that of the provider's key, from the processes that it
/// starts.
#[cfg(unix)]
pub(crate) fn keep_descriptors() {
    const FIRST_AFTER_STDERR: i32 = 3;
    close_fds::set_fds_cloexec(FIRST_AFTER_STDERR, &[]);
}

/// Other systems pass on only what a program names.
#[cfg(not(unix))]
pub(crate) fn keep_descriptors() {}
