//! Samples whose probabilities are stated page by page.

use crate::base::units::{counted, grouped};

/// With one probability, a sample may stand for this many times the existing pages: weights are all the same.
const MAX_STANDS_FOR: f64 = 1.1;
/// How many standard deviations the size of a sample with one probability may be too large by chance.
const MAX_DEVIATION: f64 = 3.0;
/// At most this share of honest samples with several probabilities is rejected.
const ERROR_RATE: f64 = 0.01;
/// The numbers by which a sample with several probabilities is tested, times the number of pages: from one on, each this
/// many times the one before.
const SCALE_STEP: f64 = 4.0;
/// The largest of these numbers. Larger ones find nothing more.
const MAX_SCALE: f64 = 4.0;
/// Probabilities that are rounded to two digits are wrong by up to this share.
const ROUNDING: f64 = 0.05;

/// How many pages a sample stands for by its stated probabilities, where these can't be those of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct StatedTotal {
    /// The sum of 1 / probability.
    pub(crate) stands_for: f64,
    /// The pages among which the sample was drawn, as stated.
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
            counted(whole, "page")
        } else {
            format!("{:e} pages", self.stands_for)
        };
        format!("the stated probabilities add up to {total}, {there_are}: this is not a valid sample")
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
    let is_possible = if probabilities.iter().any(|other| *other != first) {
        is_plausible(probabilities, all)
    } else if first >= 1.0 {
        // Of pages that were drawn with certainty, none can be missing.
        probabilities.len() as u64 >= pages
    } else {
        // Its size does not matter for the weights, and fewer pages are a sample that is not finished. But many more
        // than can have been drawn are of other pages.
        let expected = all * first;
        probabilities.len() as f64 <= expected * MAX_STANDS_FOR + MAX_DEVIATION * (expected * (1.0 - first)).sqrt()
    };
    let stands_for = || probabilities.iter().map(|probability| 1.0 / probability).sum::<f64>();
    (!is_possible).then(|| StatedTotal { stands_for: stands_for(), pages })
}

/// Whether pages may have been drawn with these different probabilities, from `all` pages. For a scale, drawn pages have
/// the factor `1 + scale / probability`, others 1. If each page was drawn with its probability, independently or without
/// replacement, its factor is `1 + scale` on average, whatever the probability. So the product of all factors, divided by
/// that of these averages, is 1 on average at most, and above a limit with a probability of one divided by the limit
/// (Markov's inequality). docs/statistics.md has the sources and simulations.
#[expect(clippy::cast_precision_loss, reason = "a few scales")]
fn is_plausible(probabilities: &[f64], all: f64) -> bool {
    let scales = std::iter::successors(Some(1.0 / all), |scale| Some(scale * SCALE_STEP));
    let scales: Vec<f64> = scales.take_while(|scale| *scale <= MAX_SCALE).collect();
    let limit = (scales.len() as f64 / ERROR_RATE).ln();
    scales.iter().all(|scale| {
        let drawn: f64 = probabilities.iter().map(|probability| (scale / probability).ln_1p()).sum();
        drawn - all * (scale * (1.0 + ROUNDING)).ln_1p() <= limit
    })
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
            // Of 100 pages, 10 and 10 more; and 10 and 60 more.
            (&[[0.1; 10], [0.2; 10]].concat(), 100, true),
            (&[vec![0.1; 10], vec![0.7; 60]].concat(), 100, false),
            // Three of 224 pages that would be drawn once in 40,000 samples.
            (&[vec![1.0; 40], vec![0.0001; 3]].concat(), 224, false),
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
    fn honest_samples_with_several_probabilities_are_distinguished_from_others() {
        // Each with the pages of its job, and how many of 1,000 samples are found at least if the probabilities are
        // stated as a tenth of what they are.
        let designs: [(&str, u64, usize, Design); 5] = [
            ("two groups", 400, 990, |at| if at < 0.1 { 0.5 } else { 0.05 }),
            ("three groups, one of them complete", 300, 980, |at| {
                if at < 0.05 {
                    1.0
                } else if at < 0.3 {
                    0.2
                } else {
                    0.03
                }
            }),
            ("by size", 500, 990, |at| 0.01 + 0.3 * at * at),
            ("few pages that are rarely drawn", 200, 990, |at| if at < 0.05 { 0.01 } else { 0.3 }),
            ("seven pages", 60, 600, |at| 0.02 + 0.2 * at),
        ];
        for (seed, (design, pages, at_least, probability)) in (1..).zip(designs) {
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
            let found = rejected(pages, 10.0);
            assert!(found >= at_least, "{design}: {found} of 1,000 found");
            let found = rejected(pages * 10, 10.0);
            assert!(found >= 999, "{design}: {found} of 1,000 larger ones found");
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
