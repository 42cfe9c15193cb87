//! Why a provider rejects a request, by the words of its error. One cause has many codes and wordings,
//! and comes with almost any status.
//!
//! Sources: error references of the vendors, and errors that their users quoted (2026-11).

use super::credit::{CREDIT_CODES, CREDIT_WORDS, says_no_credit, without_free_clauses};
use super::error_body::ErrorBody;
use super::invalid_reply::says_invalid_reply;
use super::model_errors::{is_retired, names_unknown_model};
use super::transient::{is_not_there_yet, transient_by_error};
use super::vision::lacks_vision;
use crate::provider::judgement::transient::Transient;
use crate::provider::judgement::wording::find_word;

/// Why a request was rejected, apart from its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The account has no credit, or its spend limit is reached.
    NoCredit,
    /// The same in words that may also stand for what a page shows.
    PerhapsNoCredit,
    /// Requests in flight use up the credit for the moment.
    CreditInFlight,
    /// The key is missing or not valid.
    BadKey,
    /// The model does not exist.
    UnknownModel,
    /// The provider does not offer the model any more.
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
    OutOfRoom,
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

/// Words of errors of a content filter, in lower case.
const FILTER_WORDS: &[&str] = &[
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
const FILTERED: &[&str] = &["text", "image", "picture", "page", "document", "file", "phrase", "words"];

/// Codes and words of a cause, in lower case. In the order in which they are looked for.
const CAUSES: &[(Cause, &[&str], &[&str])] = &[
    (Cause::CreditInFlight, &["in_flight_budget_exhausted"], &["in-flight requests settle"]),
    (Cause::NoCredit, CREDIT_CODES, CREDIT_WORDS),
    (Cause::OutOfRoom, &[], &["could not finish the message", "model output limit was reached"]),
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
        ],
    ),
    (Cause::ImageDownload, &["invalid_image_url"], &["while downloading"]),
];

/// Words about credit that are advice in errors about something else.
const CREDIT_ADVICE: &[&str] = &["purchase credits", "check your billing", "recharge", "top up your"];

/// What an error of HTTP `status` says about its cause; `None`: nothing that is known. `has_delay`:
/// whether the server says when to ask again.
pub(crate) fn find_cause(status: u16, error: &ErrorBody, has_delay: bool) -> Option<Cause> {
    let (text, codes) = (error.text(), error.codes());
    // A server that can't do its work for the moment says nothing about the model.
    let is_not_there_yet = status == 404 && is_not_there_yet(text);
    let passes = is_not_there_yet || transient_by_error(status, error) == Transient::Yes;
    if !passes && lacks_vision(text) {
        return Some(Cause::NoVision);
    }
    if !passes && is_retired(status, text, &codes) {
        return Some(Cause::RetiredModel);
    }
    // An internal error has to be clear: it may have another cause.
    let is_internal = status >= 500;
    let has_code = |names: &[&str]| {
        let is = |code: &str, name: &str| if is_internal { code == name } else { code.contains(name) };
        names.iter().any(|name| codes.iter().any(|code| is(code, name)))
    };
    // Names of parameters are often quoted.
    let unquoted = text.replace(['`', '\'', '"'], "");
    let has = |words: &[&str]| words.iter().any(|word| unquoted.contains(word));
    // Beside words of a filter and of what it has read, those about anything else may be text of the page.
    let is_about_page = || has(FILTER_WORDS) && FILTERED.iter().any(|word| find_word(text, word).is_some());
    // Relays use the code for a model that has no free channel for the moment.
    let is_named = !is_internal && has_code(&["model_not_found", "invalid_model", "deploymentnotfound"]);
    if !passes && (is_named || names_unknown_model(text) && !is_about_page()) {
        return Some(Cause::UnknownModel);
    }
    // That a refused request costs nothing is no complaint.
    let about_credit = without_free_clauses(&unquoted);
    let has_credit_words = |words: &[&str]| words.iter().any(|word| about_credit.contains(word));
    // A code counts in a message, too.
    let names_code = |names: &[&str]| names.iter().any(|name| name.contains('_') && find_word(text, name).is_some());
    // What a filter stops may be about credit, too.
    let is_filtered = || CAUSES.iter().any(|(cause, names, _)| *cause == Cause::ContentFilter && has_code(names));
    let is_cause = |cause: Cause, names: &[&str], words: &[&str]| match cause {
        Cause::NoCredit => {
            // Beside a delay, words about credit are advice.
            let is_advice = status == 429 && has_delay;
            // A server has budgets of other kinds, too.
            let is_vague = is_internal && has(&["budget has been exceeded", "exceeded your current quota"]);
            let is_in_words = || !is_advice && !is_vague && has_credit_words(words) && !is_filtered();
            has_code(names) || names_code(names) || is_in_words()
        }
        Cause::OutOfRoom => has(words) || matches!(status, 0..=400 | 422) && says_reasoning_took_all(&unquoted),
        Cause::BadKey => !is_internal && (has_code(names) || has(words) || complains_of_key(text)),
        Cause::Recitation | Cause::ContentFilter => has_code(names) || !is_internal && has(words),
        Cause::InvalidReply => {
            has_code(names) || has(words) || matches!(status, 0..=400 | 422) && says_invalid_reply(text)
        }
        Cause::ContextTooLong => {
            let is_clear = has(WINDOW) && has(TOO_LONG);
            has_code(names) || has(words) && (!is_internal || is_clear) || says_prompt_too_long(&unquoted)
        }
        _ => has_code(names) || has(words),
    };
    let found = CAUSES.iter().find(|(cause, names, words)| is_cause(*cause, names, words)).map(|(cause, ..)| *cause);
    let is_coded = || status == 402 || has_code(CREDIT_CODES) || names_code(CREDIT_CODES);
    let found = match found {
        Some(Cause::NoCredit) if is_about_page() && !is_coded() => Some(Cause::PerhapsNoCredit),
        found => found,
    };
    let is_advised = !is_internal && status != 429 && has_credit_words(CREDIT_ADVICE);
    // Beside a delay, such words are advice.
    let may_mean_credit = !passes && (status != 429 || !has_delay);
    let is_said = || may_mean_credit && says_no_credit(&about_credit);
    found.or(is_advised.then_some(Cause::NoCredit)).or_else(|| is_said().then_some(Cause::PerhapsNoCredit))
}

const WINDOW: &[&str] = &[
    "context length",
    "context window",
    "context limit",
    "context size",
    "maximum model length",
    "prompt",
    "max_model_len",
];
const TOO_LONG: &[&str] = &["exceed", "maximum", "too long", "too large", "longer than", "larger than", "greater than"];

/// `Input length 9000 exceeds maximum allowed token size 8192`, in the words of several servers; not that the
/// output limit, a rate or an image is too large.
fn says_prompt_too_long(text: &str) -> bool {
    const OTHERS: &[&str] =
        &["max_tokens", "max_completion_tokens", "max_new_tokens", "output", "completion", "minute", "rate", "image"];
    const OVER: &[&str] = &["exceed", "too long", "longer than", "larger than", "more than", "over the"];
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let has_subject = ["input", "inputs", "prompt"].iter().any(|word| find_word(text, word).is_some());
    // Beside the window, the output limit is a part of the sum.
    let is_window = find_word(text, "window").is_some() && !text.contains("image");
    has_subject && text.contains("token") && (is_window || has(OVER) && !has(OTHERS))
}

/// `The token budget was exhausted by reasoning`, in the words of several servers; not that the model takes no such
/// parameter.
fn says_reasoning_took_all(text: &str) -> bool {
    const REASONING: &[&str] = &["reasoning", "reason", "thinking", "thoughts", "thought"];
    const ROOM: &[&str] = &["token", "tokens", "budget", "output", "limit", "room", "length", "space"];
    const USED: &[&str] = &[
        "exhaust",
        "used up",
        "use up",
        "uses up",
        "used all",
        "used the whole",
        "used the entire",
        "consumed",
        "consumes",
        "ran out",
        "run out",
        "out of",
        "spent",
        "no room",
        "left no",
        "nothing left",
        "none left",
        "no tokens left",
        "before an answer",
        "before the answer",
        "without an answer",
        "without producing",
        "limit hit",
        "limit reached",
        "limit was hit",
        "limit was reached",
    ];
    let has_word = |words: &[&str]| words.iter().any(|word| find_word(text, word).is_some());
    has_word(REASONING) && has_word(ROOM) && USED.iter().any(|words| text.contains(words)) && !text.contains("support")
}

/// `The API key is not valid`, in the words of several servers.
fn complains_of_key(text: &str) -> bool {
    const KEYS: &[&str] = &["api key", "api-key", "apikey", "api_key"];
    const COMPLAINTS: &[&str] = &[
        "invalid",
        "incorrect",
        "not valid",
        "missing",
        "expired",
        "required",
        "provide",
        "pass",
        "no api key",
        "revoked",
        "disabled",
        "not found",
        "wrong",
        "malformed",
        "unauthorized",
        "denied",
        "illegal",
        "leaked",
        "empty",
        "set",
        "make sure",
    ];
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    has(KEYS) && has(COMPLAINTS)
}

#[cfg(test)]
mod tests;
