//! One worker: reads a file, tells what it is, looks what the store has of it, prepares
//! what is to be asked.

use super::counters::Counters;
use super::intake::{Intake, Post, Work};
use super::page::Ready;
use crate::digest::Digest;
use crate::media::{DECODER_VERSION, MediaFault, MediaFaultKind, Probe, probe};
use crate::prepare::{Prepared, prepare};
use crate::source::Entry;
use crate::store::{EntryChange, EntryRecord, FaultRecord, Outcome, OutcomeStatus, Reader, StoreError, StoredPage};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};

/// Largest file that is read, in bytes.
const MOST_FILE_BYTES: u64 = 512 << 20;
/// Entries written to the store at once.
const CHANGES: usize = 64;
/// Changes younger than this are not trusted, in nanoseconds: a clock tick may hide the
/// next change.
const YOUNG_NS: i64 = 2_000_000_000;

/// Indices of tasks to ask, and when their known outcome was stored.
type Tasks = Vec<(usize, Option<i64>)>;

pub(super) struct Worker {
    intake: Arc<Intake>,
    post: Arc<Mutex<Post>>,
    reader: Reader,
    recipes: Vec<i64>,
}

impl Worker {
    pub(super) fn new(intake: Arc<Intake>, post: Arc<Mutex<Post>>) -> Result<Self, StoreError> {
        let reader = Reader::open(intake.store.path())?;
        let recipes = intake.keys.tasks.iter().map(|task| task.recipe_id).collect();
        Ok(Self { intake, post, reader, recipes })
    }

    /// Works until there is no more work, or until it is given up.
    pub(super) fn work(self, queue: &Mutex<Receiver<Work>>) -> Result<(), StoreError> {
        loop {
            let work = match queue.lock() {
                Ok(queue) => queue.recv(),
                Err(_) => break,
            };
            let Ok(work) = work else { break };
            if self.intake.stop.is_urgent() {
                break;
            }
            self.look_at(work)?;
            if self.is_abandoned() {
                return Ok(());
            }
            self.write_when(CHANGES)?;
        }
        self.write_when(0)?;
        if let Ok(mut post) = self.post.lock() {
            post.ready = None;
        }
        Ok(())
    }

    fn push(&self, change: EntryChange) {
        if let Ok(mut post) = self.post.lock() {
            post.changes.push(change);
        }
    }

    fn write_when(&self, most: usize) -> Result<(), StoreError> {
        let changes = match self.post.lock() {
            Ok(mut post) if post.changes.len() > most => std::mem::take(&mut post.changes),
            _ => return Ok(()),
        };
        self.intake.has_changes.store(true, Ordering::Relaxed);
        self.intake.store.change_entries(self.intake.keys.job, changes)
    }

    fn look_at(&self, work: Work) -> Result<(), StoreError> {
        let Work { entry, known } = work;
        if !self.intake.is_asking.load(Ordering::Relaxed) || self.intake.stop.is_requested() {
            if known.is_none() {
                self.push(EntryChange::Listed(unread(&entry)));
            }
            return Ok(());
        }
        match known.and_then(|known| Some((known.content?, known.page_count))) {
            Some((content, page_count)) => self.known(entry, content, page_count),
            None => self.unknown(&entry),
        }
    }

    /// An unchanged file: opened only when something of it is to be asked.
    fn known(&self, entry: Entry, content: Digest, page_count: u32) -> Result<(), StoreError> {
        let Some(tasks) = self.wanted(content, page_count)? else {
            return Ok(());
        };
        if page_count == 0 || self.intake.only_records {
            return if self.intake.only_records { Ok(()) } else { self.unknown(&entry) };
        }
        let Some(bytes) = self.read(&entry)? else {
            return Ok(());
        };
        if Digest::of(&bytes) != content {
            return self.unknown(&entry);
        }
        self.prepare(&entry, content, bytes, tasks)
    }

    /// A new or changed file.
    fn unknown(&self, entry: &Entry) -> Result<(), StoreError> {
        let Some(bytes) = self.read(entry)? else {
            return Ok(());
        };
        let content = Digest::of(&bytes);
        if let Err(fault) = self.guarded(entry, Some(content), || probe(&bytes)) {
            self.unreadable(entry, Some(content), 0, &fault);
            return Ok(());
        }
        self.push(EntryChange::Put(record(&self.intake, entry, Some(content), 1), None));
        match self.wanted(content, 1)? {
            Some(tasks) if !self.intake.only_records => self.prepare(entry, content, bytes, tasks),
            _ => Ok(()),
        }
    }

    /// The tasks to ask of a page; `None` when there is nothing to do.
    fn wanted(&self, content: Digest, page_count: u32) -> Result<Option<Tasks>, StoreError> {
        let page = StoredPage { content, page: page_count.min(1) };
        let standing = self.reader.standing(&page, &self.recipes, DECODER_VERSION)?;
        let intake = &self.intake;
        if standing.fault.is_some() && !intake.wish.failed {
            Counters::add(&intake.counters.done);
            Counters::add(&intake.counters.failed);
            return Ok(None);
        }
        let asked = standing
            .outcomes
            .iter()
            .enumerate()
            .filter(|(at, outcome)| intake.wanted[*at] && intake.wish.asks(outcome.as_ref(), intake.started_ms));
        let tasks: Vec<_> = asked.map(|(at, outcome)| (at, outcome.as_ref().map(|outcome| outcome.at_ms))).collect();
        if tasks.is_empty() && page_count > 0 {
            Counters::add(&intake.counters.done);
            return Ok(None);
        }
        let is_sampled = intake.sample.as_ref().is_none_or(|sample| sample.contains(&content));
        Ok(is_sampled.then_some(tasks))
    }

    fn prepare(&self, entry: &Entry, content: Digest, bytes: Vec<u8>, tasks: Tasks) -> Result<(), StoreError> {
        let bytes = Bytes::from(bytes);
        let image = self.intake.job.image;
        let prepared: Result<Prepared, MediaFault> = self.guarded(entry, Some(content), || {
            let found: Probe = probe(&bytes)?;
            prepare(bytes.clone(), &found, &image)
        });
        match prepared {
            Ok(prepared) => {
                // Who was given up has no way to send any more; nobody receives when the run has ended.
                let ready = self.post.lock().ok().and_then(|post| post.ready.clone());
                if let Some(ready) = ready {
                    let _ = ready.blocking_send(Ready { page: StoredPage { content, page: 1 }, tasks, prepared });
                }
            }
            // It depends on what is asked for, not on the page.
            Err(fault) if fault.kind == MediaFaultKind::RequestTooLarge => self.refuse(content, &tasks, &fault)?,
            Err(fault) => self.unreadable(entry, Some(content), 1, &fault),
        }
        Ok(())
    }

    /// Records that a page can't be sent under this job's recipes.
    fn refuse(&self, content: Digest, tasks: &Tasks, fault: &MediaFault) -> Result<(), StoreError> {
        let fault = FaultRecord { kind: fault.kind.name().into(), message: fault.message.clone() };
        let outcome = Outcome {
            status: OutcomeStatus::Failed,
            value: None,
            fault: Some(fault),
            is_passing: false,
            runs: 1,
            at_ms: self.intake.clock.wall_ms(),
        };
        let outcomes = tasks.iter().map(|(at, _)| (self.recipes[*at], outcome.clone())).collect();
        Counters::add(&self.intake.counters.done);
        Counters::add(&self.intake.counters.failed);
        self.intake.has_changes.store(true, Ordering::Relaxed);
        self.intake.store.put_outcomes_now(StoredPage { content, page: 1 }, outcomes)
    }

    /// The file's bytes; `None` after recording why there are none.
    fn read(&self, entry: &Entry) -> Result<Option<Vec<u8>>, StoreError> {
        let path = entry.file(&self.intake.job.input.folder);
        if entry.size > MOST_FILE_BYTES {
            let message = format!("the file has {} bytes, more than {MOST_FILE_BYTES}", entry.size);
            self.unreadable(entry, None, 0, &MediaFault { kind: MediaFaultKind::TooLarge, message });
            return Ok(None);
        }
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) => {
                let fault = FaultRecord { kind: "read_failed".into(), message: format!("can't be read: {error}") };
                self.push(EntryChange::Put(
                    EntryRecord { fault: Some(fault), ..record(&self.intake, entry, None, 0) },
                    None,
                ));
                Counters::add(&self.intake.counters.done);
                Counters::add(&self.intake.counters.failed);
                Ok(None)
            }
        }
    }

    /// Records a file or page that gives no picture.
    fn unreadable(&self, entry: &Entry, content: Option<Digest>, page: u32, fault: &MediaFault) {
        let fault = FaultRecord { kind: fault.kind.name().into(), message: fault.message.clone() };
        let stored = record(&self.intake, entry, content, page);
        let change = match content {
            Some(_) => EntryChange::Put(stored, Some((page, DECODER_VERSION, fault))),
            None => EntryChange::Put(EntryRecord { fault: Some(fault), ..stored }, None),
        };
        self.push(change);
        Counters::add(&self.intake.counters.done);
        Counters::add(&self.intake.counters.failed);
    }

    /// Runs a decoder where its panic costs one page, and where others see how long it takes.
    fn guarded<T>(
        &self,
        entry: &Entry,
        content: Option<Digest>,
        work: impl FnOnce() -> Result<T, MediaFault>,
    ) -> Result<T, MediaFault> {
        if let Ok(mut post) = self.post.lock() {
            post.busy = Some((self.intake.clock.now(), entry.clone(), content));
        }
        let result = catch_unwind(AssertUnwindSafe(work));
        if let Ok(mut post) = self.post.lock() {
            post.busy = None;
        }
        result.unwrap_or_else(|_| {
            Err(MediaFault { kind: MediaFaultKind::Damaged, message: "the decoder gave up on it".into() })
        })
    }

    fn is_abandoned(&self) -> bool {
        self.post.lock().is_ok_and(|post| post.is_abandoned)
    }
}

/// Records the page of a worker that was given up, after what it had found before.
pub(super) fn report_stuck(
    intake: &Intake,
    entry: &Entry,
    content: Option<Digest>,
    mut changes: Vec<EntryChange>,
) -> Result<(), StoreError> {
    let fault = FaultRecord { kind: "decode_timeout".into(), message: "reading the picture takes too long".into() };
    let stored = record(intake, entry, content, 1);
    let change = match content {
        Some(_) => EntryChange::Put(stored, Some((1, DECODER_VERSION, fault))),
        None => EntryChange::Put(EntryRecord { fault: Some(fault), ..stored }, None),
    };
    Counters::add(&intake.counters.done);
    Counters::add(&intake.counters.failed);
    intake.has_changes.store(true, Ordering::Relaxed);
    changes.push(change);
    intake.store.change_entries(intake.keys.job, changes)
}

/// An entry as it stands after a look at it.
fn record(intake: &Intake, entry: &Entry, content: Option<Digest>, page_count: u32) -> EntryRecord {
    let now_ns = intake.clock.wall_ms().saturating_mul(1_000_000);
    let is_young = now_ns - entry.modified_ns.max(entry.changed_ns) < YOUNG_NS;
    EntryRecord { modified_ns: if is_young { 0 } else { entry.modified_ns }, content, page_count, ..unread(entry) }
}

/// An entry that was only listed: one page is supposed, and the next run reads it.
fn unread(entry: &Entry) -> EntryRecord {
    EntryRecord {
        path: entry.path.clone(),
        size: entry.size,
        modified_ns: 0,
        changed_ns: entry.changed_ns,
        inode: entry.inode,
        content: None,
        page_count: 1,
        fault: None,
        settled_set: None,
    }
}
