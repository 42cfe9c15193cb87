//! Work for the workers: files as the walk finds them, and the pages of large files, which
//! come first so that few files are open at a time. Bounded by the files in it.

use super::asking::Asking;
use crate::digest::Digest;
use crate::source::Entry;
use crate::store::EntryRecord;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

/// A file to look at.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) entry: Entry,
    /// What the store knows of it, when it is unchanged.
    pub(super) known: Option<EntryRecord>,
    pub(super) asking: Arc<Asking>,
}

/// Indices of tasks to ask, and when their known outcome was stored.
pub(super) type Tasks = Vec<(usize, Option<i64>)>;

/// What is wanted of a page.
#[derive(Clone, Debug)]
pub(super) struct PageWish {
    /// Its number from 1.
    pub(super) page: u32,
    /// What is to be asked.
    pub(super) tasks: Tasks,
    /// Whether it was looked at before.
    pub(super) has_marks: bool,
    /// Whether a task has no outcome yet: only then it may be left out.
    pub(super) has_gap: bool,
}

/// Some pages of a file that was read.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    pub(super) content: Digest,
    pub(super) bytes: Bytes,
    pub(super) asking: Arc<Asking>,
    pub(super) wanted: Vec<PageWish>,
}

/// What a worker does next.
#[derive(Debug)]
pub(super) enum Item {
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
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Adds a file when there is room; `false` when `is_over` says so first.
    pub(super) fn push(&self, work: Work, is_over: impl Fn() -> bool) -> bool {
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
    pub(super) fn split(&self, pages: impl Iterator<Item = Pages>) {
        self.state().pages.extend(pages);
        self.changed.notify_all();
    }

    /// No more files will come.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }

    /// What to do next; `None` when there is nothing any more. Followed by [`Queue::done`].
    pub(super) fn take(&self) -> Option<Item> {
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
    pub(super) fn done(&self) {
        self.state().busy -= 1;
        self.changed.notify_all();
    }
}
