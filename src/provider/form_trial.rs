//! What is tried for an error whose words are not understood.

use super::capability_change::CapabilityChange;

/// What is tried for an error whose words are not understood.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FormTrial {
    /// The same request again: the server may have failed for the moment.
    Again,
    /// One change.
    Change(CapabilityChange),
    /// No format of replies.
    NoFormat,
    /// Nothing that can be left out.
    Bare,
}

impl FormTrial {
    /// How the endpoint is asked, in words for the log; `None`: as before.
    #[must_use]
    pub fn describe(self) -> Option<String> {
        match self {
            Self::Again => None,
            Self::Change(change) => Some(change.describe()),
            Self::NoFormat => Some("without a format of replies".to_owned()),
            Self::Bare => Some("without anything that can be left out".to_owned()),
        }
    }
}
