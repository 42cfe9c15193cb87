//! Samples whose probabilities are stated page by page.

/// A sample stands for at most this many times the pages that there are: more is chance no longer.
const MAX_STANDS_FOR: f64 = 1.1;

/// The probability that is stated with a decision on a drawn page: in files it has to be that of a sample of the
/// whole job, so a draw among the pages of a selection states none.
#[expect(clippy::cast_precision_loss, reason = "a number of pages")]
pub(crate) fn stated_probability(is_within_selection: bool, size: u64, population: u64) -> Option<f64> {
    (!is_within_selection && size > 0 && population > 0).then(|| size.min(population) as f64 / population as f64)
}

/// Whether pages can be one sample that was drawn with these probabilities. A sample that was enlarged has pages of
/// two draws: the probabilities of the first are too low for it, and their pages would weigh too much.
#[expect(clippy::cast_precision_loss, reason = "a number of pages")]
pub(crate) fn are_consistent(probabilities: &[f64], pages: u64) -> bool {
    let Some(first) = probabilities.first() else { return true };
    let stands_for: f64 = probabilities.iter().map(|probability| 1.0 / probability).sum();
    // With one probability, its size does not matter.
    probabilities.iter().all(|other| other == first) || stands_for <= pages as f64 * MAX_STANDS_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

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
            (&[0.5, 0.25], 5, false),
            (&[1.0, 0.5, 0.5], 5, true),
        ] {
            assert_eq!(are_consistent(probabilities, pages), expected, "{probabilities:?} {pages}");
        }
    }
}
