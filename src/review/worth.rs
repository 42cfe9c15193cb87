//! What the decisions made so far are worth: how often the model is right, and whether reviewers agree.

use super::interval::{accuracy_interval, cohen_kappa};
use serde_json::{Value, json};

/// One page of the sample, in the order in which pages are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Decided: whether the model's answer is the same, and whether it was shown.
    Decided { is_right: bool, is_shown: bool },
    /// Skipped by the reviewer.
    Skipped,
}

/// What a sample shows of the accuracy of a task.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Worth {
    /// Pages that were decided one after the other from the first that was drawn.
    pub(crate) reviewed: u64,
    /// On how many of them the model is right.
    pub(crate) right: u64,
    /// Pages among them that the reviewer skipped.
    pub(crate) skipped: u64,
    /// Pages of which the model's answer was shown.
    pub(crate) shown: u64,
    /// The accuracy of all pages is in this interval with 95 % confidence, however often one looks.
    pub(crate) interval: (f64, f64),
}

impl Worth {
    /// Counts pages. `steps`: from the first that was drawn to the one before the first that is neither decided nor
    /// skipped. These are a random sample, whatever was decided elsewhere, and for whatever reason the review stopped.
    /// `pages`: how many the whole selection has.
    pub(crate) fn of_steps(steps: impl Iterator<Item = Step>, pages: u64) -> Self {
        let (mut right, mut skipped, mut shown) = (Vec::new(), 0, 0);
        for step in steps {
            match step {
                Step::Skipped => skipped += 1,
                Step::Decided { is_right, is_shown } => {
                    right.push(is_right);
                    shown += u64::from(is_shown);
                }
            }
        }
        let interval = accuracy_interval(&right, pages);
        let count = right.iter().filter(|is_right| **is_right).count() as u64;
        Self { reviewed: right.len() as u64, right: count, skipped, shown, interval }
    }

    /// As the page shows it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "reviewed": self.reviewed, "right": self.right, "skipped": self.skipped, "shown": self.shown,
            "low": self.interval.0, "high": self.interval.1,
        })
    }
}

/// How far two reviewers agree on the pages that both decided.
pub(crate) fn agreement(a: &str, b: &str, values: &[(&str, &str)]) -> Value {
    let same = values.iter().filter(|(one, other)| one == other).count();
    json!({"reviewers": [a, b], "n": values.len(), "same": same, "kappa": cohen_kappa(values)})
}
