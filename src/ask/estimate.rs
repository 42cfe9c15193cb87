//! Tokens before they are known. Three numbers, never mixed: what the provider counts at
//! admission, the worst case that is set aside, and what is expected.

use crate::catalog::{Detail, ImageRule, worst_image_tokens};
use crate::usage::Usage;

/// What a request may use, before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Charged to the tokens-per-minute limit: the image plus the larger of `max_tokens`
    /// and a quarter of the characters, as OpenAI's rate-limit guide says.
    pub admission_tokens: u64,
    /// The most that can be billed.
    pub worst: Usage,
    /// What will most likely be billed.
    pub expected: Usage,
}

/// Tokens that chat framing adds to a prompt, at most.
const FRAMING: u64 = 64;
/// Tokens of a reply when nothing is known of it.
const USUAL_OUTPUT: u64 = 60;

pub(super) struct Parts {
    pub(super) text_bytes: u64,
    pub(super) text_chars: u64,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) detail: Detail,
    pub(super) rule: ImageRule,
    pub(super) max_tokens: u64,
}

pub(super) fn estimate(parts: &Parts) -> Estimate {
    let Parts { text_bytes, text_chars, width, height, detail, rule, max_tokens } = *parts;
    let worst_image = || worst_image_tokens(width, height, detail);
    let image = rule.tokens(width, height, detail).unwrap_or_else(worst_image);
    let text = text_chars.div_ceil(4);
    Estimate {
        admission_tokens: image + max_tokens.max(text),
        // No tokenizer in use makes more tokens than there are bytes.
        worst: Usage { input: image + text_bytes + FRAMING, output: max_tokens, ..Usage::default() },
        expected: Usage { input: image + text, output: USUAL_OUTPUT.min(max_tokens), ..Usage::default() },
    }
}
