//! Faults of a line.

use std::fmt;

/// Why a line can't be imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LineFault {
    /// Where the line is: `line 3`.
    pub(crate) place: String,
    /// The fault: a lower-case fragment.
    pub(crate) message: String,
    /// Whether the line is well-formed, and only its path, task or value is unknown to the job.
    pub(crate) is_unknown: bool,
}

impl LineFault {
    /// The line is not well-formed.
    pub(crate) fn malformed(place: &str, message: impl Into<String>) -> Self {
        Self { place: place.to_owned(), message: message.into(), is_unknown: false }
    }

    /// The path, the task or the value is unknown to the job.
    pub(crate) fn unknown(place: &str, message: impl Into<String>) -> Self {
        Self { place: place.to_owned(), message: message.into(), is_unknown: true }
    }
}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}
