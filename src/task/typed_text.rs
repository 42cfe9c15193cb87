//! Texts in a reply that mean a number, a boolean or null. docs/rows.md lists the rules.

use super::shape::Shape;
use serde_json::{Number, Value};

/// Whether the text is the word null.
pub(crate) fn is_null_text(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("null")
}

/// The value that `text` means where `shape` is expected: `true` and `false`, and JSON numbers.
pub(crate) fn typed_value(shape: &Shape, text: &str) -> Option<Value> {
    let text = text.trim();
    match shape {
        Shape::Boolean if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
        Shape::Boolean if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
        Shape::Number | Shape::Integer if !has_grouped_digits(text) => {
            serde_json::from_str::<Number>(text).ok().map(Value::Number)
        }
        _ => None,
    }
}

/// Whether the point of a number may separate thousands: `1.234`, but not `1234.567` and `0.123`.
fn has_grouped_digits(text: &str) -> bool {
    let Some((whole, part)) = text.trim_start_matches('-').split_once('.') else { return false };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (1..=3).contains(&whole.len())
        && !whole.starts_with('0')
        && part.len() == 3
        && are_digits(whole)
        && are_digits(part)
}
