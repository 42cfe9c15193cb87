//! The walk compared with what the store knows of it: an ordered merge of two sorted
//! lists. An unchanged, settled file costs one comparison and is not opened.

use super::intake::{Intake, Work};
use crate::source::{Entry, Walk, WalkFault, relative_bytes};
use crate::store::{EntryChange, EntryRecord, Reader, StoreError};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;

/// Entries read from the store at once.
const BATCH: usize = 1000;
/// Changes written to the store at once.
const CHANGES: usize = 256;

/// Stored entries in path order, read in batches.
pub(super) struct Stored<'a> {
    reader: &'a Reader,
    job: i64,
    batch: VecDeque<EntryRecord>,
    last: Vec<u8>,
    is_over: bool,
}

impl<'a> Stored<'a> {
    pub(super) fn new(reader: &'a Reader, job: i64) -> Self {
        Self { reader, job, batch: VecDeque::new(), last: Vec::new(), is_over: false }
    }

    /// The next entry, left in place.
    pub(super) fn peek(&mut self) -> Result<Option<&EntryRecord>, StoreError> {
        if self.batch.is_empty() && !self.is_over {
            self.batch = self.reader.entries(self.job, &self.last, BATCH)?.into();
            match self.batch.back() {
                Some(last) => self.last.clone_from(&last.path),
                None => self.is_over = true,
            }
        }
        Ok(self.batch.front())
    }

    pub(super) fn next(&mut self) -> Result<Option<EntryRecord>, StoreError> {
        self.peek()?;
        Ok(self.batch.pop_front())
    }

    /// The entry at `path`, after handing those before it to `gone`.
    pub(super) fn at(
        &mut self,
        path: &[u8],
        mut gone: impl FnMut(EntryRecord),
    ) -> Result<Option<EntryRecord>, StoreError> {
        while let Some(stored) = self.peek()? {
            match stored.path.as_slice().cmp(path) {
                std::cmp::Ordering::Less => {
                    if let Some(entry) = self.next()? {
                        gone(entry);
                    }
                }
                std::cmp::Ordering::Equal => return self.next(),
                std::cmp::Ordering::Greater => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// Whether a file is as the store knows it.
pub(super) fn is_unchanged(entry: &Entry, stored: &EntryRecord) -> bool {
    stored.modified_ns != 0
        && (entry.size, entry.modified_ns, entry.changed_ns, entry.inode)
            == (stored.size, stored.modified_ns, stored.changed_ns, stored.inode)
}

/// Walks the input; sends on what is to be looked at, deletes what is gone.
pub(super) fn merge(
    intake: &Intake,
    walk: Walk,
    reader: &Reader,
    send: impl Fn(Work) -> bool,
) -> Result<(), StoreError> {
    let mut stored = Stored::new(reader, intake.keys.job);
    let mut changes = Changes { intake, gone: Vec::new(), unreadable: Vec::new() };
    for found in walk {
        if intake.stop.is_urgent() {
            // What was not looked at is not gone.
            return changes.write();
        }
        let entry = match found {
            Ok(entry) => entry,
            Err(fault) => {
                changes.unreadable(&fault, intake);
                continue;
            }
        };
        intake.counters.found.fetch_add(1, Ordering::Relaxed);
        let known = stored.at(&entry.path, |gone| changes.gone(gone))?;
        let known = known.filter(|known| is_unchanged(&entry, known));
        if !intake.looks_at_settled && known.as_ref().is_some_and(|known| known.settled_set == Some(intake.keys.set)) {
            intake.counters.done.fetch_add(1, Ordering::Relaxed);
        } else {
            intake.has_changes.store(true, Ordering::Relaxed);
            if !send(Work { entry, known }) {
                return changes.write();
            }
        }
        changes.write_when_full()?;
    }
    while let Some(entry) = stored.next()? {
        changes.gone(entry);
        changes.write_when_full()?;
    }
    intake.has_seen_all.store(true, Ordering::Relaxed);
    changes.write()
}

struct Changes<'a> {
    intake: &'a Intake,
    gone: Vec<EntryChange>,
    /// Places that could not be read: what is below them is not known to be gone.
    unreadable: Vec<Vec<u8>>,
}

impl Changes<'_> {
    fn gone(&mut self, entry: EntryRecord) {
        if !self.unreadable.iter().any(|place| entry.path.starts_with(place)) {
            self.gone.push(EntryChange::Gone(entry.path));
        }
    }

    fn unreadable(&mut self, fault: &WalkFault, intake: &Intake) {
        tracing::warn!("{fault}; going on without it");
        let below = fault.path.strip_prefix(&intake.job.input.folder).unwrap_or(&fault.path);
        self.unreadable.push(relative_bytes(below));
    }

    fn write_when_full(&mut self) -> Result<(), StoreError> {
        if self.gone.len() < CHANGES { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        if self.gone.is_empty() {
            return Ok(());
        }
        self.intake.has_changes.store(true, Ordering::Relaxed);
        self.intake.store.change_entries(self.intake.keys.job, std::mem::take(&mut self.gone))
    }
}
