//! A human answer as a line of a file.

use serde_json::Value;

/// A human answer as a line of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AnswerLine {
    /// Where it is in its file, for messages: `line 3`.
    pub(crate) place: String,
    /// The path as rows show it; `content:` and a digest for a file that the job does not have.
    pub(crate) path: String,
    /// The number of the page.
    pub(crate) page: u32,
    /// The name of the task.
    pub(crate) task: String,
    /// The text of a question that differs from line to line of a list, or `blake3:` and its digest.
    pub(crate) question: Option<String>,
    /// The answer.
    pub(crate) value: AnswerValue,
    /// Who decided; `None`: not stated.
    pub(crate) reviewer: Option<String>,
    /// When: wall time in milliseconds; `None`: not stated.
    pub(crate) decided_at_ms: Option<i64>,
    /// The probability with which the page was drawn into a sample, in (0, 1]; `None`: it was not drawn.
    pub(crate) sampled_with: Option<f64>,
    /// Whether the reviewer had seen the model's answer; `None`: not stated.
    pub(crate) is_shown: Option<bool>,
}

/// The value of an answer in a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AnswerValue {
    /// The text of a cell, which is read by the shape of the task.
    Text(String),
    /// The labels that were chosen.
    Labels(Vec<String>),
    /// A JSON value.
    Json(Value),
}

impl AnswerLine {
    /// The text of the cell with its value.
    pub(crate) fn cell(&self) -> &str {
        match &self.value {
            AnswerValue::Text(text) => text,
            AnswerValue::Labels(_) | AnswerValue::Json(_) => "",
        }
    }
}
