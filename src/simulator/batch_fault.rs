//! Faults of batches.

use std::str::FromStr;

/// A fault of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchFault {
    /// No fault.
    None,
    /// The second half of the requests expires.
    Expire,
    /// The provider's queue is full: the batch fails as a whole.
    Fail,
    /// Some requests are executed and have no line in the results.
    Missing,
    /// Some requests have two lines in the results.
    Twice,
    /// The result files can't be read at the first try.
    Unreadable,
    /// The result files are empty at the first try.
    Empty,
}

impl BatchFault {
    const NAMES: &[(&str, Self)] = &[
        ("none", Self::None),
        ("expire", Self::Expire),
        ("fail", Self::Fail),
        ("missing", Self::Missing),
        ("twice", Self::Twice),
        ("unreadable", Self::Unreadable),
        ("empty", Self::Empty),
    ];
}

impl FromStr for BatchFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text).map(|(_, fault)| *fault);
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::NAMES.iter().map(|(name, _)| *name).collect();
            format!("`{text}` is not a batch fault; expected one of: {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_and_listed() {
        assert_eq!("twice".parse(), Ok(BatchFault::Twice));
        let error = "Twice".parse::<BatchFault>().unwrap_err();
        assert!(error.ends_with("expected one of: none, expire, fail, missing, twice, unreadable, empty"), "{error}");
    }
}
