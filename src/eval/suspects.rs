//! Pages whose truth may be wrong, most suspicious first.
//!
//! A disagreement between truth and answers has two explanations: the answers are wrong, or the truth is.
//! Answers come without a certainty, but each model has a record on the other pages. The score is the log
//! of the odds of the two explanations (the model of Dawid and Skene, "Maximum likelihood estimation of
//! observer error-rates using the EM algorithm", 1979, with the truth as one more observer):
//!
//! - How often does a page with this true label get this answer? If the model often confuses the two, its
//!   error explains the disagreement. If it hardly ever does, the truth is suspicious.
//! - How often does a page with the answered label get this answer?
//! - Do other models or recipes answer the same? Their errors are not independent, so they count less.
//! - Do equal or near-equal pages have the answer as their truth? Then one of the truths is wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How often the truth is assumed to be wrong.
const TRUTH_ERROR: f64 = 0.03;
/// Correlation that is assumed between the errors of two answers to one page.
const ANSWER_CORRELATION: f64 = 0.5;
/// How many pages the assumption about a label counts, beside what was seen.
const PRIOR_PAGES: f64 = 2.0;

/// A page with its truth and all answers to it. Values are numbers, for example of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// The value that the truth states.
    pub truth: usize,
    /// The answers of one or more models or recipes, in the same order on each page.
    pub answers: Vec<Option<usize>>,
    /// The group of pages with equal or near-equal content; not the pages of one file.
    pub alike: usize,
}

/// A page whose truth may be wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suspect {
    /// Its place among the pages.
    pub page: usize,
    /// The value that is more likely.
    pub likely: usize,
    /// Natural logarithm of the odds that the truth is wrong. It is for ordering; its size depends on assumptions.
    pub score: f64,
}

/// The pages on which an answer, or the truth of an equal page, differs from the truth, most suspicious first.
/// `values` is the number of possible values.
#[must_use]
pub fn suspected_truth(values: usize, pages: &[Witnessed]) -> Vec<Suspect> {
    let observers = pages.iter().map(|page| page.answers.len()).max().unwrap_or(0);
    let records: Vec<Record> = (0..observers).map(|observer| Record::read(values, pages, observer)).collect();
    // Thousands of pages may look alike: by group, how many pages have each value as their truth.
    let mut groups: HashMap<usize, Truths> = HashMap::new();
    for page in pages {
        *groups.entry(page.alike).or_default().entry(page.truth).or_default() += 1.0;
    }
    let none = Truths::new();
    let mut suspects: Vec<Suspect> = pages
        .iter()
        .enumerate()
        .filter_map(|(place, page)| {
            let alike = groups.get(&page.alike).unwrap_or(&none);
            let rivals: BTreeSet<usize> = page.answers.iter().flatten().chain(alike.keys()).copied().collect();
            let rivals = rivals.into_iter().filter(|value| *value != page.truth);
            let scored = rivals.map(|rival| (score(values, page, rival, alike, &records), rival));
            // Of equal scores the least value, so that the result does not depend on the order of answers.
            let (score, likely) = scored.max_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)))?;
            Some(Suspect { page: place, likely, score })
        })
        .collect();
    suspects.sort_by(|one, other| other.score.total_cmp(&one.score).then(one.page.cmp(&other.page)));
    suspects
}

/// How many pages have each value as their truth.
type Truths = BTreeMap<usize, f64>;

/// The log odds that `rival` is true, and not the truth of the page. `alike`: the truths of the pages that look alike,
/// with its own.
fn score(values: usize, page: &Witnessed, rival: usize, alike: &Truths, records: &[Record]) -> f64 {
    let wrong_each = TRUTH_ERROR / (values.max(2) - 1) as f64;
    let by_truth = |stated: usize| -> f64 {
        let given = |value: usize| if stated == value { 1.0 - TRUTH_ERROR } else { wrong_each };
        (given(rival) / given(page.truth)).ln()
    };
    let answers = page.answers.iter().enumerate().filter_map(|(observer, answer)| Some((observer, (*answer)?)));
    let by_answers: Vec<f64> = answers
        .map(|(observer, answer)| {
            let given = |value: usize| records[observer].share(page, value, answer, page.answers[observer]);
            (given(rival) / given(page.truth)).ln()
        })
        .collect();
    let correlated = 1.0 + (by_answers.len().max(1) - 1) as f64 * ANSWER_CORRELATION;
    // Other values do not show which of both is true.
    [page.truth, rival].iter().filter_map(|stated| Some(alike.get(stated)? * by_truth(*stated))).sum::<f64>()
        + by_answers.iter().sum::<f64>() / correlated
}

/// How one observer answered pages of each true value.
struct Record {
    values: usize,
    /// Pages by truth and answer.
    pairs: HashMap<(usize, usize), f64>,
    /// Answered pages by truth.
    totals: HashMap<usize, f64>,
    right: f64,
    answered: f64,
}

impl Record {
    fn read(values: usize, pages: &[Witnessed], observer: usize) -> Self {
        let mut record =
            Self { values: values.max(2), pairs: HashMap::new(), totals: HashMap::new(), right: 0.0, answered: 0.0 };
        for page in pages {
            if let Some(Some(answer)) = page.answers.get(observer) {
                *record.pairs.entry((page.truth, *answer)).or_default() += 1.0;
                *record.totals.entry(page.truth).or_default() += 1.0;
                record.right += if page.truth == *answer { 1.0 } else { 0.0 };
                record.answered += 1.0;
            }
        }
        record
    }

    /// The share of pages of the true value `value` that get `answer`, without the page itself.
    fn share(&self, page: &Witnessed, value: usize, answer: usize, own: Option<usize>) -> f64 {
        let count = |truth: usize, answer: usize| self.pairs.get(&(truth, answer)).copied().unwrap_or(0.0);
        let own_pair = |truth: usize, answer: usize| if page.truth == truth && own == Some(answer) { 1.0 } else { 0.0 };
        let own_total = if page.truth == value && own.is_some() { 1.0 } else { 0.0 };
        let own_right = if own == Some(page.truth) { 1.0 } else { 0.0 };
        // For a rare value: the accuracy on all pages, and equal probabilities of all errors.
        let accuracy = (self.right - own_right + 1.0) / (self.answered - 1.0 + 2.0);
        let assumed = if value == answer { accuracy } else { (1.0 - accuracy) / (self.values - 1) as f64 };
        let seen = self.totals.get(&value).copied().unwrap_or(0.0) - own_total;
        (count(value, answer) - own_pair(value, answer) + PRIOR_PAGES * assumed) / (seen + PRIOR_PAGES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `n` pages, each unlike any other.
    fn add(pages: &mut Vec<Witnessed>, n: usize, truth: usize, answers: &[usize]) {
        for _ in 0..n {
            let alike = pages.len();
            pages.push(Witnessed { truth, answers: answers.iter().copied().map(Some).collect(), alike });
        }
    }

    #[test]
    fn a_rare_confusion_is_more_suspicious_than_a_common_one() {
        let mut pages = Vec::new();
        add(&mut pages, 40, 0, &[0]);
        add(&mut pages, 15, 0, &[1]);
        add(&mut pages, 50, 1, &[1]);
        add(&mut pages, 50, 2, &[2]);
        let rare = pages.len();
        add(&mut pages, 1, 2, &[1]);
        let suspects = suspected_truth(3, &pages);
        assert_eq!((suspects[0].page, suspects[0].likely), (rare, 1));
        assert_eq!(suspects.len(), 16);
        assert!(suspects[0].score > suspects[1].score + 1.0, "{suspects:?}");
    }

    #[test]
    fn models_that_agree_and_equal_pages_raise_suspicion() {
        let mut pages = Vec::new();
        for label in 0..3 {
            add(&mut pages, 30, label, &[label, label]);
        }
        add(&mut pages, 3, 0, &[1, 0]);
        let both = pages.len();
        add(&mut pages, 1, 0, &[1, 1]);
        let twin = pages.len();
        add(&mut pages, 1, 0, &[1, 1]);
        // The page 30 has the truth 1 and the answers 1.
        pages[twin].alike = pages[30].alike;
        let order: Vec<usize> = suspected_truth(3, &pages).iter().map(|suspect| suspect.page).collect();
        assert_eq!(order[..2], [twin, both]);
        // Its twin is listed too, but the answers support its truth.
        assert!(order[2..].contains(&30), "{order:?}");
    }

    #[test]
    fn pages_without_disagreement_or_answer_are_not_listed() {
        let mut pages = Vec::new();
        add(&mut pages, 10, 0, &[0]);
        pages.push(Witnessed { truth: 1, answers: vec![None], alike: 99 });
        assert!(suspected_truth(2, &pages).is_empty());
        assert!(suspected_truth(2, &[]).is_empty());
    }
}
