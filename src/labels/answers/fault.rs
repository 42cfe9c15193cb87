//! What is wrong with a line.

use std::fmt;

/// Why a line can't be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineFault {
    /// Where the line is: `line 3`.
    pub(crate) place: String,
    /// What is wrong: a lower-case fragment.
    pub(crate) message: String,
    /// Whether the line is well-formed, and only the job does not know its path, task or value.
    pub(crate) is_unknown: bool,
}

impl LineFault {
    /// The line is not well-formed.
    pub(crate) fn malformed(place: &str, message: impl Into<String>) -> Self {
        Self { place: place.to_owned(), message: message.into(), is_unknown: false }
    }

    /// The job does not know the path, the task or the value.
    pub(crate) fn unknown(place: &str, message: impl Into<String>) -> Self {
        Self { place: place.to_owned(), message: message.into(), is_unknown: true }
    }
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
