//! Counts of values by upper bound.

/// Counts of values by upper bound. Bounds grow by a fifth to a third (1, 1.25, 1.5, 2, 2.5,
/// 3, 4, 5, 6, 8, 10 ...): ten per decade are enough to see a distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Inclusive upper bound and count, ascending. Bins without a value are left out.
    pub bins: Vec<(u64, u64)>,
}

impl Histogram {
    /// Counts a value. `min_bound` is the lowest upper bound, at least 100 and the same in
    /// every call.
    pub(crate) fn add(&mut self, value: u64, min_bound: u64) {
        let bound = upper_bound(value, min_bound);
        match self.bins.binary_search_by_key(&bound, |(bound, _)| *bound) {
            Ok(position) => self.bins[position].1 += 1,
            Err(position) => self.bins.insert(position, (bound, 1)),
        }
    }

    /// Number of values.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.bins.iter().map(|(_, count)| count).sum()
    }

    /// An upper bound of the quantile `share` (from 0 to 1); `None` without values.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        let rank = self.total() as f64 * share;
        let mut seen = 0;
        for (bound, count) in &self.bins {
            seen += count;
            if seen as f64 >= rank {
                return Some(*bound);
            }
        }
        None
    }
}

/// Bounds in a decade, times 100.
const STEPS: [u64; 10] = [100, 125, 150, 200, 250, 300, 400, 500, 600, 800];

fn upper_bound(value: u64, min_bound: u64) -> u64 {
    let mut decade = min_bound.max(100) / 100;
    loop {
        if let Some(bound) = STEPS.iter().map(|step| step * decade).find(|bound| *bound >= value) {
            return bound;
        }
        match decade.checked_mul(10) {
            Some(next) if next < u64::MAX / 1000 => decade = next,
            _ => return u64::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn histogram(values: &[u64], min_bound: u64) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.add(*value, min_bound));
        histogram
    }

    #[test]
    fn a_value_counts_in_the_bin_with_the_next_bound() {
        let seen = histogram(&[1, 100, 101, 812, 1000, 1001, 90_000], 100);
        assert_eq!(seen.bins, [(100, 2), (125, 1), (1000, 2), (1250, 1), (100_000, 1)]);
        assert_eq!((seen.total(), seen.quantile(0.5), seen.quantile(1.0)), (7, Some(1000), Some(100_000)));
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(histogram(&[u64::MAX], 100).bins, [(u64::MAX, 1)]);
    }

    proptest! {
        #[test]
        fn a_bound_is_at_most_a_third_above_its_value(value in 100_u64..10_000_000_000_000) {
            let bound = upper_bound(value, 100);
            prop_assert!(bound >= value && bound <= value + value / 3 + 1, "{value} {bound}");
        }

        #[test]
        fn bins_ascend_and_count_every_value(values in prop::collection::vec(any::<u64>(), 1..60)) {
            let seen = histogram(&values, 1_000_000);
            prop_assert!(seen.bins.is_sorted_by(|a, b| a.0 < b.0));
            prop_assert_eq!(seen.total(), values.len() as u64);
            let max = values.iter().max().copied();
            prop_assert!(seen.quantile(1.0) >= max);
            prop_assert!(seen.quantile(0.5) <= seen.quantile(0.95));
        }
    }
}
