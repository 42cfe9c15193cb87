//! The label that a value of a reply means. docs/rows.md lists the rules.

use crate::base::unicode::fold;
use serde_json::{Number, Value};

/// Beyond this, different integers may be the same double (2^53).
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The label that `text` means: an equal one; else the only one that is equal in lower case and without white space
/// around it; else the only one that [folds](fold) to the same text.
pub(crate) fn find_label<'a>(labels: &'a [String], text: &str) -> Option<&'a str> {
    if let Some(exact) = labels.iter().find(|label| *label == text) {
        return Some(exact);
    }
    let lower = text.trim().to_lowercase();
    let in_lower_case = only(labels, |label| label.to_lowercase() == lower);
    if in_lower_case.is_some() {
        return in_lower_case;
    }
    let folded = fold(text);
    if folded.is_empty() { None } else { only(labels, |label| fold(label) == folded) }
}

/// The label that a value means: a text, or a number, boolean or null with the spelling of a label.
pub(crate) fn label_of_value<'a>(labels: &'a [String], value: &Value) -> Option<&'a str> {
    match value {
        Value::String(text) => find_label(labels, text),
        Value::Bool(_) | Value::Null => find_label(labels, &value.to_string()),
        Value::Number(number) if number.is_f64() => label_of_double(labels, number),
        Value::Number(number) => find_label(labels, &number.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The only label that is a JSON number of this value: `2.10` may have been written for `2.10` or `2.1`.
fn label_of_double<'a>(labels: &'a [String], number: &Number) -> Option<&'a str> {
    let double = number.as_f64().filter(|double| double.abs() < MAX_EXACT)?;
    only(labels, |label| {
        let number = serde_json::from_str::<Number>(label).ok().filter(|_| !label.starts_with(char::is_whitespace));
        number.and_then(|number| number.as_f64()) == Some(double)
    })
}

/// The label that is alike, if there is only one.
fn only(labels: &[String], is_alike: impl Fn(&str) -> bool) -> Option<&str> {
    let mut alike = labels.iter().filter(|label| is_alike(label));
    match (alike.next(), alike.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}
