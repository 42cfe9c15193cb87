//! A part of the spend: of a task, a model, a day or a run.

use crate::base::money::Pico;
use crate::base::usage::Usage;

/// A part of the spend: of a task, a model, a day or a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Number of attempts.
    pub attempts: u64,
    /// Tokens. For a task these are the tokens of whole requests, which tasks share.
    pub tokens: Usage,
    /// Cost.
    pub cost: Pico,
}

impl Part {
    /// Adds an attempt.
    pub(crate) fn add(&mut self, tokens: Usage, cost: Pico) {
        self.attempts += 1;
        add_tokens(&mut self.tokens, tokens);
        self.cost += cost;
    }
}

/// Adds `tokens` to `sum`.
pub(crate) fn add_tokens(sum: &mut Usage, tokens: Usage) {
    sum.input += tokens.input;
    sum.cached_input += tokens.cached_input;
    sum.cache_write += tokens.cache_write;
    sum.output += tokens.output;
}
