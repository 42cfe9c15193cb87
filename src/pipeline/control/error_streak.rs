//! The same error page after page points to a common cause: more paid requests would only confirm it.

use crate::base::vocabulary::ErrorKind;

/// Pages in a row with the same kind of error that end a run, wherever they occur.
const MAX_ANYWHERE: u32 = 50;

/// Counts pages in a row that fail with the same kind of error.
#[derive(Debug)]
pub(crate) struct ErrorStreak {
    at_start: u32,
    kind: Option<ErrorKind>,
    length: u32,
    pages: u32,
}

impl ErrorStreak {
    /// `at_start`: how many such pages end a run whose first pages they are; 0: errors never end it.
    pub(crate) fn new(at_start: u32) -> Self {
        Self { at_start, kind: None, length: 0, pages: 0 }
    }

    /// Adds a page that was asked; the length of the streak when it ends the run.
    pub(crate) fn add(&mut self, kind: Option<ErrorKind>) -> Option<u32> {
        self.pages += 1;
        if kind.is_some() && kind == self.kind {
            self.length += 1;
        } else {
            self.kind = kind;
            self.length = u32::from(kind.is_some());
        }
        let from_the_start = self.length == self.pages && self.length >= self.at_start;
        (self.at_start > 0 && (from_the_start || self.length >= MAX_ANYWHERE) && self.length > 0).then_some(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops_at(at_start: u32, kinds: impl Iterator<Item = Option<ErrorKind>>) -> Option<usize> {
        let mut streak = ErrorStreak::new(at_start);
        kinds.take(500).position(|kind| streak.add(kind).is_some()).map(|at| at + 1)
    }

    #[test]
    fn a_streak_ends_the_run_at_its_start_and_anywhere() {
        let same = || std::iter::repeat(Some(ErrorKind::Timeout));
        assert_eq!(stops_at(20, same()), Some(20));
        assert_eq!(stops_at(5, same()), Some(5));
        assert_eq!(stops_at(0, same()), None);
        assert_eq!(stops_at(20, std::iter::once(None).chain(same())), Some(51));
        assert_eq!(stops_at(20, [Some(ErrorKind::Timeout), Some(ErrorKind::Reset)].into_iter().cycle()), None);
        assert_eq!(stops_at(20, std::iter::repeat(None)), None);
    }
}
