//! One worker: reads a file, counts its pages, and prepares those to ask.

use super::changes::ChangeBuffer;
use super::entry_records::{known_record, new_record};
use super::file_reader::FileReader;
use super::page_decision::{PageDecision, decide_page};
use super::pass::{ScanPass, ScanPurpose};
use super::preparer::{NextStep, Preparer};
use super::queue::{FilePages, FoundFile, Queue, WorkItem};
use super::reread::{Reread, is_unsure, reread};
use crate::base::digest::Digest;
use crate::base::ids::PageId;
use crate::base::vocabulary::OutcomeStatus;
use crate::media::{DECODER_VERSION, MediaFault, PageLayout};
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::fault_record::page_fault;
use crate::pipeline::model::question_set::{QuestionSet, VERSIONS};
use crate::pipeline::model::ready_page::{PageToPrepare, ReadyPage};
use crate::prepare::{DecoderCommand, PageFeatures, is_single_page};
use crate::source::{Entry, HostLimits, ReadFault};
use crate::store::{EntryChange, EntryRecord, FaultRecord, FeaturesRecord, Reader, StoreError, TaskOutcome};
use bytes::Bytes;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Pages of a file that a worker prepares before other workers may take some.
const PAGES_AT_ONCE: usize = 8;

/// One worker of a pass.
pub(crate) struct Worker {
    run: Arc<RunContext>,
    pass: Arc<ScanPass>,
    queue: Arc<Queue>,
    stored: Reader,
    files: FileReader,
    preparer: Preparer,
    changes: ChangeBuffer,
    ready: mpsc::Sender<ReadyPage>,
    /// Whether the pages of the current file are counted.
    is_counted: bool,
}

impl Worker {
    /// A worker that takes files from `queue` and sends pages to `ready`.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn new(
        run: &Arc<RunContext>,
        pass: &Arc<ScanPass>,
        queue: Arc<Queue>,
        hosts: Arc<HostLimits>,
        decoder: &DecoderCommand,
        ready: mpsc::Sender<ReadyPage>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            run: run.clone(),
            pass: pass.clone(),
            queue,
            stored: run.store.reader()?,
            files: FileReader::new(run.clone(), hosts, decoder.memory.clone()),
            preparer: Preparer::new(run.clone(), pass.clone(), decoder),
            changes: ChangeBuffer::new(run.clone(), pass.clone()),
            ready,
            is_counted: false,
        })
    }

    /// Works until the queue is empty and closed.
    ///
    /// # Errors
    /// How the run ends, when the worker can't continue.
    pub(crate) fn work(mut self) -> Result<(), RunOutcome> {
        let queue = self.queue.clone();
        let mut result = Ok(());
        // The queue is emptied even after an error: the walk waits for space in it.
        while let Some(item) = queue.next_item() {
            if result.is_ok() && !self.run.shutdown.is_immediate() {
                let worked = catch_unwind(AssertUnwindSafe(|| self.work_on(item)));
                result = worked.unwrap_or_else(|_| Err(RunOutcome::InternalError("a worker panicked".into())));
            } else {
                self.pass.seen.set_dropped();
            }
            queue.finish_item();
        }
        let stored = result.and_then(|()| Ok(self.changes.write_all()?));
        stored.inspect_err(|_| self.pass.seen.set_dropped())
    }

    fn work_on(&mut self, item: WorkItem) -> Result<(), RunOutcome> {
        let worked = match item {
            WorkItem::File(file) => self.scan_counted(*file),
            WorkItem::Pages(pages) => self.prepare_pages(&pages),
        };
        if self.files.lacks_memory() {
            // Another file waits for its memory.
            self.preparer.close_file();
        }
        worked?;
        Ok(self.changes.write_if_due()?)
    }

    /// Whether files are only listed from now on.
    fn only_lists(&self) -> bool {
        !self.pass.seen.takes_pages() || self.run.shutdown.is_requested()
    }

    fn scan_counted(&mut self, file: FoundFile) -> Result<(), RunOutcome> {
        self.is_counted = false;
        let scanned = self.scan_file(file);
        if !self.is_counted {
            self.run.counters.add_opened(0);
        }
        scanned
    }

    fn scan_file(&mut self, file: FoundFile) -> Result<(), RunOutcome> {
        let FoundFile { entry, known, questions } = file;
        if self.only_lists() {
            match known {
                // A line that has moved is stored at its new position, with its known data.
                Some(known) => _ = self.store_known(&entry, &known, &questions),
                None => {
                    let listed = new_record(&self.run, &entry, &questions, None, 1);
                    self.changes.push(EntryChange::Listed(listed));
                }
            }
            return Ok(());
        }
        match known {
            Some(known) => match known.content {
                Some(content) => self.scan_known_file(&entry, &known, content, &questions),
                // A URL that can never be fetched.
                None if known.fault.is_some() && !self.pass.selection.failed => {
                    self.store_known(&entry, &known, &questions);
                    self.run.counters.add_unreadable();
                    Ok(())
                }
                None => self.scan_new_file(&entry, &questions),
            },
            None => self.scan_new_file(&entry, &questions),
        }
    }

    /// Stores the data of an unchanged file at the position where the walk found it; the record.
    fn store_known(&mut self, entry: &Entry, known: &EntryRecord, questions: &QuestionSet) -> EntryRecord {
        let record = known_record(&self.run, entry, questions, known);
        if record != *known {
            self.changes.push(EntryChange::Put(record.clone()));
        }
        record
    }

    /// An unchanged file: it is read only when one of its pages is to be asked.
    fn scan_known_file(
        &mut self,
        entry: &Entry,
        known: &EntryRecord,
        content: Digest,
        questions: &Arc<QuestionSet>,
    ) -> Result<(), RunOutcome> {
        // The file is opened once more by a new decoder. A URL is not fetched for that.
        if known.decoder < DECODER_VERSION
            && entry.url().is_none()
            && let Ok(bytes) = self.files.read(entry)?
        {
            return self.scan_content(entry, bytes, questions, Some(known));
        }
        let record = self.store_known(entry, known, questions);
        if record.page_count > 0 {
            self.count_pages(&record);
        }
        let pages = self.pages_to_prepare(content, &record, questions)?;
        if self.pass.purpose == ScanPurpose::Record || pages.is_empty() {
            return Ok(());
        }
        let bytes = match self.files.read(entry)? {
            Ok(bytes) => bytes,
            Err(fault) => {
                // Stored answers stay; open pages are left to a later run.
                if self.pass.purpose == ScanPurpose::Ask && !self.run.shutdown.is_immediate() {
                    for to_prepare in &pages {
                        let page = PageId { content, page: to_prepare.page };
                        self.store_failure(page, to_prepare, questions, fault_record(&fault), !fault.is_final)?;
                    }
                }
                return Ok(());
            }
        };
        let is_outdated = known.decoder < DECODER_VERSION;
        if record.page_count == 0 || is_outdated || Digest::compute(&bytes) != content {
            return self.scan_content(entry, bytes, questions, Some(known));
        }
        self.share_pages(FilePages::new(entry, content, bytes, questions, pages))
    }

    /// A new or changed file.
    fn scan_new_file(&mut self, entry: &Entry, questions: &Arc<QuestionSet>) -> Result<(), RunOutcome> {
        match self.files.read(entry)? {
            Ok(bytes) => self.scan_content(entry, bytes, questions, None),
            Err(_) if self.run.shutdown.is_immediate() => Ok(()),
            Err(fault) => {
                let record = new_record(&self.run, entry, questions, None, 0);
                // A final fault is not tried again as long as the file does not change.
                let modified_ns = if fault.is_final { entry.modified_ns } else { 0 };
                let fault = Some(fault_record(&fault));
                let record = EntryRecord { fault, modified_ns, ..record };
                self.changes.push(match self.is_removed(entry) {
                    true => EntryChange::Missing(self.run.identity.keys.run, record),
                    false => EntryChange::Put(record),
                });
                self.run.counters.add_unreadable();
                Ok(())
            }
        }
    }

    /// Whether a file of a folder is gone although the walk found it.
    fn is_removed(&self, entry: &Entry) -> bool {
        let found = || entry.file(self.run.job.input.base()).symlink_metadata();
        entry.line == 0 && found().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// A file whose pages are not known yet, or were read by an earlier decoder. `known`: its stored data.
    fn scan_content(
        &mut self,
        entry: &Entry,
        bytes: Bytes,
        questions: &Arc<QuestionSet>,
        known: Option<&EntryRecord>,
    ) -> Result<(), RunOutcome> {
        let content = Digest::compute(&bytes);
        let opened = match is_single_page(&bytes) {
            Ok(true) => Ok(PageLayout::of_count(1)),
            Ok(false) => self.preparer.open(content, &bytes)?.map(|layout| PageLayout::clone(&layout)),
            Err(fault) => Err(fault),
        };
        let (preparer, shutdown) = (&mut self.preparer, &self.run.shutdown);
        let compare = |page, decoder| preparer.compare_with_earlier(PageId { content, page }, decoder, &bytes);
        let stored = (&self.run.store, &self.stored, self.run.identity.renderers.as_str());
        let layout = match reread(stored, (content, &bytes), opened, compare, || shutdown.is_immediate())? {
            Reread::Pages(layout) => layout,
            // The next run looks at it again.
            Reread::Postponed(fault) => {
                match known.filter(|known| known.content == Some(content)) {
                    Some(known) => _ = self.store_known(entry, known, questions),
                    None if self.run.shutdown.is_immediate() => {}
                    // Like a file that can't be read now.
                    None => {
                        let fault = Some(fault.into());
                        let record = new_record(&self.run, entry, questions, None, 0);
                        self.changes.push(EntryChange::Put(EntryRecord { fault, ..record }));
                        self.run.counters.add_unreadable();
                    }
                }
                return Ok(());
            }
            Reread::Unreadable(fault) => {
                let record = new_record(&self.run, entry, questions, Some(content), 0);
                self.changes.push(EntryChange::Put(record));
                self.record_unreadable(PageId { content, page: 0 }, &fault);
                return Ok(());
            }
        };
        let record = EntryRecord {
            repeats: layout.repeats,
            ..new_record(&self.run, entry, questions, Some(content), layout.count)
        };
        self.count_pages(&record);
        self.changes.push(EntryChange::Put(record.clone()));
        let pages = self.pages_to_prepare(content, &record, questions)?;
        if self.pass.purpose == ScanPurpose::Record || pages.is_empty() {
            return Ok(());
        }
        self.share_pages(FilePages::new(entry, content, bytes, questions, pages))
    }

    /// The pages of the file are known. Counted once.
    fn count_pages(&mut self, record: &EntryRecord) {
        if !std::mem::replace(&mut self.is_counted, true) {
            self.run.counters.add_opened(u64::try_from(record.pages().count()).unwrap_or(u64::MAX));
        }
    }

    fn pages_to_prepare(
        &self,
        content: Digest,
        record: &EntryRecord,
        questions: &QuestionSet,
    ) -> Result<Vec<PageToPrepare>, StoreError> {
        let mut pages = Vec::new();
        for page in record.distinct_pages() {
            let page = PageId { content, page };
            match decide_page(&self.run, &self.pass, &self.stored, (record, page), questions)? {
                PageDecision::Prepare(page) => pages.push(page),
                PageDecision::Done => self.run.counters.add_done(),
                PageDecision::Unreadable => self.run.counters.add_unreadable(),
                PageDecision::Leave => {}
            }
        }
        Ok(pages)
    }

    /// Prepares the first pages of a file, and leaves the others to any free worker.
    fn share_pages(&mut self, mut file: FilePages) -> Result<(), RunOutcome> {
        if file.pages.len() > PAGES_AT_ONCE {
            let rest = file.pages.split_off(PAGES_AT_ONCE);
            let part = |pages: &[PageToPrepare]| FilePages { pages: pages.to_vec(), ..file.clone() };
            self.queue.push_pages(rest.chunks(PAGES_AT_ONCE).map(part));
        }
        self.prepare_pages(&file)
    }

    /// Prepares pages and sends them on.
    fn prepare_pages(&mut self, file: &FilePages) -> Result<(), RunOutcome> {
        for to_prepare in &file.pages {
            if self.only_lists() {
                break;
            }
            let prepared = self.preparer.prepare(file, to_prepare)?;
            if let Some(features) = prepared.features {
                let features = features_record(&features);
                self.changes.push(EntryChange::Features(prepared.page, VERSIONS.features, features));
            }
            if let (Some(renderer), NextStep::Ask(_)) = (prepared.renderer, &prepared.next) {
                self.changes.push(EntryChange::Renderer(prepared.page, renderer));
            }
            match prepared.next {
                // The receiver is gone once the run has ended.
                NextStep::Ask(page) => _ = self.ready.blocking_send(*page),
                NextStep::Nothing => self.run.counters.add_done(),
                NextStep::Fail(fault) => {
                    self.store_failure(prepared.page, to_prepare, &file.questions, fault.into(), false)?;
                }
                NextStep::Postpone(fault) => {
                    // A page that was given up because the run ends has no fault.
                    if self.pass.purpose == ScanPurpose::Ask && !self.run.shutdown.is_immediate() {
                        self.store_failure(prepared.page, to_prepare, &file.questions, fault.into(), true)?;
                    }
                }
                // With `--retry redrawn`, the answers to the wrong picture are replaced, even when the page can't be
                // drawn now.
                NextStep::Unreadable(fault)
                    if self.pass.selection.redrawn && is_answered(to_prepare) && !is_unsure(&fault) =>
                {
                    if !self.run.shutdown.is_immediate() {
                        let fault = FaultRecord::from(fault);
                        self.changes.push(self.page_fault(prepared.page, fault.clone()));
                        self.store_failure(prepared.page, to_prepare, &file.questions, fault, false)?;
                    }
                }
                NextStep::Unreadable(fault) => self.record_unreadable(prepared.page, &fault),
            }
        }
        Ok(())
    }

    /// Stores that a page can't be asked now, or (not `is_transient`) under these recipes.
    fn store_failure(
        &self,
        page: PageId,
        to_prepare: &PageToPrepare,
        questions: &QuestionSet,
        fault: FaultRecord,
        is_transient: bool,
    ) -> Result<(), StoreError> {
        let at_ms = self.run.clock.wall_ms();
        let outcome = TaskOutcome::failure(OutcomeStatus::Failed, fault, is_transient, at_ms);
        let recipes = to_prepare.tasks.iter().filter_map(|(at, _)| questions.recipes.get(*at));
        let outcomes = recipes.map(|recipe| (*recipe, outcome.clone())).collect();
        self.run.counters.add_failed_unsent();
        self.pass.seen.set_changed();
        self.run.store.put_outcomes_blocking(page, outcomes)
    }

    /// Stores that a file or page gives no picture.
    fn record_unreadable(&mut self, page: PageId, fault: &MediaFault) {
        // A page that was given up because the run ends may well be readable.
        if self.run.shutdown.is_immediate() {
            return;
        }
        self.changes.push(self.page_fault(page, fault.clone()));
        self.run.counters.add_unreadable();
    }

    fn page_fault(&self, page: PageId, fault: impl Into<FaultRecord>) -> EntryChange {
        EntryChange::PageFault(page, page_fault(fault, &self.run.identity.renderers))
    }
}

/// Whether every task to ask of a page has an outcome.
fn is_answered(to_prepare: &PageToPrepare) -> bool {
    !to_prepare.has_unasked && to_prepare.tasks.iter().all(|(_, known)| known.is_some())
}

fn fault_record(fault: &ReadFault) -> FaultRecord {
    FaultRecord { kind: fault.kind.error_kind(), message: fault.message.clone() }
}

fn features_record(features: &PageFeatures) -> FeaturesRecord {
    FeaturesRecord { is_blank: features.is_blank, fingerprint: features.fingerprint }
}
