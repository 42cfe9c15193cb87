//! How good the answers of one field are.

use super::design::Design;
use super::field_match::FieldMatch;
use super::interval::Estimate;
use super::ratio::{Term, estimate_ratio};

/// The measures of one field. A page without an answer is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldMetrics {
    /// Number of pages.
    pub n: usize,
    /// How many of them have no answer.
    pub unanswered: usize,
    /// Share of pages with the same characters; `None` without pages, as the others.
    pub exact: Option<Estimate>,
    /// Share of pages with the same value.
    pub normalized: Option<Estimate>,
    /// Mean similarity; a text with a wrong character counts as almost right (ANLS).
    pub anls: Option<Estimate>,
}

/// Measures one field: `matches` has one entry for each page of the design, `None` for one without an answer.
#[must_use]
pub fn measure_field(matches: &[Option<FieldMatch>], design: &Design) -> FieldMetrics {
    let estimate = |part: fn(&FieldMatch) -> f64| {
        let term = |found: &Option<FieldMatch>| Term { part: found.as_ref().map_or(0.0, part), whole: 1.0 };
        estimate_ratio(&matches.iter().map(term).collect::<Vec<_>>(), design)
    };
    FieldMetrics {
        n: matches.len(),
        unanswered: matches.iter().filter(|found| found.is_none()).count(),
        exact: estimate(|found| f64::from(u8::from(found.exact))),
        normalized: estimate(|found| f64::from(u8::from(found.normalized))),
        anls: estimate(|found| found.similarity),
    }
}
