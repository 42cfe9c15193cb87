//! What is still to be asked of a page.

use crate::store::{Outcome, OutcomeStatus};

/// Which settled outcomes are asked again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Replies that were never valid.
    pub invalid: bool,
    /// What the model or a filter declined.
    pub refused: bool,
    /// What could not be read or asked.
    pub failed: bool,
    /// Valid answers too.
    pub refresh: bool,
}

impl Wish {
    /// Whether anything is asked again, so that settled files have to be looked at.
    #[must_use]
    pub fn is_any(self) -> bool {
        self.invalid || self.refused || self.failed || self.refresh
    }

    /// Whether a task that stands like this is asked in a run that began at `started_ms`.
    #[must_use]
    pub fn asks(self, outcome: Option<&Outcome>, started_ms: i64) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_again() {
        let outcome =
            |status, is_passing, runs, at_ms| Outcome { status, value: None, fault: None, is_passing, runs, at_ms };
        let none = Wish::default();
        let refresh = Wish { refresh: true, ..none };
        let failed = Wish { failed: true, ..none };
        for (wish, outcome, expected) in [
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
            assert_eq!(wish.asks(outcome.as_ref(), 100), expected, "{wish:?} {outcome:?}");
        }
    }
}
