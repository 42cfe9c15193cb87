//! A page with truth, and what the model answered.

use crate::base::digest::Digest;
use crate::base::ids::PageId;
use crate::base::path_text::display_path;
use crate::base::vocabulary::OutcomeStatus;
use crate::labels::truth::page_truth::PlacedMisfit;
use crate::store::{PageRecord, PageStatus};
use serde_json::Value;

/// Why a page has no answer to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unanswered {
    /// It was not asked yet.
    Pending,
    /// No reply was valid.
    Invalid,
    /// The model or a content filter declined.
    Refused,
    /// It could not be read, or no request succeeded.
    Failed,
    /// It was skipped on purpose, for example as blank.
    Skipped,
}

impl Unanswered {
    /// The word for it, as the column `status` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// The truth and the answer of one task on one page.
#[derive(Clone, Debug)]
pub(crate) struct TaskObservation {
    /// The values of the leaves that are known.
    pub(crate) truth: Vec<Option<Value>>,
    /// The probability with which the page was drawn for the task; `None`: it was not drawn.
    pub(crate) sampled_with: Option<f64>,
    /// The model's answer.
    pub(crate) answer: Result<Value, Unanswered>,
}

/// A page with truth.
#[derive(Clone, Debug)]
pub(crate) struct Observation {
    /// The path of its file, in the bytes of the input.
    pub(crate) path: Vec<u8>,
    /// The number of the page.
    pub(crate) page: u32,
    /// The digest of the file.
    pub(crate) content: Option<Digest>,
    /// The page under which it is asked: of pages that are in a file twice, the first. Equal pages have the same.
    pub(crate) id: Option<PageId>,
    /// Whether it was asked under the current recipes, so that its answers have their own cost.
    pub(crate) is_asked: bool,
    /// The fingerprint of the page, if it is stored.
    pub(crate) fingerprint: Option<[u8; 32]>,
    /// The part of the truth that the page belongs to.
    pub(crate) split: Option<Box<str>>,
    /// The probability with which the page was drawn, if it is the same for all its tasks.
    pub(crate) sampled_with: Option<f64>,
    /// Values of the truth that their tasks do not allow.
    pub(crate) misfits: Vec<PlacedMisfit>,
    /// By task; `None`: there is no truth for it.
    pub(crate) tasks: Vec<Option<TaskObservation>>,
}

impl Observation {
    /// Whether it was drawn for a task.
    pub(crate) fn is_drawn(&self) -> bool {
        self.tasks.iter().flatten().any(|known| known.sampled_with.is_some())
    }

    /// The path, as rows show it.
    pub(crate) fn shown_path(&self) -> String {
        display_path(&self.path)
    }
}

/// The model's answer to the task at this position of a page.
pub(crate) fn model_answer(record: &PageRecord, position: usize) -> Result<Value, Unanswered> {
    match record.status {
        PageStatus::Faulty => return Err(Unanswered::Failed),
        PageStatus::Skipped => return Err(Unanswered::Skipped),
        PageStatus::Ask(_) | PageStatus::Done => {}
    }
    let Some(outcome) = record.outcomes.get(position).and_then(Option::as_ref) else {
        return Err(Unanswered::Pending);
    };
    match outcome.status {
        OutcomeStatus::Ok => outcome.value.clone().ok_or(Unanswered::Invalid),
        OutcomeStatus::Invalid => Err(Unanswered::Invalid),
        OutcomeStatus::Refused => Err(Unanswered::Refused),
        OutcomeStatus::Failed => Err(Unanswered::Failed),
    }
}
