//! A quantity that was estimated from a sample, with what the sample shows about its true value.

/// Confidence of all intervals and bounds: of 100 of them, about 95 contain the true value.
pub const CONFIDENCE: f64 = 0.95;

/// A range that contains the true value with a stated confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Both ends under an increasing function.
    #[must_use]
    pub fn map(self, function: impl Fn(f64) -> f64) -> Self {
        Self { low: function(self.low), high: function(self.high) }
    }

    /// The interval, widened to contain this value: an end that was computed in another way may be off in the last digit.
    #[must_use]
    pub fn around(self, value: f64) -> Self {
        Self { low: self.low.min(value), high: self.high.max(value) }
    }

    /// Whether the value is in the interval.
    #[must_use]
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// An estimated share or score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate from the sample.
    pub value: f64,
    /// The interval of [`CONFIDENCE`] around it, to show: it covers the true value about that often.
    pub interval: Interval,
    /// An interval that covers the true value at least that often. Under weights or clusters it is `interval`.
    pub exact: Interval,
    /// The true value is above this bound with [`CONFIDENCE`]. It is one-sided and conservative: a gate
    /// that compares it with a threshold passes a lower share in at most 5 % of samples.
    pub lower_bound: f64,
    /// The number of independent units, each as likely to be drawn as any other, that would be as informative.
    pub effective_n: f64,
}

impl Estimate {
    /// Whether the true value is at least `threshold`, by the one-sided bound: the decision of a gate.
    #[must_use]
    pub fn is_at_least(&self, threshold: f64) -> bool {
        self.lower_bound >= threshold
    }

    /// The mean of `seen` parts, of which nothing is known of `unseen` others: the bounds are those of the mean whatever
    /// share from 0 to 1 these have, and whether they count or not. The value stays that of the parts that were seen.
    #[must_use]
    pub fn with_unseen_parts(self, seen: usize, unseen: usize) -> Self {
        if seen == 0 || unseen == 0 {
            return self;
        }
        let (seen, unseen) = (seen as f64, unseen as f64);
        let low = |low: f64| low * seen / (seen + unseen);
        let widen =
            |known: Interval| Interval { low: low(known.low), high: (known.high * seen + unseen) / (seen + unseen) };
        Self { interval: widen(self.interval), exact: widen(self.exact), lower_bound: low(self.lower_bound), ..self }
    }

    /// The estimate under an increasing function.
    #[must_use]
    pub fn map(self, function: impl Fn(f64) -> f64) -> Self {
        let value = function(self.value);
        Self {
            value,
            interval: self.interval.map(&function).around(value),
            exact: self.exact.map(&function).around(value),
            lower_bound: function(self.lower_bound).min(value),
            effective_n: self.effective_n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_were_not_seen_may_have_any_share() {
        let known = Interval { low: 0.8, high: 0.96 };
        let mean = Estimate { value: 0.9, interval: known, exact: known, lower_bound: 0.82, effective_n: 100.0 };
        assert_eq!(mean.with_unseen_parts(4, 0), mean);
        let open = mean.with_unseen_parts(4, 4);
        assert_eq!((open.value, open.effective_n, open.lower_bound), (0.9, 100.0, 0.41));
        assert_eq!(open.interval, Interval { low: 0.4, high: 0.98 });
        assert_eq!(open.exact, open.interval);
    }
}
