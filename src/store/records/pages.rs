//! Pages: faults, features, near duplicates, outcomes.

use crate::base::digest::Digest;
use crate::base::ids::{PageId, Revision};
use crate::base::vocabulary::{ErrorKind, OutcomeStatus};
use crate::store::page_status::{OutcomeFacts, PageFacts, PageStatus, TaskSelection, decide};
use serde_json::Value;

/// An error: its kind, and a human-readable message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRecord {
    /// The kind of error.
    pub kind: ErrorKind,
    /// A human-readable message.
    pub message: String,
}

/// Why a page cannot be decoded, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFaultRecord {
    /// The fault.
    pub fault: FaultRecord,
    /// The version of the decoder.
    pub decoder: u32,
    /// The renderers and fonts that were installed: with others the page may be drawn.
    pub renderers: String,
}

/// An earlier picture of a page that was not what the page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrawn {
    /// The revision since which that is known: outcomes stored before are of the earlier picture.
    pub since: Revision,
    /// Its fault.
    pub reason: String,
}

/// A page that an earlier version of the decoder has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutdatedPage {
    /// The number that it has in the store; 0: the file itself.
    pub page: u32,
    /// Whether it has a valid answer.
    pub is_answered: bool,
    /// The version of the decoder.
    pub decoder: u32,
    /// What has drawn it, if it is a page of a PDF.
    pub renderer: Option<String>,
}

/// A file whose pages an earlier version of the decoder has read, read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RereadFile {
    /// The file.
    pub content: Digest,
    /// The number of its pages.
    pub page_count: u32,
    /// Pages that are the same as an earlier one: the page, and the first that is the same.
    pub repeats: Vec<(u32, u32)>,
    /// By the earlier number of a page (from 1): its number now, 0 if it is not a page any more; `None` if
    /// no number has changed.
    pub numbers: Option<Vec<u32>>,
    /// The version of the decoder since which the pages have these numbers.
    pub numbered_since: u32,
    /// Pages (by their current numbers) whose earlier picture was wrong, and its fault.
    pub redrawn: Vec<(u32, String)>,
    /// Pages of `redrawn` that can't be drawn now, and why.
    pub faults: Vec<(u32, PageFaultRecord)>,
    /// Whether pages that looked blank are looked at again. Other features stay, and with them near
    /// duplicates.
    pub drops_blank: bool,
}

/// Features of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeaturesRecord {
    /// Whether the page is blank.
    pub is_blank: bool,
    /// A fingerprint that differs in only a few bits between images of the same page.
    pub fingerprint: [u8; 32],
}

/// A page of a job that is a near duplicate of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearDuplicate {
    /// The page, which is not asked.
    pub page: PageId,
    /// The other page, which is asked.
    pub like: PageId,
    /// The number of bits in which the fingerprints differ.
    pub distance: u32,
}

/// Faults and features are valid only under the versions that they were stored with.
#[derive(Clone, Copy, Debug)]
pub struct Versions {
    /// The version of the decoder.
    pub decoder: u32,
    /// The version of the page features.
    pub features: u32,
}

/// Which pages a job skips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SkipRule {
    /// Pages that are blank.
    pub blank: bool,
    /// Pages that are near duplicates of others.
    pub near_duplicates: bool,
}

/// The stored outcome of one task on one page.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskOutcome {
    /// The status of the task.
    pub status: OutcomeStatus,
    /// The answer; always there with `ok`. Null means that null is the answer.
    pub value: Option<Value>,
    /// Why there is no answer.
    pub fault: Option<FaultRecord>,
    /// Whether the fault is transient: later runs ask again, up to [`MAX_RUNS`] runs.
    pub is_transient: bool,
    /// The number of runs in a row that ended with a transient fault.
    pub runs: u32,
    /// Wall time in milliseconds, only to be shown: it decides nothing.
    pub at_ms: i64,
    /// The revision of the store in which it was stored. The store assigns it.
    pub revision: Revision,
}

/// Runs after which a transient fault is final.
pub(crate) const MAX_RUNS: u32 = 3;

/// Whether later runs leave an outcome alone unless a retry is requested.
pub(crate) fn is_final(is_transient: bool, runs: u32) -> bool {
    !is_transient || runs >= MAX_RUNS
}

/// Whether a failure of this kind is that the page could not be drawn, and no fault of it holds for the renderers that
/// are installed now: they may draw it.
pub(crate) fn may_be_drawn(failure: Option<ErrorKind>, has_fault: bool) -> bool {
    use ErrorKind::{CutShort, Damaged, IncompletePage};
    !has_fault && matches!(failure, Some(CutShort | Damaged | IncompletePage))
}

impl TaskOutcome {
    /// A valid answer. `at_ms`: wall time in milliseconds.
    #[must_use]
    pub fn answer(value: Value, at_ms: i64) -> Self {
        let (status, value) = (OutcomeStatus::Ok, Some(value));
        Self { status, value, fault: None, is_transient: false, runs: 1, at_ms, revision: Revision::NONE }
    }

    /// No answer, and why. `at_ms`: wall time in milliseconds.
    #[must_use]
    pub fn failure(status: OutcomeStatus, fault: FaultRecord, is_transient: bool, at_ms: i64) -> Self {
        Self { status, value: None, fault: Some(fault), is_transient, runs: 1, at_ms, revision: Revision::NONE }
    }

    /// What the page status rule needs of the outcome.
    #[must_use]
    pub fn facts(&self) -> OutcomeFacts {
        let is_final = is_final(self.is_transient, self.runs);
        OutcomeFacts { status: self.status, is_final, revision: self.revision }
    }
}

/// The stored data of a page under some recipes.
#[derive(Clone, Debug, Default)]
pub struct StoredPage {
    /// Why it cannot be decoded, by the current decoder.
    pub fault: Option<FaultRecord>,
    /// The renderers that were installed when it could not be decoded.
    pub fault_renderers: String,
    /// Its earlier picture was wrong.
    pub redrawn: Option<Redrawn>,
    /// Its features, of the current version.
    pub features: Option<FeaturesRecord>,
    /// Whether it is a near duplicate of another page of the job.
    pub is_near_duplicate: bool,
    /// By recipe.
    pub outcomes: Vec<Option<TaskOutcome>>,
}

impl StoredPage {
    /// An unknown page, under `recipes` recipes.
    #[must_use]
    pub fn unknown(recipes: usize) -> Self {
        Self { outcomes: vec![None; recipes], ..Self::default() }
    }

    /// The status of the page: what a run does with it.
    #[must_use]
    pub fn status(&self, skip: SkipRule, selection: &TaskSelection<'_>) -> PageStatus {
        let outcomes: Vec<_> = self.outcomes.iter().map(|outcome| outcome.as_ref().map(TaskOutcome::facts)).collect();
        let facts = PageFacts {
            has_fault: self.fault.is_some(),
            is_blank: skip.blank && self.features.is_some_and(|features| features.is_blank),
            is_near_duplicate: skip.near_duplicates && self.is_near_duplicate,
            redrawn: self.redrawn.as_ref().map(|redrawn| redrawn.since),
            outcomes: &outcomes,
        };
        decide(&facts, selection)
    }

    /// Forgets a fault that was found with other renderers than `renderers`. Failures to draw the page are not final
    /// then: the next run tries again.
    #[must_use]
    pub fn without_faults_of_other_renderers(mut self, renderers: &str) -> Self {
        if self.fault_renderers != renderers {
            self.fault = None;
        }
        let has_fault = self.fault.is_some();
        for outcome in self.outcomes.iter_mut().flatten() {
            outcome.is_transient |= may_be_drawn(outcome.fault.as_ref().map(|fault| fault.kind), has_fault);
        }
        self
    }

    /// The fault of the picture of an outcome; `None`: no known fault.
    #[must_use]
    pub fn wrong_picture(&self) -> Option<&str> {
        let redrawn = self.redrawn.as_ref()?;
        let is_earlier = |outcome: &TaskOutcome| outcome.revision < redrawn.since;
        self.outcomes.iter().flatten().any(is_earlier).then_some(redrawn.reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transient_fault_is_final_after_three_runs() {
        for (is_transient, runs, expected) in
            [(false, 1, true), (true, 1, false), (true, 2, false), (true, 3, true), (true, 4, true)]
        {
            assert_eq!(is_final(is_transient, runs), expected, "{is_transient} {runs}");
        }
    }

    #[test]
    fn a_failure_to_draw_a_page_holds_as_long_as_its_fault() {
        let record = |kind| FaultRecord { kind, message: "an image is missing".into() };
        let failed = |kind| TaskOutcome::failure(OutcomeStatus::Failed, record(kind), false, 0);
        for (fault_renderers, kind, holds) in [
            (Some("a"), ErrorKind::IncompletePage, true),
            (Some("b"), ErrorKind::IncompletePage, false),
            (None, ErrorKind::IncompletePage, false),
            (Some("b"), ErrorKind::Damaged, false),
            (Some("b"), ErrorKind::RequestTooLarge, true),
            (None, ErrorKind::BadRequest, true),
        ] {
            let page = StoredPage {
                fault: fault_renderers.map(|_| record(ErrorKind::IncompletePage)),
                fault_renderers: fault_renderers.unwrap_or_default().into(),
                outcomes: vec![Some(failed(kind)), None],
                ..StoredPage::default()
            };
            let seen = page.without_faults_of_other_renderers("a");
            let is_final = seen.outcomes[0].as_ref().map(|outcome| outcome.facts().is_final);
            assert_eq!(is_final, Some(holds), "{fault_renderers:?} {kind:?}");
            assert_eq!(seen.fault.is_some(), fault_renderers == Some("a"));
        }
    }

    #[test]
    fn pages_are_skipped_only_when_the_job_says_so() {
        let blank = StoredPage {
            features: Some(FeaturesRecord { is_blank: true, fingerprint: [0; 32] }),
            ..StoredPage::unknown(1)
        };
        let near = StoredPage { is_near_duplicate: true, ..StoredPage::unknown(1) };
        let status = |page: &StoredPage, blank, near_duplicates| {
            page.status(SkipRule { blank, near_duplicates }, &TaskSelection::LATER_RUN)
        };
        let ask = || PageStatus::Ask(vec![(0, None)]);
        assert_eq!([status(&blank, true, false), status(&blank, false, true)], [PageStatus::Skipped, ask()]);
        assert_eq!([status(&near, false, true), status(&near, true, false)], [PageStatus::Skipped, ask()]);
    }
}
