//! The members of replies, as data.

/// How the replies of an API look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplyStyle {
    /// Where the text of the reasoning is.
    pub(crate) reasoning: ReasoningText,
    /// When the answer is where the text of the reasoning belongs.
    pub(crate) misplaced: Misplaced,
    /// The members of `message`.
    pub(crate) keys: MessageKeys,
    /// `system_fingerprint`. `None`: absent.
    pub(crate) fingerprint: Option<&'static str>,
    /// `service_tier` of requests that ask for none. `None`: absent.
    pub(crate) service_tier: Option<&'static str>,
    /// Further members of replies and of chunks, as JSON.
    pub(crate) members: &'static str,
    /// Further members of choices, as JSON.
    pub(crate) choice_members: &'static str,
    /// `usage`.
    pub(crate) usage: UsageStyle,
    /// Where `usage` is in a stream.
    pub(crate) stream_usage: StreamUsage,
    /// The first chunk of a stream, before that with the role. Empty: none.
    pub(crate) first_chunk: &'static str,
    /// A comment before the first event of a stream. Empty: none.
    pub(crate) comment: &'static str,
    /// The finish reason of a reply that is cut.
    pub(crate) cut_reason: &'static str,
}

/// Where the text of the reasoning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReasoningText {
    /// It is not sent.
    Hidden,
    /// In this member of the message.
    Member(&'static str),
    /// In the content, before `</think>`.
    Tag,
    /// In a part of the content, which is an array.
    Part,
}

/// When the answer is in the member of the reasoning, and there is no content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misplaced {
    Never,
    /// When the model does not reason: the parser takes everything for reasoning.
    WithoutReasoning,
    /// On a quarter of the pages, while the model reasons.
    Sometimes,
}

/// The members of `message` other than `role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKeys {
    /// `content`, `refusal` and `annotations`, and `logprobs` in the choice.
    All,
    /// `content`, which may be null.
    Content,
    /// `content` if there is one.
    Present,
}

/// The members of `usage`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UsageStyle {
    /// Whether `completion_tokens` leaves reasoning tokens out. `total_tokens` has them always.
    pub(crate) hides_reasoning: bool,
    /// Whether there is `prompt_tokens_details.cached_tokens`.
    pub(crate) cached: bool,
    /// Whether there is `prompt_tokens_details.cache_write_tokens`.
    pub(crate) written: bool,
    /// Whether there is `completion_tokens_details.reasoning_tokens`.
    pub(crate) reasoning: bool,
    /// Whether there is `cost`, in dollars.
    pub(crate) cost: bool,
    /// Whether there are DeepSeek's `prompt_cache_hit_tokens` and `prompt_cache_miss_tokens`.
    pub(crate) hits: bool,
}

/// Where `usage` is in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamUsage {
    /// In a separate chunk, if the request asks for it.
    Requested,
    /// In the last chunk with a choice, whether or not the request asks for it.
    LastChunk,
    /// In every chunk, whether or not the request asks for it; the output grows.
    EveryChunk,
    /// In the last choice, whether or not the request asks for it.
    Choice,
    /// In `x_groq` of the last chunk with a choice, and as in [`StreamUsage::Requested`].
    Groq,
}
