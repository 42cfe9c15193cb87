//! Samples whose probabilities are stated page by page.

use crate::base::units::grouped;

/// With one probability, a sample may stand for this many times the pages that there are: weights are all the same.
const MAX_STANDS_FOR: f64 = 1.1;
/// How many standard deviations the size of a sample with one probability may be too large by chance.
const MAX_DEVIATION: f64 = 3.0;
/// How many estimated standard deviations a sample with several probabilities may stand for too many pages by chance.
const MAX_ESTIMATED_DEVIATION: f64 = 4.0;
/// Probabilities that are rounded to two digits are wrong by up to this share.
const ROUNDING: f64 = 0.05;

/// How many pages a sample stands for by its stated probabilities, where these can't be those of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StatedTotal {
    /// The sum of 1 / probability.
    pub(crate) stands_for: f64,
    /// The pages among which the sample is said to be drawn.
    pub(crate) pages: u64,
}

impl StatedTotal {
    /// Why the pages are not a valid sample, in words. `is_part`: whether these are not all pages of the job.
    pub(crate) fn describe(&self, is_part: bool) -> String {
        let pages = grouped(self.pages);
        let there_are = if is_part { format!("{pages} are selected") } else { format!("the job has {pages}") };
        // Below this, grouping digits loses nothing.
        let total = if self.stands_for < 1e15 {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is below 1e15")]
            let whole = self.stands_for.round() as u64;
            grouped(whole)
        } else {
            format!("{:e}", self.stands_for)
        };
        format!("the stated probabilities add up to {total} pages, {there_are}: this is not a valid sample")
    }
}

/// The probability that is stated with a decision on a drawn page: in files it has to be that of a sample of the
/// whole job, so a draw among the pages of a selection states none.
#[expect(clippy::cast_precision_loss, reason = "a number of pages")]
pub(crate) fn stated_probability(is_within_selection: bool, size: u64, population: u64) -> Option<f64> {
    (!is_within_selection && size > 0 && population > 0).then(|| size.min(population) as f64 / population as f64)
}

/// What pages stand for that can't be one sample, drawn with these probabilities independently of each other; `None`:
/// they can. A sample that was enlarged has pages of two draws: the probabilities of the first are too low for it, and
/// their pages would weigh too much.
#[expect(clippy::cast_precision_loss, reason = "a number of pages")]
pub(crate) fn find_contradiction(probabilities: &[f64], pages: u64) -> Option<StatedTotal> {
    let first = *probabilities.first()?;
    let all = pages as f64;
    let sum = |of_page: fn(f64) -> f64| probabilities.iter().map(|probability| of_page(*probability)).sum::<f64>();
    let stands_for = sum(|probability| 1.0 / probability);
    let is_possible = if probabilities.iter().any(|other| *other != first) {
        // Horvitz and Thompson's estimate of the number of pages, and that of its variance.
        let variance = sum(|probability| (1.0 - probability) / (probability * probability));
        stands_for - all <= ROUNDING * all + MAX_ESTIMATED_DEVIATION * variance.sqrt()
    } else if first >= 1.0 {
        // Of pages that were drawn with certainty, none can be missing.
        probabilities.len() as u64 >= pages
    } else {
        // Its size does not matter for the weights, and fewer pages are a sample that is not finished. But many more
        // than can have been drawn are of other pages.
        let expected = all * first;
        probabilities.len() as f64 <= expected * MAX_STANDS_FOR + MAX_DEVIATION * (expected * (1.0 - first)).sqrt()
    };
    (!is_possible).then_some(StatedTotal { stands_for, pages })
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "small numbers of pages")]
mod tests {
    use super::*;
    use crate::base::random::Random;

    /// The probability of a page by its position from 0 to 1.
    type Design = fn(f64) -> f64;

    #[test]
    fn probabilities_are_those_of_the_whole_job() {
        for (is_within, size, population, expected) in
            [(false, 5, 20, Some(0.25)), (true, 5, 20, None), (false, 30, 20, Some(1.0)), (false, 0, 0, None)]
        {
            assert_eq!(stated_probability(is_within, size, population), expected, "{size} of {population}");
        }
    }

    #[test]
    fn pages_of_two_draws_weigh_too_much() {
        for (probabilities, pages, expected) in [
            (&[][..], 10, true),
            (&[0.1, 0.1, 0.1], 10, true),
            (&[0.5, 0.25], 6, true),
            (&[1.0, 0.5, 0.5], 5, true),
            // Chance alone may have drawn both.
            (&[0.5, 0.25], 5, true),
            // 80 of 200 pages, and 80 more when the sample was enlarged.
            (&[[0.4; 80], [0.8; 80]].concat(), 200, false),
            (&[[0.01; 100], [0.02; 100]].concat(), 2000, false),
            (&[0.01; 200], 2000, false),
            (&[1.0; 40], 40, true),
            (&[1.0; 40], 300, false),
            (&[0.01; 40], 300, false),
            (&[0.01; 3], 300, true),
            (&[0.13; 40], 300, true),
            // Not finished.
            (&[0.5; 40], 300, true),
            // By chance a few more than half of the pages.
            (&[0.5; 165], 300, true),
            (&[0.5; 200], 300, false),
        ] {
            let is_possible = find_contradiction(probabilities, pages).is_none();
            assert_eq!(is_possible, expected, "{probabilities:?} {pages}");
        }
    }

    #[test]
    fn honest_samples_with_several_probabilities_are_told_from_others() {
        // Each with the pages of its job.
        let designs: [(&str, u64, Design); 5] = [
            ("two groups", 400, |at| if at < 0.1 { 0.5 } else { 0.05 }),
            ("three groups, one of them complete", 300, |at| {
                if at < 0.05 {
                    1.0
                } else if at < 0.3 {
                    0.2
                } else {
                    0.03
                }
            }),
            ("by size", 500, |at| 0.01 + 0.3 * at * at),
            ("few pages that are rarely drawn", 200, |at| if at < 0.05 { 0.01 } else { 0.3 }),
            ("a small sample", 60, |at| 0.02 + 0.2 * at),
        ];
        for (seed, (design, pages, probability)) in (1..).zip(designs) {
            let random = Random::new(seed);
            // How many of 1,000 samples are rejected whose pages were drawn with `times` the stated probabilities.
            let rejected = |pages: u64, times: f64| {
                let sample = || -> Vec<f64> {
                    let stated = (0..pages).map(|page| probability(page as f64 / pages as f64) / times);
                    stated.filter(|stated| random.unit() < stated * times).collect()
                };
                (0..1000).filter(|_| find_contradiction(&sample(), pages).is_some()).count()
            };
            let honest = rejected(pages, 1.0);
            assert!(honest <= 1, "{design}: {honest} of 1,000 rejected");
            // A few heavy pages may be chance: larger samples can be told.
            let found = rejected(pages * 10, 10.0);
            assert!(found >= 999, "{design}: {found} of 1,000 found");
        }
    }

    #[test]
    fn a_contradiction_is_stated_in_pages() {
        let found = find_contradiction(&[0.01; 200], 2000).unwrap();
        assert_eq!(
            found.describe(false),
            "the stated probabilities add up to 20,000 pages, the job has 2,000: this is not a valid sample"
        );
        assert_eq!(
            found.describe(true),
            "the stated probabilities add up to 20,000 pages, 2,000 are selected: this is not a valid sample"
        );
    }
}
