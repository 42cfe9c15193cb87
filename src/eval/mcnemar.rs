//! Whether two sets of answers to the same pages differ in accuracy.

use super::quantile::binomial_cdf;

/// The exact test of McNemar ("Note on the sampling error of the difference between correlated proportions
/// or percentages", 1947): the two-sided probability of so uneven a split of the pages that only one of
/// both has right, if both were equally accurate. It assumes that pages are independent.
#[must_use]
pub fn mcnemar_p(only_first_right: u64, only_second_right: u64) -> f64 {
    let (fewer, n) = (only_first_right.min(only_second_right) as f64, (only_first_right + only_second_right) as f64);
    (2.0 * binomial_cdf(fewer, n, 0.5)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_probabilities() {
        for (one, other, expected) in
            [(0, 0, 1.0), (1, 0, 1.0), (5, 5, 1.0), (0, 5, 0.0625), (1, 9, 22.0 / 1024.0), (9, 1, 22.0 / 1024.0)]
        {
            assert!((mcnemar_p(one, other) - expected).abs() < 1e-14, "{one} {other}");
        }
    }
}
