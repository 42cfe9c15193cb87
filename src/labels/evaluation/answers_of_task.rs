//! The human answers to one task of one page, and which of them is its truth.

use crate::base::digest::Digest;
use crate::base::json_text::JsonText;
use crate::labels::answers::import::SHOWN_IN_FILE;
use crate::labels::sampling::blind_answer::{AnswerOrigin, find_blind_answer};
use crate::store::{DecisionRecord, current_decision};

/// The human answers to one task of one page, the oldest first.
pub(crate) struct AnswersOfTask<'a> {
    records: Vec<&'a DecisionRecord>,
    task: &'a str,
    question: Option<Digest>,
}

impl<'a> AnswersOfTask<'a> {
    /// Those among the answers to a page, which are in the order of [`current_decision`].
    pub(crate) fn new(
        answers: impl Iterator<Item = &'a DecisionRecord>,
        task: &'a str,
        question: Option<Digest>,
    ) -> Self {
        let is_of_task = |record: &&DecisionRecord| {
            !record.is_withdrawn && record.decision.task == task && record.decision.question == question
        };
        Self { records: answers.filter(is_of_task).collect(), task, question }
    }

    /// The latest one, blind or not.
    pub(crate) fn latest(&self) -> Option<&'a DecisionRecord> {
        current_decision(self.records.iter().copied(), self.task, self.question)
    }

    /// The one that is truth, if only blind ones are.
    pub(crate) fn blind(&self) -> Option<&'a DecisionRecord> {
        find_blind_answer(self.records.iter(), |record| origin(record)).copied()
    }

    /// Whether the blind answer was changed after the model's answer was seen.
    pub(crate) fn is_changed(&self) -> bool {
        let Some(blind) = self.blind() else { return false };
        let later = self.records.iter().rev().take_while(|record| record.id != blind.id);
        let seen = later.into_iter().find(|record| !origin(record).is_blind && !is_imported(record));
        seen.is_some_and(|seen| seen.decision.value != blind.decision.value)
    }

    /// Whether there is an imported answer that is not blind.
    pub(crate) fn has_imported(&self) -> bool {
        self.records.iter().any(|record| is_imported(record))
    }

    /// Whether there is a blind answer that would count if none belonged to a sample.
    pub(crate) fn has_undrawn(&self) -> bool {
        let latest = self.records.iter().rev().find(|record| origin(record).is_blind);
        latest.is_some_and(|latest| self.blind().is_some_and(|blind| blind.id != latest.id))
    }
}

fn origin(record: &DecisionRecord) -> AnswerOrigin {
    let decision = &record.decision;
    AnswerOrigin {
        is_blind: decision.shown.is_none(),
        is_drawn: decision.draw.is_some() || decision.sampled_with.is_some(),
    }
}

/// Whether it was imported, and not as a blind answer.
fn is_imported(record: &DecisionRecord) -> bool {
    record.decision.draw.is_none() && record.decision.shown.as_ref().map(JsonText::value) == Some(SHOWN_IN_FILE)
}
