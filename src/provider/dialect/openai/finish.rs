//! Why a model stopped: `finish_reason` in every spelling.
//!
//! Sources: OpenAI's spec 2.3.0; names of Gemini, Anthropic, Mistral, DeepSeek and Zhipu that
//! gateways pass on (2026-11).

use serde_json::Value;

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It finished.
    Stop,
    /// It called a tool, or the reason is unknown: the reply is over, and need not be complete.
    Other,
    /// The output limit or the context window ended the reply.
    Length,
    /// A content filter did.
    ContentFilter,
    /// A filter for the text of published works did.
    Recitation,
    /// The server failed.
    Error,
}

/// Words of reasons that a model gives that has finished.
const STOP: &[&str] = &[
    "stop",
    "stopped",
    "end",
    "ended",
    "eos",
    "eot",
    "complete",
    "completed",
    "done",
    "finish",
    "finished",
    "success",
];
/// Parts of reasons that a filter for published works gives.
const RECITATION: &[&str] = &["recitation", "copyright", "protected"];
/// Parts of reasons that other filters give.
const FILTER: &[&str] = &[
    "safety",
    "unsafe",
    "prohibit",
    "filter",
    "blocked",
    "blocklist",
    "moderat",
    "policy",
    "refus",
    "toxic",
    "guardrail",
    "armor",
    "inspection",
    "spii",
    "sensitive",
];
/// Words for what a reply has too much of.
const OUTPUT: &[&str] =
    &["token", "output", "context", "window", "text", "reply", "response", "completion", "generation"];
/// Words of limits that have nothing to do with the reply's length.
const OTHER_LIMITS: &[&str] =
    &["rate", "time", "quota", "requests", "concurren", "spend", "credit", "call", "turn", "step", "iteration"];
const ERROR: &[&str] = &["error", "abort", "aborted", "network_error", "insufficient_system_resource", "rate_limit"];
/// Words that turn a reason into its opposite, such as `not_filtered`.
const DENIALS: &[&str] = &["no", "not", "non", "none", "without", "passed", "unfiltered", "unblocked", "unmoderated"];

/// `MaxTokens`, `max-tokens` and `MAX_TOKENS` as `max_tokens`.
fn snake_case(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut follows_small = false;
    for c in text.chars() {
        if c.is_uppercase() && follows_small {
            name.push('_');
        }
        follows_small = c.is_lowercase();
        match c {
            c if c.is_alphanumeric() => name.extend(c.to_lowercase()),
            _ if name.ends_with('_') => {}
            _ => name.push('_'),
        }
    }
    name.trim_matches('_').to_owned()
}

/// A reason in snake case, without the name of its enumeration and the number of its value: `FinishReason.MAX_TOKENS`,
/// `<FinishReason.MAX_TOKENS: 2>` and `FINISH_REASON_MAX_TOKENS (2)` as `max_tokens`.
fn name_of(text: &str) -> String {
    let text = snake_case(text);
    let text = text.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    let prefixes = ["finish_reason_", "finishreason_", "stop_reason_", "stopreason_"];
    let bare = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
    bare.filter(|bare| !bare.is_empty()).unwrap_or(text).to_owned()
}

/// Reads a `finish_reason`. `None`: it is empty, and the reply continues.
pub(crate) fn read_finish(text: &str) -> Option<Finish> {
    let name = name_of(text);
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let has_word = |words: &[&str]| name.split('_').any(|word| words.contains(&word));
    let unfiltered = if has_word(STOP) { Finish::Stop } else { Finish::Other };
    Some(match name.as_str() {
        "" | "null" | "none" => return None,
        _ if has_word(DENIALS) => unfiltered,
        _ if has(RECITATION) => Finish::Recitation,
        _ if has(FILTER) => Finish::ContentFilter,
        _ if is_length(&name) => Finish::Length,
        _ if ERROR.contains(&name.as_str()) || name.starts_with("rate_limit") || name.ends_with("_error") => {
            Finish::Error
        }
        _ => unfiltered,
    })
}

/// Whether a reason in snake case means that a limit ended the reply.
fn is_length(name: &str) -> bool {
    let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    let is_limit = has(&["limit", "max", "exceed"]);
    // Cohere calls a full context window `ERROR_LIMIT`.
    let is_reached = has(&["exceed", "reached", "hit"]) || matches!(name, "limit" | "error_limit");
    let is_other = name.split('_').any(|word| OTHER_LIMITS.iter().any(|other| word.starts_with(other)));
    name.contains("length") || is_limit && !is_other && (has(OUTPUT) || has(&["limit"]) && is_reached)
}

/// Reads a reason that is a text, or an object with it, such as `{"type": "length"}`.
fn read_value(value: &Value) -> Option<Finish> {
    match value {
        Value::String(text) => read_finish(text),
        Value::Object(members) => {
            let texts =
                ["type", "reason", "finish_reason", "name"].iter().filter_map(|name| members.get(*name)?.as_str());
            texts.filter_map(read_finish).next()
        }
        _ => None,
    }
}

/// Reads why a choice ended. Where its `finish_reason` is missing, or states only that the model stopped, the members
/// decide in which routers and servers report the model's own reason.
pub(crate) fn find_finish(choice: &Value) -> Option<Finish> {
    const OTHERS: &[&str] = &["native_finish_reason", "stop_reason", "finishReason", "finish_details"];
    let stated = choice.get("finish_reason").and_then(read_value);
    let others = OTHERS.iter().filter_map(|name| choice.get(*name).and_then(read_value));
    let other = others.max_by_key(|finish| rank(*finish));
    match (stated, other) {
        (Some(stated), Some(other)) if is_clearer(other, stated) => Some(other),
        (Some(stated), _) => Some(stated),
        (None, other) => other,
    }
}

/// The reasons, from the least specific to the most specific.
fn rank(finish: Finish) -> u8 {
    match finish {
        Finish::Other => 0,
        Finish::Stop => 1,
        Finish::Error => 2,
        Finish::Length => 3,
        Finish::ContentFilter => 4,
        Finish::Recitation => 5,
    }
}

/// Whether the model's own reason is more specific than the stated one.
fn is_clearer(own: Finish, stated: Finish) -> bool {
    match (own, stated) {
        // What routers call by a wider name.
        (Finish::Recitation, _) => true,
        (Finish::ContentFilter, Finish::Stop | Finish::Other | Finish::Error)
        | (Finish::Length, Finish::Stop | Finish::Other)
        | (Finish::Stop, Finish::Other) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_in_every_spelling() {
        for (texts, expected) in [
            (&["", " ", "null", "NONE"][..], None),
            (&["stop", "STOP", "eos", "end_turn", "stop_sequence", "FinishReason.STOP", "ended"], Some(Finish::Stop)),
            (
                &[
                    "tool_calls",
                    "x",
                    "OTHER",
                    "cancelled",
                    "timeout",
                    "interrupted",
                    "disconnected",
                    "MALFORMED_FUNCTION_CALL",
                    "UNEXPECTED_TOOL_CALL",
                ],
                Some(Finish::Other),
            ),
            (
                &[
                    "length",
                    "LENGTH",
                    "max_tokens",
                    "MAX_TOKENS",
                    "FinishReason.MAX_TOKENS",
                    "finish_reason.length",
                    "model_length",
                    "max-tokens",
                    "MaxTokens",
                    "maxOutputTokens",
                    "TokenLimit",
                    "max_output_tokens",
                    "model_context_window_exceeded",
                ],
                Some(Finish::Length),
            ),
            (
                &[
                    "content_filter",
                    "content_filter: PROHIBITED_CONTENT",
                    "content_filter:SAFETY",
                    "content-filter",
                    "ContentFilter",
                    "contentFilter",
                    "ProhibitedContent",
                    "SAFETY",
                    "BLOCKLIST",
                    "SPII",
                    "PROHIBITED_CONTENT",
                    "FinishReason.SAFETY",
                    "refusal",
                    "sensitive",
                ],
                Some(Finish::ContentFilter),
            ),
            (
                &[
                    "RECITATION",
                    "recitation",
                    "content_filter: RECITATION",
                    "FinishReason.RECITATION",
                    "image_recitation",
                ],
                Some(Finish::Recitation),
            ),
            (&["error", "ERROR", "abort"], Some(Finish::Error)),
        ] {
            for text in texts {
                assert_eq!(read_finish(text), expected, "{text}");
            }
        }
    }

    #[test]
    fn reasons_by_their_parts() {
        for (texts, expected) in [
            (
                &[
                    "FINISH_REASON_SAFETY",
                    "FinishReason.SAFETY (3)",
                    "<FinishReason.SAFETY: 3>",
                    "stop_reason_refusal",
                    "refused",
                    "MODEL_ARMOR",
                    "ModelArmor",
                    "content_policy_violation",
                    "contentfilter",
                    "content filtered",
                    "ERROR_TOXIC",
                    "content-blocked",
                    "blocked",
                    "moderated",
                    "moderation_blocked",
                    "guardrail_intervened",
                    "data_inspection_failed",
                    "unsafe",
                    "IMAGE_PROHIBITED_CONTENT",
                ][..],
                Some(Finish::ContentFilter),
            ),
            (
                &[
                    "FINISH_REASON_RECITATION",
                    "copyright",
                    "protected_material",
                    "IMAGE_RECITATION(9)",
                    "Recitation: 4",
                ],
                Some(Finish::Recitation),
            ),
            (
                &[
                    "FINISH_REASON_MAX_TOKENS",
                    "FINISH_REASON_LENGTH",
                    "stop_reason_max_tokens",
                    "StopReason.MaxTokens",
                    "<FinishReason.MAX_TOKENS: 2>",
                    "MAX_TOKENS: 2",
                    "MAX_TOKENS (2)",
                    "length(2)",
                    "max_new_tokens",
                    "max_generated_tokens",
                    "maxtokens",
                    "max output tokens",
                    "length_exceeded",
                    "token_limit_reached",
                    "output_limit_exceeded",
                    "context_window_exceeded",
                    "context_limit",
                    "limit_exceeded",
                    "ERROR_LIMIT",
                    "max_context",
                ],
                Some(Finish::Length),
            ),
            (&["FINISH_REASON_ERROR", "server_error", "rate_limit_exceeded", "INTERNAL_ERROR"], Some(Finish::Error)),
            (
                &[
                    "FINISH_REASON_STOP",
                    "FinishReason.STOP (1)",
                    "stop(1)",
                    "COMPLETE",
                    "completed",
                    "eos_token",
                    "stop_token",
                    "end_of_text",
                    "stop: no_filter",
                    "content_block_stop",
                    "stop_sequence: ###",
                ],
                Some(Finish::Stop),
            ),
            (
                &[
                    "not_filtered",
                    "unfiltered",
                    "safety_passed",
                    "no_error",
                    "function_call",
                    "tool_use",
                    "max_turns_reached",
                    "tool_call_limit_reached",
                    "FINISH_REASON_OTHER",
                    "LANGUAGE",
                    "time_limit_exceeded",
                ],
                Some(Finish::Other),
            ),
            (&["FINISH_REASON_NONE", "null", "\u{a0}"], None),
        ] {
            for text in texts {
                assert_eq!(read_finish(text), expected, "{text}");
            }
        }
    }

    #[test]
    fn members_that_say_why_a_choice_ended() {
        use serde_json::json;
        for (choice, expected) in [
            (json!({"finish_reason": "stop"}), Some(Finish::Stop)),
            (json!({"finish_reason": null}), None),
            (json!({"finish_reason": {"type": "length"}}), Some(Finish::Length)),
            (json!({"finish_reason": {}}), None),
            (json!({"finish_reason": 2}), None),
            (json!({"finishReason": "MAX_TOKENS"}), Some(Finish::Length)),
            (json!({"finish_details": {"type": "max_tokens"}}), Some(Finish::Length)),
            (json!({"finish_details": {"type": "stop", "stop": "<end>"}}), Some(Finish::Stop)),
            (json!({"stop_reason": "refusal"}), Some(Finish::ContentFilter)),
            (json!({"finish_reason": "stop", "native_finish_reason": "SAFETY"}), Some(Finish::ContentFilter)),
            (json!({"finish_reason": "stop", "native_finish_reason": "MAX_TOKENS"}), Some(Finish::Length)),
            (json!({"finish_reason": "stop", "native_finish_reason": "RECITATION"}), Some(Finish::Recitation)),
            (json!({"finish_reason": "", "native_finish_reason": "STOP"}), Some(Finish::Stop)),
            (json!({"finish_reason": "stop", "stop_reason": "max_tokens"}), Some(Finish::Length)),
            // vLLM has the token or the text at which it stopped here.
            (json!({"finish_reason": "stop", "stop_reason": 151_645}), Some(Finish::Stop)),
            (json!({"finish_reason": "stop", "stop_reason": "\n\n"}), Some(Finish::Stop)),
            (json!({"finish_reason": "stop", "native_finish_reason": "completed"}), Some(Finish::Stop)),
            (json!({"finish_reason": "stop", "native_finish_reason": "error"}), Some(Finish::Stop)),
            (json!({"finish_reason": "length", "native_finish_reason": "stop"}), Some(Finish::Length)),
            (json!({"finish_reason": "length", "native_finish_reason": "SAFETY"}), Some(Finish::Length)),
            (json!({"finish_reason": "error", "native_finish_reason": "SAFETY"}), Some(Finish::ContentFilter)),
            (json!({"finish_reason": "error", "native_finish_reason": "stop"}), Some(Finish::Error)),
            (
                json!({"finish_reason": "content_filter", "native_finish_reason": "RECITATION"}),
                Some(Finish::Recitation),
            ),
            (json!({"finish_reason": "tool_calls", "native_finish_reason": "tool_use"}), Some(Finish::Other)),
            (json!({"finish_reason": "x", "native_finish_reason": "STOP"}), Some(Finish::Stop)),
            (json!({"finish_reason": "x", "native_finish_reason": "MAX_TOKENS"}), Some(Finish::Length)),
        ] {
            assert_eq!(find_finish(&choice), expected, "{choice}");
        }
    }
}
