//! Cohen's kappa: agreement beyond what two raters with these frequencies of labels would reach by
//! chance (Cohen, "A coefficient of agreement for nominal scales", 1960).

use super::design::Design;
use super::interval::{CONFIDENCE, Interval};
use super::proportion::wilson;
use super::quantile::{normal_quantile, t_quantile};
use std::collections::BTreeMap;

/// From this kappa on, its interval is that of a share, which ends at 1. Below, the interval may reach below 0, as
/// kappa may.
const LEAST_LIKE_SHARE: f64 = 0.25;

/// Kappa with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kappa {
    /// From -1 to 1; 0 is agreement by chance.
    pub value: f64,
    /// Wilson's interval for a share of this size: the number of pages follows from the large-sample variance of
    /// Fleiss, Cohen and Everitt ("Large sample standard errors of kappa and weighted kappa", 1969), of clusters where
    /// there are some. With weights or clusters, one more unit of typical weight is imagined to differ. A kappa below
    /// 0.25 has the normal interval of that variance.
    pub interval: Interval,
}

/// The agreement of two raters. Each pair is a page with both raters' categories, as small numbers; a page without
/// an answer is a separate category. `None` without pages, and if both raters only ever use one category.
#[must_use]
pub fn cohens_kappa(pairs: &[(usize, usize)], design: &Design) -> Option<Kappa> {
    let categories = pairs.iter().map(|(one, other)| one.max(other) + 1).max()?;
    let total: f64 = design.weights().iter().sum();
    let (mut first, mut second, mut different) = (vec![0.0; categories], vec![0.0; categories], 0.0);
    for ((one, other), weight) in pairs.iter().zip(design.weights()) {
        first[*one] += weight;
        second[*other] += weight;
        different += if one == other { 0.0 } else { *weight };
    }
    // Sums of weights, not of shares: without weights they are whole numbers, and 0 and 1 are exact.
    let by_chance: f64 = first.iter().zip(&second).map(|(one, other)| one * other).sum();
    let (agreement, expected) = (1.0 - different / total, by_chance / (total * total));
    // One category, up to rounding of the shares.
    if 1.0 - expected < 1e-14 {
        return None;
    }
    let value = (1.0 - different * total / (total * total - by_chance)).clamp(-1.0, 1.0);
    // How much each page moves kappa; the squares of what clusters move it add up to its variance.
    let mut clusters: BTreeMap<usize, f64> = BTreeMap::new();
    for (((one, other), weight), cluster) in pairs.iter().zip(design.weights()).zip(design.clusters()) {
        let agrees = if one == other { 1.0 } else { 0.0 };
        let of_chance = (second[*one] + first[*other]) / total - 2.0 * expected;
        let influence = (agrees - agreement) - (1.0 - value) * of_chance;
        *clusters.entry(*cluster).or_default() += weight / total * influence / (1.0 - expected);
    }
    let observed = clusters.values().map(|influence| influence * influence).sum::<f64>();
    let count = clusters.len() as f64;
    let (observed, quantile) = if design.is_simple() {
        (observed, normal_quantile(f64::midpoint(1.0, CONFIDENCE)))
    } else if count < 2.0 {
        return Some(Kappa { value, interval: Interval { low: -1.0, high: 1.0 } });
    } else {
        (observed * count / (count - 1.0), t_quantile(f64::midpoint(1.0, CONFIDENCE), count - 1.0))
    };
    let mut units: BTreeMap<usize, f64> = BTreeMap::new();
    for (weight, cluster) in design.weights().iter().zip(design.clusters()) {
        *units.entry(*cluster).or_default() += weight / total;
    }
    // The variance is far too small if by chance no heavy page or whole cluster differs.
    let typical: f64 = units.values().map(|weight| weight * weight).sum();
    let imagined = if design.is_simple() { 0.0 } else { (typical / (1.0 - expected)).powi(2) };
    let variance = observed + imagined;
    let half = quantile * variance.sqrt();
    let normal = Interval { low: (value - half).max(-1.0), high: (value + half).min(1.0) };
    let interval = if value >= LEAST_LIKE_SHARE {
        let size =
            if value < 1.0 && variance > 0.0 { value * (1.0 - value) / variance } else { (1.0 - expected) / typical };
        let factor = normal_quantile(f64::midpoint(1.0, CONFIDENCE)) / quantile;
        let size = (size * factor * factor).max(f64::MIN_POSITIVE);
        wilson(value * size, size, CONFIDENCE)?.around(value)
    } else {
        normal
    };
    Some(Kappa { value, interval })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Table 4 of Fleiss, Cohen and Everitt: kappa 0.429, standard error 0.055 (1969, 200 cases).
    #[test]
    fn the_example_of_the_article() {
        let table = [[106, 10, 4], [22, 28, 10], [2, 12, 6]];
        let mut pairs = Vec::new();
        for (one, row) in table.iter().enumerate() {
            for (other, count) in row.iter().enumerate() {
                pairs.extend(std::iter::repeat_n((one, other), *count));
            }
        }
        let kappa = cohens_kappa(&pairs, &Design::simple(pairs.len())).unwrap();
        assert!((kappa.value - 0.429).abs() < 5e-4, "{kappa:?}");
        let error = (kappa.interval.high - kappa.interval.low) / 2.0 / 1.96;
        assert!((error - 0.0535).abs() < 2e-3, "{error}");
        // The same pages twice, in pairs, contain no more information, up to the imagined one.
        let twice: Vec<_> = pairs.iter().flat_map(|pair| [*pair, *pair]).collect();
        let clustered = Design::clustered((0..twice.len()).map(|page| page / 2).collect());
        let same = cohens_kappa(&twice, &clustered).unwrap();
        assert!((same.value - kappa.value).abs() < 1e-14);
        assert!((same.interval.low - kappa.interval.low).abs() < 3e-3, "{same:?} {kappa:?}");
    }

    #[test]
    fn perfect_agreement_is_exactly_one() {
        for pages in [3, 7, 52, 97, 300] {
            let pairs: Vec<_> = (0..pages).map(|page| (page % 7, page % 7)).collect();
            let probabilities: Vec<f64> = (0..pages).map(|page| [0.1, 0.3, 1.0][page % 3]).collect();
            let sampled = Design::sampled(&probabilities, (0..pages).collect()).unwrap();
            for design in [Design::simple(pages), sampled] {
                let kappa = cohens_kappa(&pairs, &design).unwrap();
                assert_eq!((kappa.value, kappa.interval.high), (1.0, 1.0), "{pages}");
                // Few pages without a difference leave doubt, as those of a share do.
                let independent = 1.0 / (1.0 + 3.841_458_820_694_124 / pages as f64);
                assert!(kappa.interval.low < independent && kappa.interval.low >= 0.0, "{kappa:?}");
            }
        }
    }

    #[test]
    fn what_has_no_kappa() {
        assert_eq!(cohens_kappa(&[], &Design::simple(0)), None);
        assert_eq!(cohens_kappa(&[(3, 3); 10], &Design::simple(10)), None);
        let chance = cohens_kappa(&[(0, 0), (0, 1), (1, 0), (1, 1)], &Design::simple(4)).unwrap();
        assert!(chance.value.abs() < 1e-15);
    }
}
