//! `docmill models`: the models and prices that docmill knows.

use super::arg_values::Format;
use super::exit::Failure;
use super::log;
use super::models_args::Models;
use super::out::{out, outln};
use crate::base::money::Pico;
use crate::base::units::{grouped, utc_day};
use crate::catalog::{Effort, ListedModel, ModelFacts, Price, Reasoning, list_models};
use serde_json::{Value, json};

/// Tokens to which prices are quoted.
const QUOTED_TOKENS: u64 = 1_000_000;
/// For unknown values.
const UNKNOWN: &str = "-";
/// The columns of the table, and whether they are aligned to the right.
const COLUMNS: [(&str, bool); 11] = [
    ("model", false),
    ("host", false),
    ("in", true),
    ("cached", true),
    ("write", true),
    ("out", true),
    ("reasons", false),
    ("efforts", false),
    ("context", true),
    ("output", true),
    ("images", false),
];

#[expect(clippy::unnecessary_wraps, reason = "all commands have one form")]
pub(crate) fn models(args: &Models) -> Result<u8, Failure> {
    let name = args.name.as_deref().unwrap_or_default();
    let listed = list_models(name);
    match args.format {
        Format::Text if listed.is_empty() => {}
        Format::Text => out!("{}", to_text(&listed)),
        Format::Json => outln!("{:#}", json!({"models": listed.iter().map(to_json).collect::<Vec<_>>()})),
    }
    if listed.is_empty() {
        let line = format!("no model or host that docmill knows contains `{name}`");
        log::line("WARN", &format!("warning: {line}"), serde_json::Map::new());
    }
    Ok(0)
}

/// USD per million tokens.
fn usd(token: Pico) -> String {
    token.times(QUOTED_TOKENS).to_string()
}

/// How much a model reasons by default: an effort, `no`, `yes` at an effort that is not known, or `unknown`.
fn reasons(facts: &ModelFacts) -> &'static str {
    match facts.reasoning {
        Reasoning::Never => "no",
        Reasoning::Always => "yes",
        Reasoning::Default(effort) => effort.name(),
        Reasoning::Unknown => "unknown",
    }
}

/// The prices of a model, each with what it holds for: `above 272,000`, `from 2027-01-01`.
fn prices(listed: &ListedModel) -> Vec<(Price, u64, Option<String>)> {
    let rows = listed.price.iter().flat_map(|price| price.price.rows());
    rows.map(|row| (row.price, row.above, (row.from_ms != i64::MIN).then(|| utc_day(row.from_ms)))).collect()
}

fn to_text(listed: &[ListedModel]) -> String {
    let mut rows = vec![COLUMNS.map(|(name, _)| name.to_owned())];
    listed.iter().for_each(|listed| rows.extend(text_rows(listed)));
    let widths: Vec<usize> =
        (0..COLUMNS.len()).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let mut text = "prices in USD per million tokens, limits in tokens\n\n".to_owned();
    for row in &rows {
        let cells = row.iter().zip(&widths).zip(COLUMNS).map(|((cell, width), (_, is_right))| match is_right {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A line for the model, and one for each price of long prompts or later dates.
fn text_rows(listed: &ListedModel) -> Vec<[String; COLUMNS.len()]> {
    let known = |text: Option<String>| text.filter(|text| !text.is_empty()).unwrap_or_else(|| UNKNOWN.to_owned());
    let facts = listed.facts;
    let tokens = |tokens: Option<u64>| known(tokens.map(grouped));
    let price = |price: Option<Price>| {
        let parts: [fn(Price) -> Pico; 4] =
            [|price| price.input, |price| price.cached_input, |price| price.cache_write, |price| price.output];
        parts.map(|part| known(price.map(|price| usd(part(price)))))
    };
    let prices = prices(listed);
    let [input, cached, write, output] = price(prices.first().map(|(price, _, _)| *price));
    let efforts = facts.map(|facts| facts.efforts.iter().map(|effort| effort.name()).collect::<Vec<_>>().join(" "));
    let first = [
        listed.model.clone(),
        known(listed.host.clone()),
        input,
        cached,
        write,
        output,
        known(facts.map(|facts| reasons(facts).to_owned())),
        known(efforts),
        tokens(facts.and_then(|facts| facts.context)),
        tokens(facts.and_then(|facts| facts.max_output)),
        known(facts.map(|facts| facts.image_rule.to_string())),
    ];
    let further = prices.iter().skip(1).map(|(further, above, from)| {
        let [input, cached, write, output] = price(Some(*further));
        let above = (*above > 0).then(|| format!("above {} tokens", grouped(*above)));
        let terms: Vec<String> = above.into_iter().chain(from.iter().map(|from| format!("from {from}"))).collect();
        let mut row: [String; COLUMNS.len()] = Default::default();
        row[0] = format!("  {}", terms.join(", "));
        [row[2], row[3], row[4], row[5]] = [input, cached, write, output];
        row
    });
    std::iter::once(first).chain(further).collect()
}

fn to_json(listed: &ListedModel) -> Value {
    let prices: Vec<Value> = prices(listed)
        .into_iter()
        .map(|(price, above, from)| {
            json!({
                "above_tokens": above, "from": from, "input": usd(price.input), "cached_input": usd(price.cached_input),
                "cache_write": usd(price.cache_write), "output": usd(price.output),
            })
        })
        .collect();
    let reasoning = listed.facts.map(|facts| {
        json!({
            "default": reasons(facts),
            "efforts": facts.efforts.iter().map(|effort| effort.name()).collect::<Vec<_>>(),
            "auto": facts.auto_effort.map(Effort::name),
        })
    });
    json!({
        "model": listed.model, "host": listed.host,
        "usd_per_million_tokens": prices,
        "has_batch_price": listed.price.as_ref().map(|price| price.batch.is_some()),
        "as_of": listed.price.as_ref().map(|price| &price.as_of), "source": listed.price.as_ref().map(|price| &price.source),
        "image_rule": listed.facts.map(|facts| facts.image_rule.to_string()),
        "reasoning": reasoning,
        "context_tokens": listed.facts.and_then(|facts| facts.context),
        "max_output_tokens": listed.facts.and_then(|facts| facts.max_output),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_price_has_a_line_with_what_it_holds_for() {
        let text = to_text(&list_models("gemini-3.8-flash"));
        let lines: Vec<Vec<&str>> = text.lines().skip(2).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(
            lines[1][..7],
            ["gemini-3.8-flash", "generativelanguage.googleapis.com", "0.75", "0.075", "0.75", "3.75", "medium"]
        );
        assert_eq!(lines[2], ["from", "2027-01-01", "1.5", "0.15", "1.5", "7.5"]);
        let text = to_text(&list_models("gpt-6-luna"));
        assert!(text.contains("  above 272,000 tokens"), "{text}");
        // The columns are aligned.
        let ends: Vec<usize> =
            text.lines().skip(2).map(|line| line.find("0.5").or(line.find("0.75")).unwrap_or(0)).collect();
        assert!(ends[1] > 0 && ends[2] > 0, "{text}");
    }

    #[test]
    fn what_is_not_known_is_null_and_never_a_number() {
        let of = |part: &str| to_json(&list_models(part)[0]);
        let luna = of("gpt-6-luna");
        assert_eq!(
            luna["usd_per_million_tokens"][0],
            json!({"above_tokens": 0, "from": null, "input": "0.1", "cached_input": "0.01", "cache_write": "0.125", "output": "0.5"})
        );
        assert_eq!(luna["usd_per_million_tokens"][1]["above_tokens"], 272_000);
        assert_eq!(
            luna["reasoning"],
            json!({"default": "medium", "efforts": ["none", "low", "medium", "high", "xhigh"], "auto": "none"})
        );
        assert_eq!((&luna["context_tokens"], &luna["has_batch_price"]), (&json!(922_000), &json!(true)));
        let family = of("qwen3-vl*thinking");
        assert_eq!(
            (&family["host"], &family["usd_per_million_tokens"], &family["as_of"]),
            (&Value::Null, &json!([]), &Value::Null)
        );
        assert_eq!((&family["reasoning"]["default"], &family["context_tokens"]), (&json!("yes"), &Value::Null));
        let only_price = of("qwen3-vl-plus");
        assert_eq!(only_price["usd_per_million_tokens"].as_array().map(Vec::len), Some(3));
    }
}
