//! How often a label truly occurs among all pages: the model's labels of all pages, corrected by the
//! errors that a probability sample with truth shows.
//!
//! Prediction-powered inference with power tuning (Angelopoulos, Duchi and Zrnic, "PPI++: efficient
//! prediction-powered inference", 2023). The weight of the model's labels is chosen from the data, from 0 (the
//! sample alone) to 1, so that the result is never much less certain than that of the sample alone.

use super::design::Design;
use super::interval::{CONFIDENCE, Interval};
use super::label_metrics::Presence;
use super::proportion::wilson;
use super::quantile::{normal_quantile, t_quantile};
use std::collections::BTreeMap;

/// Wrong pages that are imagined for the variance of the correction: one each way. A sample without a
/// wrong page does not show that no page is wrong (as in Agresti and Coull, "Approximate is better than 'exact' for
/// interval estimation of binomial proportions", 1998).
const IMAGINED_ERRORS: f64 = 2.0;

/// The model's answers on the pages outside of the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unlabeled {
    /// Number of pages.
    pub pages: usize,
    /// How many of them have the label by the model.
    pub predicted: usize,
}

/// The share of all pages that truly have a label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prevalence {
    /// The estimate.
    pub value: f64,
    /// Wilson's interval for the effective sample size, with imagined errors.
    pub interval: Interval,
    /// Standard error by PPI++, without imagined errors.
    pub standard_error: f64,
    /// Weight of the model's labels, from 0 to 1.
    pub lambda: f64,
}

/// Estimates the prevalence of one label from a probability sample, with the sample's design. `None` without a sample.
#[must_use]
pub fn estimate_prevalence(sample: &[Presence], design: &Design, unlabeled: Unlabeled) -> Option<Prevalence> {
    let n = sample.len() as f64;
    let others = unlabeled.pages as f64;
    let total: f64 = design.weights().iter().sum();
    if sample.is_empty() {
        return None;
    }
    let mean = |value: &dyn Fn(&Presence) -> f64| -> f64 {
        let sum: f64 = sample.iter().zip(design.weights()).map(|(page, weight)| weight * value(page)).sum();
        sum / total
    };
    let (truth, answer) = (|page: &Presence| unit(page.truth), |page: &Presence| unit(page.answer));
    let (true_share, answer_share) = (mean(&truth), mean(&answer));
    let covariance = mean(&|page| (truth(page) - true_share) * (answer(page) - answer_share));
    let of_others = if others > 0.0 { unlabeled.predicted as f64 / others } else { answer_share };
    let of_all = (sample.iter().map(answer).sum::<f64>() + unlabeled.predicted as f64) / (n + others);
    let variance_of_all = of_all * (1.0 - of_all) * (n + others) / (n + others - 1.0).max(1.0);
    let is_simple = design.is_simple();
    // The model's labels outside of the sample, or, if pages were not equally likely to be drawn, of all pages.
    let (reference, reference_pages, tuning) = match is_simple {
        true => (of_others, others, others / (n + others)),
        false => (of_all, n + others, 1.0),
    };
    let lambda = if variance_of_all > 0.0 { (tuning * covariance / variance_of_all).clamp(0.0, 1.0) } else { 0.0 };
    let value = (true_share + lambda * (reference - answer_share)).clamp(0.0, 1.0);

    let center = true_share - lambda * answer_share;
    let mut clusters: BTreeMap<usize, (f64, f64)> = BTreeMap::new();
    for ((page, weight), cluster) in sample.iter().zip(design.weights()).zip(design.clusters()) {
        let sum = clusters.entry(*cluster).or_default();
        sum.0 += weight / total * (truth(page) - lambda * answer(page) - center);
        sum.1 += weight / total;
    }
    let count = clusters.len() as f64;
    let correction = if is_simple { 1.0 } else { count / (count - 1.0).max(1.0) };
    let squares: f64 = clusters.values().map(|(residual, _)| residual * residual).sum::<f64>() * correction;
    let of_reference =
        if reference_pages > 0.0 { lambda * lambda * reference * (1.0 - reference) / reference_pages } else { 0.0 };
    let typical: f64 = clusters.values().map(|(_, weight)| weight * weight).sum();
    let variance = squares + IMAGINED_ERRORS * typical * typical + of_reference;
    let spread = value * (1.0 - value);
    let size = if spread > 0.0 { spread / variance } else { 1.0 / typical };
    let tail = f64::midpoint(1.0, CONFIDENCE);
    let freedom = if is_simple { 1.0 } else { normal_quantile(tail) / t_quantile(tail, (count - 1.0).max(1.0)) };
    let size = (size * freedom * freedom).max(1.0);
    Some(Prevalence {
        value,
        interval: wilson(value * size, size, CONFIDENCE)?.around(value),
        standard_error: (squares + of_reference).sqrt(),
        lambda,
    })
}

fn unit(is_true: bool) -> f64 {
    f64::from(u8::from(is_true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(counts: [(bool, bool, usize); 4]) -> Vec<Presence> {
        let pages = |(truth, answer, count)| std::iter::repeat_n(Presence { truth, answer }, count);
        counts.into_iter().flat_map(pages).collect()
    }

    #[test]
    fn a_good_model_narrows_the_interval_and_a_useless_one_does_not_widen_it() {
        let unlabeled = Unlabeled { pages: 2000, predicted: 420 };
        let pages = |counts| estimate_prevalence(&sample(counts), &Design::simple(200), unlabeled).unwrap();
        let good = pages([(true, true, 38), (true, false, 2), (false, true, 2), (false, false, 158)]);
        let useless = pages([(true, true, 8), (true, false, 32), (false, true, 32), (false, false, 128)]);
        let alone = wilson(40.0, 200.0, 0.95).unwrap();
        let width = |interval: Interval| interval.high - interval.low;
        assert!(width(good.interval) < 0.65 * width(alone), "{good:?} {alone:?}");
        assert!(width(useless.interval) < 1.08 * width(alone), "{useless:?} {alone:?}");
        assert!(good.lambda > 0.8 && useless.lambda < 0.05);
        // The model finds the label on 21 % of the other pages, and is right about as often as it misses.
        assert!((good.value - 0.209).abs() < 0.002, "{good:?}");
    }

    /// A folder in two halves; of one, pages were drawn four times as often.
    #[test]
    fn unequal_probabilities_are_corrected() {
        let pages = sample([(true, true, 80), (false, false, 20), (true, true, 5), (false, false, 20)]);
        let probabilities: Vec<f64> = (0..125).map(|page| if page < 100 { 0.8 } else { 0.2 }).collect();
        let design = Design::sampled(&probabilities, (0..125).collect()).unwrap();
        // By the model, 100 of the 125 other pages of each half.
        let found = estimate_prevalence(&pages, &design, Unlabeled { pages: 125, predicted: 40 }).unwrap();
        assert!((found.value - 0.5).abs() < 0.01, "{found:?}");
    }

    #[test]
    fn without_errors_there_is_still_doubt() {
        let pages = sample([(true, true, 5), (false, false, 95), (true, true, 0), (true, true, 0)]);
        let found =
            estimate_prevalence(&pages, &Design::simple(100), Unlabeled { pages: 9900, predicted: 495 }).unwrap();
        assert!((found.value - 0.05).abs() < 1e-12);
        assert!(found.interval.low < 0.035 && found.interval.high > 0.065, "{found:?}");
        assert_eq!(estimate_prevalence(&[], &Design::simple(0), Unlabeled { pages: 10, predicted: 1 }), None);
        let all = estimate_prevalence(&pages, &Design::simple(100), Unlabeled { pages: 0, predicted: 0 }).unwrap();
        assert!((all.value - 0.05).abs() < 1e-12 && all.lambda == 0.0, "{all:?}");
    }
}
