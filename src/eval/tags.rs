//! How good the answers of a task with any number of tags a page are.

use super::design::Design;
use super::interval::Estimate;
use super::label_metrics::{LabelMetrics, LabelPages, Presence, f1_of_jaccard};
use super::macro_average::{Score, average};
use super::ratio::{Possible, Term, estimate_open_ratio, estimate_ratio};
use std::collections::BTreeSet;

/// A page with its true tags and the model's, as numbers of tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// The true tags.
    pub truth: BTreeSet<usize>,
    /// The model's tags; `None`: the page has no answer.
    pub answer: Option<BTreeSet<usize>>,
}

impl Tagged {
    fn presence(&self, tag: usize) -> Presence {
        Presence {
            truth: self.truth.contains(&tag),
            answer: self.answer.as_ref().is_some_and(|tags| tags.contains(&tag)),
        }
    }

    /// Right tags, and tags of either side.
    fn overlap(&self) -> (usize, usize) {
        let none = BTreeSet::new();
        let answer = self.answer.as_ref().unwrap_or(&none);
        (self.truth.intersection(answer).count(), self.truth.union(answer).count())
    }

    /// Right tags as a share of the tags of either side. Two empty sets agree; a page without an answer has 0.
    #[must_use]
    pub fn jaccard(&self) -> f64 {
        match self.overlap() {
            _ if self.answer.is_none() => 0.0,
            (_, 0) => 1.0,
            (right, either) => right as f64 / either as f64,
        }
    }
}

/// The measures of a task with tags. A page without an answer misses all its tags.
#[derive(Clone, Debug, PartialEq)]
pub struct Tagging {
    /// Number of pages.
    pub n: usize,
    /// How many of them have no answer.
    pub unanswered: usize,
    /// Share of pages with exactly the true tags; `None` without pages.
    pub accuracy: Option<Estimate>,
    /// Mean Jaccard index of the pages ([`Tagged::jaccard`]).
    pub jaccard: Option<Estimate>,
    /// F1 of all decisions about a tag; `None` without any tag, as the next.
    pub micro_f1: Option<Estimate>,
    /// Mean F1 of the tags that occur in truth or answers.
    pub macro_f1: Option<Estimate>,
    /// By tag.
    pub tags: Vec<LabelMetrics>,
}

/// Measures the answers. Tags are numbers below `tags`; the design has as many pages as `pages`.
#[must_use]
pub fn measure_tags(tags: usize, pages: &[Tagged], design: &Design) -> Tagging {
    let terms = |term: &dyn Fn(&Tagged) -> Term| estimate_ratio(&pages.iter().map(term).collect::<Vec<_>>(), design);
    let mut pages_of = vec![LabelPages::default(); tags];
    for (place, page) in pages.iter().enumerate() {
        for tag in page.truth.iter().chain(page.answer.iter().flatten()).collect::<BTreeSet<_>>() {
            pages_of[*tag].add(place, page.presence(*tag));
        }
    }
    let by_tag: Vec<LabelMetrics> = pages_of.iter().map(|pages| pages.measure(design)).collect();
    let score = |tag: usize| Some(Score::new(1.0, by_tag[tag].f1?, pages_of[tag].jaccard_terms()));
    let scores: Vec<Score> = (0..tags).filter_map(score).collect();
    let of_tags = |page: &Tagged| {
        let (right, either) = page.overlap();
        Term { part: right as f64, whole: either as f64 }
    };
    // A tag may be missed on every page, also on one that has none.
    let possible = Possible { wrong: design.weights().to_vec(), right: Vec::new() };
    let micro = estimate_open_ratio(&pages.iter().map(of_tags).collect::<Vec<_>>(), design, &possible);
    Tagging {
        n: pages.len(),
        unanswered: pages.iter().filter(|page| page.answer.is_none()).count(),
        accuracy: terms(&|page| Term::one(page.answer.as_ref() == Some(&page.truth))),
        jaccard: terms(&|page| Term { part: page.jaccard(), whole: 1.0 }),
        micro_f1: micro.map(f1_of_jaccard),
        macro_f1: average(&scores, design),
        tags: by_tag,
    }
}
