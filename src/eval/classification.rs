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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::interval::Interval;
    use crate::eval::prevalence::{Unlabeled, estimate_prevalence};
    use crate::eval::tags::{Tagged, measure_tags};
    use proptest::prelude::*;

    const LABELS: usize = 4;

    /// Every number that is shown with an interval, and its lower bound if it has one.
    fn shown(pages: &[Labeled], design: &Design) -> Vec<(&'static str, f64, Interval, f64)> {
        let classes = measure_classification(LABELS, pages, design);
        let tagged: Vec<Tagged> = pages
            .iter()
            .map(|page| Tagged {
                truth: [page.truth, page.truth / 2].into(),
                answer: page.answer.map(|answer| [answer, answer / 2].into()),
            })
            .collect();
        let tags = measure_tags(LABELS, &tagged, design);
        let of_labels = classes.labels.iter().chain(&tags.tags);
        let of_labels = of_labels.flat_map(|label| [label.precision, label.recall, label.f1]);
        let named = [
            ("accuracy", classes.accuracy),
            ("macro F1", classes.macro_f1),
            ("weighted F1", classes.weighted_f1),
            ("accuracy of tags", tags.accuracy),
            ("Jaccard", tags.jaccard),
            ("micro F1", tags.micro_f1),
            ("macro F1 of tags", tags.macro_f1),
        ];
        let estimates = named.into_iter().chain(of_labels.map(|estimate| ("label", estimate)));
        let mut found: Vec<_> = estimates
            .filter_map(|(name, known)| known.map(|known| (name, known.value, known.interval, known.lower_bound)))
            .collect();
        for label in 0..LABELS {
            let presence = |page: &Labeled| Presence { truth: page.truth == label, answer: page.answer == Some(label) };
            let sample: Vec<Presence> = pages.iter().map(presence).collect();
            let known = estimate_prevalence(&sample, design, Unlabeled { pages: 50, predicted: 7 * label }).unwrap();
            found.push(("prevalence", known.value, known.interval, 0.0));
        }
        found
    }

    proptest! {
        #[test]
        fn every_measure_is_in_its_interval(
            pages in prop::collection::vec((0..LABELS, prop::option::of(0..LABELS), 0.001..=1.0_f64, 0_usize..30), 1..60),
            is_right in prop::bool::ANY,
            form in 0..3,
        ) {
            let answer = |page: &(usize, Option<usize>, f64, usize)| if is_right { Some(page.0) } else { page.1 };
            let labeled: Vec<Labeled> =
                pages.iter().map(|page| Labeled { truth: page.0, answer: answer(page) }).collect();
            let probabilities: Vec<f64> = pages.iter().map(|page| page.2).collect();
            let design = match form {
                0 => Design::simple(pages.len()),
                1 => Design::sampled(&probabilities, (0..pages.len()).collect()).unwrap(),
                _ => Design::sampled(&probabilities, pages.iter().map(|page| page.3).collect()).unwrap(),
            };
            for (name, value, interval, bound) in shown(&labeled, &design) {
                prop_assert!(interval.contains(value), "{name}: {value} {interval:?}");
                prop_assert!(interval.low >= 0.0 && interval.high <= 1.0 && bound <= value, "{name}: {value} {interval:?}");
                let is_share = !matches!(name, "prevalence" | "label");
                prop_assert!(!is_right || !is_share || value == 1.0, "{name}: {value} of right answers");
            }
            let pairs: Vec<_> = labeled.iter().map(|page| (page.truth, page.answer.unwrap_or(LABELS))).collect();
            if let Some(kappa) = cohens_kappa(&pairs, &design) {
                prop_assert!(kappa.interval.contains(kappa.value), "{kappa:?}");
                prop_assert!(kappa.interval.low >= -1.0 && kappa.interval.high <= 1.0, "{kappa:?}");
                prop_assert!(!is_right || kappa.value == 1.0, "{kappa:?}");
            }
        }
    }
}
