//! The threads of a pass: one walks the input, one counts it when the walk has to wait, a few read files
//! and prepare pages. Every queue between them is bounded.

use super::diff::walk_and_compare;
use super::pass::{ScanPass, ScanPurpose};
use super::queue::Queue;
use super::worker::Worker;
use crate::export::check_output_space;
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::control::shutdown::{Shutdown, StopStep};
use crate::pipeline::model::ready_page::ReadyPage;
use crate::prepare::DecoderCommand;
use crate::source::{Entries, HostLimits, count_entries};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// Prepared pages that may wait to be asked.
const MAX_READY: usize = 4;
/// How long an immediate end waits for threads when nothing else is left.
const JOIN_TIMEOUT: Duration = Duration::from_secs(2);
/// Interval at which threads are checked.
const POLL: Duration = Duration::from_millis(5);
/// Maximum number of workers: more of them only take memory.
const MAX_WORKERS: usize = 16;

/// The threads of a pass.
pub(crate) struct ScanThreads {
    handles: Vec<JoinHandle<()>>,
}

impl ScanThreads {
    /// Starts the threads. Pages come out of the channel until it closes. `is_partial`: whether pages may stay pending
    /// on purpose; otherwise the outputs need space for the rows of the whole input.
    ///
    /// # Errors
    /// When the store can't be read or a thread can't be started.
    pub(crate) fn start(
        run: &Arc<RunContext>,
        pass: &Arc<ScanPass>,
        entries: Entries,
        hosts: &Arc<HostLimits>,
        decoder: &DecoderCommand,
        is_partial: bool,
    ) -> Result<(mpsc::Receiver<ReadyPage>, Self), PipelineError> {
        let needs_space = pass.purpose == ScanPurpose::Ask && !is_partial;
        let queue = Arc::new(Queue::default());
        let (ready, pages) = mpsc::channel(MAX_READY);
        let count = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, MAX_WORKERS);
        let mut handles = Vec::new();
        for _ in 0..count {
            let worker = Worker::new(run, pass, queue.clone(), hosts.clone(), decoder, ready.clone())?;
            let shutdown = run.shutdown.clone();
            handles.push(spawn("prepare", move || {
                end_run_at_panic(&shutdown, "a worker", || {
                    if let Err(outcome) = worker.work() {
                        shutdown.request(outcome);
                    }
                });
            })?);
        }
        let (begin, begun) = sync_channel(1);
        let is_walked = Arc::new(AtomicBool::new(run.counters.is_counted()));
        let (counting, pass_counted, walk_ended) = (run.clone(), pass.clone(), is_walked.clone());
        handles.push(spawn("count", move || {
            end_run_at_panic(&counting.shutdown, "counting the input", || {
                count_ahead(&counting, &pass_counted, &begun, &walk_ended, needs_space);
            });
        })?);
        let (run, pass) = (run.clone(), pass.clone());
        handles.push(spawn("walk", move || {
            let send = |file| {
                if queue.is_full() {
                    // It is begun once, and not at all when the walk never waits.
                    let _ = begin.try_send(());
                }
                queue.push(file, || run.shutdown.is_immediate())
            };
            end_run_at_panic(&run.shutdown, "reading the input", || {
                let walked = run.store.reader();
                let walked = walked.and_then(|reader| walk_and_compare(&run, &pass, entries, &reader, send));
                if let Err(error) = walked {
                    run.shutdown.request(error.into());
                }
            });
            is_walked.store(true, Ordering::Relaxed);
            // An interrupted walk does not know the size of the input.
            if !run.shutdown.is_immediate() {
                run.counters.end_walk();
                if needs_space {
                    end_run_at_panic(&run.shutdown, "measuring the space", || require_output_space(&run));
                }
            }
            queue.close();
        })?);
        Ok((pages, Self { handles }))
    }

    /// Waits for the threads. The receiver of ready pages must be dropped or drained. When the end
    /// is immediate, a thread that a file system blocks is abandoned: the program ends soon.
    #[expect(clippy::disallowed_methods, reason = "threads are polled; no result depends on the time")]
    pub(crate) fn join(self, shutdown: &Shutdown) {
        let mut left = JOIN_TIMEOUT;
        while !self.handles.iter().all(JoinHandle::is_finished) {
            if shutdown.is_immediate() {
                if left.is_zero() || shutdown.is_past(StopStep::ThreadsEnd) {
                    tracing::warn!("the threads that read files did not end in time; they are abandoned");
                    return;
                }
                left = left.saturating_sub(POLL);
            }
            std::thread::sleep(POLL);
        }
        for handle in self.handles {
            // A panic has already requested the end of the run.
            let _ = handle.join();
        }
    }
}

/// Does the work of a thread. If it panics, the run ends.
fn end_run_at_panic(shutdown: &Shutdown, what: &str, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        shutdown.request(RunOutcome::InternalError(format!("{what} panicked")));
    }
}

/// Counts the input for the progress display, once the walk has to wait. Ends with the walk.
fn count_ahead(run: &RunContext, pass: &ScanPass, begun: &Receiver<()>, is_walked: &AtomicBool, needs_space: bool) {
    if begun.recv().is_err() || is_walked.load(Ordering::Relaxed) {
        return;
    }
    if !pass.looks_at_done {
        let keys = &run.identity.keys;
        let set = (!pass.question_sets.has_templates()).then_some(keys.set);
        let done = run.store.reader().and_then(|reader| reader.done_entries(keys.job, set));
        // A store that fails ends the run elsewhere.
        run.counters.set_stored_done(done.unwrap_or(0));
    }
    let counted = count_entries(&run.job.input, |count| {
        let goes_on = !is_walked.load(Ordering::Relaxed) && !run.shutdown.is_requested();
        if goes_on {
            run.counters.set_counting(count);
        }
        goes_on
    });
    if let Ok(Some(count)) = counted {
        run.counters.set_counted(count);
        if needs_space {
            require_output_space(run);
        }
    }
}

/// Ends the run if the outputs have no space for the rows of the input, which has been counted: no more is paid for.
fn require_output_space(run: &RunContext) {
    if let Err(error) = check_output_space(&run.job.output, run.counters.counted()) {
        run.shutdown.request(RunOutcome::from_error(&error.into()));
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, PipelineError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(work).map_err(|error| PipelineError::Internal(format!("can't start a thread: {error}")))
}
