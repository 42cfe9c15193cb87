//! What can't be used of the truth.

use std::fmt;

/// Where a fault is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FaultPlace {
    /// A line of the truth file (in Parquet, a row).
    Line(u64),
    /// A page of the job: path and page.
    Page(String, u32),
}

/// A row or a cell of the truth that is not compared, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TruthFault {
    /// Where it is.
    pub(crate) place: FaultPlace,
    /// What is wrong.
    pub(crate) message: String,
}

impl TruthFault {
    /// The fault of a line.
    pub(crate) fn at_line(line: u64, message: impl Into<String>) -> Self {
        Self { place: FaultPlace::Line(line), message: message.into() }
    }

    /// The fault of a page.
    pub(crate) fn of_page(path: &str, page: u32, message: impl Into<String>) -> Self {
        Self { place: FaultPlace::Page(path.to_owned(), page), message: message.into() }
    }
}

impl fmt::Display for TruthFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            FaultPlace::Line(line) => write!(f, "line {line}: {}", self.message),
            FaultPlace::Page(path, 0 | 1) => write!(f, "{path}: {}", self.message),
            FaultPlace::Page(path, page) => write!(f, "{path}, page {page}: {}", self.message),
        }
    }
}
