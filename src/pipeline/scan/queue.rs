//! Work for the workers: files as the walk finds them, and the pages of large files, which
//! come first so that few files are open at a time. Bounded by the files in it.

use crate::base::digest::Digest;
use crate::pipeline::model::question_set::Asking;
use crate::source::Entry;
use crate::store::EntryRecord;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// A file to look at.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) entry: Entry,
    /// What the store knows of it, when it is unchanged.
    pub(crate) known: Option<EntryRecord>,
    pub(crate) asking: Arc<Asking>,
}

/// Indices of tasks to ask, and when their known outcome was stored.
pub(crate) type Tasks = Vec<(usize, Option<i64>)>;

/// What is wanted of a page.
#[derive(Clone, Debug)]
pub(crate) struct PageWish {
    /// Its number from 1.
    pub(crate) page: u32,
    /// What is to be asked.
    pub(crate) tasks: Tasks,
    /// Whether it was looked at before.
    pub(crate) has_marks: bool,
    /// Whether a task has no outcome yet: only then it may be left out.
    pub(crate) has_gap: bool,
}

/// Some pages of a file that was read.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    pub(crate) content: Digest,
    pub(crate) bytes: Bytes,
    pub(crate) asking: Arc<Asking>,
    pub(crate) wanted: Vec<PageWish>,
}

/// What a worker does next.
#[derive(Debug)]
pub(crate) enum Item {
    File(Box<Work>),
    Pages(Pages),
}

#[derive(Default)]
struct State {
    files: VecDeque<Box<Work>>,
    pages: VecDeque<Pages>,
    /// Workers that may still split a file.
    busy: usize,
    is_closed: bool,
}

/// Files that wait.
const MOST_FILES: usize = 64;
/// Between two looks whether the run ends.
const PATIENCE: Duration = Duration::from_millis(50);

#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Adds a file when there is room; `false` when `is_over` says so first.
    pub(crate) fn push(&self, work: Work, is_over: impl Fn() -> bool) -> bool {
        let mut state = self.state();
        while state.files.len() >= MOST_FILES {
            if is_over() {
                return false;
            }
            state = match self.changed.wait_timeout(state, PATIENCE) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        state.files.push_back(Box::new(work));
        drop(state);
        self.changed.notify_all();
        true
    }

    /// Adds pages of a file that the caller has taken.
    pub(crate) fn split(&self, pages: impl Iterator<Item = Pages>) {
        self.state().pages.extend(pages);
        self.changed.notify_all();
    }

    /// No more files will come.
    pub(crate) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    /// What to do next; `None` when there is nothing any more. Followed by [`Queue::done`].
    pub(crate) fn take(&self) -> Option<Item> {
        let mut state = self.state();
        loop {
            let next = match state.pages.pop_front() {
                Some(pages) => Some(Item::Pages(pages)),
                None => state.files.pop_front().map(Item::File),
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

    /// What was taken is done.
    pub(crate) fn done(&self) {
        self.state().busy -= 1;
        self.changed.notify_all();
    }
}
