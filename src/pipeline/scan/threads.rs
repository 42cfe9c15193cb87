//! Intake: one thread walks, a few read and prepare, all bounded.

use super::diff::merge;
use super::queue::Queue;
use super::reader::Worker;
use crate::base::clock::Clock;
use crate::manifest::Job;
use crate::pipeline::asking::page_loop::Ready;
use crate::pipeline::control::counters::Counters;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::control::shutdown::Stop;
use crate::pipeline::model::page_status::Wish;
use crate::pipeline::model::question_set::Askings;
use crate::prepare::DecoderCommand;
use crate::source::{Entries, HostLimits};
use crate::store::{PageId, RunKeys, Store, StoreError};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// What a pass over the input is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To record what is there.
    Record,
    /// To record it, and to look at every page.
    Look,
    /// To ask.
    Ask,
}

/// What all threads of the intake share.
pub(crate) struct Intake {
    pub(crate) job: Arc<Job>,
    pub(crate) keys: RunKeys,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stop: Stop,
    pub(crate) counters: Arc<Counters>,
    pub(crate) wish: Wish,
    /// Which tasks may be asked.
    pub(crate) wanted: Vec<bool>,
    pub(crate) started_ms: i64,
    /// Only these pages are asked; `None`: all.
    pub(crate) sample: Option<HashSet<PageId>>,
    /// Pages that are in a batch, and need no look.
    pub(crate) under_way: HashSet<PageId>,
    pub(crate) purpose: Purpose,
    pub(crate) askings: Askings,
    pub(crate) decoder: DecoderCommand,
    pub(crate) host_limits: Arc<HostLimits>,
    /// Settled files are looked at too.
    pub(crate) looks_at_settled: bool,
    /// Cleared when nothing more is asked: the rest is only listed.
    pub(crate) is_asking: AtomicBool,
    /// Set when the walk reached its end.
    pub(crate) has_seen_all: Arc<AtomicBool>,
    /// Set when the input or what is known of it changed.
    pub(crate) has_changes: Arc<AtomicBool>,
}

/// Pages that wait to be asked.
const READY: usize = 4;
/// How long an urgent stop waits for threads, beyond the grace for what is in flight.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two looks at threads.
const POLL: Duration = Duration::from_millis(5);
/// Most workers: more only fill memory.
const MOST_WORKERS: usize = 16;

/// The intake's threads.
pub(crate) struct Threads {
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Waits for the threads. The receiver of ready pages must be gone or drained. When a
    /// stop is urgent, a thread that a file system holds is left behind: the program ends
    /// soon.
    #[expect(clippy::disallowed_methods, reason = "a poll of threads, not a time that a run depends on")]
    pub(crate) fn join(self, stop: &Stop) {
        let mut left = PATIENCE;
        while !self.handles.iter().all(JoinHandle::is_finished) {
            if stop.is_urgent() {
                if left.is_zero() {
                    tracing::warn!("a file could not be read to its end in time");
                    return;
                }
                left = left.saturating_sub(POLL);
            }
            std::thread::sleep(POLL);
        }
        for handle in self.handles {
            // A panic outside the decoders was reported by the stop.
            let _ = handle.join();
        }
    }
}

/// Starts the threads; pages come out of the channel until it closes.
pub(crate) fn start(intake: &Arc<Intake>, entries: Entries) -> Result<(mpsc::Receiver<Ready>, Threads), StoreError> {
    let queue = Arc::new(Queue::default());
    let (ready, pages) = mpsc::channel(READY);
    let count = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, MOST_WORKERS);
    let mut handles = Vec::new();
    for _ in 0..count {
        let worker = Worker::new(intake.clone(), queue.clone(), ready.clone())?;
        let stop = intake.stop.clone();
        handles.push(spawn("prepare", move || {
            if let Err(error) = worker.work() {
                stop.request(error);
            }
        })?);
    }
    let intake = intake.clone();
    handles.push(spawn("walk", move || {
        let send = |work| queue.push(work, || intake.stop.is_urgent());
        let walk = || intake.store.reader().and_then(|reader| merge(&intake, entries, &reader, send));
        match catch_unwind(AssertUnwindSafe(walk)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => intake.stop.request(RunOutcome::StorageError(error.to_string())),
            Err(_) => intake.stop.request(RunOutcome::Internal("reading the input panicked".into())),
        }
        intake.counters.is_walked.store(true, Ordering::Relaxed);
        queue.close();
    })?);
    Ok((pages, Threads { handles }))
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(work).map_err(|error| StoreError::Failed(format!("can't start a thread: {error}")))
}
