//! Token counts before a request is sent. Three numbers, never mixed: what the provider
//! counts at admission, the worst case that a budget reserves, and the expected cost.

use crate::base::usage::Usage;
use crate::catalog::{Calibration, Fit, ReasoningTokens, max_image_tokens, text_tokens};
use crate::manifest::DERIVED_MAX_TOKENS;
use crate::task::{Question, SYSTEM, instructions, reply_schema, sample_replies};

/// What a request may use, before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Tokens charged to the tokens-per-minute limit: the image plus the larger of
    /// `max_tokens` and a quarter of the prompt's characters (OpenAI's rate-limit guide).
    pub admission_tokens: u64,
    /// The maximum that can be billed, if `is_bounded`.
    pub worst: Usage,
    /// Whether something bounds the output that can be billed.
    pub is_bounded: bool,
    /// What will most likely be billed.
    pub expected: Usage,
    /// The part of the expected output that is not the answer: reasoning, as assumed or as billed before.
    pub unseen_output: u64,
}

/// Tokens that the chat format adds to a prompt: typical, as assumed.
const TYPICAL_FRAMING_TOKENS: u64 = 7;
/// Tokens that the chat format adds to a prompt: worst case, as assumed.
const MAX_FRAMING_TOKENS: u64 = 64;
/// Tokens allowed beyond one and a half times the longest valid reply: white space, a code
/// fence, some prose.
const REPLY_MARGIN_TOKENS: u64 = 50;

/// Where a request carries the schema of the reply. It counts as text in both places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaPlaces {
    /// In the format of the reply.
    pub in_format: bool,
    /// In the prompt.
    pub in_prompt: bool,
}

/// The size of a request's text, which is the same for every page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Prompt tokens without the image.
    pub text: u64,
    /// UTF-8 bytes of the prompt's text.
    bytes: u64,
    /// Characters of the prompt's text.
    chars: u64,
    /// Tokens of the shortest valid reply.
    pub shortest: u64,
    /// Tokens of a typical reply, without reasoning.
    pub usual: u64,
    /// Tokens of the longest reasonable reply, without reasoning.
    pub longest_answer: u64,
    /// Tokens of reasoning, in addition to the answer.
    pub reasoning: ReasoningTokens,
}

impl Footprint {
    /// Measures the text for `questions`.
    #[must_use]
    pub fn measure(questions: &[&Question], schema: SchemaPlaces, reasoning: ReasoningTokens) -> Self {
        let mut text = format!("{SYSTEM}{}", instructions(questions, schema.in_prompt));
        if schema.in_format {
            text.push_str(&reply_schema(questions).to_string());
        }
        let replies = sample_replies(questions);
        Self {
            text: text_tokens(&text) + TYPICAL_FRAMING_TOKENS,
            bytes: text.len() as u64,
            chars: text.chars().count() as u64,
            shortest: text_tokens(&replies.shortest),
            usual: text_tokens(&replies.typical),
            longest_answer: text_tokens(&replies.longest),
            reasoning,
        }
    }

    /// Tokens of the longest reasonable reply, with reasoning.
    #[must_use]
    pub fn longest(&self) -> u64 {
        self.longest_answer + self.reasoning.allowed
    }

    /// The maximum length of the answer itself, in tokens, if the manifest does not set `max_tokens`.
    #[must_use]
    pub fn max_answer_tokens(&self) -> u32 {
        let tokens = u32::try_from(self.longest_answer * 3 / 2 + REPLY_MARGIN_TOKENS).unwrap_or(u32::MAX);
        tokens.clamp(*DERIVED_MAX_TOKENS.start(), *DERIVED_MAX_TOKENS.end())
    }

    /// The output limit, in tokens, if the manifest does not set `max_tokens`: that of the answer and
    /// what the model's reasoning may need.
    #[must_use]
    pub fn max_reply_tokens(&self) -> u32 {
        self.max_answer_tokens().saturating_add(u32::try_from(self.reasoning.allowed).unwrap_or(u32::MAX))
    }
}

/// The parts of a request that differ from page to page.
#[derive(Clone, Copy, Debug)]
pub struct RequestSize {
    /// Width and height of the image that is sent, in pixels.
    pub size: (u32, u32),
    /// The maximum reply length, in tokens.
    pub max_tokens: u64,
    /// The maximum output tokens that can be billed; `None`: no known bound.
    pub max_billed: Option<u64>,
    /// UTF-8 bytes that a repair adds to the prompt.
    pub repair: u64,
}

/// Estimates the tokens of one request.
#[must_use]
pub fn estimate(footprint: &Footprint, fit: &Fit, calibration: &Calibration, request: RequestSize) -> Estimate {
    let (width, height) = request.size;
    let image = fit.tokens(width, height).unwrap_or_else(|| max_image_tokens(width, height, fit.detail()));
    let output = calibration.reply_tokens(footprint.usual, footprint.reasoning).min(request.max_tokens);
    let text_quarter = (footprint.chars + request.repair).div_ceil(4);
    // No tokenizer in use makes more tokens than there are bytes.
    let worst_input = fit.max_tokens(width, height) + footprint.bytes + request.repair + MAX_FRAMING_TOKENS;
    let worst_output = request.max_billed.unwrap_or(request.max_tokens).max(output);
    Estimate {
        admission_tokens: image + request.max_tokens.max(text_quarter),
        // The provider may bill the whole prompt as a cache write.
        worst: Usage { input: worst_input, cache_write: worst_input, output: worst_output, ..Usage::default() },
        is_bounded: request.max_billed.is_some(),
        expected: Usage { input: image + footprint.text + request.repair.div_ceil(4), output, ..Usage::default() },
        unseen_output: output.saturating_sub(footprint.usual),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Detail, ImageRule};
    use proptest::prelude::*;

    fn footprint(longest: u64) -> Footprint {
        let (shortest, usual) = (5, longest / 2);
        Footprint {
            text: 300,
            bytes: 1200,
            chars: 1100,
            shortest,
            usual,
            longest_answer: longest,
            reasoning: ReasoningTokens::NONE,
        }
    }

    #[test]
    fn the_reply_length_is_derived_within_bounds() {
        for (longest, tokens) in [(0, 100), (33, 100), (100, 200), (1000, 1550), (100_000, 8192)] {
            assert_eq!(footprint(longest).max_reply_tokens(), tokens, "{longest}");
            let allowed = ReasoningTokens { allowed: 4096, ..ReasoningTokens::NONE };
            let reasoning = Footprint { reasoning: allowed, ..footprint(longest) };
            assert_eq!((reasoning.max_reply_tokens(), reasoning.max_answer_tokens()), (tokens + 4096, tokens));
            assert_eq!(reasoning.longest(), longest + 4096);
        }
    }

    #[test]
    fn admission_counts_the_larger_of_reply_and_text() {
        let fit = Fit::new(ImageRule::Unknown, Detail::High, &Calibration::default());
        let image = max_image_tokens(100, 100, Detail::High);
        let tokens = |max_tokens, repair| {
            let size = RequestSize { size: (100, 100), max_tokens, max_billed: Some(max_tokens), repair };
            estimate(&footprint(80), &fit, &Calibration::default(), size).admission_tokens - image
        };
        assert_eq!(tokens(300, 0), 300, "max_tokens");
        assert_eq!(tokens(100, 0), 275, "a quarter of 1,100 characters");
        assert_eq!(tokens(100, 901), 501, "the repair counts as text");
    }

    proptest! {
        #[test]
        fn the_worst_case_covers_what_is_expected(
            size in (1_u32..4000, 1_u32..4000), max_tokens in 1_u64..10_000, repair in 0_u64..9000, longest in 1_u64..9000,
        ) {
            for rule in [ImageRule::Unknown, crate::catalog::image_rule("gpt-4o", None)] {
                let fit = Fit::new(rule, Detail::High, &Calibration::default());
                let request = RequestSize { size, max_tokens, max_billed: Some(max_tokens), repair };
                let found = estimate(&footprint(longest), &fit, &Calibration::default(), request);
                prop_assert!(found.worst.input >= found.expected.input);
                prop_assert!(found.worst.output >= found.expected.output);
                prop_assert!(found.admission_tokens >= max_tokens);
            }
        }
    }
}
