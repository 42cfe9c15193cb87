//! The mean of the scores of labels, or their mean weighted by the labels' frequency, with its interval.

use super::interval::{Estimate, Interval};

/// The weighted mean of scores. `None` without scores.
///
/// The distances of the mean from its ends are those of the scores, added up as standard errors are (the
/// method of variance estimates recovery: Zou and Donner, "Construction of confidence intervals about
/// effect measures", 2008), as if all scores were fully correlated, which is the worst case: one wrong
/// page lowers the scores of two labels.
pub(crate) fn average(scores: &[(f64, Estimate)]) -> Option<Estimate> {
    let total: f64 = scores.iter().map(|(weight, _)| weight).sum();
    if total <= 0.0 {
        return None;
    }
    let mean =
        |part: fn(&Estimate) -> f64| scores.iter().map(|(weight, score)| weight * part(score)).sum::<f64>() / total;
    Some(Estimate {
        value: mean(|score| score.value),
        interval: Interval { low: mean(|score| score.interval.low), high: mean(|score| score.interval.high) },
        lower_bound: mean(|score| score.lower_bound),
        effective_n: mean(|score| score.effective_n),
    })
}
