//! The form in which a request was sent.

use super::capability::Capabilities;
use super::capability_change::{CapabilityChange, ChangeKinds};
use super::parameter::{Parameter, Parameters};
use crate::base::usage::Usage;

/// The form in which a request was sent.
#[derive(Clone, Copy, Debug)]
pub struct SentForm {
    /// What the endpoint was assumed to accept.
    pub capabilities: Capabilities,
    /// The parameters that the request had, chosen by docmill or stated by the manifest.
    pub parameters: Parameters,
    /// The output limit in tokens, if it had one.
    pub max_reply_tokens: u32,
    /// Whether the prompt described the schema.
    pub is_described: bool,
    /// Whether it was a first question, not a repair.
    pub is_first: bool,
    /// Whether it was the usual request for its page.
    pub is_usual: bool,
    /// The number of the page, as in [`PageRequest`](crate::provider::PageRequest).
    pub page: u64,
    /// Changes that have not helped.
    pub refuted: ChangeKinds,
    /// Whether a search tries the form: any error means that this form is not accepted.
    pub is_candidate: bool,
}

impl SentForm {
    /// The form of a request that another process has sent: it may have had anything.
    pub(crate) fn unknown() -> Self {
        let mut capabilities = Capabilities::default();
        capabilities.is_proven = true;
        Self {
            capabilities,
            parameters: Parameters::from_list(&Parameter::ALL),
            max_reply_tokens: u32::MAX,
            is_described: true,
            is_first: false,
            is_usual: false,
            page: 0,
            refuted: ChangeKinds::default(),
            is_candidate: false,
        }
    }

    /// The form of a first question with page 1, without parameters, to an endpoint about which nothing is known.
    #[cfg(test)]
    pub(crate) fn first() -> Self {
        Self {
            capabilities: Capabilities::default(),
            parameters: Parameters::default(),
            max_reply_tokens: 100,
            is_described: false,
            is_first: true,
            is_usual: true,
            page: 1,
            refuted: ChangeKinds::default(),
            is_candidate: false,
        }
    }

    /// Whether a reply has used up the output limit. Some servers stop a few tokens before it.
    pub(crate) fn was_used_up(&self, usage: Usage) -> bool {
        let limit = u64::from(self.max_reply_tokens);
        self.parameters.contains(Parameter::OutputLimit) && usage.output >= limit - limit / 32
    }

    /// The change to make for an error that asks for `change`: an output limit that is rejected under both of its
    /// names is left out. An error that mentions one name, whichever is sent, is about something else.
    pub(crate) fn next_change(&self, change: CapabilityChange) -> CapabilityChange {
        match change {
            CapabilityChange::RenameOutputLimit(None) if self.refuted.contains(change) => {
                CapabilityChange::Omit(Parameter::OutputLimit)
            }
            change => self.capabilities.next_change(change),
        }
    }

    /// Whether `change` would make a difference to the request: it had what changes, and did not change it before,
    /// with or without success.
    pub(crate) fn may_change(&self, change: CapabilityChange) -> bool {
        let is_sent = change.concerns().is_none_or(|parameters| self.parameters.intersects(parameters));
        let is_outside = match change {
            CapabilityChange::MaxOutput(most) => self.max_reply_tokens > most,
            CapabilityChange::MinOutput(least) => least == 0 || self.max_reply_tokens < least,
            _ => true,
        };
        is_sent && is_outside && !self.refuted.contains(change) && self.capabilities.with(change).is_some()
    }
}
