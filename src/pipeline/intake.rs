//! Intake: one thread walks, a few read and prepare, all bounded. A worker that is stuck
//! or panics is replaced; its page becomes a row with the reason.

use super::counters::Counters;
use super::merge::merge;
use super::outcome::Outcome;
use super::page::Ready;
use super::standing::Wish;
use super::stop::Stop;
use super::worker::Worker;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::manifest::Job;
use crate::source::{Entry, Walk};
use crate::store::{EntryChange, EntryRecord, Reader, RunKeys, Store, StoreError};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc;

/// A file to look at, and what the store knows of it when it is unchanged.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) entry: Entry,
    pub(super) known: Option<EntryRecord>,
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
    /// Only these contents are asked; `None`: all.
    pub(super) sample: Option<HashSet<Digest>>,
    /// Pages are only read and recorded, not prepared.
    pub(super) only_records: bool,
    /// Settled files are looked at too.
    pub(super) looks_at_settled: bool,
    /// Cleared when nothing more is asked: the rest is only listed.
    pub(super) is_asking: AtomicBool,
    /// Set when the walk reached its end.
    pub(super) has_seen_all: Arc<AtomicBool>,
    /// Set when the input or what is known of it changed.
    pub(super) has_changes: Arc<AtomicBool>,
}

/// Files that wait for a worker.
const QUEUE: usize = 64;
/// Pages that wait to be asked.
const READY: usize = 4;
/// Longest that a page may take to be read and prepared.
const LONGEST: Duration = Duration::from_secs(60);
/// Most workers: more only fill memory.
const MOST_WORKERS: usize = 16;

/// The intake's threads.
pub(super) struct Threads {
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Waits for the threads. The receiver of ready pages must be gone or drained.
    pub(super) fn join(self) {
        for handle in self.handles {
            // A panic outside the decoders was reported by the stop.
            let _ = handle.join();
        }
    }
}

/// Starts the threads; pages come out of the channel until it closes.
pub(super) fn start(intake: &Arc<Intake>, walk: Walk) -> Result<(mpsc::Receiver<Ready>, Threads), StoreError> {
    let (work, queue) = sync_channel(QUEUE);
    let (ready, pages) = mpsc::channel(READY);
    let queue = Arc::new(Mutex::new(queue));
    let count = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, MOST_WORKERS);
    let crew =
        Arc::new(Crew { intake: intake.clone(), queue, ready: Mutex::new(Some(ready)), posts: Mutex::new(Vec::new()) });
    for _ in 0..count {
        crew.hire()?;
    }
    let walker = {
        let (intake, crew) = (intake.clone(), crew);
        spawn("walk", move || {
            let send = |item| hand_over(&intake, &work, &crew, item);
            let walked = Reader::open(intake.store.path()).and_then(|reader| merge(&intake, walk, &reader, send));
            if let Err(error) = walked {
                intake.stop.request(Outcome::StorageError(error.to_string()));
            }
            intake.counters.is_walked.store(true, Ordering::Relaxed);
            drop(work);
            crew.dismiss();
        })?
    };
    Ok((pages, Threads { handles: vec![walker] }))
}

/// Gives work to whoever is free; watches for stuck workers while nobody is.
fn hand_over(intake: &Intake, work: &SyncSender<Work>, crew: &Crew, mut item: Work) -> bool {
    loop {
        match work.try_send(item) {
            Ok(()) => return true,
            Err(TrySendError::Disconnected(_)) => return false,
            Err(TrySendError::Full(back)) => {
                if intake.stop.is_urgent() {
                    return false;
                }
                item = back;
                crew.replace_the_stuck();
                pause();
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a poll of a thread's queue, not a time that a run depends on")]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(work).map_err(|error| StoreError::Failed(format!("can't start a thread: {error}")))
}

/// What a worker is doing, so that somebody else can see that it is stuck.
#[derive(Debug, Default)]
pub(super) struct Post {
    /// Since when, and with which file; `None`: idle.
    pub(super) busy: Option<(Duration, Entry, Option<Digest>)>,
    /// It was given up: what it still brings is dropped.
    pub(super) is_abandoned: bool,
    /// Where pages go; taken away from who is given up, or the channel would never close.
    pub(super) ready: Option<mpsc::Sender<Ready>>,
    /// What it found and has not written yet.
    pub(super) changes: Vec<EntryChange>,
}

/// A worker's post and its thread.
type Staffed = (Arc<Mutex<Post>>, JoinHandle<()>);

/// The workers.
struct Crew {
    intake: Arc<Intake>,
    queue: Arc<Mutex<Receiver<Work>>>,
    ready: Mutex<Option<mpsc::Sender<Ready>>>,
    posts: Mutex<Vec<Staffed>>,
}

impl Crew {
    fn hire(&self) -> Result<(), StoreError> {
        let Some(ready) = self.ready.lock().ok().and_then(|ready| ready.clone()) else {
            return Ok(());
        };
        let post = Arc::new(Mutex::new(Post { ready: Some(ready), ..Post::default() }));
        let worker = Worker::new(self.intake.clone(), post.clone())?;
        let (queue, stop) = (self.queue.clone(), self.intake.stop.clone());
        let handle = spawn("prepare", move || {
            if let Err(error) = worker.work(&queue) {
                stop.request(Outcome::StorageError(error.to_string()));
            }
        })?;
        if let Ok(mut posts) = self.posts.lock() {
            posts.push((post, handle));
        }
        Ok(())
    }

    /// Gives up on workers that take too long: their page gets its reason, and somebody
    /// new takes their place.
    fn replace_the_stuck(&self) {
        let now = self.intake.clock.now();
        let mut stuck = Vec::new();
        if let Ok(mut posts) = self.posts.lock() {
            posts.retain(|(post, _)| {
                let Ok(mut post) = post.lock() else {
                    return true;
                };
                let is_stuck = post.busy.as_ref().is_some_and(|(since, ..)| now.saturating_sub(*since) > LONGEST);
                if is_stuck {
                    post.is_abandoned = true;
                    post.ready = None;
                    let changes = std::mem::take(&mut post.changes);
                    stuck.extend(post.busy.take().map(|busy| (busy, changes)));
                }
                !is_stuck
            });
        }
        for ((_, entry, content), changes) in stuck {
            let reported =
                super::worker::report_stuck(&self.intake, &entry, content, changes).and_then(|()| self.hire());
            if let Err(error) = reported {
                self.intake.stop.request(Outcome::StorageError(error.to_string()));
            }
        }
    }

    /// Waits until every worker has done its last page, or is given up.
    fn dismiss(&self) {
        loop {
            self.replace_the_stuck();
            let is_over = self.posts.lock().map_or(true, |posts| posts.iter().all(|(_, handle)| handle.is_finished()));
            if is_over {
                break;
            }
            pause();
        }
        if let Ok(mut ready) = self.ready.lock() {
            ready.take();
        }
    }
}
