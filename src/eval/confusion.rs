//! The confusion matrix of a task with one label a page.

/// A page with its true label and the model's, as numbers of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labeled {
    /// The true label.
    pub truth: usize,
    /// The model's label; `None`: the page has no answer.
    pub answer: Option<usize>,
}

impl Labeled {
    /// Whether the answer is the truth.
    #[must_use]
    pub fn is_right(self) -> bool {
        self.answer == Some(self.truth)
    }
}

/// Numbers of pages by true label and answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confusion {
    /// Rows are true labels, columns are answers.
    counts: Vec<Vec<usize>>,
    /// Pages without an answer, by true label.
    unanswered: Vec<usize>,
}

impl Confusion {
    /// Counts the pages. Labels are numbers below `labels`.
    #[must_use]
    pub fn count(labels: usize, pages: &[Labeled]) -> Self {
        let mut confusion = Self { counts: vec![vec![0; labels]; labels], unanswered: vec![0; labels] };
        for page in pages {
            match page.answer {
                Some(answer) => confusion.counts[page.truth][answer] += 1,
                None => confusion.unanswered[page.truth] += 1,
            }
        }
        confusion
    }

    /// The matrix: rows are true labels, columns are answers. Pages without an answer are not in it.
    #[must_use]
    pub fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }

    /// Pages without an answer, by true label.
    #[must_use]
    pub fn unanswered(&self) -> &[usize] {
        &self.unanswered
    }

    /// Number of pages whose true label this is, with or without an answer.
    #[must_use]
    pub fn truths(&self, label: usize) -> usize {
        self.counts[label].iter().sum::<usize>() + self.unanswered[label]
    }

    /// Number of pages with this answer.
    #[must_use]
    pub fn predicted(&self, label: usize) -> usize {
        self.counts.iter().map(|row| row[label]).sum()
    }

    /// Whether a page has this label, in truth or by the model. Only such labels are in averages.
    #[must_use]
    pub fn is_used(&self, label: usize) -> bool {
        self.truths(label) > 0 || self.predicted(label) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_without_an_answer_count_for_their_truth() {
        let page = |truth, answer| Labeled { truth, answer };
        let pages = [page(0, Some(0)), page(0, Some(1)), page(0, None), page(1, Some(1)), page(2, None)];
        let confusion = Confusion::count(4, &pages);
        assert_eq!(confusion.counts()[0], [1, 1, 0, 0]);
        assert_eq!(confusion.unanswered(), [1, 0, 1, 0]);
        assert_eq!([0, 1, 2, 3].map(|label| confusion.truths(label)), [3, 1, 1, 0]);
        assert_eq!([0, 1, 2, 3].map(|label| confusion.predicted(label)), [1, 2, 0, 0]);
        assert_eq!([0, 1, 2, 3].map(|label| confusion.is_used(label)), [true, true, true, false]);
    }
}
