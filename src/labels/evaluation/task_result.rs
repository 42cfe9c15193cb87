//! The measurements of a task.

use crate::base::units::grouped;
use crate::eval::{Estimate, Interval, Kappa};
use crate::labels::sampling::truth_kind::TruthKind;
use serde_json::Value;
use std::collections::BTreeMap;

/// Minimum accuracy of a model whose answers are evidence about the truth.
const MIN_ACCURACY_FOR_SUSPECTS: f64 = 0.5;
/// Minimum score of a listed suspected error in the truth: below it, the answer is more likely to be wrong.
const MIN_SUSPECT_SCORE: f64 = 0.5;

/// Why suspected errors in the truth are left out.
const SUSPECTS_OF_BAD_MODEL: &str =
    "the model is more often wrong than right here, so its answers are not evidence against the truth";

/// The measurements of a task. Measures that do not apply to its kind are absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TaskResult {
    /// The name of the task.
    pub(crate) name: String,
    /// `classify`, `tag`, `extract` or `question`.
    pub(crate) kind: &'static str,
    /// What its pages show about the others.
    pub(crate) truth_kind: TruthKind,
    /// Pages with truth and an answer.
    pub(crate) n: u64,
    /// Pages that are answered correctly.
    pub(crate) right: u64,
    /// Pages with truth and without an answer, by the reason.
    pub(crate) unanswered: BTreeMap<&'static str, u64>,
    /// Pages that no draw can contain, because their files could not be opened: they count as wrong among all pages. 0 if
    /// the measures are not about all pages.
    pub(crate) unopened: u64,
    /// Clusters of dependent pages.
    pub(crate) clusters: u64,
    /// The number of independent pages with the same information.
    pub(crate) effective_n: f64,
    /// Correct answers among the pages with an answer.
    pub(crate) accuracy: Option<Estimate>,
    /// Correct answers among all pages with truth and those that could not be opened: gates compare its lower bound.
    pub(crate) accuracy_of_all: Option<Estimate>,
    /// Exactly equal answers among the pages with an answer (`extract`, `question`).
    pub(crate) exact: Option<Estimate>,
    /// F1, averaged over the labels that occur.
    pub(crate) macro_f1: Option<Estimate>,
    /// F1, averaged by the number of pages with each label.
    pub(crate) weighted_f1: Option<f64>,
    /// F1 of all tags of all pages together.
    pub(crate) micro_f1: Option<f64>,
    /// Mean share of common tags among the tags in truth or answer.
    pub(crate) jaccard: Option<f64>,
    /// Cohen's kappa.
    pub(crate) kappa: Option<Kappa>,
    /// Mean similarity of texts.
    pub(crate) anls: Option<f64>,
    /// By label, in the order of the manifest.
    pub(crate) labels: Vec<LabelResult>,
    /// Pages by true label (row) and answered label (column), in the order of `labels` (`classify`).
    pub(crate) confusion: Vec<Vec<u64>>,
    /// By member of an object (`extract`).
    pub(crate) fields: Vec<FieldResult>,
    /// Pages whose truth may be wrong, most suspicious first; not all of the disagreements.
    pub(crate) suspects: Vec<Suspect>,
    /// The number of values that differ from their truth.
    pub(crate) disagreements: u64,
    /// The macro average of F1 in which pages without an answer count as missed: gates compare its lower bound.
    pub(crate) macro_f1_of_all: Option<Estimate>,
    /// Labels of the manifest without a page in a sample, neither in truth nor in answers.
    pub(crate) unseen_labels: Vec<String>,
}

impl TaskResult {
    /// The suspects that are worth a look, and why others are left out, in words.
    pub(crate) fn shown_suspects(&self) -> (Vec<&Suspect>, Option<String>) {
        // Such answers are not evidence against the truth.
        let is_bad = self.accuracy.is_some_and(|accuracy| accuracy.value < MIN_ACCURACY_FOR_SUSPECTS);
        let is_conclusive = |suspect: &&Suspect| suspect.is_likely() && (!is_bad || suspect.is_contradicted);
        let conclusive: Vec<&Suspect> = self.suspects.iter().filter(is_conclusive).collect();
        let others = self.disagreements.saturating_sub(conclusive.len() as u64);
        let reason = match (others, is_bad) {
            (0, _) => None,
            (_, true) => Some(SUSPECTS_OF_BAD_MODEL.to_owned()),
            (1, false) => Some("1 other wrong answer is more likely a mistake of the model".to_owned()),
            (others, false) => {
                Some(format!("{} other wrong answers are more likely mistakes of the model", grouped(others)))
            }
        };
        (conclusive, reason)
    }

    /// Pages with truth and without an answer.
    pub(crate) fn unanswered_pages(&self) -> u64 {
        self.unanswered.values().sum()
    }

    /// Adds pages that are known to have no answer to the measures that count such pages. `all`: the number of all pages.
    pub(crate) fn count_unopened(&mut self, unopened: u64, all: u64) {
        self.unopened = unopened;
        if unopened == 0 {
            return;
        }
        let opened = opened_share(unopened, all);
        self.accuracy_of_all = self.accuracy_of_all.map(|estimate| estimate.map(|share| share * opened));
        // Their labels are unknown. They are missed by each label in the ratio of the pages that have it in truth or
        // answer, so the Jaccard index of F1 is that of the opened pages times their share. The function is convex:
        // applied to a mean of F1, it is at most the mean of its values.
        let missed = |f1: f64| 2.0 * opened * f1 / (2.0 - f1 + opened * f1);
        self.macro_f1_of_all = self.macro_f1_of_all.map(|estimate| estimate.map(missed));
        for label in &mut self.labels {
            label.f1_of_all = label.f1_of_all.map(|estimate| estimate.map(missed));
        }
    }
}

/// The share of pages that could be opened.
#[expect(clippy::cast_precision_loss, reason = "numbers of pages")]
pub(crate) fn opened_share(unopened: u64, all: u64) -> f64 {
    1.0 - unopened as f64 / all.max(unopened).max(1) as f64
}

/// The measurements of a label.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LabelResult {
    /// The label.
    pub(crate) label: String,
    /// Whether only the truth has the label, and not the manifest.
    pub(crate) is_unknown: bool,
    /// Pages with an answer that have the label.
    pub(crate) n: u64,
    /// Pages that have the label, with or without an answer.
    pub(crate) truths: u64,
    /// Pages with truth that are answered with the label.
    pub(crate) predicted: u64,
    /// Pages that have the label and are answered with it.
    pub(crate) right: u64,
    /// Of the pages answered with the label, the share that have it. `None`: there are none.
    pub(crate) precision: Option<Estimate>,
    /// Of the pages with the label, the share that are answered with it. `None`: there are none.
    pub(crate) recall: Option<Estimate>,
    /// The harmonic mean of both.
    pub(crate) f1: Option<Estimate>,
    /// The share of all pages of the job that have the label; only if the truth is a probability sample.
    pub(crate) prevalence: Option<PrevalenceResult>,
    /// F1 in which pages without an answer count as missed: gates compare its lower bound.
    pub(crate) f1_of_all: Option<Estimate>,
}

/// The share of all pages that have a label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PrevalenceResult {
    /// The estimate.
    pub(crate) value: f64,
    /// Its interval of 95 % confidence.
    pub(crate) interval: Interval,
}

/// The measurements of a member of an object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FieldResult {
    /// Its name, such as `seller.name`.
    pub(crate) name: String,
    /// Pages with an answer whose truth is known.
    pub(crate) n: u64,
    /// Pages whose value means the same.
    pub(crate) right: u64,
    /// Values that are the same.
    pub(crate) exact: Option<Estimate>,
    /// Values that mean the same.
    pub(crate) normalized: Option<Estimate>,
    /// Mean similarity of texts.
    pub(crate) anls: Option<f64>,
}

/// A page whose truth may be wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Suspect {
    /// The path of the page.
    pub(crate) path: String,
    /// The number of the page.
    pub(crate) page: u32,
    /// The member of an object; empty: the whole answer.
    pub(crate) field: String,
    /// The truth.
    pub(crate) truth: Value,
    /// The model's answer.
    pub(crate) answer: Value,
    /// From 0 to 1: how much speaks for the answer.
    pub(crate) score: f64,
    /// What speaks for the answer.
    pub(crate) reason: String,
    /// Whether that is the truth of another page, and not the model's record.
    pub(crate) is_contradicted: bool,
    /// Whether the truth has a label that the manifest does not have.
    pub(crate) is_unknown: bool,
}

impl Suspect {
    /// Whether the truth is more likely to be wrong than the answer.
    pub(crate) fn is_likely(&self) -> bool {
        self.is_contradicted || self.is_unknown || self.score >= MIN_SUSPECT_SCORE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_that_could_not_be_opened_count_as_wrong_and_as_missed() {
        let estimate = |value: f64| {
            let interval = Interval { low: value - 0.1, high: value };
            Some(Estimate { value, interval, exact: interval, lower_bound: value - 0.1, effective_n: 40.0 })
        };
        let label = LabelResult { f1_of_all: estimate(0.8), ..LabelResult::default() };
        let mut task = TaskResult {
            accuracy: estimate(1.0),
            accuracy_of_all: estimate(1.0),
            macro_f1_of_all: estimate(0.8),
            labels: vec![label],
            ..TaskResult::default()
        };
        let before = task.clone();
        task.count_unopened(0, 50);
        assert_eq!(task, before);
        task.count_unopened(5, 55);
        let all = task.accuracy_of_all.unwrap();
        let near = |one: f64, other: f64| assert!((one - other).abs() < 1e-12, "{one} {other}");
        near(all.value, 50.0 / 55.0);
        near(all.lower_bound, 0.9 * 50.0 / 55.0);
        assert_eq!((task.accuracy, task.unopened), (before.accuracy, 5), "of the pages with an answer");
        // 40 right pages, 10 missed and 10 too many are 0.8; with 6 more missed, 10 % of the 60, it is 80 / 106.
        near(task.labels[0].f1_of_all.unwrap().value, 80.0 / 106.0);
        near(task.macro_f1_of_all.unwrap().value, 80.0 / 106.0);
    }
}
