//! Token counts and costs, as servers report them.
//!
//! Sources: OpenAI's spec 2.3.0 (2026-08); recorded replies of Gemini, xAI, Mistral, DeepSeek,
//! Databricks, Moonshot and OpenRouter; the usage of the Vercel AI SDK, of Bedrock's Converse and of Gemini's own API
//! (2026-11). Members of one meaning have several names, which are also written in camel case.

use super::lenient_json::find;
use crate::base::money::Pico;
use crate::base::usage::Usage;
use serde_json::Value;
use std::borrow::Cow;

/// Largest plausible token count of one request; a larger one is ignored.
const MAX_TOKENS: u64 = 100_000_000;
/// Largest plausible cost of one request: a thousand dollars.
const MAX_COST: Pico = Pico(1_000_000_000_000_000);

const CACHED: &[&[&str]] = &[
    &["prompt_tokens_details", "cached_tokens"],
    &["input_tokens_details", "cached_tokens"],
    &["prompt_cache_hit_tokens"],
    &["num_cached_tokens"],
    &["cached_tokens"],
    &["cache_read_input_tokens"],
    &["cached_input_tokens"],
    &["cached_content_token_count"],
];
const CACHE_WRITE: &[&[&str]] = &[
    &["prompt_tokens_details", "cache_write_tokens"],
    &["prompt_tokens_details", "cache_creation_tokens"],
    &["cache_write_tokens"],
    &["cache_creation_input_tokens"],
    &["cache_write_input_tokens"],
];
/// Reasoning, as a part of the reply's tokens or in addition to them.
const REASONING: &[&[&str]] = &[
    &["completion_tokens_details", "reasoning_tokens"],
    &["output_tokens_details", "reasoning_tokens"],
    &["reasoning_tokens"],
    &["thoughts_token_count"],
];

/// The tokens of the prompt, those in the cache included.
const PROMPT: &[&str] = &["prompt_tokens", "prompt_token_count"];
/// The tokens of the reply.
const COMPLETION: &[&str] = &["completion_tokens", "output_tokens", "candidates_token_count"];
/// Those of the prompt and the reply.
const TOTAL: &[&str] = &["total_tokens", "total_token_count"];

/// Reads token counts. `None` if they are missing or not plausible.
pub(crate) fn read_usage(value: &Value) -> Option<Usage> {
    let value = &*in_snake_case(value);
    let count_of = |paths: &[&[&str]]| paths.iter().find_map(|path| count(find(value, path)).filter(|n| *n > 0));
    // Every request has a prompt: 0 means that the server did not count.
    let input = first_count(value, PROMPT).filter(|input| *input > 0).or_else(|| other_input(value))?;
    let completion = first_count(value, COMPLETION).unwrap_or(0);
    let total = first_count(value, TOTAL).filter(|total| *total <= MAX_TOKENS);
    let stated = count_of(REASONING).unwrap_or(0);
    // Gemini and xAI leave reasoning out of the completion and bill it.
    let by_total = total.map_or(0, |total| total.saturating_sub(input));
    // Reasoning that is more than the completion is not a part of it, for any total.
    let beside = if stated > completion { completion.saturating_add(stated) } else { 0 };
    let output = completion.max(by_total).max(beside);
    if input.saturating_add(output) > MAX_TOKENS {
        return None;
    }
    let reasoning = if stated > 0 { stated } else { output - completion };
    let cached_input = count_of(CACHED).unwrap_or(0).min(input);
    // OpenRouter has counted the same tokens as read and as written.
    let cache_write = count_of(CACHE_WRITE).unwrap_or(0).min(input - cached_input);
    Some(Usage { input, cached_input, cache_write, output, reasoning: reasoning.min(output) })
}

/// Whether an object with token counts has any for the reply: some servers count it only at the end.
pub(crate) fn counts_output(value: &Value) -> bool {
    let value = &*in_snake_case(value);
    let is_counted = first_count(value, COMPLETION).is_some() || first_count(value, TOTAL).is_some();
    is_counted || REASONING.iter().any(|path| count(find(value, path)).is_some_and(|tokens| tokens > 0))
}

/// The first of these members that is a count.
fn first_count(value: &Value, names: &[&str]) -> Option<u64> {
    names.iter().find_map(|name| count(value.get(*name)))
}

/// Token counts with the names of members in snake case, as the API spells them: `promptTokens` as `prompt_tokens`.
/// A member that has its proper name stays.
fn in_snake_case(value: &Value) -> Cow<'_, Value> {
    let Value::Object(members) = value else { return Cow::Borrowed(value) };
    let is_camel = |name: &str| name.contains(|c: char| c.is_ascii_uppercase());
    let has_camel = |value: &Value| value.as_object().is_some_and(|inner| inner.keys().any(|name| is_camel(name)));
    if !has_camel(value) && !members.values().any(has_camel) {
        return Cow::Borrowed(value);
    }
    let mut renamed = members.clone();
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let inner = in_snake_case(value).into_owned();
        let proper = snake_case(name);
        if proper == *name || members.get(&proper).is_none_or(Value::is_null) {
            renamed.insert(proper, inner);
        }
    }
    Cow::Owned(Value::Object(renamed))
}

fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// The prompt's tokens in the words of other APIs: those of the Messages API are without what the cache has
/// (Anthropic's reference of `usage`, 2026).
fn other_input(value: &Value) -> Option<u64> {
    let input = count(value.get("input_tokens"))?;
    let cache = ["cache_read_input_tokens", "cache_creation_input_tokens", "cache_write_input_tokens"];
    let cached = cache.iter().filter_map(|name| count(value.get(*name))).fold(0, u64::saturating_add);
    Some(input.saturating_add(cached)).filter(|input| *input > 0)
}

/// The cost in USD that a reply's `usage` reports: a number, or an object with the total.
///
/// With a key of one's own at the provider that a router chose (`is_byok`), `cost` is only the
/// router's share (OpenRouter's usage accounting, 2026-11).
pub(crate) fn read_cost(usage: &Value) -> Option<Pico> {
    let usage = &*in_snake_case(usage);
    let cost = usage.get("cost")?;
    let cost = dollars(cost.get("total_cost").unwrap_or(cost))?;
    let is_own_key = usage.get("is_byok") == Some(&Value::Bool(true));
    let upstream = find(usage, &["cost_details", "upstream_inference_cost"]).filter(|_| is_own_key).and_then(dollars);
    Some(cost + upstream.unwrap_or_default()).filter(|cost| *cost <= MAX_COST)
}

/// An amount in USD, exact to the pico-dollar. `None` if it is negative, no number or absurd.
pub(crate) fn parse_cost(text: &str) -> Option<Pico> {
    let exact = Pico::from_usd(text).ok();
    // More than twelve decimals, as of a sum of binary fractions.
    let rounded = || {
        let amount = text.trim().parse::<f64>().ok().filter(|amount| amount.is_finite() && *amount >= 0.0)?;
        Pico::from_usd(&format!("{amount:.12}")).ok()
    };
    exact.or_else(rounded).filter(|cost| *cost <= MAX_COST)
}

fn dollars(value: &Value) -> Option<Pico> {
    match value {
        Value::Number(number) => parse_cost(&number.to_string()),
        Value::String(text) => parse_cost(text),
        _ => None,
    }
}

/// A number of tokens. Some servers write numbers as strings or floats.
fn count(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "filtered")]
    value.as_u64().or_else(|| number.filter(|f| (0.0..1e15).contains(f)).map(|f| f as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn usage(input: u64, cached_input: u64, cache_write: u64, output: u64, reasoning: u64) -> Option<Usage> {
        Some(Usage { input, cached_input, cache_write, output, reasoning })
    }

    #[test]
    fn counts_in_every_spelling() {
        for (value, expected) in [
            (json!({"prompt_tokens": 25.0, "completion_tokens": 16}), usage(25, 0, 0, 16, 0)),
            (json!({"prompt_tokens": "25640", "completion_tokens": "5"}), usage(25_640, 0, 0, 5, 0)),
            (json!({"prompt_tokens": 7}), usage(7, 0, 0, 0, 0)),
            (json!({"prompt_tokens": 7, "completion_tokens": null, "total_tokens": 9}), usage(7, 0, 0, 2, 2)),
            // Reasoning outside of the completion: Gemini, xAI.
            (json!({"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 105}), usage(9, 0, 0, 96, 93)),
            (
                json!({"prompt_tokens": 300, "completion_tokens": 6, "total_tokens": 806, "completion_tokens_details": {"reasoning_tokens": 500}}),
                usage(300, 0, 0, 506, 500),
            ),
            (
                json!({"prompt_tokens": 300, "completion_tokens": 6, "completion_tokens_details": {"reasoning_tokens": 500}}),
                usage(300, 0, 0, 506, 500),
            ),
            (
                json!({"prompt_tokens": 300, "completion_tokens": 6, "total_tokens": 306, "completion_tokens_details": {"reasoning_tokens": 500}}),
                usage(300, 0, 0, 506, 500),
            ),
            (
                json!({"prompt_tokens": 300, "completion_tokens": 6, "total_tokens": 0, "completion_tokens_details": {"reasoning_tokens": 500}}),
                usage(300, 0, 0, 506, 500),
            ),
            (
                json!({"prompt_tokens": 300, "completion_tokens": 6, "total_tokens": 0, "reasoning_tokens": 500}),
                usage(300, 0, 0, 506, 500),
            ),
            (
                json!({"prompt_tokens": 300, "completion_tokens": 6, "total_tokens": 500, "output_tokens_details": {"reasoning_tokens": 500}}),
                usage(300, 0, 0, 506, 500),
            ),
            (
                json!({"prompt_tokens": 300, "completion_tokens": 6, "total_tokens": 900, "completion_tokens_details": {"reasoning_tokens": 500}}),
                usage(300, 0, 0, 600, 500),
            ),
            // Inside of it: OpenAI.
            (
                json!({"prompt_tokens": 300, "completion_tokens": 500, "total_tokens": 800, "completion_tokens_details": {"reasoning_tokens": 500}}),
                usage(300, 0, 0, 500, 500),
            ),
            (
                json!({"prompt_tokens": 75, "completion_tokens": 44, "total_tokens": 119, "completion_tokens_details": {"reasoning_tokens": 33}}),
                usage(75, 0, 0, 44, 33),
            ),
            (json!({"prompt_tokens": 161, "completion_tokens": 198, "total_tokens": 359}), usage(161, 0, 0, 198, 0)),
            (json!({"prompt_tokens": 10, "completion_tokens": 5, "reasoning_tokens": 9}), usage(10, 0, 0, 14, 9)),
            (
                json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "reasoning_tokens": 9}),
                usage(10, 0, 0, 14, 9),
            ),
            (
                json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 24, "reasoning_tokens": 9}),
                usage(10, 0, 0, 14, 9),
            ),
            (
                json!({"prompt_tokens": 10, "completion_tokens": 9, "total_tokens": 19, "reasoning_tokens": 5}),
                usage(10, 0, 0, 9, 5),
            ),
            // A total that is less, or absurd, changes nothing.
            (json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 3}), usage(10, 0, 0, 5, 0)),
            (json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 1e14}), usage(10, 0, 0, 5, 0)),
            (json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": -1}), usage(10, 0, 0, 5, 0)),
            (json!({"prompt_tokens": 10, "completion_tokens": 0, "total_tokens": 10}), usage(10, 0, 0, 0, 0)),
            (json!({"prompt_tokens": 3903, "completion_tokens": 0, "total_tokens": 3903}), usage(3903, 0, 0, 0, 0)),
            // The cache.
            (
                json!({"prompt_tokens": 4020, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 4012}}),
                usage(4020, 0, 4012, 4, 0),
            ),
            (
                json!({"prompt_tokens": 4020, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 4012, "cache_write_tokens": 0}}),
                usage(4020, 4012, 0, 4, 0),
            ),
            (
                json!({"prompt_tokens": 2165, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2161, "cache_write_tokens": 2161}}),
                usage(2165, 2161, 4, 4, 0),
            ),
            (
                json!({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 99, "cache_write_tokens": 99}}),
                usage(10, 10, 0, 0, 0),
            ),
            (
                json!({"prompt_tokens": 500, "prompt_cache_hit_tokens": 384, "prompt_cache_miss_tokens": 116}),
                usage(500, 384, 0, 0, 0),
            ),
            (
                json!({"prompt_tokens": 50, "num_cached_tokens": 32, "prompt_tokens_details": null}),
                usage(50, 32, 0, 0, 0),
            ),
            (json!({"prompt_tokens": 50, "cached_tokens": 32}), usage(50, 32, 0, 0, 0)),
            (
                json!({"prompt_tokens": 50, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 20}),
                usage(50, 0, 20, 0, 0),
            ),
            // The words of other APIs.
            (json!({"input_tokens": 100, "output_tokens": 7}), usage(100, 0, 0, 7, 0)),
            (
                json!({"input_tokens": 100, "input_tokens_details": {"cached_tokens": 60}, "output_tokens": 7, "output_tokens_details": {"reasoning_tokens": 5}, "total_tokens": 107}),
                usage(100, 60, 0, 7, 5),
            ),
            (
                json!({"input_tokens": 100, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 20, "output_tokens": 7}),
                usage(180, 60, 20, 7, 0),
            ),
            (
                json!({"prompt_tokens": 9, "input_tokens": 100, "completion_tokens": 7, "output_tokens": 8}),
                usage(9, 0, 0, 7, 0),
            ),
            (json!({"input_tokens": 0, "output_tokens": 7}), None),
            (
                json!({"prompt_tokens": 9, "completion_tokens": null, "completion_tokens_details": {"reasoning_tokens": 50}}),
                usage(9, 0, 0, 50, 50),
            ),
            // Camel case: the Vercel AI SDK, Bedrock's Converse, Gemini's own API.
            (json!({"promptTokens": 100, "completionTokens": 7, "totalTokens": 107}), usage(100, 0, 0, 7, 0)),
            (
                json!({"promptTokens": 100, "completionTokens": 7, "totalTokens": 157, "completionTokensDetails": {"reasoningTokens": 50}, "promptTokensDetails": {"cachedTokens": 60}}),
                usage(100, 60, 0, 57, 50),
            ),
            (
                json!({"inputTokens": 100, "outputTokens": 57, "totalTokens": 157, "reasoningTokens": 50, "cachedInputTokens": 60}),
                usage(100, 60, 0, 57, 50),
            ),
            (
                json!({"inputTokens": 100, "outputTokens": 7, "totalTokens": 187, "cacheReadInputTokens": 60, "cacheWriteInputTokens": 20}),
                usage(180, 60, 20, 7, 0),
            ),
            (
                json!({"promptTokenCount": 100, "candidatesTokenCount": 7, "thoughtsTokenCount": 50, "totalTokenCount": 157}),
                usage(100, 0, 0, 57, 50),
            ),
            (
                json!({"prompt_tokens": 100, "promptTokens": 9, "completionTokens": 7, "completion_tokens": 8}),
                usage(100, 0, 0, 8, 0),
            ),
            (json!({"prompt_tokens": 100, "completion_tokens": null, "completionTokens": 7}), usage(100, 0, 0, 7, 0)),
            // Not counted, or not plausible.
            (json!({"prompt_tokens": null, "completion_tokens": 5}), None),
            (json!({"prompt_tokens": 1e18, "completion_tokens": 5}), None),
            (json!({"prompt_tokens": 0, "completion_tokens": 5}), None),
            (json!({"prompt_tokens": -3, "completion_tokens": 5}), None),
            (json!({"prompt_tokens": 5, "completion_tokens": 100_000_001}), None),
            (json!({}), None),
            (json!(null), None),
            (json!("7"), None),
        ] {
            assert_eq!(read_usage(&value), expected, "{value}");
        }
    }

    #[test]
    fn costs_are_exact_or_ignored() {
        for (value, pico) in [
            (json!({"cost": 0.001385}), Some(1_385_000_000)),
            (json!({"cost": 3.3e-05}), Some(33_000_000)),
            (json!({"cost": 0}), Some(0)),
            (json!({"cost": "0.0002448"}), Some(244_800_000)),
            (json!({"cost": 7.099999999999999e-05}), Some(71_000_000)),
            (json!({"cost": 1e-30}), Some(0)),
            (json!({"cost": {"input_tokens_cost": 0.1, "total_cost": 0.00502}}), Some(5_020_000_000)),
            (
                json!({"cost": 0.001, "is_byok": true, "cost_details": {"upstream_inference_cost": 0.02}}),
                Some(21_000_000_000),
            ),
            (
                json!({"cost": 0.001, "is_byok": false, "cost_details": {"upstream_inference_cost": 0.001}}),
                Some(1_000_000_000),
            ),
            (json!({"cost": -0.1}), None),
            (json!({"cost": "NaN"}), None),
            (json!({"cost": "inf"}), None),
            (json!({"cost": 1e9}), None),
            (json!({"cost": "free"}), None),
            (json!({"cost": null}), None),
            (json!({"cost": {}}), None),
            (json!({}), None),
        ] {
            assert_eq!(read_cost(&value), pico.map(Pico), "{value}");
        }
    }

    proptest! {
        /// The parts never exceed the whole, and no count is lost.
        #[test]
        fn parts_are_parts(numbers in prop::collection::vec(prop::option::of(0_u64..200_000_000), 7)) {
            let value = json!({
                "prompt_tokens": numbers[0], "completion_tokens": numbers[1], "total_tokens": numbers[2],
                "completion_tokens_details": {"reasoning_tokens": numbers[3]},
                "prompt_tokens_details": {"cached_tokens": numbers[4], "cache_write_tokens": numbers[5]},
                "num_cached_tokens": numbers[6],
            });
            if let Some(usage) = read_usage(&value) {
                prop_assert!(usage.cached_input + usage.cache_write <= usage.input);
                prop_assert!(usage.reasoning <= usage.output);
                prop_assert!(usage.input + usage.output <= MAX_TOKENS);
                prop_assert!(usage.output >= numbers[1].unwrap_or(0));
            }
        }

        #[test]
        fn a_cost_of_up_to_twelve_decimals_is_exact(pico in 0_i64..1_000_000_000_000) {
            prop_assert_eq!(parse_cost(&Pico(pico).to_string()), Some(Pico(pico)));
        }
    }
}
