//! What a quote states about reasoning.

use crate::base::units::grouped;
use crate::catalog::{Calibration, Effort, MIN_CALIBRATION_IMAGES, ReasoningTokens};
use std::fmt;

/// How many tokens of reasoning a quote expects of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotedReasoning {
    /// None: the model does not reason, or not at the effort that requests ask for.
    Nothing,
    /// A number that is assumed for the effort at which the model reasons.
    Assumed {
        /// Tokens per page.
        tokens: u64,
        /// The effort.
        effort: Effort,
    },
    /// The average of the bills so far.
    Billed {
        /// Tokens per page.
        tokens: u64,
        /// Number of replies.
        replies: u64,
    },
    /// Unknown whether the model reasons, but its replies were billed: their expected length includes any reasoning.
    InReplies {
        /// Number of replies.
        replies: u64,
    },
    /// Unknown whether the model reasons: the expected numbers are those without reasoning.
    Unknown {
        /// Tokens of a reply that the upper bounds allow for.
        max_reply: u64,
    },
}

impl QuotedReasoning {
    /// The facts before the next run: `reasoning` is assumed, `calibration` has the bills. A reply has at most
    /// `max_reply` tokens; if the model turns out to reason, `max_raised`.
    pub(crate) fn from_bills(
        reasoning: ReasoningTokens,
        calibration: &Calibration,
        (max_reply, max_raised): (u64, u64),
    ) -> Self {
        let replies = calibration.replies(reasoning);
        match (calibration.mean_reasoning(reasoning), reasoning.effort) {
            (Some(tokens), _) => Self::Billed { tokens: tokens.min(max_reply), replies },
            (None, Some(effort)) if reasoning.typical > 0 => {
                Self::Assumed { tokens: reasoning.typical.min(max_reply), effort }
            }
            (None, Some(_)) => Self::Nothing,
            (None, None) if replies < MIN_CALIBRATION_IMAGES => Self::Unknown { max_reply: max_raised },
            (None, None) => Self::InReplies { replies },
        }
    }

    /// Tokens that are expected of a page; `None`: unknown.
    #[must_use]
    pub fn tokens(self) -> Option<u64> {
        match self {
            Self::Nothing => Some(0),
            Self::Assumed { tokens, .. } | Self::Billed { tokens, .. } => Some(tokens),
            Self::InReplies { .. } | Self::Unknown { .. } => None,
        }
    }

    /// Whether it changes the output of a plan: it is expected, or possible.
    #[must_use]
    pub fn is_worth_a_line(self) -> bool {
        !matches!(self, Self::Nothing | Self::InReplies { .. })
    }

    /// The effort for which the number is assumed.
    #[must_use]
    pub fn effort(self) -> Option<Effort> {
        match self {
            Self::Assumed { effort, .. } => Some(effort),
            _ => None,
        }
    }

    /// Where the number comes from: `none`, `assumed`, `calibrated on 12`, `unknown`.
    #[must_use]
    pub fn basis(self) -> String {
        match self {
            Self::Nothing => "none".to_owned(),
            Self::Assumed { .. } => "assumed".to_owned(),
            Self::Billed { replies, .. } | Self::InReplies { replies } => format!("calibrated on {replies}"),
            Self::Unknown { .. } => "unknown".to_owned(),
        }
    }
}

/// As a plan shows it to people.
impl fmt::Display for QuotedReasoning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("none"),
            Self::InReplies { replies } => write!(f, "as billed for {} replies", grouped(*replies)),
            Self::Assumed { tokens, effort } => write!(
                f,
                "~{} tokens a page at `{effort}`, included (estimated; unknown before the first answers)",
                grouped(*tokens)
            ),
            Self::Billed { tokens, replies } => {
                write!(f, "~{} tokens a page, included (billed for {} replies)", grouped(*tokens), grouped(*replies))
            }
            Self::Unknown { max_reply } => write!(
                f,
                "not included: unknown whether this model reasons; `high` has {} tokens a page; `docmill try`, or a run with `--limit 5`, shows it",
                grouped(*max_reply)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::usage::Usage;
    use crate::catalog::model_facts;

    #[test]
    fn bills_come_before_what_is_assumed() {
        let usage = |output, reasoning| Usage { output, reasoning, ..Usage::default() };
        let billed = |reasoning: ReasoningTokens, bills: &[(u64, u64)]| {
            let mut calibration = Calibration::default();
            for (output, part) in bills {
                calibration.record_reply(20, usage(*output, *part), reasoning);
            }
            calibration
        };
        let three = [(120, 100), (220, 200), (320, 300)];
        let plain = [(20, 0), (21, 0), (22, 0)];
        for (model, effort, bills, max_reply, text) in [
            ("gpt-4o", None, &[][..], 100, "none"),
            ("gpt-6-luna", Some(Effort::None), &[], 100, "none"),
            (
                "claude-sonnet-5",
                Some(Effort::Low),
                &[],
                4196,
                "~2,400 tokens a page at `high`, included (estimated; unknown before the first answers)",
            ),
            (
                "gpt-6-luna",
                Some(Effort::High),
                &three[..2],
                300,
                "~300 tokens a page at `high`, included (estimated; unknown before the first answers)",
            ),
            ("gpt-6-luna", Some(Effort::High), &three, 25_100, "~200 tokens a page, included (billed for 3 replies)"),
            ("no-such-model", None, &three, 4096, "~200 tokens a page, included (billed for 3 replies)"),
            ("no-such-model", None, &plain, 100, "as billed for 3 replies"),
            (
                "no-such-model",
                None,
                &plain[..2],
                100,
                "not included: unknown whether this model reasons; `high` has 4,096 tokens a page; `docmill try`, or a run with `--limit 5`, shows it",
            ),
        ] {
            let reasoning = ReasoningTokens::of_model(effort, model_facts(model));
            let found = QuotedReasoning::from_bills(reasoning, &billed(reasoning, bills), (max_reply, 4096));
            assert_eq!(found.to_string(), text, "{model} {bills:?}");
            assert_eq!(found.is_worth_a_line(), text.contains("included"), "{model}");
            assert!(found.tokens().is_some() || effort.is_none());
        }
    }
}
