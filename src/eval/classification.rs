//! How good the answers of a task with one label a page are.

use super::confusion::{Confusion, Labeled};
use super::design::Design;
use super::interval::Estimate;
use super::kappa::{Kappa, cohens_kappa};
use super::label_metrics::{LabelMetrics, LabelPages, Presence};
use super::macro_average::{Score, average};
use super::ratio::{Term, estimate_ratio};

/// The measures of a task with one label a page. A page without an answer is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    /// Number of pages.
    pub n: usize,
    /// How many of them have no answer.
    pub unanswered: usize,
    /// Share of right pages; `None` without pages, as the others.
    pub accuracy: Option<Estimate>,
    /// Mean F1 of the labels that occur in truth or answers.
    pub macro_f1: Option<Estimate>,
    /// Mean F1, weighted by how often a label occurs in truth.
    pub weighted_f1: Option<Estimate>,
    /// Agreement with the truth beyond chance.
    pub kappa: Option<Kappa>,
    /// By label.
    pub labels: Vec<LabelMetrics>,
    /// Numbers of pages by truth and answer, without weights.
    pub confusion: Confusion,
}

/// Measures the answers. Labels are numbers below `labels`; the design has as many pages as `pages`.
#[must_use]
pub fn measure_classification(labels: usize, pages: &[Labeled], design: &Design) -> Classification {
    let right: Vec<Term> = pages.iter().map(|page| Term::one(page.is_right())).collect();
    let pairs: Vec<(usize, usize)> = pages.iter().map(|page| (page.truth, page.answer.unwrap_or(labels))).collect();
    let mut pages_of = vec![LabelPages::default(); labels];
    for (place, page) in pages.iter().enumerate() {
        pages_of[page.truth].add(place, Presence { truth: true, answer: page.is_right() });
        if let Some(answer) = page.answer.filter(|answer| *answer != page.truth) {
            pages_of[answer].add(place, Presence { truth: false, answer: true });
        }
    }
    let by_label: Vec<LabelMetrics> = pages_of.iter().map(|pages| pages.measure(design)).collect();
    let mut truth_weights = vec![0.0; labels];
    for (page, weight) in pages.iter().zip(design.weights()) {
        truth_weights[page.truth] += weight;
    }
    let mean = |weight: &dyn Fn(usize) -> f64| {
        let score = |label: usize| {
            let f1 = by_label[label].f1?;
            Some(Score::new(weight(label), f1, pages_of[label].jaccard_terms()))
        };
        average(&(0..labels).filter_map(score).collect::<Vec<_>>(), design)
    };
    Classification {
        n: pages.len(),
        unanswered: pages.iter().filter(|page| page.answer.is_none()).count(),
        accuracy: estimate_ratio(&right, design),
        macro_f1: mean(&|_| 1.0),
        weighted_f1: mean(&|label| truth_weights[label]),
        kappa: cohens_kappa(&pairs, design),
        confusion: Confusion::count(labels, pages),
        labels: by_label,
    }
}
