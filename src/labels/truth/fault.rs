//! What can't be used of the truth.

use crate::labels::wording::group_messages;
use std::fmt;

/// Maximum number of places of a message.
const MAX_PLACES: usize = 3;

/// Where a fault is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FaultPlace {
    /// A line of the truth file (in Parquet, a row).
    Line(u64),
    /// A page of the job: path and page.
    Page(String, u32),
}

/// A row or a cell of the truth that is not used, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TruthFault {
    /// Where it is.
    pub(crate) place: FaultPlace,
    /// The fault.
    pub(crate) message: String,
    /// Whether the page is still compared, without this cell.
    pub(crate) is_compared: bool,
}

impl TruthFault {
    /// The fault of a line.
    pub(crate) fn at_line(line: u64, message: impl Into<String>) -> Self {
        Self { place: FaultPlace::Line(line), message: message.into(), is_compared: false }
    }

    /// The fault of a cell without which its page is compared.
    pub(crate) fn of_cell(place: FaultPlace, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), is_compared: true }
    }

    /// The fault of a page.
    pub(crate) fn of_page(path: &str, page: u32, message: impl Into<String>) -> Self {
        Self { place: FaultPlace::Page(path.to_owned(), page), message: message.into(), is_compared: false }
    }
}

/// Similar faults, each message once, with its positions.
pub(crate) fn group_faults<'a>(faults: impl Iterator<Item = &'a TruthFault>) -> Vec<String> {
    group_messages(faults.map(|fault| (&fault.place, fault.message.as_str())), MAX_PLACES)
}

impl fmt::Display for FaultPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Page(path, 0 | 1) => write!(f, "{path}"),
            Self::Page(path, page) => write!(f, "{path}, page {page}"),
        }
    }
}

impl fmt::Display for TruthFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_said_once() {
        let faults = [2, 3, 4, 5, 7].map(|line| TruthFault::at_line(line, if line == 3 { "one" } else { "other" }));
        assert_eq!(group_faults(faults.iter()), ["line 2; line 4; line 5 and 1 more: other", "line 3: one"]);
        let page = TruthFault::of_page("a.pdf", 2, "one");
        assert_eq!(group_faults([&page].into_iter()), ["a.pdf, page 2: one"]);
    }
}
