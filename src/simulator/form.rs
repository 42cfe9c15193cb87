//! The forms in which compatible servers send good replies, and replies that do not end.

/// A form of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyForm {
    /// The content as an array of parts, with unknown members, a float where an integer is
    /// documented, and an unknown finish reason. JSON only.
    Parts,
    /// The reasoning of the model before the answer, inside the content. JSON only.
    Thoughts,
    /// The other content type: JSON where a stream was requested, a stream where it was not.
    OtherKind,
    /// A stream with comment lines and with events that have no data.
    Comments,
    /// A stream with CR LF line ends and without a space after `data:`.
    ReturnLines,
    /// A stream that is sent byte by byte.
    Bytewise,
    /// A stream with a finish reason and without `[DONE]`.
    NoDone,
    /// A stream with usage in every event.
    UsageEverywhere,
    /// A stream that breaks off with an error that is plain text.
    PlainError,
    /// A stream that breaks off with LM Studio's error.
    DoubleError,
    /// A stream that breaks off with vLLM's error, followed by `[DONE]`.
    ErrorThenDone,
    /// A stream that breaks off with llama.cpp's field `error:`.
    ErrorField,
    /// A stream that breaks off with an event named `error`.
    ErrorEvent,
    /// A stream that breaks off with OpenRouter's finish reason `error`.
    ErrorFinish,
    /// Half of the reply, and then nothing.
    Stall,
    /// One byte every quarter of a second.
    Drip,
    /// Half of the reply, and then comments (a stream) or spaces (JSON) without an end.
    Endless,
}

impl ReplyForm {
    /// All forms with their names on the command line.
    pub(crate) const ALL: &[(&str, Self)] = &[
        ("parts", Self::Parts),
        ("thoughts", Self::Thoughts),
        ("other-kind", Self::OtherKind),
        ("comments", Self::Comments),
        ("return-lines", Self::ReturnLines),
        ("bytewise", Self::Bytewise),
        ("no-done", Self::NoDone),
        ("usage-everywhere", Self::UsageEverywhere),
        ("plain-error", Self::PlainError),
        ("double-error", Self::DoubleError),
        ("error-then-done", Self::ErrorThenDone),
        ("error-field", Self::ErrorField),
        ("error-event", Self::ErrorEvent),
        ("error-finish", Self::ErrorFinish),
        ("stall", Self::Stall),
        ("drip", Self::Drip),
        ("endless", Self::Endless),
    ];
}
