//! An interval for a share that may be looked at after every page.
//!
//! An ordinary interval misses the true share in 5 % of samples of a size that was fixed before. If you look after
//! each page and stop when the interval is good, it misses the share more often. A confidence sequence contains the
//! true share at all times at once, except in 5 % of sequences, because a bet against the true share cannot
//! be expected to win (Ville's inequality). Here the bet is the mixture of all shares with equal weight (Robbins,
//! "Statistical methods related to the law of the iterated logarithm", 1970; for pages that are drawn without
//! replacement: Waudby-Smith and Ramdas, "Confidence sequences for sampling without replacement", 2020).

use super::incomplete_beta::ln_binomial;
use super::interval::{CONFIDENCE, Interval};

/// The shares that `right` of `seen` pages leave open, at any time. Pages are drawn in random order, without
/// replacement, from `population` pages, whose share this is; `None`: from pages without end.
///
/// A share stays in the interval while the probability of the observations is greater than 5 % of its mean over all
/// shares, which is `1 / (seen + 1)`.
#[must_use]
pub fn anytime_interval(right: u64, seen: u64, population: Option<u64>) -> Interval {
    if seen == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (right, seen) = (right.min(seen) as f64, seen as f64);
    let mark = ((1.0 - CONFIDENCE) / (seen + 1.0)).ln();
    match population.map(|pages| (pages as f64).max(seen)) {
        // Beyond this, logarithms of factorials are too coarse, and the population is practically infinite.
        Some(pages) if pages < 1e9 => {
            let all = ln_binomial(pages, seen);
            let ln_probability =
                |of_all: f64| ln_binomial(of_all, right) + ln_binomial(pages - of_all, seen - right) - all;
            let (least, most) = (right, pages - (seen - right));
            let middle = (right / seen * pages).round().clamp(least, most);
            let low = first(least, middle, 1.0, |share| ln_probability(share) > mark);
            let high = first(-most, -middle, 1.0, |share| ln_probability(-share) > mark);
            Interval { low: low / pages, high: -high / pages }
        }
        _ => {
            let all = ln_binomial(seen, right);
            let times = |count: f64, ln: f64| if count > 0.0 { count * ln } else { 0.0 };
            let ln_probability = |share: f64| all + times(right, share.ln()) + times(seen - right, (-share).ln_1p());
            let middle = right / seen;
            let low = first(0.0, middle, 0.0, |share| ln_probability(share) > mark);
            let high = first(-1.0, -middle, 0.0, |share| ln_probability(-share) > mark);
            Interval { low, high: -high }
        }
    }
}

/// The least value from `low` to `high` that is open, in steps of `step` (0: as fine as it gets), where `high` is open
/// and all values above an open one are.
fn first(low: f64, high: f64, step: f64, is_open: impl Fn(f64) -> bool) -> f64 {
    if is_open(low) {
        return low;
    }
    let (mut closed, mut open) = (low, high);
    for _ in 0..100 {
        let middle = if step > 0.0 { f64::midpoint(closed, open).floor() } else { f64::midpoint(closed, open) };
        if middle <= closed || middle >= open {
            break;
        }
        if is_open(middle) {
            open = middle;
        } else {
            closed = middle;
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_intervals() {
        assert_eq!(anytime_interval(0, 0, None), Interval { low: 0.0, high: 1.0 });
        // All right: the share p with p^n = 0.05 / (n + 1).
        let found = anytime_interval(76, 76, None);
        assert!((found.low - (0.05_f64 / 77.0).powf(1.0 / 76.0)).abs() < 1e-12 && found.high == 1.0, "{found:?}");
        // All pages have been seen.
        assert_eq!(anytime_interval(90, 100, Some(100)), Interval { low: 0.9, high: 0.9 });
        // One page is left: one of two shares.
        assert_eq!(anytime_interval(90, 99, Some(100)), Interval { low: 0.9, high: 0.91 });
        // Of a large folder it matters little that it ends.
        let (ends, endless) = (anytime_interval(90, 100, Some(1_000_000)), anytime_interval(90, 100, None));
        assert!((ends.low - endless.low).abs() < 1e-4 && (ends.high - endless.high).abs() < 1e-4);
        assert!(anytime_interval(90, 100, Some(200)).low > endless.low + 0.02);
        assert_eq!(anytime_interval(90, 100, Some(u64::MAX)), endless);
    }

    proptest! {
        #[test]
        fn it_contains_the_share_of_what_was_seen(right in 0_u64..300, wrong in 0_u64..300, more in 0_u64..3000) {
            let seen = right + wrong;
            prop_assume!(seen > 0);
            for population in [None, Some(seen + more)] {
                let found = anytime_interval(right, seen, population);
                let share = right as f64 / seen as f64;
                let slack = population.map_or(0.0, |pages| 0.5 / pages as f64) + 1e-12;
                prop_assert!(found.low <= share + slack && found.high >= share - slack, "{found:?}");
                prop_assert!((0.0..=1.0).contains(&found.low) && (0.0..=1.0).contains(&found.high));
            }
        }
    }
}
