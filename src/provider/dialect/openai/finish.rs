//! Why a model stopped: `finish_reason` in every spelling.
//!
//! Sources: OpenAI's spec 2.3.0; names of Gemini, Anthropic, Mistral, DeepSeek and Zhipu that
//! gateways pass on (2026-11).

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It finished, or the reason is none that is known.
    Stop,
    /// The output limit or the context window ended the reply.
    Length,
    /// A content filter did.
    ContentFilter,
    /// A filter for the text of published works did.
    Recitation,
    /// The server failed.
    Error,
}

const LENGTH: &[&str] = &[
    "length",
    "max_tokens",
    "max_output_tokens",
    "max_completion_tokens",
    "max_length",
    "model_length",
    "token_limit",
    "length_limit",
    "model_context_window_exceeded",
];
const FILTER: &[&str] = &[
    "safety",
    "blocklist",
    "spii",
    "prohibited_content",
    "image_safety",
    "image_prohibited_content",
    "refusal",
    "sensitive",
    "content_filtered",
    "guardrail_intervened",
];
const ERROR: &[&str] = &["error", "abort", "network_error", "insufficient_system_resource"];

/// `MaxTokens`, `max-tokens` and `MAX_TOKENS` as `max_tokens`.
fn snake_case(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    let mut follows_small = false;
    for c in text.chars() {
        if c.is_ascii_uppercase() && follows_small {
            name.push('_');
        }
        follows_small = c.is_ascii_lowercase();
        name.push(if matches!(c, '-' | ' ') { '_' } else { c.to_ascii_lowercase() });
    }
    name
}

/// Reads a `finish_reason`. `None`: it is empty, and the reply goes on.
pub(crate) fn read_finish(text: &str) -> Option<Finish> {
    let text = snake_case(text.trim());
    // `FinishReason.MAX_TOKENS`, `content_filter: RECITATION`.
    let text = text.rsplit('.').next().unwrap_or_default();
    let is = |names: &[&str]| names.contains(&text);
    Some(match text {
        "" | "null" | "none" => return None,
        _ if text.contains("recitation") => Finish::Recitation,
        _ if text.starts_with("content_filter") || is(FILTER) => Finish::ContentFilter,
        _ if is(LENGTH) => Finish::Length,
        _ if is(ERROR) => Finish::Error,
        _ => Finish::Stop,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_in_every_spelling() {
        for (texts, expected) in [
            (&["", " ", "null", "NONE"][..], None),
            (
                &["stop", "STOP", "eos", "end_turn", "stop_sequence", "tool_calls", "FinishReason.STOP", "x"],
                Some(Finish::Stop),
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
}
