//! What the decisions made so far show: how often the model is right, and whether reviewers agree.

use crate::eval::{Design, anytime_interval, cohens_kappa};
use serde_json::{Value, json};
use std::collections::HashMap;

/// One page of the sample, in the order in which pages are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SampledPage {
    /// Decided: whether the model's answer is the same, and whether it was shown.
    Decided { is_right: bool, is_shown: bool },
    /// Skipped by the reviewer.
    Skipped,
    /// Decided, but the model has no answer: it is neither right nor wrong.
    Unanswered,
}

/// What a sample shows of the accuracy of a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SampleAccuracy {
    /// Pages that were decided one after the other from the first that was drawn.
    pub(crate) reviewed: u64,
    /// On how many of them the model is right.
    pub(crate) right: u64,
    /// Pages among them that the reviewer skipped.
    pub(crate) skipped: u64,
    /// Pages among them without an answer of the model, which are not counted in `reviewed`, as in `docmill eval`.
    pub(crate) unanswered: u64,
    /// Pages whose model answer was shown.
    pub(crate) shown: u64,
    /// The accuracy of all pages is in this interval with 95 % confidence, however often one looks.
    pub(crate) interval: (f64, f64),
}

impl SampleAccuracy {
    /// Counts pages. `sampled`: from the first that was drawn to the one before the first that is neither decided nor
    /// skipped. These are a random sample, whatever else was decided, and however the review ended. `pages`: how many
    /// the whole selection has.
    pub(crate) fn of_sample(sampled: impl Iterator<Item = SampledPage>, pages: u64) -> Self {
        let (mut reviewed, mut right, mut skipped, mut unanswered, mut shown) = (0, 0, 0, 0, 0);
        for page in sampled {
            match page {
                SampledPage::Skipped => skipped += 1,
                SampledPage::Unanswered => unanswered += 1,
                SampledPage::Decided { is_right, is_shown } => {
                    reviewed += 1;
                    right += u64::from(is_right);
                    shown += u64::from(is_shown);
                }
            }
        }
        let interval = anytime_interval(right, reviewed, Some(pages));
        Self { reviewed, right, skipped, unanswered, shown, interval: (interval.low, interval.high) }
    }

    /// As the page shows it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "reviewed": self.reviewed, "right": self.right, "skipped": self.skipped,
            "unanswered": self.unanswered, "shown": self.shown,
            "low": self.interval.0, "high": self.interval.1,
        })
    }
}

/// How far two reviewers agree on the pages that both decided: their values as JSON.
pub(crate) fn agreement(a: &str, b: &str, values: &[(&str, &str)]) -> Value {
    let same = values.iter().filter(|(one, other)| one == other).count();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut number = |value| {
        let next = numbers.len();
        *numbers.entry(value).or_insert(next)
    };
    let pairs: Vec<(usize, usize)> = values.iter().map(|(one, other)| (number(one), number(other))).collect();
    let kappa = cohens_kappa(&pairs, &Design::simple(pairs.len())).map(|kappa| kappa.value);
    json!({"reviewers": [a, b], "n": values.len(), "same": same, "kappa": kappa})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(is_right: bool) -> SampledPage {
        SampledPage::Decided { is_right, is_shown: false }
    }

    #[test]
    fn decisions_one_after_the_other_are_a_sample() {
        let sampled = (0..76).map(|at| decided(at > 0)).chain([SampledPage::Skipped, SampledPage::Unanswered]);
        let accuracy = SampleAccuracy::of_sample(sampled, 10_000);
        assert_eq!(
            (accuracy.reviewed, accuracy.right, accuracy.skipped, accuracy.unanswered, accuracy.shown),
            (76, 75, 1, 1, 0)
        );
        let (low, high) = accuracy.interval;
        assert!((0.8..0.96).contains(&low) && (0.98..1.0).contains(&high), "{low} to {high}");
        let all = SampleAccuracy::of_sample((0..10).map(|_| decided(true)), 10);
        assert_eq!(all.interval, (1.0, 1.0), "nothing is left that could be wrong");
        let shown =
            SampleAccuracy::of_sample([SampledPage::Decided { is_right: true, is_shown: true }].into_iter(), 10);
        assert_eq!((shown.reviewed, shown.shown), (1, 1));
    }

    #[test]
    fn agreement_is_more_than_chance() {
        let values = [("1", "1"), ("1", "1"), ("2", "2"), ("2", "1")];
        let found = agreement("ann", "bob", &values);
        assert_eq!((&found["n"], &found["same"], &found["kappa"]), (&json!(4), &json!(3), &json!(0.5)));
        assert_eq!(agreement("ann", "bob", &[("1", "1")])["kappa"], Value::Null, "one label says nothing");
    }
}
