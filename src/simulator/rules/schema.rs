//! What becomes of the schema in `response_format`, as data.

use super::rejection::Rejection;

/// What a server does with a schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SchemaRule {
    /// What it does with `json_schema`.
    pub(crate) json_schema: FormatRule,
    /// What it does with `json_object`.
    pub(crate) json_object: FormatRule,
    /// Whether OpenAI's rules of strict schemas hold.
    pub(crate) is_strict: bool,
    /// Keywords that are rejected, with the error. Its `{name}` is the keyword, its `{value}` the path.
    pub(crate) keywords: (&'static [&'static str], Rejection),
    /// Whether the grammar lets the model repeat a label or a text as long as the schema allows.
    pub(crate) repeats: bool,
    /// Whether the grammar supports `uniqueItems`.
    pub(crate) knows_unique: bool,
}

/// What becomes of a value of `response_format.type`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FormatRule {
    /// The reply follows it.
    Followed,
    /// It is rejected.
    Rejected(Rejection),
    /// It is ignored, and the model answers like this.
    Ignored(FreeReply),
    /// It is followed if `provider.require_parameters` is true, otherwise ignored.
    OnDemand(FreeReply),
}

/// How a model answers whose reply is not constrained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FreeReply {
    /// The object that the prompt asks for, in a fence.
    Fenced,
    /// Prose, Markdown or an object with other members, by the page.
    Other,
}
