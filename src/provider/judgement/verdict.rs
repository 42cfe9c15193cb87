//! The vocabulary of outcomes: every attempt ends in one [`Verdict`] and one [`Charge`].

use crate::base::usage::Usage;
use crate::base::vocabulary::ErrorKind;
use crate::provider::form::capability_change::CapabilityChange;
use crate::task::Reading;
use std::time::Duration;

/// What an attempt means for its page and for the run.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The model replied.
    Done {
        /// One entry per requested task: the answer, or why it is invalid.
        reading: Reading,
        /// Whether and why the reply is incomplete.
        cut: Cut,
    },
    /// A transient fault: retry the page. It uses up one of the page's attempts.
    Retry(TransientFault),
    /// The provider is throttling or unavailable: all requests wait. It uses up no attempt.
    Later {
        /// The minimum delay that the server asked for.
        after: Option<Duration>,
        /// The obstacle.
        obstacle: Obstacle,
        /// A human-readable message.
        message: String,
    },
    /// This page cannot be answered; other pages can.
    Page(PageFault),
    /// No page can be answered: end the run.
    Stop(ProviderRefusal),
}

/// What all requests wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// A rate limit.
    RateLimit,
    /// The server is overloaded or down.
    Unavailable,
    /// There is no connection to the server.
    Unreachable,
    /// The reply does not come from the API.
    Foreign,
    /// Other pages decide: the error may concern only this page, or all, or it may not come from the API.
    ScopeUnknown,
    /// What the message states.
    Other,
}

/// Whether consecutive requests without an answer indicate an outage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outage {
    /// They do not.
    #[default]
    No,
    /// The server is down: further requests would not be answered, either.
    Likely,
    /// The endpoint has never answered, and more requests would only be charged.
    Lasting,
}

/// Whether and why a reply is incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It is complete.
    No,
    /// It reached the output limit, or a bound of its schema.
    Length,
    /// It repeated itself until it reached the output limit.
    Repetition,
}

/// A fault that may not occur again when the request is retried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransientFault {
    /// The error kind as rows show it.
    pub kind: ErrorKind,
    /// A human-readable message.
    pub message: String,
    /// The capability that the endpoint lacks. Retrying without it uses up no attempt.
    pub change: Option<CapabilityChange>,
    /// Whether the server may still be processing the request, and may bill for it.
    pub may_run: bool,
}

/// Why a page cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFault {
    /// The error kind as rows show it.
    pub kind: ErrorKind,
    /// A human-readable message.
    pub message: String,
    /// Whether the model or a content filter declined, rather than the request being wrong.
    pub is_refusal: bool,
}

/// What the provider may refuse when it refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalScope {
    /// Every request.
    AllRequests,
    /// Every request, or only the page of this one: other pages show it.
    RequestsOrPage,
    /// The same, in words that may mean that the account has no credit.
    CreditOrPage,
}

/// Why the provider answers no request at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRefusal {
    /// The provider's message.
    pub message: String,
    /// What the user can do.
    pub hint: String,
    /// What it may refuse.
    pub scope: RefusalScope,
}

impl ProviderRefusal {
    /// A refusal of every request.
    #[must_use]
    pub fn of_all(message: String, hint: impl Into<String>) -> Self {
        Self { message, hint: hint.into(), scope: RefusalScope::AllRequests }
    }

    /// Whether the provider may refuse only this page.
    #[must_use]
    pub fn may_be_page(&self) -> bool {
        self.scope != RefusalScope::AllRequests
    }

    /// Whether it may do so because the account has no credit.
    #[must_use]
    pub fn may_be_credit(&self) -> bool {
        self.scope == RefusalScope::CreditOrPage
    }
}

/// What an attempt cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// The token counts that the server reported.
    Reported(Usage),
    /// The request may have been executed, but the server reported no usage.
    Unknown,
    /// Nothing: the request was not executed.
    Nothing,
}

impl Verdict {
    /// A transient fault without further consequences.
    pub(crate) fn transient(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Retry(TransientFault { kind, message: message.into(), change: None, may_run: false })
    }

    /// All requests wait, as long as docmill finds right.
    pub(crate) fn later(obstacle: Obstacle, message: impl Into<String>) -> Self {
        Self::Later { after: None, obstacle, message: message.into() }
    }

    /// What all requests wait for; `None`: they don't.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        match self {
            Self::Later { obstacle, .. } => Some(*obstacle),
            _ => None,
        }
    }

    /// Whether the endpoint rejects the request, for any reason.
    pub(crate) fn is_rejection(&self) -> bool {
        matches!(self, Self::Page(PageFault { kind: ErrorKind::BadRequest | ErrorKind::ImageRefused, .. }))
    }

    /// A page whose request is wrong.
    pub(crate) fn page_fault(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Page(PageFault { kind, message: message.into(), is_refusal: false })
    }

    /// A page that the model or a content filter declined.
    pub(crate) fn refused(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Page(PageFault { kind, message: message.into(), is_refusal: true })
    }

    /// The end of the run.
    pub(crate) fn stop(message: impl Into<String>, hint: &str) -> Self {
        Self::Stop(ProviderRefusal::of_all(message.into(), hint))
    }

    /// The end of the run, unless the provider answers other pages.
    pub(crate) fn stop_or_page(message: impl Into<String>, hint: &str) -> Self {
        let scope = RefusalScope::RequestsOrPage;
        Self::Stop(ProviderRefusal { message: message.into(), hint: hint.to_owned(), scope })
    }

    /// The same, in words that may mean that the account has no credit.
    pub(crate) fn no_credit_or_page(message: impl Into<String>, hint: &str) -> Self {
        let scope = RefusalScope::CreditOrPage;
        Self::Stop(ProviderRefusal { message: message.into(), hint: hint.to_owned(), scope })
    }

    /// The human-readable message, if there is one.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Done { .. } => None,
            Self::Retry(fault) => Some(&fault.message),
            Self::Later { message, .. } => Some(message),
            Self::Page(fault) => Some(&fault.message),
            Self::Stop(refusal) => Some(&refusal.message),
        }
    }

    /// Replaces the message, if there is one, by what `edit` makes of it.
    pub(crate) fn edit_message(&mut self, edit: impl FnOnce(&str) -> String) {
        let message = match self {
            Self::Done { .. } => return,
            Self::Retry(fault) => &mut fault.message,
            Self::Later { message, .. } => message,
            Self::Page(fault) => &mut fault.message,
            Self::Stop(refusal) => &mut refusal.message,
        };
        *message = edit(message);
    }
}
