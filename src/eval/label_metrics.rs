//! Precision, recall and F1 of one label or tag.
//!
//! F1 is `2 J / (1 + J)`, where `J` is the share of right pages among those that have the label in truth
//! or by the model. `J` is a share like others, so its interval and bound give those of F1 (the method
//! "Wilson indirect" of Lam, Gopal and Qian, "Confidence intervals for the F1 score: a comparison of
//! four methods", 2023).

use super::design::Design;
use super::interval::Estimate;
use super::ratio::{Term, estimate_ratio};

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
    /// Adds a page behind the others.
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
        let design = design.subset(&self.places);
        let among = |is_in: fn(&Presence) -> bool| -> Vec<Term> {
            let term = |page: &Presence| if is_in(page) { Term::one(page.truth && page.answer) } else { Term::NONE };
            self.presences.iter().map(term).collect()
        };
        LabelMetrics {
            n: self.presences.iter().filter(|page| page.truth).count(),
            predicted: self.presences.iter().filter(|page| page.answer).count(),
            precision: estimate_ratio(&among(|page| page.answer), &design),
            recall: estimate_ratio(&among(|page| page.truth), &design),
            f1: estimate_ratio(&among(|_| true), &design).map(f1_of_jaccard),
        }
    }
}

/// The estimate of F1 from that of the Jaccard index.
pub(crate) fn f1_of_jaccard(jaccard: Estimate) -> Estimate {
    jaccard.map(|share| 2.0 * share / (1.0 + share))
}
