//! Numbers, values and pages in words.

use crate::base::sanitize::one_line;
use crate::base::units::{counted, grouped};
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Display;

/// A page of a file.
pub(crate) fn with_page(path: &str, page: u32) -> String {
    if page > 1 { format!("{path}, page {page}") } else { path.to_owned() }
}

/// A value on one line.
pub(crate) fn short(value: &Value) -> String {
    short_text(&text_of_value(value))
}

/// A value as text.
pub(crate) fn text_of_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let names: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            format!("[{}]", names.join(", "))
        }
        other => other.to_string(),
    }
}

/// A text on one line.
pub(crate) fn short_text(text: &str) -> String {
    one_line(text, 60)
}

/// A share with three decimals. It is 1 or 0 only if it is exactly that.
pub(crate) fn share(value: f64) -> String {
    let text = format!("{value:.3}");
    match text.as_str() {
        "1.000" if value < 1.0 => "0.999".to_owned(),
        "0.000" if value > 0.0 => "0.001".to_owned(),
        _ => text,
    }
}

/// What to know of human answers that count although they are not blind; `None`: all are.
pub(crate) fn shown_warning(shown: u64) -> Option<String> {
    let are = if shown == 1 { "that counts is" } else { "that count are" };
    let answers = counted(shown, "human answer");
    (shown > 0).then(|| {
        format!(
            "warning: {answers} {are} not blind. Reviewers who have seen the model's answer tend to agree with it: the model \
             probably looks better than it is"
        )
    })
}

/// Messages with their places, each message once, in the order of their first places: at most `max` places, and how many
/// more.
pub(crate) fn group_messages<'a, P: Display>(messages: impl Iterator<Item = (P, &'a str)>, max: usize) -> Vec<String> {
    let mut groups: Vec<(&str, Vec<P>)> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (place, message) in messages {
        let at = *known.entry(message).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, places)) => places.push(place),
            None => groups.push((message, vec![place])),
        }
    }
    let describe = |(message, places): (&str, Vec<P>)| {
        let named: Vec<String> = places.iter().take(max).map(ToString::to_string).collect();
        let more = match places.len().saturating_sub(max) {
            0 => String::new(),
            more => format!(" and {} more", grouped(more as u64)),
        };
        format!("{}{more}: {message}", named.join("; "))
    };
    groups.into_iter().map(describe).collect()
}

/// The name of a field of a task, or of the task if its whole answer is meant.
pub(crate) fn field_name(task: &str, field: &str) -> String {
    if field.is_empty() { task.to_owned() } else { format!("{task}.{field}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn shares_are_never_rounded_to_certainty() {
        let texts = [0.0, 0.0001, 0.5, 0.99951, 1.0].map(share);
        assert_eq!(texts, ["0.000", "0.001", "0.500", "0.999", "1.000"]);
    }

    #[test]
    fn answers_that_are_not_blind_are_a_warning() {
        assert_eq!(shown_warning(0), None);
        for (count, start) in [
            (1, "warning: 1 human answer that counts is not blind. "),
            (4000, "warning: 4,000 human answers that count are not"),
        ] {
            assert!(shown_warning(count).is_some_and(|text| text.starts_with(start)), "{count}");
        }
    }

    #[test]
    fn values_are_short() {
        let texts =
            [json!("a\nb"), json!(["x", "y"]), json!([]), json!(null), json!([1, "x"])].map(|value| short(&value));
        assert_eq!(texts, ["a b", "[x, y]", "[]", "null", "[1,\"x\"]"]);
    }
}
