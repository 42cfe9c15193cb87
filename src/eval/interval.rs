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
    /// that compares it with a threshold passes what is below it in at most 5 % of samples.
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
