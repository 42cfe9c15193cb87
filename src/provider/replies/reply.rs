//! A model's reply, in any dialect, streamed or not.

use super::served::Served;
use crate::base::usage::Usage;
use crate::provider::judgement::error_judgement::ErrorJudgement;

/// A complete reply.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reply {
    /// The visible text.
    pub(crate) content: String,
    /// The text of the model's reasoning, where the server sends it separately from the answer.
    pub(crate) reasoning: String,
    /// Token counts; `None` if the server does not report them.
    pub(crate) usage: Option<Usage>,
    /// Why the reply ended.
    pub(crate) end: ReplyEnd,
    /// Whether it has what only an API sends: a choice, with or without text, or an error with its own members, such as
    /// that a model is loading.
    pub(crate) is_of_api: bool,
    /// Whether the server states that the model ended it.
    pub(crate) has_stated_end: bool,
    /// Who gave the reply.
    pub(crate) served: Served,
    /// The message of an error that followed the end of a complete answer.
    pub(crate) late_error: Option<String>,
}

/// Why a reply ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ReplyEnd {
    /// The model finished.
    Finished,
    /// The reply reached its maximum length.
    Length,
    /// The reply reached its maximum length before any visible text: reasoning used it up.
    ReasoningExhausted,
    /// The reply reached its maximum length, repeating itself.
    Repetition,
    /// The model declined, with this explanation (which may be empty).
    Refusal(String),
    /// The provider's content filter blocked the reply.
    ContentFilter,
    /// The provider blocked the reply because it repeats a published text.
    Recitation,
    /// The reply contains no answer.
    Empty,
    /// The reply has a success status but carries an error, judged by the dialect.
    Error(Box<ErrorJudgement>),
}
