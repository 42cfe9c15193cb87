//! Token counts of requests and replies.

use std::ops::AddAssign;

/// The tokens of one or more exchanges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens, including images and `cached_input`.
    pub input: u64,
    /// Prompt tokens that the provider read from its cache. At most `input`.
    pub cached_input: u64,
    /// Prompt tokens that the provider wrote to its cache, if it bills them.
    pub cache_write: u64,
    /// Tokens of the reply, including reasoning.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_counts_are_added() {
        let mut sum = Usage { input: 1, cached_input: 2, cache_write: 3, output: 4 };
        sum += Usage { input: 10, cached_input: 20, cache_write: 30, output: 40 };
        assert_eq!(sum, Usage { input: 11, cached_input: 22, cache_write: 33, output: 44 });
    }
}
