//! The bill: image tokens ([`super::image_bill`]), and a quarter of the characters for text.

use serde_json::{Value, json};

/// The tokens of one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenBill {
    /// Prompt tokens, cached and written ones included.
    pub(crate) input: u64,
    /// Prompt tokens that were cached.
    pub(crate) cached_input: u64,
    /// Prompt tokens that are written to the cache.
    pub(crate) cache_write: u64,
    /// Tokens of the reply, those of the reasoning included.
    pub(crate) output: u64,
    /// Tokens of the reasoning.
    pub(crate) reasoning: u64,
}

impl TokenBill {
    /// The numbers with their names.
    pub(crate) fn to_json(self) -> Value {
        json!({
            "input": self.input, "cached_input": self.cached_input, "cache_write": self.cache_write,
            "output": self.output, "reasoning": self.reasoning,
        })
    }

    /// The bill with all tokens multiplied, for a provider that bills more than it should.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self {
            input: multiply(self.input, factor),
            cached_input: multiply(self.cached_input, factor),
            cache_write: multiply(self.cache_write, factor),
            output: multiply(self.output, factor),
            reasoning: multiply(self.reasoning, factor),
        }
    }

    /// Adds another bill.
    pub(crate) fn add(&mut self, other: &Self) {
        self.input += other.input;
        self.cached_input += other.cached_input;
        self.cache_write += other.cache_write;
        self.output += other.output;
        self.reasoning += other.reasoning;
    }
}

/// `factor` times a number of tokens.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "small and positive"
)]
pub(crate) fn multiply(tokens: u64, factor: f64) -> u64 {
    if factor == 1.0 { tokens } else { (tokens as f64 * factor).round() as u64 }
}

/// Tokens of a text of this many characters.
pub(crate) fn text_tokens(chars: usize) -> u64 {
    chars.div_ceil(4) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_multiplied_in_all_its_parts() {
        let bill = TokenBill { input: 100, cached_input: 10, cache_write: 3, output: 7, reasoning: 1 };
        assert_eq!(bill.times(1.0), bill);
        let expected = TokenBill { input: 250, cached_input: 25, cache_write: 8, output: 18, reasoning: 3 };
        assert_eq!(bill.times(2.5), expected);
    }

    #[test]
    fn text_is_a_quarter_of_its_characters() {
        assert_eq!([0, 1, 4, 5, 8].map(text_tokens), [0, 1, 1, 2, 2]);
    }
}
