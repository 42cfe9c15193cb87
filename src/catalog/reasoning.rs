//! How many tokens models take for their reasoning. Reasoning is a part of the output: it is billed, and the output
//! limit includes it. The data is `data/reasoning.csv`: by effort, the typical tokens for a page, and the tokens that
//! the output limit allows for.
//!
//! Sources of the allowed tokens: OpenAI's reasoning guide, which asks for 25,000 tokens at first (2026-10), and
//! replies to single pages, which use far less at low efforts. Sources of the typical tokens: 45 tokens on average in
//! jobs that extract fields (gpt-6-sol, 2026-10), and 1,574 for a page that was transcribed (gemini-3.6-flash at
//! `medium`, 2026). A label takes about half of that. No bill of a page is known for higher efforts: they are assumed
//! to take three times as much, as the guide's limit is three times that of `medium`, and twice that again.

use super::effort::Effort;
use super::models::{ModelFacts, Reasoning};
use std::sync::OnceLock;

/// Tokens for the reasoning of one reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReasoningTokens {
    /// The effort at which the model reasons. `None`: unknown whether it reasons at all.
    pub effort: Option<Effort>,
    /// A typical number, as assumed before the endpoint has billed any. 0 if it is not known whether the model reasons.
    pub typical: u64,
    /// What the output limit allows for, in addition to the answer.
    pub allowed: u64,
}

/// Without an effort it is unknown, but the model is known to reason: most models have this default.
const USUAL_EFFORT: Effort = Effort::Medium;
/// Minimum that the output limit allows for if the model ignores the effort.
const MIN_IGNORED: Effort = Effort::Low;

const DATA: &str = include_str!("data/reasoning.csv");

/// A row of the table: an effort, its typical and its allowed tokens.
type Row = (Effort, u64, u64);

/// The table, read once.
fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let mut reader = csv::Reader::from_reader(DATA.as_bytes());
        let parse = |row: csv::StringRecord| {
            Some((Effort::parse(row.get(0)?)?, row.get(1)?.parse().ok()?, row.get(2)?.parse().ok()?))
        };
        reader.records().filter_map(|row| parse(row.ok()?)).collect()
    })
}

fn row_of(effort: Effort) -> (u64, u64) {
    rows().iter().find(|row| row.0 == effort).map_or((0, 0), |(_, typical, allowed)| (*typical, *allowed))
}

impl ReasoningTokens {
    /// The tokens of a model that does not reason.
    pub const NONE: Self = Self { effort: Some(Effort::None), typical: 0, allowed: 0 };

    /// The tokens of a model. `sent`: the effort that requests ask for; `None`: none, so that the default of the model
    /// holds.
    #[must_use]
    pub fn of_model(sent: Option<Effort>, facts: Option<&ModelFacts>) -> Self {
        let default = match facts.map_or(Reasoning::Unknown, |facts| facts.reasoning) {
            Reasoning::Never => Some(Effort::None),
            Reasoning::Always => Some(USUAL_EFFORT),
            Reasoning::Default(effort) => Some(effort),
            Reasoning::Unknown => None,
        };
        let Some(asked) = sent.or(default) else { return Self { effort: None, ..Self::NONE } };
        match default.filter(|_| facts.is_some_and(|facts| facts.ignores_effort)) {
            Some(billed) => {
                let allowed = row_of(asked.max(MIN_IGNORED)).1;
                Self { effort: Some(billed), typical: row_of(billed).0, allowed }
            }
            None => {
                let (typical, allowed) = row_of(asked);
                Self { effort: Some(asked), typical, allowed }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::model_facts;

    #[test]
    fn every_effort_has_a_row_and_more_effort_takes_more() {
        assert_eq!(rows().iter().map(|row| row.0).collect::<Vec<_>>(), Effort::ALL);
        assert!(rows().is_sorted_by_key(|row| row.1) && rows().is_sorted_by_key(|row| row.2));
        assert!(rows().iter().all(|(_, typical, allowed)| typical <= allowed));
    }

    #[test]
    fn the_effort_decides_and_the_default_of_the_model_without_one() {
        use Effort::{High, Low, Medium, Minimal, Xhigh};
        const NONE: Option<Effort> = Some(Effort::None);
        for (sent, model, effort, typical, allowed) in [
            (None, "gpt-4o-mini", NONE, 0, 0),
            (NONE, "gpt-6-luna", NONE, 0, 0),
            (None, "gpt-6-luna", Some(Medium), 800, 8192),
            (Some(Low), "gpt-6-astra", Some(Low), 100, 4096),
            (Some(Minimal), "gpt-5-mini", Some(Minimal), 100, 4096),
            (Some(Xhigh), "gpt-6-sol", Some(Xhigh), 4800, 25_000),
            (None, "qwen3.5-9b", Some(Medium), 800, 8192),
            (None, "deepseek-v4-flash", Some(Medium), 800, 8192),
            (None, "grok-4-1-fast-reasoning", Some(Medium), 800, 8192),
            (None, "grok-4-1-fast-non-reasoning", NONE, 0, 0),
            // The same name stands for variants that reason and for others.
            (None, "qwen3-vl:8b", None, 0, 0),
            (None, "Qwen/Qwen3-VL-30B-A3B-Instruct", NONE, 0, 0),
            (None, "Qwen/Qwen3-VL-30B-A3B-Thinking", Some(Medium), 800, 8192),
            (None, "mistral-medium-3-5", None, 0, 0),
            (None, "no-such-model", None, 0, 0),
            (Some(Low), "no-such-model", Some(Low), 100, 4096),
            // The requested effort has no effect, but a limit on the output has.
            (Some(Low), "claude-sonnet-5", Some(High), 2400, 4096),
            (Some(Effort::None), "claude-sonnet-5", Some(High), 2400, 4096),
            (Some(High), "claude-haiku-5-5", Some(Medium), 800, 25_000),
            (None, "claude-haiku-5-5", Some(Medium), 800, 8192),
            (None, "claude-haiku-4-5", NONE, 0, 0),
        ] {
            let tokens = ReasoningTokens::of_model(sent, model_facts(model));
            assert_eq!(tokens, ReasoningTokens { effort, typical, allowed }, "{sent:?} {model}");
            assert!(tokens.typical <= tokens.allowed);
        }
    }
}
