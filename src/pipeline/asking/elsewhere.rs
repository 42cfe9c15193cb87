//! Pages that another process is asking: their keys are polled in the store until they are settled
//! or free again.

use crate::base::ids::PageId;
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::options::RunOptions;
use crate::pipeline::model::question_set::{QuestionSet, VERSIONS, skip_rule};
use crate::store::{PageStatus, Reader, SkipRule, StoreError, TaskSelection};
use std::collections::VecDeque;
use std::sync::Arc;

/// Pages that another process is asking.
#[derive(Default)]
pub(crate) struct PagesElsewhere {
    pages: VecDeque<(PageId, Arc<QuestionSet>)>,
    /// Pages that did not fit: the input is walked again for them.
    uncounted: u64,
}

/// Maximum number of keys that are kept.
const MAX_KEYS: usize = 100_000;
/// Maximum number of pages that one poll looks at.
const MAX_LOOK_UPS: usize = 2000;

impl PagesElsewhere {
    /// Adds a page that another process is asking.
    pub(crate) fn add(&mut self, page: PageId, questions: Arc<QuestionSet>) {
        if self.pages.len() < MAX_KEYS {
            self.pages.push_back((page, questions));
        } else {
            self.uncounted += 1;
        }
    }

    /// Adds the pages of another pass.
    pub(crate) fn append(&mut self, mut other: Self) {
        self.pages.append(&mut other.pages);
        self.uncounted += other.uncounted;
    }

    /// Whether no page is being waited for.
    pub(crate) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Looks at pages that have been waited for longest, and forgets those that are no longer being
    /// asked. Returns how many are free again without an answer, so that the input has to be walked
    /// again.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn poll(&mut self, run: &RunContext, options: &RunOptions) -> Result<u64, StoreError> {
        let reader = run.store.reader()?;
        let tasks: Vec<bool> = run.identity.keys.tasks.iter().map(|task| options.asks(&task.task)).collect();
        let selection = TaskSelection { retry: options.selection, wanted: &tasks, started_ms: run.identity.started_ms };
        // A near duplicate is not asked, so no other process asks it.
        let skip = SkipRule { near_duplicates: false, ..skip_rule(&run.job) };
        let mut free = 0;
        for _ in 0..self.pages.len().min(MAX_LOOK_UPS) {
            let Some((page, questions)) = self.pages.pop_front() else { break };
            match look_up(&reader, (skip, &selection), &page, &questions)? {
                Elsewhere::Asked => self.pages.push_back((page, questions)),
                Elsewhere::Settled => run.counters.add_done(),
                Elsewhere::Free => free += 1,
            }
        }
        if self.pages.is_empty() {
            free += std::mem::take(&mut self.uncounted);
        }
        Ok(free)
    }
}

/// What another process has done with a page.
enum Elsewhere {
    /// It is asking it.
    Asked,
    /// Nothing is left to ask of it.
    Settled,
    /// It is not asking it any more, and something is left to ask.
    Free,
}

fn look_up(
    reader: &Reader,
    (skip, selection): (SkipRule, &TaskSelection<'_>),
    page: &PageId,
    questions: &QuestionSet,
) -> Result<Elsewhere, StoreError> {
    // In this order: an attempt is settled in the commit that stores its outcomes.
    if reader.is_being_asked(page, &questions.recipes)? {
        return Ok(Elsewhere::Asked);
    }
    let known = reader.stored_page(None, page, &questions.recipes, VERSIONS)?;
    Ok(match known.status(skip, selection) {
        PageStatus::Ask(_) => Elsewhere::Free,
        PageStatus::Done | PageStatus::Skipped | PageStatus::Faulty => Elsewhere::Settled,
    })
}
