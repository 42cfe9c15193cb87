//! Tokens of one exchange.

use std::ops::AddAssign;

/// Tokens that an exchange used. `cached_input` is part of `input`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens, images included.
    pub input: u64,
    /// Prompt tokens that the provider had cached, at most `input`.
    pub cached_input: u64,
    /// Prompt tokens that the provider wrote to its cache, where it bills that.
    pub cache_write: u64,
    /// Tokens of the reply, reasoning included.
    pub output: u64,
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input += other.input;
        self.cached_input += other.cached_input;
        self.cache_write += other.cache_write;
        self.output += other.output;
    }
}
