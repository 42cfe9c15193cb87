//! The human answers that the row of a page shows.

use super::spec::RowSpec;
use crate::base::digest::Digest;
use crate::base::json_text::JsonText;
use crate::store::{DecisionRecord, PageRecord, current_decision};
use crate::task::{Shape, TaskFault, check_value};
use serde_json::Value;

/// The human answers that the row of a page shows, one per task; `None`: no answer, or it no longer fits the task.
/// Without any the list is empty. `questions`: by task, the digest of a question whose text differs from line to line
/// of a list.
///
/// A near duplicate has its own human answers; without any, it shows those of the other page's row.
#[must_use]
pub fn human_answers(record: &PageRecord, spec: &RowSpec, questions: &[Option<Digest>]) -> Vec<Option<Value>> {
    if record.decisions.is_empty() {
        return Vec::new();
    }
    let (own, shared): (Vec<&DecisionRecord>, Vec<&DecisionRecord>) =
        record.decisions.iter().partition(|known| Some(known.decision.page) == record.id);
    let tasks = spec.tasks.iter().enumerate();
    let answers = tasks.map(|(at, (task, shape))| {
        let question = questions.get(at).copied().flatten();
        let answer = |decisions: &[&DecisionRecord]| {
            let current = current_decision(decisions.iter().copied(), task, question)?;
            human_value(shape, &current.decision.value).ok()
        };
        answer(&own).or_else(|| answer(&shared))
    });
    let answers: Vec<Option<Value>> = answers.collect();
    if answers.iter().all(Option::is_none) { Vec::new() } else { answers }
}

/// A human answer in the form of its task. It is checked like the value of a reply.
///
/// # Errors
/// If it does not fit the task, such as a label that the task no longer has.
pub fn human_value(shape: &Shape, value: &JsonText) -> Result<Value, TaskFault> {
    check_value(shape, &value.value())
}
