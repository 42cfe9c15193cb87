//! Precision, recall and F1 of one label or tag.
//!
//! F1 is `2 J / (1 + J)`, where `J` is the share of right pages among those that have the label in truth
//! or by the model. `J` is a share like others, so its interval and bound give those of F1 (the method
//! "Wilson indirect" of Lam, Gopal and Qian, "Confidence intervals for the F1 score: a comparison of
//! four methods", 2023).

use super::design::Design;
use super::interval::Estimate;
use super::ratio::{Possible, Term, estimate_open_ratio, estimate_ratio};
use std::collections::HashSet;

/// How well one label is distinguished from the others.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelMetrics {
    /// Number of pages with the label in truth.
    pub n: usize,
    /// Number of pages to which the model gave the label.
    pub predicted: usize,
    /// Right pages among those with this answer; `None` if the model never gave the label.
    pub precision: Option<Estimate>,
    /// Right pages among those with this truth; `None` if no page has the label.
    pub recall: Option<Estimate>,
    /// The harmonic mean of both; `None` if the label does not occur.
    pub f1: Option<Estimate>,
}

/// Whether a page has a label, in truth and by the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presence {
    /// In truth.
    pub truth: bool,
    /// By the model.
    pub answer: bool,
}

/// The pages that have a label in truth or by the model: all that matter for it. With many labels, these are few of
/// all pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct LabelPages {
    /// Their places, ascending.
    places: Vec<usize>,
    presences: Vec<Presence>,
}

impl LabelPages {
    /// Adds a page after the others.
    pub(crate) fn add(&mut self, place: usize, presence: Presence) {
        self.places.push(place);
        self.presences.push(presence);
    }

    /// Right pages among them, with their places.
    pub(crate) fn jaccard_terms(&self) -> Vec<(usize, Term)> {
        let terms = self.presences.iter().map(|page| Term::one(page.truth && page.answer));
        self.places.iter().copied().zip(terms).collect()
    }

    /// Measures the label. `design`: that of all pages.
    pub(crate) fn measure(&self, design: &Design) -> LabelMetrics {
        let possible = self.possible(design);
        let design = design.subset(&self.places);
        let among = |is_in: fn(&Presence) -> bool| -> Vec<Term> {
            let term = |page: &Presence| if is_in(page) { Term::one(page.truth && page.answer) } else { Term::NONE };
            self.presences.iter().map(term).collect()
        };
        let open = |is_in| estimate_open_ratio(&among(is_in), &design, &possible);
        LabelMetrics {
            n: self.presences.iter().filter(|page| page.truth).count(),
            predicted: self.presences.iter().filter(|page| page.answer).count(),
            precision: estimate_ratio(&among(|page| page.answer), &design),
            recall: open(|page| page.truth),
            f1: open(|_| true).map(f1_of_jaccard),
        }
    }

    /// Every page without the label as answer could have been missed, and every one with it could have been found. With
    /// equal weights, the pages that have the label show what these weigh.
    fn possible(&self, design: &Design) -> Possible {
        if design.has_equal_weights() {
            return Possible::default();
        }
        let answered = self.places.iter().zip(&self.presences).filter(|(_, page)| page.answer);
        let answered: HashSet<usize> = answered.map(|(place, _)| *place).collect();
        let of = |is_answered: bool| -> Vec<f64> {
            let weights = design.weights().iter().enumerate();
            weights.filter(|(place, _)| answered.contains(place) == is_answered).map(|(_, weight)| *weight).collect()
        };
        Possible { wrong: of(false), right: of(true) }
    }
}

/// The estimate of F1 from that of the Jaccard index.
pub(crate) fn f1_of_jaccard(jaccard: Estimate) -> Estimate {
    jaccard.map(|share| 2.0 * share / (1.0 + share))
}
