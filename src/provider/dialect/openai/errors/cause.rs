//! Why a provider rejects a request.

/// Why a request was rejected, apart from its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The account has no credit, or its spend limit is reached.
    NoCredit,
    /// The same in words that may also describe the content of a page.
    PerhapsNoCredit,
    /// Requests in flight use up the credit for the moment.
    CreditInFlight,
    /// The key is missing or not valid.
    BadKey,
    /// The model does not exist.
    UnknownModel,
    /// The provider no longer offers the model.
    RetiredModel,
    /// The model does not take images.
    NoVision,
    /// The prompt is longer than the model's context window.
    ContextTooLong,
    /// The provider believes that the reply would repeat a protected text.
    Recitation,
    /// A content filter stopped the request.
    ContentFilter,
    /// The model used up the output limit for its reasoning.
    ReasoningExhausted,
    /// The server checks replies, and this one is not valid.
    InvalidReply,
    /// The provider failed to fetch an image.
    ImageDownload,
}

impl Cause {
    /// Whether the account has no credit, as far as the words show.
    pub(crate) fn is_credit(self) -> bool {
        matches!(self, Self::NoCredit | Self::PerhapsNoCredit)
    }
}
