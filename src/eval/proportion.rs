//! Intervals and bounds for a share: `successes` of `n`. Both may be fractions, because an effective
//! sample size is.

use super::incomplete_beta::inverse_incomplete_beta;
use super::interval::Interval;
use super::quantile::normal_quantile;

/// The interval of Wilson ("Probable inference, the law of succession, and statistical inference", 1927).
/// It covers the true value with about the stated confidence, on average over true values. `None`
/// without observations.
#[must_use]
pub fn wilson(successes: f64, n: f64, confidence: f64) -> Option<Interval> {
    if n <= 0.0 {
        return None;
    }
    let z = normal_quantile(f64::midpoint(1.0, confidence));
    let share = successes / n;
    let square = z * z;
    let center = share + square / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    let scale = 1.0 + square / n;
    // At the ends the exact result is 0 or 1.
    let low = if successes <= 0.0 { 0.0 } else { ((center - half) / scale).max(0.0) };
    let high = if successes >= n { 1.0 } else { ((center + half) / scale).min(1.0) };
    Some(Interval { low, high })
}

/// The interval of Clopper and Pearson ("The use of confidence or fiducial limits illustrated in the
/// case of the binomial", 1934): it covers every true value with at least the stated confidence.
/// `None` without observations.
#[must_use]
pub fn clopper_pearson(successes: f64, n: f64, confidence: f64) -> Option<Interval> {
    let tail = (1.0 - confidence) / 2.0;
    let low = exact_lower_bound(successes, n, 1.0 - tail)?;
    Some(Interval { low, high: 1.0 - exact_lower_bound(n - successes, n, 1.0 - tail)? })
}

/// The one-sided bound of Clopper and Pearson: whatever the true share is, it is below this bound in at
/// most `1 - confidence` of samples. `None` without observations.
#[must_use]
pub fn exact_lower_bound(successes: f64, n: f64, confidence: f64) -> Option<f64> {
    if n <= 0.0 {
        return None;
    }
    if successes <= 0.0 {
        return Some(0.0);
    }
    Some(inverse_incomplete_beta(successes, (n - successes).max(0.0) + 1.0, 1.0 - confidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_observations_there_is_no_interval() {
        assert_eq!(wilson(0.0, 0.0, 0.95), None);
        assert_eq!(clopper_pearson(0.0, 0.0, 0.95), None);
        assert_eq!(exact_lower_bound(0.0, 0.0, 0.95), None);
    }

    /// Without a failure the bound has a closed form: the share whose `n` successes have probability 5 %.
    #[test]
    fn bounds_of_a_perfect_sample() {
        for n in [1.0, 10.0, 59.0, 1000.0] {
            let bound = exact_lower_bound(n, n, 0.95).unwrap();
            assert!((bound - 0.05_f64.powf(1.0 / n)).abs() < 1e-14, "{n}: {bound}");
            assert_eq!(wilson(n, n, 0.95).unwrap().high, 1.0);
            assert_eq!(clopper_pearson(n, n, 0.95).unwrap().high, 1.0);
            assert_eq!(wilson(0.0, n, 0.95).unwrap().low, 0.0);
        }
    }

    proptest! {
        #[test]
        fn intervals_mirror_and_contain_the_share(n in 1_u32..3000, part in 0.0..=1.0_f64) {
            let (n, k) = (f64::from(n), (f64::from(n) * part).floor());
            for interval in [wilson, clopper_pearson] {
                let (one, mirrored) = (interval(k, n, 0.95).unwrap(), interval(n - k, n, 0.95).unwrap());
                prop_assert!(one.contains(k / n), "{one:?}");
                prop_assert!((one.low + mirrored.high - 1.0).abs() < 1e-12);
            }
            prop_assert!(exact_lower_bound(k, n, 0.95) <= Some(k / n));
        }
    }
}
