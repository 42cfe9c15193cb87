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

impl LabelMetrics {
    /// Measures one label on the pages of a design.
    pub(crate) fn measure(pages: &[Presence], design: &Design) -> Self {
        let among = |is_in: fn(&Presence) -> bool| -> Vec<Term> {
            let term = |page: &Presence| if is_in(page) { Term::one(page.truth && page.answer) } else { Term::NONE };
            pages.iter().map(term).collect()
        };
        Self {
            n: pages.iter().filter(|page| page.truth).count(),
            predicted: pages.iter().filter(|page| page.answer).count(),
            precision: estimate_ratio(&among(|page| page.answer), design),
            recall: estimate_ratio(&among(|page| page.truth), design),
            f1: estimate_ratio(&jaccard_terms(pages), design).map(f1_of_jaccard),
        }
    }
}

/// Right pages among those that have the label in truth or by the model.
pub(crate) fn jaccard_terms(pages: &[Presence]) -> Vec<Term> {
    let term = |page: &Presence| match page.truth || page.answer {
        true => Term::one(page.truth && page.answer),
        false => Term::NONE,
    };
    pages.iter().map(term).collect()
}

/// The estimate of F1 from that of the Jaccard index.
pub(crate) fn f1_of_jaccard(jaccard: Estimate) -> Estimate {
    jaccard.map(|share| 2.0 * share / (1.0 + share))
}
