//! Codes and words of errors by their cause, in lower case.
//!
//! Sources: error references of the vendors, and errors that their users quoted (2026-11).

use super::cause::Cause;
use super::credit::{CREDIT_CODES, CREDIT_WORDS};

/// Words of errors of a content filter, in lower case.
pub(crate) const FILTER_WORDS: &[&str] = &[
    "content management policy",
    "content policy",
    "content filter",
    "content_filter",
    "moderation",
    "flagged",
    "usage guidelines",
    "usage policies",
    "usage policy",
    "violates our",
    "safety system",
    "safety filter",
    "safety guidelines",
    "safety policy",
    "inappropriate content",
    "data inspection",
    "responsible ai",
    "prohibited content",
    "sensitive content",
    "sensitive words",
    "blocked by guardrail",
    "blocked by a guardrail",
    "blocked by the guardrail",
    "guardrail intervened",
];

/// What a filter reads.
pub(crate) const FILTERED: &[&str] = &["text", "image", "picture", "page", "document", "file", "phrase", "words"];

/// Codes and words of a cause, in lower case. In the order of the search.
pub(crate) const CAUSES: &[(Cause, &[&str], &[&str])] = &[
    (Cause::CreditInFlight, &["in_flight_budget_exhausted"], &["in-flight requests settle"]),
    (Cause::NoCredit, CREDIT_CODES, CREDIT_WORDS),
    (Cause::ReasoningExhausted, &[], &["could not finish the message", "model output limit was reached"]),
    (
        Cause::InvalidReply,
        &["json_validate_failed", "tool_use_failed"],
        &["failed to generate json", "failed to validate json", "generated json does not match"],
    ),
    (
        Cause::BadKey,
        &["invalid_api_key", "authentication_error"],
        &[
            "no connected db",
            "invalid proxy server token",
            "authentication error",
            "authentication fails",
            "authentication failed",
            "security token included in the request is",
        ],
    ),
    (Cause::Recitation, &["recitation"], &["recitation"]),
    (
        Cause::ContentFilter,
        &[
            "content_filter",
            "content_policy",
            "content_policy_violation",
            "responsibleai",
            "responsibleaipolicyviolation",
            "data_inspection_failed",
            "datainspectionfailed",
            "moderation",
            "moderation_blocked",
            "safety",
            "content_blocked",
            "sensitive_content",
        ],
        FILTER_WORDS,
    ),
    (
        Cause::ContextTooLong,
        &["context_length_exceeded", "too_many_prompt_tokens", "exceed_context_size_error"],
        &[
            "contextwindowexceeded",
            "context_length_exceeded",
            "too large for the model's context",
            "too large for the models context",
            "more than max tokens allowed",
            "exceed max message tokens",
            "context length",
            "context window",
            "context size",
            "context limit",
            "max context",
            "prompt is too long",
            "prompt too long",
            "input is too long",
            "input too long",
            "messages is too long",
            "too many tokens",
            "too many input tokens",
            "maximum input length",
            "range of input length",
            "input length exceed",
            "maximum model length",
            "max_model_len",
            "maximum number of tokens allowed",
            "input token count",
            "maximum prompt length",
            "prompt exceeds max length",
            "model token limit",
            "message token length exceed",
            "tokens (prompt + max",
            "reduce the length of the",
            // What the window leaves for the answer.
            "must be at least 1, got -",
            "exceeds the token limit",
            "exceeds token limit",
            "tokens + max_new_tokens must be",
            "inputs must have less than",
            // Chinese: longest context; exceeds the context; the context exceeds, or is too long.
            "\u{6700}\u{5927}\u{4e0a}\u{4e0b}\u{6587}",
            "\u{8d85}\u{8fc7}\u{4e0a}\u{4e0b}\u{6587}",
            "\u{8d85}\u{51fa}\u{4e0a}\u{4e0b}\u{6587}",
            "\u{4e0a}\u{4e0b}\u{6587}\u{8d85}",
            "\u{4e0a}\u{4e0b}\u{6587}\u{8fc7}\u{957f}",
            "\u{4e0a}\u{4e0b}\u{6587}\u{957f}\u{5ea6}",
        ],
    ),
    (Cause::ImageDownload, &["invalid_image_url"], &["while downloading"]),
];

/// Words about credit that are advice in errors about something else.
pub(crate) const CREDIT_ADVICE: &[&str] = &["purchase credits", "check your billing", "recharge", "top up your"];

/// Codes of errors about a model that does not exist.
pub(crate) const UNKNOWN_MODEL_CODES: &[&str] = &["model_not_found", "invalid_model", "deploymentnotfound"];

/// What a prompt is too long for, in clear words.
pub(crate) const WINDOW: &[&str] = &[
    "context length",
    "context window",
    "context limit",
    "context size",
    "maximum model length",
    "prompt",
    "max_model_len",
];

/// That it is too long.
pub(crate) const TOO_LONG: &[&str] =
    &["exceed", "maximum", "too long", "too large", "longer than", "larger than", "greater than"];
