//! The queue between the walk and the workers: files in the order of the walk, and pages of large
//! files, which come first so that few files are open at a time. The number of files is bounded.

use crate::base::digest::Digest;
use crate::base::sanitize;
use crate::pipeline::model::question_set::QuestionSet;
use crate::pipeline::model::ready_page::PageToPrepare;
use crate::source::Entry;
use crate::store::EntryRecord;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// A file that the walk found.
#[derive(Clone, Debug)]
pub(crate) struct FoundFile {
    /// Where it is.
    pub(crate) entry: Entry,
    /// Its stored data; `None`: it is new, or it has changed.
    pub(crate) known: Option<EntryRecord>,
    /// What its pages are asked.
    pub(crate) questions: Arc<QuestionSet>,
}

/// Some pages of a file that was read.
#[derive(Clone, Debug)]
pub(crate) struct FilePages {
    /// Where the file was found, as logs show it.
    pub(crate) path: Arc<str>,
    /// The digest of the file.
    pub(crate) content: Digest,
    /// The file.
    pub(crate) bytes: Bytes,
    /// What its pages are asked.
    pub(crate) questions: Arc<QuestionSet>,
    /// The pages.
    pub(crate) pages: Vec<PageToPrepare>,
}

impl FilePages {
    pub(crate) fn new(
        entry: &Entry,
        content: Digest,
        bytes: Bytes,
        questions: &Arc<QuestionSet>,
        pages: Vec<PageToPrepare>,
    ) -> Self {
        Self { path: sanitize::path(&entry.path).into(), content, bytes, questions: questions.clone(), pages }
    }
}

/// What a worker does next.
#[derive(Debug)]
pub(crate) enum WorkItem {
    /// Look at a file.
    File(Box<FoundFile>),
    /// Prepare pages of a file that another worker has read.
    Pages(FilePages),
}

#[derive(Default)]
struct QueueState {
    files: VecDeque<Box<FoundFile>>,
    pages: VecDeque<FilePages>,
    /// Workers that may still add pages.
    busy: usize,
    is_closed: bool,
}

/// Maximum number of waiting files.
const MAX_FILES: usize = 64;
/// Interval at which a waiting walk checks whether the run ends.
const POLL: Duration = Duration::from_millis(50);

/// Work for the workers. Shared by all threads of a pass.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, QueueState> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Adds a file as soon as there is space; `false` when the run ends first.
    pub(crate) fn push(&self, file: FoundFile, is_ending: impl Fn() -> bool) -> bool {
        let mut state = self.state();
        while state.files.len() >= MAX_FILES {
            if is_ending() {
                return false;
            }
            state = match self.changed.wait_timeout(state, POLL) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        state.files.push_back(Box::new(file));
        drop(state);
        self.changed.notify_all();
        true
    }

    /// Whether a file that is added has to wait.
    pub(crate) fn is_full(&self) -> bool {
        self.state().files.len() >= MAX_FILES
    }

    /// Adds pages of the file that the caller is working on.
    pub(crate) fn push_pages(&self, pages: impl Iterator<Item = FilePages>) {
        self.state().pages.extend(pages);
        self.changed.notify_all();
    }

    /// The walk is complete: no more files will be added.
    pub(crate) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    /// Waits for the next item; `None` when there will be none. Call [`Queue::finish_item`] after it.
    pub(crate) fn next_item(&self) -> Option<WorkItem> {
        let mut state = self.state();
        loop {
            let next = match state.pages.pop_front() {
                Some(pages) => Some(WorkItem::Pages(pages)),
                None => state.files.pop_front().map(WorkItem::File),
            };
            if next.is_some() {
                state.busy += 1;
                drop(state);
                self.changed.notify_all();
                return next;
            }
            if state.is_closed && state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// The last item is done: it will add no more pages.
    pub(crate) fn finish_item(&self) {
        self.state().busy -= 1;
        self.changed.notify_all();
    }
}
