//! The walk compared with the store: an ordered merge of two sorted lists. An unchanged, done file costs one
//! comparison and is not opened.

use super::changes::ChangeBuffer;
use super::pass::ScanPass;
use super::queue::FoundFile;
use crate::base::ids::JobId;
use crate::base::units::counted;
use crate::manifest::{Detect, Place};
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::source::{Entries, Entry, WalkFault, path_bytes};
use crate::store::{EntryChange, EntryCursor, EntryRecord, Reader, StoreError};
use std::sync::Arc;

/// Walks the input: passes on entries that need attention, and deletes the records of files that are gone. `send`
/// returns `false` when the run ends.
///
/// # Errors
/// When the store fails.
pub(crate) fn walk_and_compare(
    run: &Arc<RunContext>,
    pass: &Arc<ScanPass>,
    mut entries: Entries,
    reader: &Reader,
    send: impl Fn(FoundFile) -> bool,
) -> Result<(), StoreError> {
    let job = run.identity.keys.job;
    let mut stored = EntryCursor::new(reader, job);
    let mut gone = GoneFiles::new(run, pass);
    let mut has_entries = false;
    for found in entries.by_ref() {
        if run.shutdown.is_immediate() {
            // Files that were not reached are not gone.
            return gone.write();
        }
        let entry = match found {
            Ok(entry) => entry,
            Err(fault) if fault.is_end => {
                // Files that would have followed are not gone.
                run.shutdown.request(RunOutcome::InputError(fault.to_string()));
                return gone.write();
            }
            Err(fault) => {
                if fault.hides_files {
                    pass.seen.add_unread(fault.to_string());
                }
                gone.keep_below(&fault, run);
                continue;
            }
        };
        run.counters.add_entry();
        has_entries = true;
        let is_of_folder = entry.line == 0;
        let questions = pass.question_sets.for_entry(entry.carried.as_ref(), reader)?;
        let here = stored.seek(entry.position(), |missed| gone.add(missed))?;
        let known = match entry.url() {
            // With --refresh a URL is fetched again.
            Some(_) if pass.selection.refresh => None,
            _ => find_unchanged(reader, job, &entry, here)?,
        };
        let is_done = known.as_ref().is_some_and(|known| {
            known.line == entry.line && known.settled_set == Some(questions.id) && known.carried == entry.carried
        });
        if is_done && !pass.looks_at_done {
            run.counters.add_already_done();
        } else {
            pass.seen.set_changed();
            if !send(FoundFile { entry, known, questions }) {
                return gone.write();
            }
        }
        // The lines of a list move: a record is looked up by its path before it is deleted.
        if is_of_folder {
            gone.write_if_due()?;
        }
    }
    while let Some(entry) = stored.next()? {
        gone.add(entry);
        gone.write_if_due()?;
    }
    pass.seen.set_all();
    log_left_out(run, &entries, has_entries);
    gone.write()
}

/// Logs what the first complete walk left out.
fn log_left_out(run: &RunContext, entries: &Entries, has_entries: bool) {
    let input = &run.job.input;
    if !run.counters.note_walk() || !matches!(input.place, Place::Folder(_)) {
        return;
    }
    let left_out = entries.left_out();
    if left_out.unselected() > 0 {
        let files = counted(left_out.unselected(), "file");
        let why = match (input.include.is_empty(), input.detect) {
            (false, Detect::Extension) => "that input.include does not match",
            (false, Detect::Content) => "by input.include or their content",
            (true, Detect::Extension) => "by their extension",
            (true, Detect::Content) => "by their content",
        };
        tracing::info!("left out {files} {why}: {}", left_out.extensions());
    }
    if !has_entries && !input.may_be_empty() {
        tracing::warn!("{}", left_out.explain_none(!input.include.is_empty()));
    }
}

/// The stored data of an unchanged entry: the record at its position, or, for a list, the record of its path on any line.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn find_unchanged(
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

/// Whether a path is `above`, or below it.
fn is_at_or_below(path: &[u8], above: &[u8]) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || above.is_empty() || rest[0] == b'/')
}

/// Whether a file is the same as in the store. Untrusted times are stored as 0.
fn is_unchanged(entry: &Entry, stored: &EntryRecord) -> bool {
    stored.modified_ns != 0
        && (entry.size, entry.modified_ns, entry.changed_ns, entry.inode)
            == (stored.size, stored.modified_ns, stored.changed_ns, stored.inode)
}

/// Records of files that the walk did not find.
struct GoneFiles {
    changes: ChangeBuffer,
    /// Files and folders that could not be read: docmill cannot tell whether they, or their content, are gone.
    unreadable: Vec<Vec<u8>>,
}

impl GoneFiles {
    fn new(run: &Arc<RunContext>, pass: &Arc<ScanPass>) -> Self {
        Self { changes: ChangeBuffer::new(run.clone(), pass.clone()), unreadable: Vec::new() }
    }

    fn add(&mut self, entry: EntryRecord) {
        if !self.unreadable.iter().any(|path| is_at_or_below(&entry.path, path)) {
            self.changes.push(EntryChange::Gone(entry.line, entry.path));
        }
    }

    /// Keeps the records below a folder that can't be read.
    fn keep_below(&mut self, fault: &WalkFault, run: &RunContext) {
        tracing::warn!("{fault}; continuing without it");
        let below = fault.path.strip_prefix(run.job.input.base()).unwrap_or(&fault.path);
        self.unreadable.push(path_bytes(below));
    }

    fn write_if_due(&mut self) -> Result<(), StoreError> {
        self.changes.write_if_due()
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.changes.write_all()
    }
}

#[cfg(test)]
mod tests;
