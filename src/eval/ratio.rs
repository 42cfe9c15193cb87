//! The share of what counts in what could count, such as right pages among all pages, estimated from a
//! sample with weights and clusters.
//!
//! A simple sample of pages is a binomial experiment: Wilson's interval, and the exact bound. Otherwise
//! the share keeps its weights, and its interval is that of a binomial experiment which is as uncertain
//! (Korn and Graubard, "Confidence intervals for proportions with small expected number of positive
//! counts estimated from survey data", 1998): the variance between clusters gives the effective sample
//! size, which is reduced for the degrees of freedom of that variance.

use super::design::Design;
use super::interval::{CONFIDENCE, Estimate};
use super::proportion::{exact_lower_bound, wilson};
use super::quantile::t_quantile;
use std::collections::BTreeMap;

/// What a page contributes to a share: `part` of `whole`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// What counts, from 0 to `whole`.
    pub part: f64,
    /// What could count; 0 for a page that does not matter.
    pub whole: f64,
}

impl Term {
    /// One that counts or does not.
    #[must_use]
    pub fn one(counts: bool) -> Self {
        Self { part: f64::from(u8::from(counts)), whole: 1.0 }
    }

    /// A page that does not matter.
    pub const NONE: Self = Self { part: 0.0, whole: 0.0 };
}

/// Estimates `sum(part) / sum(whole)`. `terms` has one term for each page of the design. `None` if no
/// page matters.
#[must_use]
pub fn estimate_ratio(terms: &[Term], design: &Design) -> Option<Estimate> {
    let pages: Vec<usize> = (0..terms.len().min(design.len())).filter(|page| terms[*page].whole > 0.0).collect();
    let design = design.subset(&pages);
    let terms: Vec<Term> = pages.iter().map(|page| terms[*page]).collect();
    let n: f64 = terms.iter().map(|term| term.whole).sum();
    let is_binary = terms.iter().all(|term| term.whole == 1.0 && (term.part == 0.0 || term.part == 1.0));
    if is_binary && design.is_simple() {
        return binomial(terms.iter().map(|term| term.part).sum(), n);
    }
    let weighted = |value: fn(&Term) -> f64| -> f64 {
        terms.iter().zip(design.weights()).map(|(term, weight)| weight * value(term)).sum()
    };
    let (part, whole) = (weighted(|term| term.part), weighted(|term| term.whole));
    if whole <= 0.0 {
        return None;
    }
    let share = part / whole;
    let effective_n = effective_n(&terms, &design, share, whole, n);
    binomial(share * effective_n, effective_n).map(|estimate| Estimate { value: share, ..estimate })
}

fn binomial(successes: f64, n: f64) -> Option<Estimate> {
    Some(Estimate {
        value: successes / n,
        interval: wilson(successes, n, CONFIDENCE)?,
        lower_bound: exact_lower_bound(successes, n, CONFIDENCE)?,
        effective_n: n,
    })
}

/// The size of a binomial experiment with the variance that the share has between clusters.
fn effective_n(terms: &[Term], design: &Design, share: f64, whole: f64, n: f64) -> f64 {
    let mut clusters: BTreeMap<usize, f64> = BTreeMap::new();
    for ((term, weight), cluster) in terms.iter().zip(design.weights()).zip(design.clusters()) {
        *clusters.entry(*cluster).or_default() += weight * (term.part - share * term.whole) / whole;
    }
    let count = clusters.len() as f64;
    if count < 2.0 {
        return 1.0;
    }
    let variance: f64 = clusters.values().map(|residual| residual * residual).sum::<f64>() * count / (count - 1.0);
    let size = if variance > 0.0 { share * (1.0 - share) / variance } else { n };
    let tail = f64::midpoint(1.0, CONFIDENCE);
    let freedom = (t_quantile(tail, (n - 1.0).max(1.0)) / t_quantile(tail, count - 1.0)).min(1.0);
    (size * freedom * freedom).clamp(1.0, n.max(1.0))
}
