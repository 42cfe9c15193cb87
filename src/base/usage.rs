//! Token counts of one exchange, or of several added up.

use std::ops::AddAssign;

/// The tokens that a provider bills. Every count is a number of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens, images and cached tokens included.
    pub input: u64,
    /// The part of `input` that the provider read from its prompt cache; at most `input`.
    pub cached_input: u64,
    /// The part of `input` that the provider wrote to its prompt cache and bills extra; 0
    /// for providers that do not bill cache writes.
    pub cache_write: u64,
    /// Reply tokens, reasoning included.
    pub output: u64,
    /// The part of `output` that is reasoning, as far as the provider reports it.
    pub reasoning: u64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input += other.input;
        self.cached_input += other.cached_input;
        self.cache_write += other.cache_write;
        self.output += other.output;
        self.reasoning += other.reasoning;
    }
}
