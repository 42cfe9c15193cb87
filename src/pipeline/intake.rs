//! Intake: one thread walks, a few read and prepare, all bounded.

use super::asking::Askings;
use super::counters::Counters;
use super::merge::merge;
use super::outcome::Outcome;
use super::page::Ready;
use super::queue::Queue;
use super::standing::Wish;
use super::stop::Stop;
use super::worker::Worker;
use crate::clock::Clock;
use crate::manifest::Job;
use crate::prepare::DecoderCommand;
use crate::source::{Entries, HostLimits};
use crate::store::{Reader, RunKeys, Store, StoreError, StoredPage};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// What a pass over the input is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To record what is there.
    Record,
    /// To record it, and to look at every page.
    Look,
    /// To ask.
    Ask,
}

/// What all threads of the intake share.
pub(super) struct Intake {
    pub(super) job: Arc<Job>,
    pub(super) keys: RunKeys,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stop: Stop,
    pub(super) counters: Arc<Counters>,
    pub(super) wish: Wish,
    /// Which tasks may be asked.
    pub(super) wanted: Vec<bool>,
    pub(super) started_ms: i64,
    /// Only these pages are asked; `None`: all.
    pub(super) sample: Option<HashSet<StoredPage>>,
    /// Pages that are in a batch, and need no look.
    pub(super) under_way: HashSet<StoredPage>,
    pub(super) purpose: Purpose,
    pub(super) askings: Askings,
    pub(super) decoder: DecoderCommand,
    pub(super) host_limits: Arc<HostLimits>,
    /// Settled files are looked at too.
    pub(super) looks_at_settled: bool,
    /// Cleared when nothing more is asked: the rest is only listed.
    pub(super) is_asking: AtomicBool,
    /// Set when the walk reached its end.
    pub(super) has_seen_all: Arc<AtomicBool>,
    /// Set when the input or what is known of it changed.
    pub(super) has_changes: Arc<AtomicBool>,
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
pub(super) struct Threads {
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Waits for the threads. The receiver of ready pages must be gone or drained. When a
    /// stop is urgent, a thread that a file system holds is left behind: the program ends
    /// soon.
    #[expect(clippy::disallowed_methods, reason = "a poll of threads, not a time that a run depends on")]
    pub(super) fn join(self, stop: &Stop) {
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
pub(super) fn start(intake: &Arc<Intake>, entries: Entries) -> Result<(mpsc::Receiver<Ready>, Threads), StoreError> {
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
        let walk = || Reader::open(intake.store.path()).and_then(|reader| merge(&intake, entries, &reader, send));
        match catch_unwind(AssertUnwindSafe(walk)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => intake.stop.request(Outcome::StorageError(error.to_string())),
            Err(_) => intake.stop.request(Outcome::Internal("reading the input panicked".into())),
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
