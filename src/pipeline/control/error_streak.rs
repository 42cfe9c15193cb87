//! The same error again and again: a common cause, which another thousand paid requests
//! would only confirm.

use crate::base::vocabulary::ErrorKind;

/// Pages in a row, anywhere in a run, that end with one kind of error.
const ANYWHERE: u32 = 50;

/// Counts pages that end with one and the same kind of error.
#[derive(Debug)]
pub(crate) struct Streak {
    at_start: u32,
    kind: Option<ErrorKind>,
    length: u32,
    pages: u32,
}

impl Streak {
    /// `at_start`: pages at the start of a run that are enough; 0: never.
    pub(crate) fn new(at_start: u32) -> Self {
        Self { at_start, kind: None, length: 0, pages: 0 }
    }

    /// Takes the end of a page that was asked; the number of pages when it is enough.
    pub(crate) fn add(&mut self, kind: Option<ErrorKind>) -> Option<u32> {
        self.pages += 1;
        if kind.is_some() && kind == self.kind {
            self.length += 1;
        } else {
            self.kind = kind;
            self.length = u32::from(kind.is_some());
        }
        let from_the_start = self.length == self.pages && self.length >= self.at_start;
        (self.at_start > 0 && (from_the_start || self.length >= ANYWHERE) && self.length > 0).then_some(self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops_at(at_start: u32, kinds: impl Iterator<Item = Option<ErrorKind>>) -> Option<usize> {
        let mut streak = Streak::new(at_start);
        kinds.take(500).position(|kind| streak.add(kind).is_some()).map(|at| at + 1)
    }

    #[test]
    fn the_start_and_anywhere() {
        let same = || std::iter::repeat(Some(ErrorKind::Timeout));
        assert_eq!(stops_at(20, same()), Some(20));
        assert_eq!(stops_at(5, same()), Some(5));
        assert_eq!(stops_at(0, same()), None);
        assert_eq!(stops_at(20, std::iter::once(None).chain(same())), Some(51));
        assert_eq!(stops_at(20, [Some(ErrorKind::Timeout), Some(ErrorKind::Reset)].into_iter().cycle()), None);
        assert_eq!(stops_at(20, std::iter::repeat(None)), None);
    }
}
