//! How certain the difference of two scores on the same pages is.

use super::design::Design;
use super::interval::{CONFIDENCE, Interval};
use crate::base::random::Random;
use std::collections::BTreeMap;

/// Number of samples that are drawn again. Ends of intervals then vary by a few percent of their width.
const RESAMPLES: usize = 2000;
/// With fewer clusters there are too few different draws for a meaningful interval.
const MIN_CLUSTERS: usize = 8;

/// The difference of two scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The difference on the sample.
    pub value: f64,
    /// Where the middle 95 % of differences are.
    pub interval: Interval,
    /// Two-sided probability of a difference at least as far from 0, if there were none.
    pub p: f64,
}

/// Draws clusters of pages again, with replacement, and compares the differences (the percentile method of
/// Efron, "Bootstrap methods: another look at the jackknife", 1979). Both scores are of the same pages, so
/// what both find hard does not count. `difference` takes a weight for each page. Every draw counts: a score that is
/// undefined without rare pages differs from no other. The result depends on the seed alone.
///
/// If there is no difference, the differences of all `n` clusters have the same sign by chance in one of `2^(n - 1)` samples
/// (the sign test), so `p` is never less. `None` with fewer than eight clusters.
#[must_use]
pub fn paired_bootstrap(design: &Design, seed: u64, difference: impl Fn(&[f64]) -> f64) -> Option<Difference> {
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    for cluster in design.clusters() {
        let next = numbers.len();
        numbers.entry(*cluster).or_insert(next);
    }
    if numbers.len() < MIN_CLUSTERS {
        return None;
    }
    let value = difference(design.weights());
    let clusters: Vec<usize> = design.clusters().iter().map(|cluster| numbers[cluster]).collect();
    let random = Random::new(seed);
    let mut drawn = vec![0_u32; numbers.len()];
    let mut weights = vec![0.0; design.len()];
    let mut found = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        drawn.fill(0);
        for _ in 0..drawn.len() {
            drawn[index(random.unit(), numbers.len())] += 1;
        }
        for (page, weight) in weights.iter_mut().enumerate() {
            *weight = design.weights()[page] * f64::from(drawn[clusters[page]]);
        }
        found.push(difference(&weights));
    }
    found.sort_unstable_by(f64::total_cmp);
    let count = found.len();
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let below = found.iter().filter(|value| **value <= 0.0).count();
    let above = found.iter().filter(|value| **value >= 0.0).count();
    let p = 2.0 * (below.min(above) + 1) as f64 / (count + 1) as f64;
    let interval = Interval { low: found[index(tail, count)], high: found[count - 1 - index(tail, count)] };
    let least_p = 0.5_f64.powf(numbers.len() as f64 - 1.0);
    // In few clusters the difference of the sample may be more extreme than 95 % of those that are drawn again.
    Some(Difference { value, interval: interval.around(value), p: p.clamp(least_p, 1.0) })
}

/// The place of a share (from 0 to 1, excluded) in a list.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the length")]
fn index(share: f64, len: usize) -> usize {
    ((share * len as f64) as usize).min(len - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(first: &[f64], second: &[f64], design: &Design, seed: u64) -> Difference {
        let mean = |weights: &[f64]| -> f64 {
            let total: f64 = weights.iter().sum();
            let sum: f64 = weights.iter().enumerate().map(|(page, weight)| weight * (second[page] - first[page])).sum();
            sum / total
        };
        paired_bootstrap(design, seed, mean).unwrap()
    }

    #[test]
    fn it_depends_on_the_seed_alone_and_pairs_pages() {
        let first: Vec<f64> = (0..200).map(|page| f64::from(u8::from(page % 10 < 8))).collect();
        let second: Vec<f64> = (0..200).map(|page| f64::from(u8::from(page % 10 < 9))).collect();
        let design = Design::simple(200);
        let found = difference(&first, &second, &design, 1);
        assert_eq!(found, difference(&first, &second, &design, 1));
        let uneven: Vec<f64> = (0..200).map(|page| f64::from(page).sin()).collect();
        assert_ne!(difference(&first, &uneven, &design, 1), difference(&first, &uneven, &design, 2));
        assert!((found.value - 0.1).abs() < 1e-12 && found.interval.low > 0.05 && found.p < 0.002, "{found:?}");
        let same = difference(&first, &first, &design, 1);
        assert_eq!((same.value, same.p, same.interval), (0.0, 1.0, Interval { low: 0.0, high: 0.0 }));
        // Ten clusters contain less information than 200 pages: here each cluster has all changes of its tenth.
        let shuffled = Design::clustered((0..200).map(|page| page % 10).collect());
        let clustered = difference(&first, &second, &shuffled, 1);
        assert!(clustered.interval.low == 0.0 && clustered.p > 0.3, "{clustered:?}");
    }

    #[test]
    fn few_clusters_say_little() {
        for (clusters, least_p) in [(1, None), (4, None), (7, None), (8, Some(1.0 / 128.0)), (20, Some(2.0 / 2001.0))] {
            let design = Design::clustered((0..240).map(|page| page % clusters).collect());
            // Each cluster has the same difference.
            let found = paired_bootstrap(&design, 1, |_| 0.1);
            assert_eq!(found.map(|found| found.p), least_p, "{clusters} clusters");
        }
    }
}
