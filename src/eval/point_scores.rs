//! F1 scores without intervals, for samples that are drawn many times.

use super::confusion::Labeled;
use super::tags::Tagged;

/// The mean F1 of the labels that occur in truth or answers of pages with a weight. `None` if there is none.
#[must_use]
pub fn macro_f1(labels: usize, pages: &[Labeled], weights: &[f64]) -> Option<f64> {
    let (mut right, mut either) = (vec![0.0; labels], vec![0.0; labels]);
    for (page, weight) in pages.iter().zip(weights) {
        either[page.truth] += weight;
        match page.answer {
            Some(answer) if answer == page.truth => right[answer] += weight,
            Some(answer) => either[answer] += weight,
            None => {}
        }
    }
    let used = either.iter().filter(|weight| **weight > 0.0).count();
    let f1 = |(right, either): (&f64, &f64)| if *either > 0.0 { 2.0 * right / (right + either) } else { 0.0 };
    let sum: f64 = right.iter().zip(&either).map(f1).sum();
    (used > 0).then(|| sum / used as f64)
}

/// F1 of all decisions about a tag. `None` without any tag.
#[must_use]
pub fn micro_f1(pages: &[Tagged], weights: &[f64]) -> Option<f64> {
    let (mut right, mut either) = (0.0, 0.0);
    for (page, weight) in pages.iter().zip(weights) {
        let (of_page, all) = page.overlap();
        right += weight * of_page as f64;
        either += weight * all as f64;
    }
    (either > 0.0).then(|| 2.0 * right / (right + either))
}
