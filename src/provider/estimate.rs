//! Tokens before they are known. Three numbers, never mixed: what the provider counts at
//! admission, the worst case that is set aside, and what is expected.

use super::capability::Format;
use crate::base::usage::Usage;
use crate::catalog::{Calibration, Fit, max_image_tokens, text_tokens};
use crate::manifest::DERIVED_MAX_TOKENS;
use crate::task::{Question, SYSTEM, instructions, reply_schema, sample_replies};

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

/// Tokens that chat framing adds to a prompt: usually, and at most. Public bills show 7.
const FRAMING: (u64, u64) = (7, 64);
/// Room for a reply beyond the longest valid one: white space, a fence, some prose.
const ROOM: u64 = 50;
/// Tokens that a model which thinks spends on it: usually, and the room it is given.
const THOUGHT: (u64, u64) = (400, 4000);

/// What the words of a request come to, whatever the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Tokens of the prompt beside the image.
    pub text: u64,
    /// Bytes of the prompt's text.
    bytes: u64,
    /// Characters of the prompt's text.
    chars: u64,
    /// Tokens of the shortest valid reply.
    pub shortest: u64,
    /// Tokens of a usual reply.
    pub usual: u64,
    /// Tokens of the longest reasonable reply.
    pub longest: u64,
}

impl Footprint {
    /// Of these questions. `reasons`: the model thinks before it answers.
    #[must_use]
    pub fn of(questions: &[&Question], format: Format, reasons: bool) -> Self {
        let has_schema = format == Format::Schema;
        let mut text = format!("{SYSTEM}{}", instructions(questions, !has_schema));
        if has_schema {
            text.push_str(&reply_schema(questions).to_string());
        }
        let replies = sample_replies(questions);
        let thought = if reasons { THOUGHT } else { (0, 0) };
        Self {
            text: text_tokens(&text) + FRAMING.0,
            bytes: text.len() as u64,
            chars: text.chars().count() as u64,
            shortest: text_tokens(&replies.shortest),
            usual: text_tokens(&replies.typical) + thought.0,
            longest: text_tokens(&replies.longest) + thought.1,
        }
    }

    /// The room that a reply is given when the manifest does not say.
    #[must_use]
    pub fn room(&self) -> u32 {
        let room = u32::try_from(self.longest * 3 / 2 + ROOM).unwrap_or(u32::MAX);
        room.clamp(*DERIVED_MAX_TOKENS.start(), *DERIVED_MAX_TOKENS.end())
    }
}

/// How large a request is.
#[derive(Clone, Copy, Debug)]
pub struct RequestSize {
    /// Pixels that are sent.
    pub size: (u32, u32),
    /// Most tokens of the reply.
    pub max_tokens: u64,
    /// Bytes of a repair.
    pub repair: u64,
}

/// Tokens of one request.
#[must_use]
pub fn estimate(words: &Footprint, fit: &Fit, calibration: &Calibration, ask: RequestSize) -> Estimate {
    let (width, height) = ask.size;
    let image = fit.tokens(width, height).unwrap_or_else(|| max_image_tokens(width, height, fit.detail()));
    let output = calibration.correct_reply_tokens(words.usual).min(ask.max_tokens);
    Estimate {
        admission_tokens: image + ask.max_tokens.max((words.chars + ask.repair).div_ceil(4)),
        // No tokenizer in use makes more tokens than there are bytes.
        worst: {
            let input = fit.max_tokens(width, height) + words.bytes + ask.repair + FRAMING.1;
            // All of it may be written to the provider's cache, where that costs.
            Usage { input, cache_write: input, output: ask.max_tokens, ..Usage::default() }
        },
        expected: Usage { input: image + words.text + ask.repair.div_ceil(4), output, ..Usage::default() },
    }
}
