//! Running a job in a thread, so that the caller gets a result in time even if something blocks the run.

use super::error::{Error, INTERNAL};
use super::run_report::RunReport;
use crate::pipeline::{Counters, PipelineError, RunOutcome, STOP_TIME, Shutdown, StopStep};
use crate::report::Report;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Interval at which a run is checked for having taken too long to end.
const STOP_POLL: Duration = Duration::from_millis(20);
/// Stack of the thread of a run, in bytes: that of a program's first thread.
const RUN_STACK: usize = 8 << 20;

/// Does the work of a run in a thread, and waits for it: until it is done, or `grace` and two seconds after it was asked
/// to end. The thread is abandoned then.
///
/// # Errors
/// Those of the work; and when it panicked, or was not done in time.
pub(crate) fn run_in_time(
    work: impl FnOnce() -> Result<(Report, RunOutcome), PipelineError> + Send + 'static,
    grace: Duration,
    shutdown: &Shutdown,
    counters: &Counters,
) -> Result<RunReport, Error> {
    let (send, ended) = channel();
    // The receiver is gone if the run took too long to end.
    let work = move || _ = send.send(work());
    let started = std::thread::Builder::new().name("run".into()).stack_size(RUN_STACK).spawn(work);
    started.map_err(|error| Error::new(INTERNAL, format!("can't start a thread: {error}")))?;
    loop {
        return match ended.recv_timeout(STOP_POLL) {
            Ok(Ok((report, outcome))) => {
                Ok(RunReport { report, outcome: Some(outcome), unstored: counters.unstored() })
            }
            Ok(Err(PipelineError::OutputsAbandoned)) => {
                Err(cut_short(shutdown, "the outputs were not finished in time"))
            }
            Ok(Err(error)) => Err(Error::from(error).with_unstored(counters.unstored())),
            Err(RecvTimeoutError::Timeout) if shutdown.is_past(StopStep::Everything) => {
                let seconds = grace.saturating_add(STOP_TIME).as_secs();
                let message = format!("not everything could be finished within {seconds} s");
                Err(cut_short(shutdown, &message).with_unstored(counters.unstored()))
            }
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => Err(Error::new(INTERNAL, "internal error: the run panicked")
                .with_hint("run the same command again to continue; nothing is paid for twice")),
        };
    }
}

/// The error of a run that was ended early and left something undone.
fn cut_short(shutdown: &Shutdown, what: &str) -> Error {
    let outcome = shutdown.outcome().unwrap_or_else(|| RunOutcome::InternalError("the run ended".into()));
    Error::cut_short(&outcome, what)
}
