//! Decisions: human answers.

use crate::base::digest::Digest;
use crate::base::ids::{DecisionId, DrawId, PageId};
use crate::base::json_text::JsonText;

/// A human answer to one task of one page, to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDecision {
    /// The page: the content of the file, and the number under which the page is asked
    /// ([`PageRecord::id`](super::rows::PageRecord::id)).
    pub page: PageId,
    /// The name of the job. Jobs with the same name share human answers, for any inputs.
    pub job: String,
    /// The name of the task.
    pub task: String,
    /// The digest of the question's text, if it differs from line to line of a list: another line may ask
    /// something else of the same page. `None` for all other tasks, so that answers survive changes of
    /// their text.
    pub question: Option<Digest>,
    /// The answer as canonical JSON ([`canonical`](crate::base::digest::canonical)).
    pub value: JsonText,
    /// Who decided.
    pub reviewer: String,
    /// When: wall time in milliseconds.
    pub decided_at_ms: i64,
    /// The probability with which the page was drawn into a sample, in (0, 1]; `None`: it was not drawn.
    pub sampled_with: Option<f64>,
    /// The draw that has led to it; `None`: none has.
    pub draw: Option<DrawId>,
    /// The model's answer that the reviewer saw before the decision, as JSON; `None`: the decision was blind.
    pub shown: Option<JsonText>,
}

/// A stored decision.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionRecord {
    /// Its id.
    pub id: DecisionId,
    /// The decision.
    pub decision: NewDecision,
    /// The first of the decisions that were made together. They are withdrawn together.
    pub group: DecisionId,
    /// Whether it was withdrawn: it counts for nothing, and stays as a record.
    pub is_withdrawn: bool,
}

impl DecisionRecord {
    /// Its place among the decisions on a task.
    #[must_use]
    pub fn order_key(&self) -> DecisionOrder<'_> {
        decision_order(self.decision.decided_at_ms, &self.decision.reviewer, self.id)
    }
}

/// The place of a decision among those on a task. The greatest is the latest, which counts.
pub type DecisionOrder<'a> = (i64, &'a str, DecisionId);

/// The place of a decision that `reviewer` has made at this time. Decisions of one time are in the order of their reviewers
/// and ids, so that the same one counts wherever they are merged or imported.
#[must_use]
pub fn decision_order(decided_at_ms: i64, reviewer: &str, id: DecisionId) -> DecisionOrder<'_> {
    (decided_at_ms, reviewer, id)
}

/// The human answer to a task: the latest decision that was not withdrawn ([`DecisionRecord::order_key`]).
/// `question`: the digest that the decisions on the task have ([`NewDecision::question`]).
#[must_use]
pub fn current_decision<'a>(
    decisions: impl IntoIterator<Item = &'a DecisionRecord>,
    task: &str,
    question: Option<Digest>,
) -> Option<&'a DecisionRecord> {
    let is_of_task = |record: &&DecisionRecord| {
        !record.is_withdrawn && record.decision.task == task && record.decision.question == question
    };
    decisions.into_iter().filter(is_of_task).max_by(|a, b| a.order_key().cmp(&b.order_key()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(id: i64, at: i64, reviewer: &str) -> DecisionRecord {
        let decision = NewDecision {
            page: PageId { content: Digest::compute(b"page"), page: 1 },
            job: "mail".into(),
            task: "kind".into(),
            question: None,
            value: JsonText::from_value(&id.into()),
            reviewer: reviewer.into(),
            decided_at_ms: at,
            sampled_with: None,
            draw: None,
            shown: None,
        };
        DecisionRecord { id: DecisionId(id), decision, group: DecisionId(id), is_withdrawn: false }
    }

    #[test]
    fn the_latest_decision_counts() {
        let current = |decisions: &[DecisionRecord]| current_decision(decisions, "kind", None).map(|it| it.id.0);
        assert_eq!(current(&[]), None);
        assert_eq!(current(&[decision(1, 20, "a"), decision(2, 10, "b")]), Some(1), "by time, not by id");
        assert_eq!(current(&[decision(1, 10, "b"), decision(2, 10, "a")]), Some(1), "then by reviewer");
        assert_eq!(current(&[decision(2, 10, "a"), decision(1, 10, "a")]), Some(2), "then by id");
        let withdrawn = DecisionRecord { is_withdrawn: true, ..decision(2, 20, "a") };
        assert_eq!(current(&[decision(1, 10, "a"), withdrawn.clone()]), Some(1));
        assert_eq!(current(&[withdrawn]), None);
    }

    #[test]
    fn a_decision_is_of_one_task_and_one_question() {
        let mut other = decision(2, 20, "a");
        other.decision.question = Some(Digest::compute(b"Is it from ACME?"));
        let all = [decision(1, 10, "a"), other];
        let current = |task: &str, question: Option<&str>| {
            let question = question.map(|text| Digest::compute(text.as_bytes()));
            current_decision(&all, task, question).map(|it| it.id.0)
        };
        assert_eq!(current("kind", None), Some(1));
        assert_eq!(current("kind", Some("Is it from ACME?")), Some(2));
        assert_eq!(current("kind", Some("Is it from Initech?")), None);
        assert_eq!(current("kinds", None), None);
    }
}
