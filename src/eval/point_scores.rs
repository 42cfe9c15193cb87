//! F1 scores without intervals, for samples that are drawn many times.

use std::collections::BTreeSet;

/// The mean F1 of the labels that occur in truth or answers of pages with a weight; `None`: none does. Each page
/// has its true labels and those of the model, as numbers below `labels`, and a weight.
#[must_use]
pub fn macro_f1<'a>(
    labels: usize,
    pages: impl Iterator<Item = (&'a BTreeSet<usize>, &'a BTreeSet<usize>)>,
    weights: &[f64],
) -> Option<f64> {
    // Twice the right ones, and the sum of those in truth and answers.
    let (mut right, mut all) = (vec![0.0; labels], vec![0.0; labels]);
    for ((truth, answer), weight) in pages.zip(weights) {
        truth.iter().chain(answer).for_each(|label| all[*label] += weight);
        truth.intersection(answer).for_each(|label| right[*label] += 2.0 * weight);
    }
    let scores: Vec<f64> =
        right.iter().zip(&all).filter(|(_, all)| **all > 0.0).map(|(right, all)| right / all).collect();
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}
