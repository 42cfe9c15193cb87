//! One worker: reads a file, tells what it is, looks what the store has of its pages.
//! What is to be asked it prepares ([`super::preparer`]).

use super::queue::{Item, PageWish, Pages, Queue, Work};
use super::threads::{Intake, Purpose};
use crate::base::digest::Digest;
use crate::media::{DECODER_VERSION, MediaFault};
use crate::pipeline::asking::page_loop::Ready;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::question_set::Asking;
use crate::prepare::{Decoder, count_by_header};
use crate::source::{Entry, Fetcher};
use crate::store::{EntryChange, EntryRecord, FaultRecord, PageId, Reader, StoreError};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;

/// Changes written to the store at once.
const CHANGES: usize = 64;
/// Changes younger than this are not trusted, in nanoseconds: a clock tick may hide the
/// next change.
const YOUNG_NS: i64 = 2_000_000_000;
/// Pages of a file that a worker does before others may take some.
const SHARE: usize = 8;

pub(crate) struct Worker {
    pub(crate) intake: Arc<Intake>,
    pub(crate) reader: Reader,
    pub(crate) decoder: Decoder,
    /// The file that the decoder has open, and its pages.
    pub(crate) opened: Option<(Digest, u32)>,
    pub(crate) ready: mpsc::Sender<Ready>,
    queue: Arc<Queue>,
    fetcher: Option<Fetcher>,
    changes: Vec<EntryChange>,
}

/// A worker can't go on: how the run ends.
pub(crate) type Broken = RunOutcome;

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self::StorageError(error.to_string())
    }
}

impl Worker {
    pub(crate) fn new(intake: Arc<Intake>, queue: Arc<Queue>, ready: mpsc::Sender<Ready>) -> Result<Self, StoreError> {
        let reader = Reader::open(intake.store.path())?;
        let stop = intake.stop.clone();
        let decoder = Decoder::new(intake.decoder.clone()).until(move || stop.is_urgent());
        Ok(Self { intake, reader, decoder, opened: None, ready, queue, fetcher: None, changes: Vec::new() })
    }

    /// Works until there is no more work.
    pub(crate) fn work(mut self) -> Result<(), Broken> {
        let queue = self.queue.clone();
        let mut result = Ok(());
        // The queue is emptied in any case: the walk waits for room in it.
        while let Some(item) = queue.take() {
            if result.is_ok() && !self.intake.stop.is_urgent() {
                let worked = catch_unwind(AssertUnwindSafe(|| self.item(item)));
                result = worked.unwrap_or_else(|_| Err(RunOutcome::Internal("a worker panicked".into())));
            }
            queue.done();
        }
        result?;
        Ok(self.write_when(0)?)
    }

    fn item(&mut self, item: Item) -> Result<(), Broken> {
        match item {
            Item::File(work) => self.file(*work)?,
            Item::Pages(pages) => self.pages(&pages)?,
        }
        Ok(self.write_when(CHANGES)?)
    }

    pub(crate) fn push(&mut self, change: EntryChange) {
        self.changes.push(change);
    }

    fn write_when(&mut self, most: usize) -> Result<(), StoreError> {
        if self.changes.len() <= most {
            return Ok(());
        }
        self.intake.has_changes.store(true, Ordering::Relaxed);
        self.intake.store.change_entries(self.intake.keys.job, std::mem::take(&mut self.changes))
    }

    fn file(&mut self, work: Work) -> Result<(), Broken> {
        let Work { entry, known, asking } = work;
        if !self.intake.is_asking.load(Ordering::Relaxed) || self.intake.stop.is_requested() {
            // A line that has moved is put where it is now, with what is known of it.
            match known {
                Some(known) => _ = self.put(&entry, &known, &asking),
                None => self.push(EntryChange::Listed(self.record(&entry, &asking, None, 1))),
            }
            return Ok(());
        }
        match known {
            Some(known) => match known.content {
                Some(content) => self.known(&entry, &known, content, &asking),
                // A URL that can't be fetched, whoever tries.
                None if known.fault.is_some() && !self.intake.wish.failed => {
                    self.put(&entry, &known, &asking);
                    self.intake.counters.add_failed();
                    Ok(())
                }
                None => self.unknown(&entry, &asking),
            },
            None => self.unknown(&entry, &asking),
        }
    }

    /// Puts what is known of an unchanged file where the walk found it; the record.
    fn put(&mut self, entry: &Entry, known: &EntryRecord, asking: &Asking) -> EntryRecord {
        let record = EntryRecord {
            modified_ns: known.modified_ns,
            fault: known.fault.clone(),
            settled_set: known.settled_set,
            ..self.record(entry, asking, known.content, known.page_count)
        };
        if record != *known {
            self.push(EntryChange::Put(record.clone()));
        }
        record
    }

    /// An unchanged file: opened only when something of it is to be asked.
    fn known(
        &mut self,
        entry: &Entry,
        known: &EntryRecord,
        content: Digest,
        asking: &Arc<Asking>,
    ) -> Result<(), Broken> {
        let record = self.put(entry, known, asking);
        let wanted = self.wanted(content, &record, asking)?;
        if self.intake.purpose == Purpose::Record || wanted.is_empty() {
            return Ok(());
        }
        let bytes = match self.read(entry)? {
            Ok(bytes) => bytes,
            // What was answered stays; what was to be asked waits for another time.
            Err(fault) => {
                if self.intake.purpose == Purpose::Ask && !self.intake.stop.is_urgent() {
                    for wish in &wanted {
                        let page = PageId { content, page: wish.page };
                        self.refuse(page, wish, asking, fault.record.clone(), !fault.is_final)?;
                    }
                }
                return Ok(());
            }
        };
        if record.page_count == 0 || Digest::of(&bytes) != content {
            return self.opened(entry, bytes, asking);
        }
        self.share(Pages { content, bytes, asking: asking.clone(), wanted })
    }

    /// A new or changed file.
    fn unknown(&mut self, entry: &Entry, asking: &Arc<Asking>) -> Result<(), Broken> {
        match self.read(entry)? {
            Ok(bytes) => self.opened(entry, bytes, asking),
            Err(_) if self.intake.stop.is_urgent() => Ok(()),
            Err(fault) => {
                let record = self.record(entry, asking, None, 0);
                // What can't be otherwise tomorrow is not tried again.
                let modified_ns = if fault.is_final { entry.modified_ns } else { 0 };
                self.push(EntryChange::Put(EntryRecord { fault: Some(fault.record), modified_ns, ..record }));
                self.intake.counters.add_failed();
                Ok(())
            }
        }
    }

    /// A file whose pages are not known yet.
    fn opened(&mut self, entry: &Entry, bytes: Bytes, asking: &Arc<Asking>) -> Result<(), Broken> {
        let content = Digest::of(&bytes);
        let count = match self.count(content, &bytes)? {
            Ok(count) => count,
            Err(fault) => {
                self.push(EntryChange::Put(self.record(entry, asking, Some(content), 0)));
                self.faulty(PageId { content, page: 0 }, &fault);
                return Ok(());
            }
        };
        let record = self.record(entry, asking, Some(content), count);
        let further = u64::try_from(record.pages().count()).unwrap_or(u64::MAX).saturating_sub(1);
        self.intake.counters.found.fetch_add(further, Ordering::Relaxed);
        self.push(EntryChange::Put(record.clone()));
        let wanted = self.wanted(content, &record, asking)?;
        if self.intake.purpose == Purpose::Record || wanted.is_empty() {
            return Ok(());
        }
        self.share(Pages { content, bytes, asking: asking.clone(), wanted })
    }

    /// How many pages the file has.
    fn count(&mut self, content: Digest, bytes: &Bytes) -> Result<Result<u32, MediaFault>, Broken> {
        match count_by_header(bytes) {
            Ok(Some(count)) => Ok(Ok(count)),
            Ok(None) => self.open(content, bytes),
            Err(fault) => Ok(Err(fault)),
        }
    }

    /// What is wanted of the pages of an entry.
    fn wanted(&self, content: Digest, record: &EntryRecord, asking: &Asking) -> Result<Vec<PageWish>, StoreError> {
        let pages = record.pages().map(|page| self.wish_for(PageId { content, page }, asking));
        pages.filter_map(Result::transpose).collect()
    }

    /// Does the first pages of a file; leaves the others to whoever is free.
    fn share(&mut self, mut pages: Pages) -> Result<(), Broken> {
        if pages.wanted.len() > SHARE {
            let rest = pages.wanted.split_off(SHARE);
            let part = |wanted: &[PageWish]| Pages { wanted: wanted.to_vec(), ..pages.clone() };
            self.queue.split(rest.chunks(SHARE).map(part));
        }
        self.pages(&pages)
    }

    /// The file's bytes, or why there are none.
    fn read(&mut self, entry: &Entry) -> Result<Result<Bytes, ReadFault>, Broken> {
        match entry.url() {
            Some(url) => self.fetch(url),
            None => Ok(entry.read(self.intake.job.input.base()).map(Bytes::from).map_err(|error| ReadFault {
                record: FaultRecord { kind: error.kind().into(), message: error.to_string() },
                is_final: false,
            })),
        }
    }

    fn fetch(&mut self, url: &str) -> Result<Result<Bytes, ReadFault>, Broken> {
        let intake = &self.intake;
        let fetcher = match self.fetcher.take() {
            Some(fetcher) => fetcher,
            None => Fetcher::new(intake.job.input.fetch, intake.host_limits.clone(), intake.clock.clone())
                .map_err(|error| RunOutcome::Internal(error.to_string()))?,
        };
        let fetched = fetcher.get(url, intake.stop.hurried());
        self.fetcher = Some(fetcher);
        Ok(fetched.map(Bytes::from).map_err(|fault| ReadFault {
            is_final: fault.is_final,
            record: FaultRecord { kind: "fetch_failed".into(), message: fault.to_string() },
        }))
    }

    /// Records a file or page that gives no picture.
    pub(crate) fn faulty(&mut self, page: PageId, fault: &MediaFault) {
        // A page that was given up because the run ends is none the worse for it.
        if self.intake.stop.is_urgent() {
            return;
        }
        let fault = FaultRecord { kind: fault.kind.name().into(), message: fault.message.clone() };
        self.push(EntryChange::PageFault(page, DECODER_VERSION, fault));
        self.intake.counters.add_failed();
    }

    /// An entry as it stands after a look at it.
    fn record(&self, entry: &Entry, asking: &Asking, content: Option<Digest>, page_count: u32) -> EntryRecord {
        let now_ns = self.intake.clock.wall_ms().saturating_mul(1_000_000);
        let is_young = now_ns - entry.modified_ns.max(entry.changed_ns) < YOUNG_NS;
        EntryRecord {
            line: entry.line,
            path: entry.path.clone(),
            size: entry.size,
            modified_ns: if is_young || content.is_none() { 0 } else { entry.modified_ns },
            changed_ns: entry.changed_ns,
            inode: entry.inode,
            content,
            page_count,
            selected: self.intake.job.input.pages.select_pages(page_count),
            fault: None,
            carried: entry.carried.clone(),
            set: asking.is_own.then_some(asking.set),
            settled_set: None,
        }
    }
}

/// Why a file could not be read.
struct ReadFault {
    record: FaultRecord,
    /// Whether it can't be otherwise the next time.
    is_final: bool,
}
