//! The rule that decides what is done with a page.
//!
//! Runs, plans, rows and the record of done entries all use [`decide`]; no other code may derive from the outcomes of a
//! page what is done with it. The status of a row is another one: it shows how the page's answers are, and `export/row.rs`
//! derives it from this decision and the outcomes.
//!
//! Outcomes come first: a page with an outcome for every task is never faulty or skipped,
//! because it could be read when it was asked. Next come faults, then pages that are skipped
//! on purpose. The rest is asked.

use crate::base::ids::Revision;
use crate::base::vocabulary::OutcomeStatus;

/// Which done tasks a run sends again: `--retry` and `--refresh`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetrySelection {
    /// Tasks without a valid reply.
    pub invalid: bool,
    /// Tasks that the model or a content filter declined.
    pub refused: bool,
    /// Pages that could not be read, and tasks for which no request succeeded.
    pub failed: bool,
    /// Tasks with a valid answer.
    pub refresh: bool,
    /// Tasks whose outcome is of a picture that was incomplete, or that is drawn in another way now.
    pub redrawn: bool,
}

impl RetrySelection {
    /// Whether any done task is sent again, so that done files have to be read.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.invalid || self.refused || self.failed || self.refresh || self.redrawn
    }

    /// Whether a task with this outcome is asked by a run that begins here. `redrawn`: since when the
    /// page's earlier picture is known to have been wrong.
    #[must_use]
    pub fn asks(self, outcome: Option<OutcomeFacts>, redrawn: Option<Revision>, begin: RunBegin) -> bool {
        let Some(outcome) = outcome else { return true };
        // The run, or one that it continues, stored it.
        if outcome.revision >= if outcome.is_final { begin.since } else { begin.own } {
            return false;
        }
        if self.redrawn && redrawn.is_some_and(|since| outcome.revision < since) {
            return true;
        }
        match outcome.status {
            OutcomeStatus::Ok => self.refresh,
            OutcomeStatus::Invalid => self.invalid,
            OutcomeStatus::Refused => self.refused,
            OutcomeStatus::Failed => self.failed || !outcome.is_final,
        }
    }
}

/// Where a run begins in the history of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunBegin {
    /// The revision in which it began. Tasks with later outcomes are not asked again.
    pub own: Revision,
    /// The revision in which the first of the runs that it continues began; otherwise as `own`. Final
    /// outcomes stored since are not asked again.
    pub since: Revision,
}

impl RunBegin {
    /// A run that begins after everything that the store holds.
    pub const END: Self = Self { own: Revision::END, since: Revision::END };
}

/// A stored outcome, as far as the rule needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeFacts {
    /// The status of the task.
    pub status: OutcomeStatus,
    /// Whether later runs leave it alone unless a retry is requested.
    pub is_final: bool,
    /// The revision of the store in which it was stored.
    pub revision: Revision,
}

/// A page, as far as the rule needs it.
#[derive(Clone, Copy, Debug)]
pub struct PageFacts<'a> {
    /// The file or the page cannot be read.
    pub has_fault: bool,
    /// The page is blank, and the job skips blank pages.
    pub is_blank: bool,
    /// The page is a near duplicate of another one, and the job skips near duplicates.
    pub is_near_duplicate: bool,
    /// Since when its earlier picture is known to have been wrong.
    pub redrawn: Option<Revision>,
    /// The outcome of each task of the job.
    pub outcomes: &'a [Option<OutcomeFacts>],
}

/// Which tasks may be asked.
#[derive(Clone, Copy, Debug)]
pub struct TaskSelection<'a> {
    /// Which done tasks are sent again.
    pub retry: RetrySelection,
    /// By task: `false` if it may not be asked. Tasks beyond the end may be asked.
    pub wanted: &'a [bool],
    /// Where the run begins in the history of the store.
    pub begin: RunBegin,
}

impl TaskSelection<'_> {
    /// A later run without options: every task, no retries.
    pub const LATER_RUN: TaskSelection<'static> = TaskSelection {
        retry: RetrySelection { invalid: false, refused: false, failed: false, refresh: false, redrawn: false },
        wanted: &[],
        begin: RunBegin::END,
    };
}

/// The tasks of a page that are asked: the index of each, and the revision of its known outcome.
pub type TasksToAsk = Vec<(usize, Option<Revision>)>;

/// The action for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageStatus {
    /// These tasks are asked.
    Ask(TasksToAsk),
    /// Nothing: every task is done or not requested.
    Done,
    /// Nothing: the page is skipped on purpose, because it is blank or a near duplicate.
    Skipped,
    /// Nothing: the page cannot be read.
    Faulty,
}

/// The action for a page.
#[must_use]
pub fn decide(page: &PageFacts<'_>, selection: &TaskSelection<'_>) -> PageStatus {
    let has_gap = page.outcomes.iter().any(Option::is_none);
    let has_no_outcome = page.outcomes.iter().all(Option::is_none);
    if has_gap && page.has_fault && !selection.retry.failed {
        return PageStatus::Faulty;
    }
    // A blank page that was asked before it was known to be blank keeps its answers. A near
    // duplicate shows the answers of the other page only if it has no answers of its own.
    if has_gap && page.is_blank || has_no_outcome && page.is_near_duplicate {
        return PageStatus::Skipped;
    }
    let is_asked = |(index, outcome): &(usize, &Option<OutcomeFacts>)| {
        selection.wanted.get(*index) != Some(&false) && selection.retry.asks(**outcome, page.redrawn, selection.begin)
    };
    let asked = page.outcomes.iter().enumerate().filter(is_asked);
    let tasks: TasksToAsk = asked.map(|(index, outcome)| (index, outcome.map(|outcome| outcome.revision))).collect();
    if tasks.is_empty() { PageStatus::Done } else { PageStatus::Ask(tasks) }
}

#[cfg(test)]
mod tests;
