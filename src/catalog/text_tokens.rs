//! Tokens of text, by OpenAI's o200k tokenizer. gpt-4o and all later models of OpenAI use it.
//! For other models the number is an estimate.

use std::sync::OnceLock;
use tiktoken_rs::CoreBPE;

/// The number of tokens of `text`. The first call loads the tokenizer's vocabulary, which
/// takes a tenth of a second.
#[must_use]
pub fn text_tokens(text: &str) -> u64 {
    static TOKENIZER: OnceLock<Option<CoreBPE>> = OnceLock::new();
    match TOKENIZER.get_or_init(|| tiktoken_rs::o200k_base().ok()) {
        Some(tokenizer) => tokenizer.encode_ordinary(text).len() as u64,
        // Never used: the vocabulary is part of the program.
        None => text.chars().count().div_ceil(4) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::text_tokens;

    #[test]
    fn counts_of_the_published_tokenizer() {
        for (text, tokens) in [("", 0), ("hello world", 2), ("Is the page signed?", 5), ("{\"kind\":\"invoice\"}", 5)] {
            assert_eq!(text_tokens(text), tokens, "{text}");
        }
    }
}
