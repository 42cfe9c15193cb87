//! The plan as JSON: beside every number of tokens or money its `basis`.

use super::pace::Bound;
use super::planning::Plan;
use super::projection::Projection;
use super::quote::{Alternative, Quote, Range};
use crate::base::money::Pico;
use serde_json::{Map, Value, json};

impl Plan {
    /// The plan as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut out = json!({
            "files": self.files, "pages": self.pages, "answered": self.answered, "to_ask": self.to_ask,
            "duplicates": self.duplicates, "skipped": self.skipped, "under_way": self.under_way, "unreadable": self.unreadable, "not_fetched": self.not_fetched,
            "by_format": self.by_format, "by_task": self.by_task, "misses": self.misses,
        });
        if let (Some(quote), Some(members)) = (&self.quote, out.as_object_mut()) {
            members.extend(quote.to_json());
            members.insert("minutes".into(), minutes(&self.bounds));
            members.insert(
                "budget".into(),
                self.budget.map_or(Value::Null, |room| json!({"usd": room.limit.to_string(), "left_usd": room.left.to_string(), "pages": room.pages})),
            );
        }
        if let (Some(projection), Some(members)) = (&self.projection, out.as_object_mut()) {
            members.insert("projection".into(), projected(projection));
        }
        out
    }
}

impl Quote {
    /// What the money rests on.
    #[must_use]
    pub fn cost_basis(&self) -> String {
        match &self.price_basis {
            Some(price) => format!("images: {}; price: {price}", self.image_basis),
            None => "unknown".to_owned(),
        }
    }

    fn to_json(&self) -> Map<String, Value> {
        let cost_basis = self.cost_basis();
        let money = |amount: Option<Pico>| amount.map(|amount| amount.to_string());
        let by_task = self
            .by_task
            .iter()
            .map(|(name, cost)| (name.clone(), json!({"expected": money(*cost), "basis": cost_basis})));
        let members = json!({
            "tokens": {
                "input": tokens(&self.input, &format!("images: {}; text: {}", self.image_basis, self.text_basis)),
                "output": tokens(&self.output, &self.output_basis),
            },
            "cost_usd": {
                "low": money(self.cost.map(|cost| cost.low)),
                "expected": money(self.cost.and_then(|cost| cost.expected)),
                "high": money(self.cost.map(|cost| cost.high)),
                "basis": cost_basis,
            },
            "cost_usd_by_task": Value::Object(by_task.collect()),
            "worst_request_usd": {"value": money(self.worst), "basis": format!("set aside for one request; {cost_basis}")},
            "image_rule": {"rule": self.image_rule, "basis": self.image_basis.to_string(), "differs_from_documented": self.differs},
            "text": {
                "tokens_per_page": {"value": self.text, "basis": self.text_basis},
                "label_descriptions": {
                    "tokens_per_page": {"value": self.descriptions, "basis": self.text_basis},
                    "cost_usd": {"value": money(self.descriptions_cost), "basis": cost_basis},
                },
            },
            "alternatives": self.alternatives.iter().map(|way| alternative(way, self.price_basis.as_deref())).collect::<Vec<_>>(),
        });
        match members {
            Value::Object(members) => members,
            _ => Map::new(),
        }
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
