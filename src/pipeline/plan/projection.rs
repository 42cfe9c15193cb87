//! Chooses a sample of the files, and projects its plan to all of them.

use super::model::{Plan, Projection};
use crate::base::digest::Digest;
use crate::base::lowest::Lowest;
use crate::base::money::Pico;

/// The files whose paths have the lowest digests: the same ones every time.
pub(crate) struct SampledFiles {
    lowest: Lowest<Digest, ()>,
    pub(crate) files: u64,
}

impl SampledFiles {
    pub(crate) fn new(count: u64) -> Self {
        Self { lowest: Lowest::new(count), files: 0 }
    }

    pub(crate) fn offer(&mut self, position: (u64, &[u8])) {
        self.files += 1;
        self.lowest.offer(digest(position), ());
    }

    pub(crate) fn has(&self, position: (u64, &[u8])) -> bool {
        self.lowest.has(&digest(position))
    }
}

fn digest((line, path): (u64, &[u8])) -> Digest {
    Digest::compute(&[&line.to_be_bytes(), path].concat())
}

/// The spread of the expected costs of the files in the sample, as sums.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Spread {
    pub(crate) fn add(&mut self, cost: Pico) {
        let usd = cost.as_usd_f64();
        (self.count, self.sum, self.squares) = (self.count + 1.0, self.sum + usd, self.squares + usd * usd);
    }

    /// The 95 % confidence interval of the cost of all `files`, in USD; `None`: a sample of one
    /// file does not show how files differ.
    fn interval(self, files: f64) -> Option<(f64, f64)> {
        if self.count < 2.0 {
            return None;
        }
        let mean = self.sum / self.count;
        let variance = (self.squares / self.count - mean * mean).max(0.0) * self.count / (self.count - 1.0);
        // Finite population correction: a sample of nearly all files is nearly exact.
        let rest = (1.0 - self.count / files.max(1.0)).max(0.0);
        let error = Z * (variance / self.count * rest).sqrt() * files;
        Some(((mean * files - error).max(0.0), mean * files + error))
    }
}

/// Two-sided, for 95 %.
const Z: f64 = 1.96;

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a projection"
)]
pub(crate) fn project(plan: &Plan, files: u64, spread: Spread) -> Projection {
    let sampled = plan.files - plan.not_fetched;
    let factor = if sampled == 0 { 0.0 } else { files as f64 / sampled as f64 };
    let scaled = |count: u64| (count as f64 * factor).round() as u64;
    let pico = |usd: f64| Pico((usd * 1e12).round() as i64);
    let expected = plan.quote.as_ref().filter(|_| sampled > 0).and_then(|quote| quote.cost?.expected);
    let interval = expected.and_then(|_| spread.interval(files as f64)).map(|(from, to)| (pico(from), pico(to)));
    Projection {
        sampled,
        files,
        to_ask: scaled(plan.to_ask),
        input: plan.quote.as_ref().and_then(|quote| quote.input.expected).map(scaled),
        expected: expected.map(|cost| Pico((cost.0 as f64 * factor).round() as i64)),
        interval,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_stays_the_same_and_an_interval_holds_the_truth() {
        let paths: Vec<Vec<u8>> = (0..1000_u32).map(|at| format!("{at}.jpg").into_bytes()).collect();
        let mut chosen = SampledFiles::new(100);
        paths.iter().for_each(|path| chosen.offer((0, path)));
        let sampled: Vec<&Vec<u8>> = paths.iter().filter(|path| chosen.has((0, path))).collect();
        assert_eq!((sampled.len(), chosen.files), (100, 1000));
        // Costs of 1 to 10 cents by path; the mean of all is 5.5.
        let cents = |path: &[u8]| i64::from(Digest::compute(path).as_bytes()[0] % 10) + 1;
        let truth: i64 = paths.iter().map(|path| cents(path)).sum();
        let mut spread = Spread::default();
        sampled.iter().for_each(|path| spread.add(Pico(cents(path) * 10_000_000_000)));
        let (from, to) = spread.interval(1000.0).unwrap();
        #[expect(clippy::cast_precision_loss, reason = "cents")]
        let truth = truth as f64 / 100.0;
        // The sample is the same every time: this holds or it does not.
        assert!(from <= truth && truth <= to, "{truth} in {from} to {to}");
        assert!(to - from < 0.3 * truth, "{from} to {to} says something");
        assert_eq!(spread.interval(100.0).map(|(from, to)| to - from), Some(0.0), "all files were looked at");
        assert_eq!(Spread::default().interval(10.0), None);
    }
}
