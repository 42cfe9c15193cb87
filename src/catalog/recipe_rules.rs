//! The image rule that a recipe holds for a model if the manifest does not state one.
//!
//! A recipe is part of the key of every answer, so what it holds for a model must never
//! change: a page would be sent, and paid for, again. `data/recipe_rules.csv` is a copy of the
//! names and families of the first table of models. It is never edited, whatever becomes known about a model; requests
//! and estimates use [`mod@super::models`]. For the same reason this file has its own normalization of names.

use super::image_rule::RuleFamily;
use std::sync::OnceLock;

const DATA: &str = include_str!("data/recipe_rules.csv");

/// The names of the table, each with its family. With `*` at the end: a prefix of names.
fn rules() -> &'static [(String, RuleFamily)] {
    static RULES: OnceLock<Vec<(String, RuleFamily)>> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut reader = csv::Reader::from_reader(DATA.as_bytes());
        reader.records().filter_map(|row| parse_row(&row.ok()?)).collect()
    })
}

fn parse_row(row: &csv::StringRecord) -> Option<(String, RuleFamily)> {
    Some((row.get(0)?.to_owned(), RuleFamily::parse(row.get(1)?)?))
}

/// The family of image rules in the recipes of `model`. [`RuleFamily::None`] for every model
/// that the first table did not have, even if it is known today.
#[must_use]
pub fn recipe_family(model: &str) -> RuleFamily {
    let name = recipe_name(model);
    let matches = |(pattern, _): &&(String, RuleFamily)| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *pattern == name,
    };
    rules().iter().find(matches).map_or(RuleFamily::None, |(_, family)| *family)
}

/// The name of a model as the first table was searched: in lower case, without what precedes
/// the last slash and without a date at its end.
fn recipe_name(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
    let is_date = |tail: &str| {
        let digits = tail.chars().filter(char::is_ascii_digit).count();
        digits == 8 && tail.chars().all(|c| c.is_ascii_digit() || c == '-')
    };
    // `-2024-07-18`, or `-20251001`.
    for length in [11, 9] {
        if let Some((start, tail)) = name.len().checked_sub(length).and_then(|at| name.split_at_checked(at))
            && tail.starts_with('-')
            && !start.is_empty()
            && is_date(tail)
        {
            return start.to_owned();
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the first release, as it was searched then. A change of a value here makes
    /// every user of the model pay again.
    #[test]
    fn families_never_change() {
        use RuleFamily::{Area, Gemini, Llama, None, OpenaiPatch, OpenaiTile, Qwen28};
        for (family, models) in [
            (
                OpenaiTile,
                &[
                    "gpt-4o-mini",
                    "openai/gpt-4o-mini",
                    "OpenAI/GPT-4o-mini-2024-07-18",
                    "gpt-4o",
                    "gpt-4.1",
                    "gpt-4.5",
                    "gpt-4-turbo",
                    "o1",
                    "o1-pro",
                    "o3",
                    "gpt-5",
                    "gpt-5-chat-latest",
                    "computer-use-preview",
                ][..],
            ),
            (
                OpenaiPatch,
                &[
                    "gpt-4.1-mini",
                    "gpt-4.1-nano",
                    "o4-mini",
                    "gpt-5-mini",
                    "gpt-5-nano",
                    "gpt-5.2",
                    "gpt-5.4",
                    "gpt-5.5",
                    "gpt-5.4-mini",
                    "gpt-5.4-nano",
                ],
            ),
            (Qwen28, &["qwen2-vl-7b", "Qwen/Qwen2.5-VL-72B-Instruct", "qwen3-vl:30b", "qwen3-vl-30b-a3b-thinking"]),
            (Gemini, &["gemini-2.5-flash", "models/gemini-2.5-flash-lite", "google/gemini-3.8-flash"]),
            (Area, &["claude-haiku-4-5-20251001", "anthropic/claude-haiku-5-5", "claude-sonnet-5"]),
            (Llama, &["llama-3.2-11b-vision-instruct", "meta-llama/Llama-3.2-90B-Vision-Instruct-Turbo"]),
            (
                None,
                &[
                    "gpt-5.1",
                    "gpt-5.6",
                    "gpt-5.6-luna",
                    "gpt-6-luna",
                    "gpt-6-sol-2026-09-22",
                    "gpt-6-astra",
                    "gpt-6.1-sol",
                    "o3-pro",
                    "gpt-5-pro",
                    "gemini-2.5-pro",
                    "gemini-3.5-flash",
                    "gemini-4-argon",
                    "claude-sonnet-5-5",
                    "claude-opus-5",
                    "anthropic.claude-haiku-5-5",
                    "openai.gpt-5.4",
                    "gpt-4o-mini:free",
                    "qwen3.8-flash",
                    "llava",
                    "",
                ],
            ),
        ] {
            for model in models {
                assert_eq!(recipe_family(model), family, "{model}");
            }
        }
        assert_eq!(rules().len(), DATA.trim().lines().count() - 1, "every row is parsed");
        assert_eq!(rules().len(), 32, "rows are never added or removed");
    }
}
