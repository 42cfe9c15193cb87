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
        self.tokens += tokens;
        self.cost += cost;
    }
}
