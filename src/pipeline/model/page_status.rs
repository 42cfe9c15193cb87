//! What is still to be asked of a page.

use super::ready_page::Tasks;
use crate::store::{OutcomeStatus, Standing, TaskOutcome};

/// Which settled outcomes are asked again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetrySelection {
    /// Replies that were never valid.
    pub invalid: bool,
    /// What the model or a filter declined.
    pub refused: bool,
    /// What could not be read or asked.
    pub failed: bool,
    /// Valid answers too.
    pub refresh: bool,
}

impl RetrySelection {
    /// Whether anything is asked again, so that settled files have to be looked at.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.invalid || self.refused || self.failed || self.refresh
    }

    /// Whether a task that stands like this is asked in a run that began at `started_ms`.
    #[must_use]
    pub fn asks(self, outcome: Option<&TaskOutcome>, started_ms: i64) -> bool {
        let Some(outcome) = outcome else { return true };
        // What this very run settled is settled.
        if outcome.at_ms >= started_ms {
            return false;
        }
        match outcome.status {
            OutcomeStatus::Ok => self.refresh,
            OutcomeStatus::Invalid => self.invalid,
            OutcomeStatus::Refused => self.refused,
            OutcomeStatus::Failed => self.failed || !outcome.is_final(),
        }
    }
}

/// What is to be done for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PageStatus {
    /// Nothing: every task is settled.
    Done,
    /// Nothing: it has no picture.
    Faulty,
    /// Nothing: it is left out on purpose, blank or like another.
    Skipped,
    /// These tasks are asked.
    Ask(Tasks),
}

/// What an entry's pages are looked at with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusRule<'a> {
    pub(crate) selection: RetrySelection,
    /// Which tasks may be asked.
    pub(crate) tasks: &'a [bool],
    pub(crate) started_ms: i64,
    pub(crate) skips_blank: bool,
}

impl StatusRule<'_> {
    /// What is to be done for a page that stands like this. The rows of `store/rows.rs`
    /// and the statement of `store/entries.rs` that settles entries follow the same rule:
    /// outcomes first, then faults, then what is left out.
    pub(crate) fn decide(&self, standing: &Standing, is_near: bool) -> PageStatus {
        let is_asked = |(at, outcome): &(usize, &Option<TaskOutcome>)| {
            self.tasks.get(*at) != Some(&false) && self.selection.asks(outcome.as_ref(), self.started_ms)
        };
        let asked = standing.outcomes.iter().enumerate().filter(is_asked);
        let tasks: Tasks = asked.map(|(at, outcome)| (at, outcome.as_ref().map(|outcome| outcome.at_ms))).collect();
        let has_gap = standing.outcomes.iter().any(Option::is_none);
        let has_none = standing.outcomes.iter().all(Option::is_none);
        let is_blank = self.skips_blank && standing.marks.is_some_and(|marks| marks.is_blank);
        match () {
            () if has_gap && standing.fault.is_some() && !self.selection.failed => PageStatus::Faulty,
            () if has_gap && is_blank => PageStatus::Skipped,
            () if has_none && is_near => PageStatus::Skipped,
            () if tasks.is_empty() => PageStatus::Done,
            () => PageStatus::Ask(tasks),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{FaultRecord, FeaturesRecord};

    #[test]
    fn what_is_done_for_a_page() {
        let ok = || {
            Some(TaskOutcome {
                status: OutcomeStatus::Ok,
                value: None,
                fault: None,
                is_passing: false,
                runs: 1,
                at_ms: 1,
            })
        };
        let fault = || Some(FaultRecord { kind: crate::store::ErrorKind::Damaged, message: String::new() });
        let blank = || Some(FeaturesRecord { is_blank: true, fingerprint: [0; 32] });
        let standing = |fault, marks, outcomes| Standing { fault, marks, outcomes };
        let none = RetrySelection::default();
        let failed = RetrySelection { failed: true, ..none };
        let refresh = RetrySelection { refresh: true, ..none };
        let ask = |tasks: &[usize], seen| PageStatus::Ask(tasks.iter().map(|at| (*at, seen)).collect());
        for (selection, skips_blank, standing, is_near, expected) in [
            (none, false, standing(None, None, vec![None, None]), false, ask(&[0, 1], None)),
            (none, false, standing(None, None, vec![ok(), None]), false, ask(&[1], None)),
            (none, false, standing(None, None, vec![ok(), ok()]), false, PageStatus::Done),
            (refresh, false, standing(None, None, vec![ok(), ok()]), false, ask(&[0, 1], Some(1))),
            (none, false, standing(fault(), None, vec![None, None]), false, PageStatus::Faulty),
            (failed, false, standing(fault(), None, vec![None, None]), false, ask(&[0, 1], None)),
            // An answered page has a picture, whatever was said of it.
            (none, false, standing(fault(), None, vec![ok(), ok()]), false, PageStatus::Done),
            (none, true, standing(None, blank(), vec![None, None]), false, PageStatus::Skipped),
            (none, false, standing(None, blank(), vec![None, None]), false, ask(&[0, 1], None)),
            // Of a blank page nothing more is asked; what was answered is kept.
            (none, true, standing(None, blank(), vec![ok(), None]), false, PageStatus::Skipped),
            (refresh, true, standing(None, blank(), vec![ok(), ok()]), false, ask(&[0, 1], Some(1))),
            (none, false, standing(None, None, vec![None, None]), true, PageStatus::Skipped),
            (none, false, standing(None, None, vec![ok(), None]), true, ask(&[1], None)),
        ] {
            let rule = StatusRule { selection, tasks: &[true, true], started_ms: 100, skips_blank };
            assert_eq!(rule.decide(&standing, is_near), expected, "{selection:?} {skips_blank} {standing:?} {is_near}");
        }
    }

    #[test]
    fn what_is_asked_again() {
        let outcome =
            |status, is_passing, runs, at_ms| TaskOutcome { status, value: None, fault: None, is_passing, runs, at_ms };
        let none = RetrySelection::default();
        let refresh = RetrySelection { refresh: true, ..none };
        let failed = RetrySelection { failed: true, ..none };
        for (selection, outcome, expected) in [
            (none, None, true),
            (none, Some(outcome(OutcomeStatus::Ok, false, 1, 1)), false),
            (refresh, Some(outcome(OutcomeStatus::Ok, false, 1, 1)), true),
            (refresh, Some(outcome(OutcomeStatus::Ok, false, 1, 100)), false),
            (none, Some(outcome(OutcomeStatus::Invalid, false, 1, 1)), false),
            (none, Some(outcome(OutcomeStatus::Failed, false, 1, 1)), false),
            (failed, Some(outcome(OutcomeStatus::Failed, false, 1, 1)), true),
            (none, Some(outcome(OutcomeStatus::Failed, true, 1, 1)), true),
            (none, Some(outcome(OutcomeStatus::Failed, true, 2, 1)), true),
            (none, Some(outcome(OutcomeStatus::Failed, true, 3, 1)), false),
            (none, Some(outcome(OutcomeStatus::Failed, true, 1, 100)), false),
        ] {
            assert_eq!(selection.asks(outcome.as_ref(), 100), expected, "{selection:?} {outcome:?}");
        }
    }
}
