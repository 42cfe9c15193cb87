//! The plan as JSON. Every number of tokens or money has a `basis`: where it comes from.

use super::model::{Plan, Projection, ShardPlan};
use super::quote::{Alternative, Quote, Range};
use super::time_bounds::Bound;
use crate::base::money::Pico;
use crate::source::LeftOut;
use serde_json::{Map, Value, json};

/// The plan as JSON.
#[must_use]
pub fn plan_to_json(plan: &Plan) -> Value {
    let mut out = json!({
        "files": plan.files, "pages": plan.pages, "answered": plan.answered, "to_ask": plan.to_ask,
        "duplicates": plan.duplicates, "skipped": plan.skipped, "not_selected": plan.not_selected, "under_way": plan.under_way, "unreadable": plan.unreadable, "unread_input": plan.unread, "not_fetched": plan.not_fetched,
        "redrawn": plan.redrawn, "outdated_files": plan.outdated, "by_format": plan.by_format, "left_out": left_out(&plan.left_out), "by_task": plan.by_task, "misses": plan.misses,
    });
    if let (Some(quote), Some(members)) = (&plan.quote, out.as_object_mut()) {
        members.extend(quote_to_json(quote));
        members.insert("minutes".into(), minutes(&plan.bounds));
        members.insert(
            "budget".into(),
            plan.budget.map_or(
                Value::Null,
                |budget| json!({"usd": budget.limit.to_string(), "left_usd": budget.left.to_string(), "pages": budget.pages, "is_enough": plan.is_budget_enough()}),
            ),
        );
    }
    if let (Some(projection), Some(members)) = (&plan.projection, out.as_object_mut()) {
        members.insert("projection".into(), projected(projection));
    }
    if let (false, Some(members)) = (plan.shards.is_empty(), out.as_object_mut()) {
        members.insert("shards".into(), plan.shards.iter().map(shard).collect());
    }
    out
}

fn shard(plan: &ShardPlan) -> Value {
    json!({
        "shard": plan.shard.to_string(), "files": plan.files, "pages": plan.pages, "to_ask": plan.to_ask,
        "cost_usd": {"expected": plan.cost.map(|cost| cost.to_string())},
        "budget": plan.budget.map(|part| json!({
            "usd": part.to_string(), "needed_usd": plan.needed.map(|needed| needed.to_string()),
            "is_enough": plan.needed.map(|_| !plan.is_short()),
        })),
    })
}

fn left_out(files: &LeftOut) -> Value {
    json!({
        "hidden": files.hidden, "links": files.links, "special": files.special, "excluded": files.excluded,
        "by_extension": files.by_extension,
    })
}

fn quote_to_json(quote: &Quote) -> Map<String, Value> {
    let cost_basis = quote.cost_basis();
    let money = |amount: Option<Pico>| amount.map(|amount| amount.to_string());
    let by_task =
        quote.by_task.iter().map(|(name, cost)| (name.clone(), json!({"expected": money(*cost), "basis": cost_basis})));
    let members = json!({
        "tokens": {
            "input": tokens(&quote.input, &format!("images: {}; text: {}", quote.image_basis, quote.text_basis)),
            "output": tokens(&quote.output, &quote.output_basis),
        },
        "cost_usd": {
            "low": money(quote.cost.map(|cost| cost.low)),
            "expected": money(quote.cost.and_then(|cost| cost.expected)),
            "high": money(quote.cost.map(|cost| cost.high)),
            "basis": cost_basis,
        },
        "cost_usd_by_task": Value::Object(by_task.collect()),
        "worst_request_usd": {"value": money(quote.worst), "basis": format!("reserved for one request; {cost_basis}")},
        "image_rule": {"rule": quote.image_rule, "basis": quote.image_basis.to_string(), "differs_from_documented": quote.differs},
        "text": {
            "tokens_per_page": {"value": quote.text, "basis": quote.text_basis},
            "label_descriptions": {
                "tokens_per_page": {"value": quote.descriptions, "basis": quote.text_basis},
                "cost_usd": {"value": money(quote.descriptions_cost), "basis": cost_basis},
            },
        },
        "reasoning": {
            "tokens_per_page": quote.reasoning.tokens(), "effort": quote.reasoning.effort().map(|effort| effort.name()),
            "basis": quote.reasoning.basis(),
        },
        "alternatives": quote.alternatives.iter().map(|way| alternative(way, quote.price_basis.as_deref())).collect::<Vec<_>>(),
    });
    match members {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn tokens(range: &Range<u64>, basis: &str) -> Value {
    let (low, expected, high) = (range.low, range.expected, range.high);
    json!({"low": low, "expected": expected, "high": high, "basis": basis})
}

fn alternative(way: &Alternative, price: Option<&str>) -> Value {
    json!({
        "detail": way.detail.name(), "size": way.size.name(), "chosen": way.is_chosen, "input_tokens": way.input_tokens,
        "cost_usd": way.cost.map(|cost| cost.to_string()),
        "basis": match price {
            Some(price) => format!("images: {}; price: {price}", way.basis),
            None => format!("images: {}; price: unknown", way.basis),
        },
    })
}

fn minutes(bounds: &[Bound]) -> Value {
    let rounded = |minutes: f64| (minutes * 100.0).round() / 100.0;
    let by_limit = bounds
        .iter()
        .map(|bound| (bound.limit.to_owned(), json!({"minutes": rounded(bound.minutes), "basis": bound.basis})));
    json!({
        "expected": bounds.first().map(|bound| rounded(bound.minutes)),
        "bound_by": bounds.first().map(|bound| bound.limit),
        "by_limit": Value::Object(by_limit.collect()),
    })
}

fn projected(projection: &Projection) -> Value {
    let money = |amount: Option<Pico>| amount.map(|amount| amount.to_string());
    let (from, to) = projection.interval.unzip();
    json!({
        "sampled_files": projection.sampled, "files": projection.files, "to_ask": projection.to_ask,
        "input_tokens": projection.input,
        "cost_usd": {"expected": money(projection.expected), "from": money(from), "to": money(to), "confidence": 0.95},
        "basis": format!("a sample of {} of {} files", projection.sampled, projection.files),
    })
}
