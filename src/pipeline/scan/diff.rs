//! The walk compared with what the store knows of it: an ordered merge of two sorted
//! lists. An unchanged, settled file costs one comparison and is not opened.

use super::queue::Work;
use super::threads::Intake;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::source::{Entries, Entry, WalkFault, path_bytes};
use crate::store::{EntryChange, EntryRecord, JobId, Reader, StoreError};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;

/// Entries read from the store at once.
const BATCH: usize = 1000;
/// Changes written to the store at once.
const CHANGES: usize = 256;

/// Stored entries in their order, read in batches.
pub(crate) struct Stored<'a> {
    reader: &'a Reader,
    job: JobId,
    batch: VecDeque<EntryRecord>,
    last: (u64, Vec<u8>),
    is_over: bool,
}

impl<'a> Stored<'a> {
    pub(crate) fn new(reader: &'a Reader, job: JobId) -> Self {
        Self { reader, job, batch: VecDeque::new(), last: (0, Vec::new()), is_over: false }
    }

    /// The next entry, left in place.
    pub(crate) fn peek(&mut self) -> Result<Option<&EntryRecord>, StoreError> {
        if self.batch.is_empty() && !self.is_over {
            self.batch = self.reader.entries(self.job, (self.last.0, &self.last.1), BATCH)?.into();
            match self.batch.back() {
                Some(last) => self.last = (last.line, last.path.clone()),
                None => self.is_over = true,
            }
        }
        Ok(self.batch.front())
    }

    pub(crate) fn next(&mut self) -> Result<Option<EntryRecord>, StoreError> {
        self.peek()?;
        Ok(self.batch.pop_front())
    }

    /// The entry at `place`, after handing those before it to `gone`.
    pub(crate) fn at(
        &mut self,
        place: (u64, &[u8]),
        mut gone: impl FnMut(EntryRecord),
    ) -> Result<Option<EntryRecord>, StoreError> {
        while let Some(stored) = self.peek()? {
            match stored.place().cmp(&place) {
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
fn is_unchanged(entry: &Entry, stored: &EntryRecord) -> bool {
    stored.modified_ns != 0
        && (entry.size, entry.modified_ns, entry.changed_ns, entry.inode)
            == (stored.size, stored.modified_ns, stored.changed_ns, stored.inode)
}

/// Walks the input; sends on what is to be looked at, deletes what is gone.
pub(crate) fn merge(
    intake: &Intake,
    entries: Entries,
    reader: &Reader,
    send: impl Fn(Work) -> bool,
) -> Result<(), StoreError> {
    let mut stored = Stored::new(reader, intake.keys.job);
    let mut changes = Changes { intake, gone: Vec::new(), unreadable: Vec::new() };
    for found in entries {
        if intake.stop.is_urgent() {
            // What was not looked at is not gone.
            return changes.write();
        }
        let entry = match found {
            Ok(entry) => entry,
            Err(fault) if fault.is_end => {
                // What would have followed is not gone.
                intake.stop.request(RunOutcome::InputError(fault.to_string()));
                return changes.write();
            }
            Err(fault) => {
                changes.unreadable(&fault, intake);
                continue;
            }
        };
        intake.counters.found.fetch_add(1, Ordering::Relaxed);
        let entry_is_of_folder = entry.line == 0;
        let asking = intake.askings.of(entry.carried.as_deref(), reader)?;
        let here = stored.at(entry.place(), |gone| changes.gone(gone))?;
        let is_as_it_was =
            |known: &EntryRecord| known.settled_set == Some(asking.set) && known.carried == entry.carried;
        // What a URL names is fetched again when everything is asked again.
        let known = match entry.url() {
            Some(_) if intake.wish.refresh => None,
            _ => known(reader, intake.keys.job, &entry, here)?,
        };
        if !intake.looks_at_settled
            && known.as_ref().is_some_and(|known| known.line == entry.line && is_as_it_was(known))
        {
            intake.counters.done.fetch_add(1, Ordering::Relaxed);
        } else {
            intake.has_changes.store(true, Ordering::Relaxed);
            if !send(Work { entry, known, asking }) {
                return changes.write();
            }
        }
        // The lines of a list move: what is known of a path is looked up where it stood.
        if entry_is_of_folder {
            changes.write_when_full()?;
        }
    }
    while let Some(entry) = stored.next()? {
        changes.gone(entry);
        changes.write_when_full()?;
    }
    intake.has_seen_all.store(true, Ordering::Relaxed);
    changes.write()
}

/// What is known of an entry that has not changed: at its place, or, of a list, wherever
/// its path stood before.
pub(crate) fn known(
    reader: &Reader,
    job: JobId,
    entry: &Entry,
    here: Option<EntryRecord>,
) -> Result<Option<EntryRecord>, StoreError> {
    let is_same = |known: &EntryRecord| is_unchanged(entry, known);
    match here.filter(is_same) {
        None if entry.line > 0 => Ok(reader.entry(job, &entry.path)?.filter(is_same)),
        here => Ok(here),
    }
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
            self.gone.push(EntryChange::Gone(entry.line, entry.path));
        }
    }

    fn unreadable(&mut self, fault: &WalkFault, intake: &Intake) {
        tracing::warn!("{fault}; going on without it");
        let below = fault.path.strip_prefix(intake.job.input.base()).unwrap_or(&fault.path);
        self.unreadable.push(path_bytes(below));
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
