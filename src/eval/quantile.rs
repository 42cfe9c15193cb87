//! Quantiles and tails of the distributions that intervals and tests are made of.

use super::incomplete_beta::{incomplete_beta, inverse_incomplete_beta};
use std::f64::consts::{PI, SQRT_2};

/// Quantile of the standard normal distribution, for `p` between 0 and 1 (excluded).
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p);
    // Abramowitz and Stegun 26.2.23, to 4.5e-4, and then Newton's method.
    let t = (-2.0 * tail.ln()).sqrt();
    let mut z =
        t - (2.515_517 + t * (0.802_853 + t * 0.010_328)) / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    for _ in 0..6 {
        let density = (-0.5 * z * z).exp() / (2.0 * PI).sqrt();
        z += (upper_normal_tail(z) - tail) / density;
    }
    if p < 0.5 { -z } else { z }
}

/// Quantile of Student's t distribution with `df` degrees of freedom, for `p` from 0.5 to 1 (excluded).
pub(crate) fn t_quantile(p: f64, df: f64) -> f64 {
    // t^2 / (df + t^2) has the distribution Beta(1/2, df/2).
    let share = inverse_incomplete_beta(0.5, df / 2.0, 2.0 * p - 1.0);
    (df * share / (1.0 - share)).sqrt()
}

/// Probability of at most `k` successes in `n` trials of probability `p`.
pub(crate) fn binomial_cdf(k: f64, n: f64, p: f64) -> f64 {
    if k >= n { 1.0 } else { incomplete_beta(n - k, k + 1.0, 1.0 - p) }
}

/// Probability that a standard normal variable is greater than `z`.
pub(crate) fn upper_normal_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From SciPy 1.17: `norm.ppf`, `t.ppf`, `binom.cdf`.
    #[test]
    fn known_values() {
        for (found, expected) in [
            (normal_quantile(0.975), 1.959_963_984_540_054),
            (normal_quantile(0.95), 1.644_853_626_951_472_2),
            (normal_quantile(1e-9), -5.997_807_015_007_686_5),
            (normal_quantile(0.5), 0.0),
            (t_quantile(0.975, 9.0), 2.262_157_162_798_205),
            (t_quantile(0.975, 1.0), 12.706_204_736_174_694),
            (t_quantile(0.95, 100_000.0), 1.644_868_864_784_969_6),
            (binomial_cdf(3.0, 10.0, 0.5), 0.171_875),
            (binomial_cdf(10.0, 10.0, 0.5), 1.0),
        ] {
            assert!((found - expected).abs() < 1e-13 * expected.abs().max(1.0), "{found} {expected}");
        }
    }
}
