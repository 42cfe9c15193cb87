//! The `custom_id` of a line: which attempt it belongs to, at the provider too.

use crate::store::{AttemptId, AttemptName};

/// The prefix of the lines of docmill.
const PREFIX: &str = "docmill-";

/// The `custom_id` of an attempt's line.
pub(crate) fn custom_id(name: &AttemptName) -> String {
    format!("{PREFIX}{name}")
}

/// What a `custom_id` says of the attempt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LineName {
    /// Its name.
    Name(AttemptName),
    /// Its key in this store, which lines had before store version 4.
    Key(AttemptId),
}

impl LineName {
    /// Reads a `custom_id`; `None` if it is not one of docmill.
    pub(crate) fn parse(custom_id: &str) -> Option<Self> {
        let rest = custom_id.strip_prefix(PREFIX)?;
        match AttemptName::parse(rest) {
            Some(name) => Some(Self::Name(name)),
            None => rest.parse().ok().map(|key| Self::Key(AttemptId(key))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::RunId;

    #[test]
    fn lines_of_this_version_and_of_older_ones_are_recognised() {
        let name = AttemptName { run: RunId::new("20261123T131805-3f9a1c"), sequence: 7 };
        assert_eq!(custom_id(&name), "docmill-20261123T131805-3f9a1c-7");
        assert_eq!(LineName::parse(&custom_id(&name)), Some(LineName::Name(name)));
        assert_eq!(LineName::parse("docmill-123"), Some(LineName::Key(AttemptId(123))));
        for other in ["", "123", "request-1", "docmill-", "docmill-x"] {
            assert_eq!(LineName::parse(other), None, "{other}");
        }
    }
}
