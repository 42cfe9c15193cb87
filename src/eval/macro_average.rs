//! The mean of the F1 scores of labels, or their mean weighted by the labels' frequency.

use super::design::Design;
use super::interval::{Estimate, Interval};
use super::ratio::Term;
use std::collections::BTreeMap;

/// The score of one label.
pub(crate) struct Score {
    /// The weight of the label in the mean.
    weight: f64,
    /// Its F1.
    f1: Estimate,
    /// Right pages among those that have the label in truth or by the model: pages with their terms.
    terms: Vec<(usize, Term)>,
}

impl Score {
    /// The F1 of a label, with the terms of the pages that have it: a large truth with many labels must fit into
    /// memory.
    pub(crate) fn new(weight: f64, f1: Estimate, terms: Vec<(usize, Term)>) -> Self {
        Self { weight, f1, terms }
    }
}

/// The weighted mean of scores. `None` without scores.
///
/// The distances of the mean from its ends are the distances of the scores from theirs, added up as
/// standard errors are (MOVER, the method of variance estimates recovery: Zou and Donner, "Construction of
/// confidence intervals about effect measures", 2008), with the correlations between labels: a wrong page
/// lowers the scores of two labels. So a label without an error, whose estimated variance is 0, still
/// contributes what its few pages leave open. The ends of the scores are the exact ones, because those of Wilson
/// are too close for means of many labels with few pages each.
pub(crate) fn average(scores: &[Score], design: &Design) -> Option<Estimate> {
    let total: f64 = scores.iter().map(|score| score.weight).sum();
    if total <= 0.0 {
        return None;
    }
    let correlations = correlations(scores, design);
    let distance = |end: &dyn Fn(&Estimate) -> f64| {
        let parts: Vec<f64> =
            scores.iter().map(|score| score.weight / total * (end(&score.f1) - score.f1.value)).collect();
        let squares: f64 = correlations.iter().map(|((one, other), r)| r * parts[*one] * parts[*other]).sum();
        squares.max(0.0).sqrt()
    };
    let mean =
        |part: fn(&Estimate) -> f64| scores.iter().map(|score| score.weight * part(&score.f1)).sum::<f64>() / total;
    let value = mean(|f1| f1.value);
    let interval = Interval {
        low: (value - distance(&|f1| f1.exact.low)).max(0.0),
        high: (value + distance(&|f1| f1.exact.high)).min(1.0),
    };
    Some(Estimate {
        value,
        interval,
        exact: interval,
        lower_bound: (value - distance(&|f1| f1.lower_bound)).max(0.0),
        effective_n: mean(|f1| f1.effective_n),
    })
}

/// The correlations between the scores that are not 0: 1 on the diagonal.
fn correlations(scores: &[Score], design: &Design) -> BTreeMap<(usize, usize), f64> {
    // How far each cluster moves each score.
    let mut moves: BTreeMap<usize, BTreeMap<usize, f64>> = BTreeMap::new();
    for (label, score) in scores.iter().enumerate() {
        let weight = |page: usize| design.weights()[page];
        let sum = |value: fn(&Term) -> f64| -> f64 {
            score.terms.iter().map(|(page, term)| weight(*page) * value(term)).sum()
        };
        let share = sum(|term| term.part) / sum(|term| term.whole);
        for (page, term) in &score.terms {
            let residual = weight(*page) * (term.part - share * term.whole);
            *moves.entry(design.clusters()[*page]).or_default().entry(label).or_default() += residual;
        }
    }
    let mut products: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    for labels in moves.values() {
        for (one, by_one) in labels {
            for (other, by_other) in labels {
                *products.entry((*one, *other)).or_default() += by_one * by_other;
            }
        }
    }
    let variances: Vec<f64> =
        (0..scores.len()).map(|label| products.get(&(label, label)).copied().unwrap_or(0.0)).collect();
    let mut correlations: BTreeMap<(usize, usize), f64> =
        (0..scores.len()).map(|label| ((label, label), 1.0)).collect();
    for ((one, other), product) in products {
        let scale = (variances[one] * variances[other]).sqrt();
        if one != other && scale > 0.0 {
            correlations.insert((one, other), product / scale);
        }
    }
    correlations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::label_metrics::f1_of_jaccard;
    use crate::eval::ratio::estimate_ratio;

    fn score(terms: Vec<Term>, design: &Design) -> Score {
        let f1 = f1_of_jaccard(estimate_ratio(&terms, design).unwrap());
        Score::new(1.0, f1, terms.into_iter().enumerate().filter(|(_, term)| term.whole > 0.0).collect())
    }

    /// Two labels that share every error are as uncertain as one; of labels without a common error, the errors
    /// partly cancel.
    #[test]
    fn common_errors_do_not_cancel() {
        let design = Design::simple(200);
        let first: Vec<Term> = (0..200).map(|page| Term::one(page % 10 != 0)).collect();
        let second: Vec<Term> = (0..200).map(|page| Term::one(page % 10 != 5)).collect();
        let width = |scores: &[Score]| {
            let found = average(scores, &design).unwrap();
            (found.interval.high - found.interval.low, found.lower_bound)
        };
        let one = width(&[score(first.clone(), &design)]);
        let same = width(&[score(first.clone(), &design), score(first.clone(), &design)]);
        let other = width(&[score(first.clone(), &design), score(second, &design)]);
        assert!((one.0 - same.0).abs() < 1e-12 && (one.1 - same.1).abs() < 1e-12);
        assert!(other.0 < 0.75 * one.0 && other.1 > one.1, "{other:?} {one:?}");
        // A label without an error adds doubt.
        let sure: Vec<Term> = (0..200).map(|page| if page < 5 { Term::one(true) } else { Term::NONE }).collect();
        let found = average(&[score(sure, &design)], &design).unwrap();
        assert!(found.value == 1.0 && found.lower_bound < 0.75 && found.interval.low < 0.7, "{found:?}");
        assert_eq!(average(&[], &design), None);
    }
}
