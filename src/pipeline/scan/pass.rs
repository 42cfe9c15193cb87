//! One pass over the input: what it is for, and what it has seen.

use super::page_filter::PageFilter;
use crate::base::ids::PageId;
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::options::RunOptions;
use crate::pipeline::model::question_set::{QuestionSet, QuestionSets};
use crate::store::{BaseStore, RetrySelection, RunBegin, TaskSelection};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a pass over the input is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScanPurpose {
    /// To record which files and pages there are.
    Record,
    /// To record them and the features of every page.
    Inspect,
    /// To ask pages.
    Ask,
}

/// Which pages a pass asks, apart from those that have answers.
#[derive(Default)]
pub(crate) struct PagesToAsk {
    /// Only these pages are asked; `None`: all.
    pub(crate) sample: Option<HashSet<PageId>>,
    /// Only pages that it selects are asked; `None`: all. A sample is taken from these already.
    pub(crate) filter: Option<Arc<PageFilter>>,
    /// Pages that are in a batch: they need no action.
    pub(crate) in_batches: HashSet<PageId>,
}

/// Shared by all threads of a pass, in addition to the run.
pub(crate) struct ScanPass {
    /// What the pass is for.
    pub(crate) purpose: ScanPurpose,
    /// Which done tasks are sent again.
    pub(crate) selection: RetrySelection,
    /// Which tasks may be asked, in manifest order.
    pub(crate) tasks: Vec<bool>,
    /// Which pages are asked.
    pub(crate) pages: PagesToAsk,
    /// Earlier answers that the run's store may not have.
    pub(crate) base: Option<Arc<BaseStore>>,
    /// The questions, by entry.
    pub(crate) question_sets: QuestionSets,
    /// Whether files are looked at although every page of them is done.
    pub(crate) looks_at_done: bool,
    /// What the pass has seen.
    pub(crate) seen: ScanSeen,
}

/// What a pass has seen. Written by its threads, read by the driver.
#[derive(Debug)]
pub(crate) struct ScanSeen {
    /// Cleared when the rest of the input is only listed.
    takes_pages: AtomicBool,
    /// Set when the walk reached its end: every file has a row.
    has_all: AtomicBool,
    has_dropped: AtomicBool,
    /// Set when the input, or its known data, differs from the store.
    has_changes: AtomicBool,
    /// Parts of the input that can't be looked at: how many, and the first.
    unread: Mutex<Option<UnreadInput>>,
}

/// Parts of the input that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnreadInput {
    /// How many.
    pub(crate) count: u64,
    /// The fault of the first one, human-readable.
    pub(crate) first: String,
}

impl ScanPass {
    /// Which tasks of a page are asked by a run that begins here.
    pub(crate) fn task_selection(&self, begin: RunBegin) -> TaskSelection<'_> {
        TaskSelection { retry: self.selection, wanted: &self.tasks, begin }
    }

    /// A pass for `purpose`.
    pub(crate) fn new(run: &RunContext, options: &RunOptions, purpose: ScanPurpose) -> Self {
        Self {
            purpose,
            selection: options.selection,
            tasks: options.wanted_tasks(&run.identity.keys.tasks),
            pages: PagesToAsk::default(),
            base: None,
            question_sets: question_sets_of(run),
            // Which pages are near duplicates is decided anew in every run.
            looks_at_done: options.selection.is_any() || run.job.input.near_duplicates.is_some(),
            seen: ScanSeen::new(),
        }
    }
}

/// What a run asks, by entry.
pub(crate) fn question_sets_of(run: &RunContext) -> QuestionSets {
    let common = QuestionSet::of_job(&run.identity.questions, &run.identity.keys);
    QuestionSets::new(run.job.clone(), common, run.store.clone(), run.identity.renderers.clone())
}

impl ScanSeen {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            takes_pages: AtomicBool::new(true),
            has_all: AtomicBool::new(false),
            has_dropped: AtomicBool::new(false),
            has_changes: AtomicBool::new(false),
            unread: Mutex::new(None),
        }
    }

    /// Whether pages are still taken: the rest of the input is not only listed.
    pub(crate) fn takes_pages(&self) -> bool {
        self.takes_pages.load(Ordering::Relaxed)
    }

    /// No more pages are taken: the rest of the input is only listed.
    pub(crate) fn stop_taking_pages(&self) {
        self.takes_pages.store(false, Ordering::Relaxed);
    }

    /// Whether the walk reached its end, and everything that it found is stored.
    pub(crate) fn has_all(&self) -> bool {
        self.has_all.load(Ordering::Relaxed) && !self.has_dropped.load(Ordering::Relaxed)
    }

    /// Something that the walk found is not stored, because the run ends at once or can't continue.
    pub(crate) fn set_dropped(&self) {
        self.has_dropped.store(true, Ordering::Relaxed);
    }

    /// The walk reached its end.
    pub(crate) fn set_all(&self) {
        self.has_all.store(true, Ordering::Relaxed);
    }

    /// A part of the input can't be looked at.
    pub(crate) fn add_unread(&self, message: String) {
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        unread.get_or_insert(UnreadInput { count: 0, first: message }).count += 1;
    }

    /// The parts of the input that can't be looked at.
    pub(crate) fn unread(&self) -> Option<UnreadInput> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether something differs from what the store had.
    pub(crate) fn has_changes(&self) -> bool {
        self.has_changes.load(Ordering::Relaxed)
    }

    /// Something differs from what the store had.
    pub(crate) fn set_changed(&self) {
        self.has_changes.store(true, Ordering::Relaxed);
    }
}
