//! The share of what counts in what could count, such as right pages among all pages, estimated from a
//! sample with weights and clusters.
//!
//! In a simple sample of pages the share is binomial: Wilson's interval, and the bounds of Clopper and
//! Pearson. Otherwise its uncertainty is that of a binomial share of an effective sample size (Korn and
//! Graubard, "Confidence intervals for proportions with small expected number of positive counts
//! estimated from survey data", 1998), which comes from the variance between clusters. That variance is
//! itself uncertain, and far too small if by chance no heavy page or whole cluster is wrong. Therefore
//! a bound is computed as if one more cluster of typical weight had been drawn, all of it wrong (for the
//! lower bound) or right: the step from `x` to `x + 1` by which Clopper and Pearson are exact, and Fay and
//! Feuer are for weighted counts ("Confidence intervals for directly standardized rates", 1997). With
//! equal weights and without clusters the result is that of Clopper and Pearson. An interval is at least as wide as
//! Wilson's for the effective sample size, and contains the one-sided bounds. docs/statistics.md has the simulations.
//!
//! The whole may be known only by the sample: a label is missed on pages that were drawn because of other answers. Then
//! the imagined unit is at least as heavy as a page that could have been of the whole ([`Possible`]).

use super::design::Design;
use super::incomplete_beta::inverse_incomplete_beta;
use super::interval::{CONFIDENCE, Estimate, Interval};
use super::proportion::{clopper_pearson, exact_lower_bound, wilson};
use super::quantile::t_quantile;
use std::collections::BTreeMap;

/// The weight of the imagined cluster for intervals, as a share of the typical cluster. Less than one, because
/// intervals need not be conservative; chosen by the simulations of docs/statistics.md.
const INTERVAL_SHARE: f64 = 0.75;
/// How far the imagined cluster for bounds is from the typical cluster to the heaviest one.
const BOUND_EXCESS: f64 = 0.15;

/// What a page contributes to a share: `part` of `whole`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// What counts, from 0 to `whole`.
    pub part: f64,
    /// What could count; 0 for a page that does not matter.
    pub whole: f64,
}

impl Term {
    /// A page that does not matter.
    pub const NONE: Self = Self { part: 0.0, whole: 0.0 };

    /// One that counts or does not.
    #[must_use]
    pub fn one(counts: bool) -> Self {
        Self { part: f64::from(u8::from(counts)), whole: 1.0 }
    }

    fn is_binary(&self) -> bool {
        self.whole == 1.0 && (self.part == 0.0 || self.part == 1.0)
    }

    fn complement(self) -> Self {
        Self { part: self.whole - self.part, whole: self.whole }
    }
}

/// The weights of pages that do not matter, but could: with another truth they would count, or not.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Possible {
    /// Of pages that could have been wrong.
    pub(crate) wrong: Vec<f64>,
    /// Of pages that could have been right.
    pub(crate) right: Vec<f64>,
}

impl Possible {
    fn has_heavier_than(&self, weight: f64) -> bool {
        self.wrong.iter().chain(&self.right).any(|possible| *possible > weight)
    }
}

/// Estimates `sum(part) / sum(whole)`. `terms` has one term for each page of the design. `None` if no
/// page matters.
#[must_use]
pub fn estimate_ratio(terms: &[Term], design: &Design) -> Option<Estimate> {
    estimate_open_ratio(terms, design, &Possible::default())
}

/// The same, where other pages could have mattered.
pub(crate) fn estimate_open_ratio(terms: &[Term], design: &Design, possible: &Possible) -> Option<Estimate> {
    let pages: Vec<usize> = (0..terms.len()).filter(|page| terms[*page].whole > 0.0).collect();
    let design = design.subset(&pages);
    let terms: Vec<Term> = pages.iter().map(|page| terms[*page]).collect();
    let is_binary = terms.iter().all(Term::is_binary);
    let weight = *design.weights().first()?;
    if is_binary && design.is_simple() && !possible.has_heavier_than(weight) {
        return binomial(terms.iter().map(|term| term.part).sum(), terms.len() as f64);
    }
    let max_size = if is_binary { terms.len() as f64 } else { f64::INFINITY };
    Some(Sample::new(&terms, &design, max_size)?.with_possible(possible).estimate())
}

fn binomial(successes: f64, n: f64) -> Option<Estimate> {
    let value = successes / n;
    Some(Estimate {
        value,
        interval: wilson(successes, n, CONFIDENCE)?.around(value),
        exact: clopper_pearson(successes, n, CONFIDENCE)?.around(value),
        lower_bound: exact_lower_bound(successes, n, CONFIDENCE)?.min(value),
        effective_n: n,
    })
}

/// The weighted terms of a sample, by page and by cluster.
struct Sample {
    pages: Vec<Term>,
    clusters: Vec<Term>,
    /// The effective sample size is at most this.
    max_size: f64,
    /// How heavy pages are that could have been wrong.
    wrong: UnitWeight,
    /// The same, right.
    right: UnitWeight,
}

impl Sample {
    fn new(terms: &[Term], design: &Design, max_size: f64) -> Option<Self> {
        let weigh = |(term, weight): (&Term, &f64)| Term { part: weight * term.part, whole: weight * term.whole };
        let pages: Vec<Term> = terms.iter().zip(design.weights()).map(weigh).collect();
        let mut clusters: BTreeMap<usize, Term> = BTreeMap::new();
        for (page, cluster) in pages.iter().zip(design.clusters()) {
            let sum = clusters.entry(*cluster).or_insert(Term::NONE);
            *sum = Term { part: sum.part + page.part, whole: sum.whole + page.whole };
        }
        let clusters: Vec<Term> = clusters.into_values().collect();
        let (wrong, right) = (UnitWeight::default(), UnitWeight::default());
        (!pages.is_empty()).then_some(Self { pages, clusters, max_size, wrong, right })
    }

    fn with_possible(self, possible: &Possible) -> Self {
        let (wrong, right) = (UnitWeight::from_weights(&possible.wrong), UnitWeight::from_weights(&possible.right));
        Self { wrong, right, ..self }
    }

    fn estimate(&self) -> Estimate {
        let value = total(&self.clusters, |term| term.part) / total(&self.clusters, |term| term.whole);
        let tail = (1.0 - CONFIDENCE) / 2.0;
        let mirrored = self.mirrored();
        let one_sided = |sample: &Self| sample.lower_end(1.0 - CONFIDENCE, UnitWeight::of_bound);
        let lower_bound = one_sided(self).min(value);
        let effective_n = self.effective_n(value);
        // Not narrower than that of this many independent pages, nor than the one-sided bounds of the same confidence.
        let of_size = |share: f64| wilson(share * effective_n, effective_n, CONFIDENCE).map_or(0.0, |ends| ends.low);
        let low = self.lower_end(tail, UnitWeight::of_interval).min(of_size(value)).min(lower_bound);
        let high =
            mirrored.lower_end(tail, UnitWeight::of_interval).min(of_size(1.0 - value)).min(one_sided(&mirrored));
        let interval = Interval { low, high: 1.0 - high }.around(value);
        Estimate { value, interval, exact: interval, lower_bound, effective_n }
    }

    /// The sample with right and wrong exchanged.
    fn mirrored(&self) -> Self {
        let mirror = |terms: &[Term]| terms.iter().map(|term| term.complement()).collect();
        let (pages, clusters) = (mirror(&self.pages), mirror(&self.clusters));
        Self { pages, clusters, max_size: self.max_size, wrong: self.right, right: self.wrong }
    }

    /// The share that is below the true one except with probability `tail`; `weight` is that of the imagined wrong unit.
    fn lower_end(&self, tail: f64, weight: fn(UnitWeight) -> f64) -> f64 {
        let count = self.clusters.len() as f64;
        if count < 2.0 {
            return 0.0;
        }
        let with_wrong_unit = |units: &[Term]| {
            let wholes: Vec<f64> = units.iter().map(|unit| unit.whole).collect();
            size_with_wrong_unit(units, weight(UnitWeight::from_weights(&wholes)).max(weight(self.wrong)))
        };
        let (share, by_clusters) = with_wrong_unit(&self.clusters);
        // Clusters can't contain more information than their pages; less variance between them is chance.
        let (_, by_pages) = with_wrong_unit(&self.pages);
        let size = by_clusters.min(by_pages).min(self.max_size + 1.0);
        // The variance has as many degrees of freedom as there are clusters, less one.
        let freedom = t_quantile(1.0 - tail, self.pages.len() as f64 - 1.0) / t_quantile(1.0 - tail, count - 1.0);
        let size = size * (freedom * freedom).min(1.0);
        inverse_incomplete_beta((share * size).max(f64::MIN_POSITIVE), (1.0 - share) * size, tail)
    }

    /// The number of independent units that would be as informative. Without any variance, clusters are units.
    fn effective_n(&self, value: f64) -> f64 {
        let whole = total(&self.clusters, |term| term.whole);
        let count = self.clusters.len() as f64;
        let squares = total(&self.clusters, |term| (term.part - value * term.whole).powi(2));
        let size = if squares > 1e-24 * whole * whole && count > 1.0 {
            value * (1.0 - value) * whole * whole / squares * (count - 1.0) / count
        } else {
            whole * whole / total(&self.clusters, |term| term.whole * term.whole)
        };
        size.clamp(1.0, self.max_size.max(1.0))
    }
}

fn total(terms: &[Term], value: impl Fn(&Term) -> f64) -> f64 {
    terms.iter().map(value).sum()
}

/// How heavy one more unit would be, judged by others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct UnitWeight {
    /// The weight of the unit in which a part of the whole is found on average; 0 without units.
    typical: f64,
    heaviest: f64,
}

impl UnitWeight {
    fn from_weights(weights: &[f64]) -> Self {
        let whole: f64 = weights.iter().sum();
        let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
        let typical = if whole > 0.0 { squares / whole } else { 0.0 };
        Self { typical, heaviest: weights.iter().copied().fold(0.0, f64::max) }
    }

    fn of_interval(self) -> f64 {
        INTERVAL_SHARE * self.typical
    }

    fn of_bound(self) -> f64 {
        self.typical + BOUND_EXCESS * (self.heaviest - self.typical)
    }
}

/// The share, and the size of a binomial experiment with its variance, if one more unit of this weight
/// had been drawn, and all of it were wrong.
fn size_with_wrong_unit(units: &[Term], weight: f64) -> (f64, f64) {
    let whole = total(units, |unit| unit.whole) + weight;
    let share = total(units, |unit| unit.part) / whole;
    let residual = |unit: &Term| (unit.part - share * unit.whole).powi(2);
    let squares = total(units, residual) + (share * weight).powi(2);
    let size = if squares > 0.0 { share * (1.0 - share) * whole * whole / squares } else { units.len() as f64 };
    (share, size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(one: Interval, other: Interval, tolerance: f64) -> bool {
        (one.low - other.low).abs() < tolerance && (one.high - other.high).abs() < tolerance
    }

    #[test]
    fn a_simple_sample_is_binomial() {
        let terms: Vec<Term> = (0..120).map(|page| Term::one(page >= 7)).collect();
        let design = Design::sampled(&[0.1; 120], (0..120).collect()).unwrap();
        let found = estimate_ratio(&terms, &design).unwrap();
        assert_eq!(found.interval, wilson(113.0, 120.0, 0.95).unwrap());
        assert_eq!(found.exact, clopper_pearson(113.0, 120.0, 0.95).unwrap());
        assert_eq!(found.lower_bound, exact_lower_bound(113.0, 120.0, 0.95).unwrap());
        assert_eq!(found.effective_n, 120.0);
        assert_eq!(estimate_ratio(&[Term::NONE; 3], &Design::simple(3)), None);
        assert_eq!(estimate_ratio(&[], &Design::simple(0)), None);
    }

    /// The general bound, computed for equal weights and single pages, is that of Clopper and Pearson.
    #[test]
    fn the_general_bound_is_exact_in_a_simple_sample() {
        for wrong in [0, 1, 7, 60, 119, 120] {
            let terms: Vec<Term> = (0..120).map(|page| Term::one(page >= wrong)).collect();
            let found = Sample::new(&terms, &Design::simple(120), 120.0).unwrap().estimate();
            let exact = exact_lower_bound(120.0 - wrong as f64, 120.0, 0.95).unwrap();
            assert!((found.lower_bound - exact).abs() < 1e-12, "{wrong}: {found:?} {exact}");
            assert!((found.effective_n - 120.0).abs() < 1.5, "{found:?}");
        }
    }

    /// The ends that SciPy has for 50 independent pages, all right: `1 / (1 + 1.959964^2 / 50)`, and `0.05^(1/50)`.
    #[test]
    fn an_interval_is_as_wide_as_that_of_so_many_independent_pages() {
        // 52 pages, of which two pairs are equal.
        let clusters: Vec<usize> = (0..52).map(|page| if page >= 50 { page - 50 } else { page }).collect();
        let found = estimate_ratio(&[Term::one(true); 52], &Design::clustered(clusters)).unwrap();
        assert!((found.effective_n - 52.0 * 52.0 / 56.0).abs() < 1e-9, "{found:?}");
        let wilson_end = 1.0 / (1.0 + 1.959_963_984_540_054_f64.powi(2) / found.effective_n);
        assert!((found.interval.low - wilson_end).abs() < 1e-9 && found.interval.high == 1.0, "{found:?} {wilson_end}");
        assert!(found.lower_bound >= found.interval.low, "{found:?}");
    }

    /// Equal pages in pairs contain no more information than one of each pair.
    #[test]
    fn copies_add_nothing() {
        let single: Vec<Term> = (0..100).map(|page| Term::one(page % 9 != 0)).collect();
        let alone = Sample::new(&single, &Design::simple(100), 100.0).unwrap().estimate();
        let pairs: Vec<Term> = single.iter().flat_map(|term| [*term, *term]).collect();
        let found = estimate_ratio(&pairs, &Design::clustered((0..200).map(|page| page / 2).collect())).unwrap();
        assert_eq!(found.value, alone.value);
        assert!(close(found.interval, alone.interval, 2e-3), "{found:?} {alone:?}");
        assert!((found.lower_bound - alone.lower_bound).abs() < 2e-3);
        assert!((found.effective_n - 100.0).abs() < 2.0, "{found:?}");
    }

    /// No page of the heavy half was wrong, but one more could have been.
    #[test]
    fn heavy_pages_without_an_error_leave_doubt() {
        let terms: Vec<Term> = (0..100).map(|page| Term::one(page >= 10)).collect();
        let probabilities: Vec<f64> = (0..100).map(|page| if page < 80 { 1.0 } else { 0.02 }).collect();
        let design = Design::sampled(&probabilities, (0..100).collect()).unwrap();
        let found = estimate_ratio(&terms, &design).unwrap();
        assert!((found.value - 1070.0 / 1080.0).abs() < 1e-12);
        // 20 right heavy pages alone have the bound 0.861.
        assert!(found.lower_bound < 0.9, "{found:?}");
        let one = estimate_ratio(&[Term::one(true); 5], &Design::clustered(vec![0; 5])).unwrap();
        assert_eq!((one.interval, one.lower_bound, one.effective_n), (Interval { low: 0.0, high: 1.0 }, 0.0, 1.0));
    }

    proptest! {
        #[test]
        fn intervals_contain_their_value(
            pages in prop::collection::vec((0.0..=1.0_f64, 0.01..=1.0_f64, 0_usize..20, prop::bool::ANY), 1..80),
        ) {
            let probabilities: Vec<f64> = pages.iter().map(|page| page.1).collect();
            let design = Design::sampled(&probabilities, pages.iter().map(|page| page.2).collect()).unwrap();
            for is_binary in [true, false] {
                let term = |page: &(f64, f64, usize, bool)| match is_binary {
                    true => Term::one(page.3),
                    false => Term { part: page.0, whole: 1.0 + page.2 as f64 },
                };
                let terms: Vec<Term> = pages.iter().map(term).collect();
                let found = estimate_ratio(&terms, &design).unwrap();
                let mirrored: Vec<Term> = terms.iter().map(|term| term.complement()).collect();
                let other = estimate_ratio(&mirrored, &design).unwrap();
                prop_assert!(found.interval.contains(found.value), "{found:?}");
                prop_assert!((0.0..=found.value).contains(&found.lower_bound), "{found:?}");
                prop_assert!((found.interval.low + other.interval.high - 1.0).abs() < 1e-9, "{found:?} {other:?}");
                let independent = wilson(found.value * found.effective_n, found.effective_n, CONFIDENCE).unwrap();
                if !design.is_simple() {
                    prop_assert!(found.interval.low <= found.lower_bound, "{found:?}");
                    prop_assert!(found.interval.low <= independent.low + 1e-12, "{found:?}");
                }
                prop_assert!(found.effective_n >= 1.0);
            }
        }
    }
}
