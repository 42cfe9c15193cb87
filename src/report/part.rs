//! A part of the spend: of a task, a model, a day, a run.

use crate::base::money::Pico;
use crate::base::usage::Usage;

/// Part of the spend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Attempts that belong to it.
    pub attempts: u64,
    /// Its tokens; of a task: those of whole requests, which tasks share.
    pub tokens: Usage,
    /// Its part of the money.
    pub cost: Pico,
}

impl Part {
    pub(crate) fn add(&mut self, tokens: Usage, cost: Pico) {
        self.attempts += 1;
        self.tokens.input += tokens.input;
        self.tokens.cached_input += tokens.cached_input;
        self.tokens.cache_write += tokens.cache_write;
        self.tokens.output += tokens.output;
        self.cost += cost;
    }
}

/// Counts by upper bound; what is above the last one counts to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// (upper bound, count), ascending.
    pub bins: Vec<(u64, u64)>,
}

impl Histogram {
    /// Bins that grow by about a quarter, from `least`: twelve a decade are enough to see
    /// a shape.
    pub(crate) fn add(&mut self, value: u64, least: u64) {
        let bound = bound(value, least);
        match self.bins.binary_search_by_key(&bound, |(bound, _)| *bound) {
            Ok(at) => self.bins[at].1 += 1,
            Err(at) => self.bins.insert(at, (bound, 1)),
        }
    }

    /// All that was counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.bins.iter().map(|(_, count)| count).sum()
    }

    /// An upper bound of the value below which this share of all lies.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<u64> {
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let wanted = self.total() as f64 * share;
        let mut seen = 0;
        for (bound, count) in &self.bins {
            seen += count;
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            if seen as f64 >= wanted {
                return Some(*bound);
            }
        }
        None
    }
}

/// Steps in a decade: 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8.
const STEPS: [u64; 10] = [100, 125, 150, 200, 250, 300, 400, 500, 600, 800];

fn bound(value: u64, least: u64) -> u64 {
    let mut decade = least.max(100) / 100;
    loop {
        if let Some(step) = STEPS.iter().map(|step| step * decade).find(|step| *step >= value) {
            return step;
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

    #[test]
    fn values_fall_into_the_bin_above_them() {
        let mut seen = Histogram::default();
        for value in [1, 100, 101, 812, 1000, 1001, 90_000] {
            seen.add(value, 100);
        }
        assert_eq!(seen.bins, [(100, 2), (125, 1), (1000, 2), (1250, 1), (100_000, 1)]);
        assert_eq!((seen.total(), seen.quantile(0.5), seen.quantile(1.0)), (7, Some(1000), Some(100_000)));
    }
}
