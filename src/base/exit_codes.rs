//! The exit codes of `docmill`, which the README lists. Other files use these names.

/// Everything that was asked for is done.
pub(crate) const SUCCESS: u8 = 0;
/// A defect of docmill.
pub(crate) const INTERNAL: u8 = 1;
/// Wrong input: arguments, manifest, input folder.
pub(crate) const WRONG_INPUT: u8 = 2;
/// More pages are unusable than allowed.
pub(crate) const FAILED_PAGES: u8 = 3;
/// A budget is reached.
pub(crate) const BUDGET_REACHED: u8 = 4;
/// The provider refuses every request.
pub(crate) const PROVIDER_REFUSED: u8 = 5;
/// The provider is unavailable for longer than the run waits.
pub(crate) const PROVIDER_UNAVAILABLE: u8 = 6;
/// An evaluation did not reach a threshold.
pub(crate) const GATE_FAILED: u8 = 7;
/// A store or an output can't be read or written.
pub(crate) const STORAGE: u8 = 8;
/// The time is over, or pages are left that could not be looked at.
pub(crate) const DEADLINE_REACHED: u8 = 9;
/// Batches are in progress.
pub(crate) const BATCH_PENDING: u8 = 10;
/// Ctrl-C: 128 and the number of the signal.
pub(crate) const INTERRUPTED: u8 = 130;
/// What schedulers send to end a process: 128 and the number of the signal.
pub(crate) const TERMINATED: u8 = 143;

/// Whether running again without a change may succeed.
pub(crate) fn is_retryable(exit_code: u8) -> bool {
    matches!(exit_code, PROVIDER_UNAVAILABLE | STORAGE | DEADLINE_REACHED | BATCH_PENDING | INTERRUPTED | TERMINATED)
}
