//! What an exchange means for the form of requests.

use crate::provider::form::capability::Capabilities;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::form::form_candidate::FormCandidate;

/// What an exchange means for the form of requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FormChange {
    /// Nothing.
    None,
    /// Later requests have another form.
    Changed {
        /// What the endpoint is assumed to accept from now on.
        capabilities: Capabilities,
        /// What changes.
        what: CapabilityChange,
        /// Whether it may be reverted if it does not help.
        is_pending: bool,
    },
    /// It is known that the endpoint accepts the form.
    Proven {
        /// What the endpoint accepts.
        capabilities: Capabilities,
        /// Found by a search.
        found: Option<FormCandidate>,
    },
    /// The next request has another form, to find out what the endpoint accepts.
    Trying(Capabilities),
    /// The change has not helped, and nothing else is known: requests have the previous form.
    Reverted(Capabilities),
    /// Another attempt has brought a change since the request was sent.
    AlreadyMade,
    /// The change was made before, and the error is the same; or pages are answered in this form.
    Exhausted(CapabilityChange),
    /// The error may concern only its page: the page is asked again, and others show it.
    Doubted,
    /// Other pages are answered in this form, but the endpoint rejects its format for this page: only the page
    /// is asked without a format.
    PageWithoutFormat,
}

impl FormChange {
    /// The form of later requests, if it has changed.
    #[must_use]
    pub fn capabilities(&self) -> Option<Capabilities> {
        match self {
            Self::Changed { capabilities, .. } | Self::Proven { capabilities, .. } => Some(*capabilities),
            Self::Trying(capabilities) | Self::Reverted(capabilities) => Some(*capabilities),
            Self::None | Self::AlreadyMade | Self::Exhausted(_) | Self::Doubted | Self::PageWithoutFormat => None,
        }
    }

    /// What the store keeps: not changes that may be reverted.
    #[must_use]
    pub fn stored(&self) -> Option<Capabilities> {
        match self {
            Self::Changed { capabilities, is_pending: false, .. } | Self::Proven { capabilities, .. } => {
                Some(*capabilities)
            }
            _ => None,
        }
    }

    /// Whether a page with an error that names nothing is asked again.
    #[must_use]
    pub fn asks_again(&self) -> bool {
        matches!(self, Self::Trying(_) | Self::Doubted | Self::AlreadyMade | Self::Proven { .. })
    }
}
