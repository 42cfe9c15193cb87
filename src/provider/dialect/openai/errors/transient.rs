//! Whether an error is transient: the words with which a server reports that it can't work for the moment. With a
//! status of a server fault they outweigh rejecting words: `temperature is not supported right now, try again later`
//! asks to wait.
//!
//! Sources: errors of overloaded and restarting servers that their users quoted (2026-11).

use super::error_body::ErrorBody;
use crate::provider::judgement::transient::Transient;
use crate::provider::judgement::wording::words;

/// States of a server that end by themselves, in lower case.
const STATES: &[&str] = &[
    "temporar",
    "overload",
    "at capacity",
    "over capacity",
    "out of capacity",
    "no capacity",
    "insufficient capacity",
    "capacity exceeded",
    "timed out",
    "right now",
    "too busy",
    "is busy",
    "are busy",
    "server busy",
    "warming up",
    "is loading",
    "still loading",
    "being loaded",
    "starting up",
    "restarting",
    "maintenance",
    "high demand",
    "heavy load",
    "high load",
    "out of memory",
    "connection refused",
    "connection reset",
    "server is down",
    "service is down",
    "backend is down",
    "slow down",
    "rate limit",
    "too many requests",
    "too many concurrent",
    "please wait",
    "in a few ",
    "again later",
    "try later",
    "again soon",
    // Chinese: later; busy; overloaded; temporarily; retry.
    "稍后",
    "繁忙",
    "过载",
    "暂时",
    "重试",
];

/// Words that state only that something has failed or is used up: a clear rejection beside them counts.
const FAILURES: &[&str] =
    &["internal error", "internal server error", "service unavailable", "unexpected error", "timeout", "quota"];

/// Words for another attempt at the same request.
const REPEATS: &[&str] = &["try again", "retry", "try the request again", "try your request again", "resend"];

/// Something is unavailable: temporarily, unless the text states for what.
const ABSENCES: &[&str] = &["unavailable", "not available"];

/// Whether an error of `status` passes. Only with a status of servers' faults or of limits do its words or codes leave no
/// doubt.
pub(crate) fn transient_by_error(status: u16, error: &ErrorBody) -> Transient {
    let is_code = |code: &String| code.contains("overload") || code.contains("rate_limit");
    let found = if error.codes().iter().any(is_code) { Transient::Yes } else { transient_by_text(error.text()) };
    if found == Transient::Yes && status < 500 && status != 429 { Transient::Perhaps } else { found }
}

/// Whether an error with this message, in lower case, passes.
pub(crate) fn transient_by_text(text: &str) -> Transient {
    if is_of_now(text) {
        Transient::Yes
    } else if FAILURES.iter().any(|words| text.contains(words)) {
        Transient::Perhaps
    } else {
        Transient::No
    }
}

/// Whether `text`, in lower case, states that the server can't work for the moment.
fn is_of_now(text: &str) -> bool {
    let has = |list: &[&str]| list.iter().any(|word| text.contains(word));
    let asks_to_repeat = || REPEATS.iter().any(|word| words(text, word).any(|at| asks_to_repeat(text, at, word)));
    let is_absent = || {
        // Not the name of an exception, such as LiteLLM's `ServiceUnavailableError`.
        let mut found = ABSENCES.iter().flat_map(|word| words(text, word).map(|at| (at, &text[at + word.len()..])));
        found.any(|(at, after)| !is_restriction(after) && !is_status_line(&text[..at], after))
    };
    // `not supported at the moment of writing` describes the API.
    let is_at_the_moment =
        || text.match_indices("at the moment").any(|(at, word)| !text[at + word.len()..].starts_with(" of"));
    has(STATES) || asks_to_repeat() || is_absent() || is_at_the_moment() || is_not_there_yet(text)
}

/// Whether something is not available yet by `text`, in lower case, such as a model that is being loaded.
pub(crate) fn is_not_there_yet(text: &str) -> bool {
    // `not found yet, loading`: not an error of loading, nor a feature that is not supported yet.
    let is_loading = || {
        let mut found = words(text, "loading").map(|at| &text[at + "loading".len()..]);
        text.contains("model") && found.any(|after| !after.starts_with(' ') || after.starts_with(" the model"))
    };
    let is_missing_yet = || {
        let at = ["not found", "not ready", "not loaded", "not started", "not up"].iter().find_map(|it| text.find(it));
        at.is_some_and(|at| words(&text[at..], "yet").next().is_some())
    };
    is_loading() || is_missing_yet()
}

/// Whether the words for another attempt at `at` ask for the same request: not `remove it and try again`,
/// `try again with a higher limit` or `do not retry`.
fn asks_to_repeat(text: &str, at: usize, word: &str) -> bool {
    const CHANGES: &[&str] = &["with", "without", "using", "after removing", "after changing", "after fixing"];
    const WAITS: &[&str] = &["wait", "moment", "second", "minute"];
    let (before, after) = (text[..at].trim_end(), text[at + word.len()..].trim_start());
    let last = |text: &str| text.rsplit(|c: char| !c.is_alphanumeric() && c != '\'').next().map(str::to_owned);
    let link = last(before.trim_end_matches("please").trim_end()).unwrap_or_default();
    let clause = before.rsplit(['.', ';', ':']).next().unwrap_or_default();
    let follows_change =
        matches!(link.as_str(), "and" | "then" | "before") && !WAITS.iter().any(|word| clause.contains(word));
    let is_denied = matches!(link.as_str(), "not" | "never" | "cannot") || link.ends_with("n't");
    let changes = CHANGES.iter().any(|word| words(after, word).next() == Some(0));
    !follows_change && !is_denied && !changes
}

/// Whether `unavailable` is that of a status line before the error: `503 Service Unavailable: …`.
fn is_status_line(before: &str, after: &str) -> bool {
    before.ends_with("service ") && after.starts_with([':', ' ']) && after.trim_start().starts_with([':', '-', '{'])
}

/// Whether the words after `not available` state for what, which is permanent: `for this model`.
fn is_restriction(after: &str) -> bool {
    const LINKS: &[&str] = &["for", "with", "on", "in", "to", "when"];
    const SCOPES: &[&str] = &[
        "model",
        "models",
        "deployment",
        "engine",
        "plan",
        "tier",
        "account",
        "organization",
        "project",
        "region",
        "version",
        "reasoning",
        "thinking",
        "images",
    ];
    let mut words = after.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words.next().is_some_and(|word| LINKS.contains(&word)) && words.take(4).any(|word| SCOPES.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_and_what_stays() {
        for text in [
            "the server is overloaded: temperature is not supported right now, try again later",
            "overloaded: structured outputs (response_format) are not supported at the moment",
            "failed to compile response_format: grammar backend unavailable",
            "model replica m has been shut down; please retry",
            "response_format workers are not available, try again",
            "structured output is temporarily unavailable",
            "the engine for json mode is not available",
            "temperature is not supported while the model is loading",
            "please wait a moment and try again",
            "retry in 20s",
            "could not verify: billing service timed out",
            "服务繁忙，请稍后再试",
            "failed to compile response_format: service unavailable",
            "temperature: service unavailable. try later",
            "no deployments available for selected model, try again in 5 seconds",
        ] {
            assert_eq!(transient_by_text(text), Transient::Yes, "{text}");
        }
        for text in [
            "this model is not supported at the moment of writing",
            "'temperature' is not supported with this model. remove it and try again",
            "remove 'temperature', then please retry.",
            "please try again with higher max_tokens",
            "temperature is not supported: retry without it",
            "temperature is unknown; do not retry this request",
            "you can't retry: temperature is not allowed",
            "'temperature' is not currently supported with this model",
            "'temperature' is not supported at this time",
            "reasoning_effort is not available for this model",
            "temperature is unavailable with reasoning models",
            "this model no longer supports temperature",
            "the number of retries is not supported",
            "litellm.serviceunavailableerror: 'temperature' is not supported. litellm retried: 2 times, max retries: 2",
            "503 service unavailable: `temperature` is deprecated for this model.",
            "the image is downloaded; temperature is not supported",
            "",
        ] {
            assert_ne!(transient_by_text(text), Transient::Yes, "{text}");
        }
    }

    #[test]
    fn what_may_pass_and_what_is_certain() {
        let body = |kind: &str, message: &str| {
            ErrorBody::from_value(&serde_json::json!({"error": {"message": message, "type": kind}}))
        };
        for (kind, message, of_server, of_request) in [
            ("", "the server is overloaded", Transient::Yes, Transient::Perhaps),
            ("overloaded_error", "x", Transient::Yes, Transient::Perhaps),
            ("rate_limit_error", "x", Transient::Yes, Transient::Perhaps),
            ("", "Internal error while processing response_format", Transient::Perhaps, Transient::Perhaps),
            ("", "the quota of this user", Transient::Perhaps, Transient::Perhaps),
            ("", "`temperature` is deprecated for this model.", Transient::No, Transient::No),
            ("", "", Transient::No, Transient::No),
        ] {
            for (statuses, expected) in [(&[429, 500, 503, 529][..], of_server), (&[400, 403, 404], of_request)] {
                for status in statuses {
                    assert_eq!(transient_by_error(*status, &body(kind, message)), expected, "{status} {message}");
                }
            }
        }
    }
}
