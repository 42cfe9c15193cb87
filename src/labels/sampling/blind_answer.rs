//! Which answer to a task of a page is its truth.

/// What makes an answer a truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AnswerOrigin {
    /// Whether it was given before the model's answer was seen.
    pub(crate) is_blind: bool,
    /// Whether it belongs to a sample: it refers to a draw, or states the probability of one.
    pub(crate) is_drawn: bool,
}

/// The truth among answers to one task of one page, the oldest first: the latest blind one. If some of them belong to a
/// sample, it is one of these: an answer of another origin must not count as if its page had been drawn for it.
pub(crate) fn find_blind_answer<'a, T>(
    answers: impl DoubleEndedIterator<Item = &'a T> + Clone,
    origin: impl Fn(&T) -> AnswerOrigin,
) -> Option<&'a T> {
    let mut blind = answers.filter(|answer| origin(answer).is_blind);
    let drawn = blind.clone().rev().find(|answer| origin(answer).is_drawn);
    drawn.or_else(|| blind.next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `D`: drawn, `d`: drawn and seen, `O`: another origin, `o`: another origin and seen.
    #[test]
    fn the_latest_blind_answer_of_the_sample_counts() {
        for (answers, expected) in [
            ("", None),
            ("O", Some(0)),
            ("OO", Some(1)),
            ("Oo", Some(0)),
            ("o", None),
            ("D", Some(0)),
            ("DD", Some(1)),
            ("DO", Some(0)),
            ("OD", Some(1)),
            ("Dd", Some(0)),
            ("Do", Some(0)),
            ("dO", Some(1)),
            ("DOO", Some(0)),
        ] {
            let known: Vec<(usize, char)> = answers.chars().enumerate().collect();
            let origin = |known: &(usize, char)| AnswerOrigin {
                is_blind: known.1.is_uppercase(),
                is_drawn: known.1.eq_ignore_ascii_case(&'d'),
            };
            let found = find_blind_answer(known.iter(), origin);
            assert_eq!(found.map(|found| found.0), expected, "{answers}");
        }
    }
}
