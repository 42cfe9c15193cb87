//! How many tokens a model needs for its reasoning. Reasoning is a part of the output: it is
//! billed, and the output limit includes it.

use crate::catalog::{Effort, ModelFacts, Reasoning};

/// Tokens for the reasoning of one reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReasoningTokens {
    /// A typical number, as assumed before the endpoint has billed any.
    pub typical: u64,
    /// What the output limit allows for, in addition to the answer.
    pub allowed: u64,
}

impl ReasoningTokens {
    /// The tokens of a model at an effort that was sent; `None`: its default. Source of what is
    /// allowed: OpenAI's reasoning guide, which asks for 25,000 tokens at first (2026-10), and replies
    /// to single pages, which use far less at low efforts.
    #[must_use]
    pub fn of(effort: Option<Effort>, facts: Option<&ModelFacts>) -> Self {
        let default = facts.map_or(Reasoning::Never, |facts| facts.reasoning);
        let effort = match (effort, default) {
            (Some(effort), _) | (None, Reasoning::Default(effort)) => effort,
            (None, Reasoning::Never) => Effort::None,
            (None, Reasoning::Always) => Effort::Medium,
        };
        match effort {
            Effort::None => Self::default(),
            Effort::Minimal | Effort::Low => Self { typical: 100, allowed: 4096 },
            Effort::Medium => Self { typical: 400, allowed: 8192 },
            Effort::High | Effort::Xhigh => Self { typical: 1500, allowed: 25_000 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::model_facts;

    #[test]
    fn the_effort_decides_and_the_default_of_the_model_without_one() {
        for (effort, model, allowed) in [
            (None, "gpt-4o-mini", 0),
            (None, "no-such-model", 0),
            (Some(Effort::None), "gpt-6-luna", 0),
            (None, "gpt-6-luna", 8192),
            (Some(Effort::Low), "gpt-6-astra", 4096),
            (Some(Effort::Low), "no-such-model", 4096),
            (Some(Effort::Xhigh), "gpt-6-sol", 25_000),
        ] {
            let tokens = ReasoningTokens::of(effort, model_facts(model));
            assert_eq!(tokens.allowed, allowed, "{effort:?} {model}");
            assert!(tokens.typical <= tokens.allowed);
        }
    }
}
