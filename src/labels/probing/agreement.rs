//! How often the answers to pages that were asked several times agree.

use super::kind::ProbeKind;
use super::plan::ProbePlan;
use crate::base::path_text::display_path;
use crate::base::vocabulary::OutcomeStatus;
use crate::eval::{CONFIDENCE, Interval, wilson};
use crate::manifest::Job;
use crate::pipeline::probe_outcomes;
use crate::store::{Reader, StoreError};
use crate::task::Question;
use serde_json::Value;
use std::collections::BTreeMap;

/// How often the answers to a job's pages agree.
#[derive(Clone, Debug)]
pub(crate) struct ProbeReport {
    pub(crate) job: String,
    pub(crate) kind: ProbeKind,
    /// The number of pages in the sample.
    pub(crate) pages: u64,
    /// By task.
    pub(crate) tasks: Vec<TaskAgreement>,
}

/// How often the answers to one task agree.
#[derive(Clone, Debug, Default)]
pub(crate) struct TaskAgreement {
    pub(crate) task: String,
    /// Pages with all answers.
    pub(crate) pages: u64,
    /// Pages of the sample that lack one.
    pub(crate) unanswered: u64,
    /// Pages whose answers are not all the same.
    pub(crate) changed: u64,
    /// The share of `changed`, with 95 % confidence. `None`: there are no pages.
    pub(crate) interval: Option<Interval>,
    /// The share of pairs of answers to one page that are the same. `None`: there are no pages.
    pub(crate) pairs: Option<f64>,
    /// The other answers of pages that changed: the answer that rows show, the other one, how often.
    pub(crate) flips: BTreeMap<(String, String), u64>,
    /// The first pages that changed: path, page, and the answers.
    pub(crate) examples: Vec<(String, u32, Vec<String>)>,
}

/// Pages that are listed.
const MAX_EXAMPLES: usize = 10;

/// Compares what the store has.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn measure_agreement(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    plan: &ProbePlan,
) -> Result<ProbeReport, StoreError> {
    let positions: Vec<(usize, &Question)> =
        plan.tasks.iter().filter_map(|at| Some((*at, questions.get(*at)?))).collect();
    let new = |(_, question): &(usize, &Question)| TaskAgreement { task: question.name.clone(), ..Default::default() };
    let mut tasks: Vec<TaskAgreement> = positions.iter().map(new).collect();
    let mut same_pairs = vec![(0_u64, 0_u64); tasks.len()];
    for page in &plan.pages {
        let mut others = Vec::with_capacity(plan.variants.len());
        for variant in &plan.variants {
            others.push(probe_outcomes(reader, job, variant, page)?);
        }
        for ((at, _), (task, pairs)) in positions.iter().zip(tasks.iter_mut().zip(&mut same_pairs)) {
            let first = page.answers.get(*at).cloned().flatten();
            let other = |outcomes: &Vec<Option<crate::store::TaskOutcome>>| {
                let outcome = outcomes.get(*at)?.as_ref().filter(|outcome| outcome.status == OutcomeStatus::Ok)?;
                outcome.value.clone()
            };
            let answers: Option<Vec<Value>> = std::iter::once(first).chain(others.iter().map(other)).collect();
            match answers {
                Some(answers) => {
                    task.add(
                        (&display_path(&page.entry.path), page.id.page),
                        &answers.into_iter().map(normal).collect::<Vec<_>>(),
                        pairs,
                    );
                }
                None => task.unanswered += 1,
            }
        }
    }
    for (task, (same, all)) in tasks.iter_mut().zip(same_pairs) {
        #[expect(clippy::cast_precision_loss, reason = "numbers of pages")]
        let (changed, pages, same, all) = (task.changed as f64, task.pages as f64, same as f64, all as f64);
        task.interval = wilson(changed, pages, CONFIDENCE);
        task.pairs = (all > 0.0).then(|| same / all);
    }
    Ok(ProbeReport { job: job.name.clone(), kind: plan.kind, pages: plan.pages(), tasks })
}

impl TaskAgreement {
    fn add(&mut self, (path, page): (&str, u32), answers: &[String], (same, all): &mut (u64, u64)) {
        self.pages += 1;
        for (at, one) in answers.iter().enumerate() {
            for other in answers.iter().skip(at + 1) {
                *all += 1;
                *same += u64::from(one == other);
            }
        }
        let Some((first, others)) = answers.split_first() else { return };
        if others.iter().all(|other| other == first) {
            return;
        }
        self.changed += 1;
        for other in others.iter().filter(|other| *other != first) {
            *self.flips.entry((first.clone(), other.clone())).or_default() += 1;
        }
        if self.examples.len() < MAX_EXAMPLES {
            self.examples.push((path.to_owned(), page, answers.to_vec()));
        }
    }

    /// The share of pages whose answers are not all the same. `None`: there are no pages.
    pub(crate) fn share(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "numbers of pages")]
        (self.pages > 0).then(|| self.changed as f64 / self.pages as f64)
    }
}

/// An answer as text, whatever the order of its labels: texts unchanged, everything else as JSON.
fn normal(answer: Value) -> String {
    match answer {
        Value::String(text) => text,
        Value::Array(mut items) if items.iter().all(Value::is_string) => {
            items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            Value::Array(items).to_string()
        }
        other => crate::base::digest::canonical(&other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_compared_whatever_the_order_of_labels() {
        assert_eq!(normal(json!(["b", "a"])), normal(json!(["a", "b"])));
        assert_eq!(normal(json!({"b": 1, "a": [2, 1]})), normal(json!({"a": [2, 1], "b": 1})));
        assert_ne!(normal(json!([1, 2])), normal(json!([2, 1])));
        assert_eq!(normal(json!("letter")), "letter");
    }

    #[test]
    fn pages_and_pairs_are_counted() {
        let (mut task, mut pairs) = (TaskAgreement::default(), (0, 0));
        let mut add = |answers: &[&str]| {
            let answers: Vec<String> = answers.iter().map(|text| (*text).to_owned()).collect();
            task.add(("a.jpg", 1), &answers, &mut pairs);
        };
        add(&["x", "x", "x"]);
        add(&["x", "y", "x"]);
        add(&["x", "y", "y"]);
        assert_eq!((task.pages, task.changed, task.share()), (3, 2, Some(2.0 / 3.0)));
        assert_eq!(pairs, (5, 9));
        assert_eq!(task.flips, BTreeMap::from([(("x".into(), "y".into()), 3)]));
        assert_eq!(task.examples.len(), 2);
    }
}
