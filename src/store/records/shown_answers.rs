//! What reviewers have seen of the model's answers.

use crate::base::digest::Digest;
use crate::base::ids::PageId;
use crate::base::json_text::JsonText;

/// The model's answer to a task of a page, which a reviewer has seen before a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownAnswer {
    /// The page.
    pub page: PageId,
    /// The name of the job.
    pub job: String,
    /// Who has seen it.
    pub reviewer: String,
    /// The name of the task.
    pub task: String,
    /// As [`NewDecision::question`](super::decisions::NewDecision::question).
    pub question: Option<Digest>,
    /// The answer, as JSON.
    pub answer: JsonText,
    /// When: wall time in milliseconds.
    pub shown_at_ms: i64,
}
