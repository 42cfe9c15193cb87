//! The value of a cell of a truth file, by the shape of a task. Values are read as those of replies are
//! (docs/rows.md), and as `docmill export` writes them.

use crate::base::spreadsheet::unescape_formula;
use crate::base::units::parse_boolean;
use crate::eval::{FieldKind, is_readable};
use crate::task::{Shape, check_value};
use serde_json::{Number, Value};
use std::collections::BTreeSet;

/// What separates tags in a cell that is not a JSON list.
const TAG_SEPARATORS: &[char] = &[';', '|', ',', '\n'];

/// A value that does not fit its shape, as it is compared, and its misfits as text.
pub(crate) fn keep(shape: &Shape, cell: &Value) -> (Value, Vec<String>) {
    let text = text_of(cell);
    match (shape.required(), cell) {
        (Shape::Tags { labels, .. }, _) => {
            let one = Shape::Choice(labels.clone());
            let (mut known, mut unknown) = (BTreeSet::new(), Vec::new());
            for part in tag_parts(cell) {
                match read_leaf(&one, &part) {
                    Ok(label) => known.extend(labels.iter().position(|known| label == known.as_str())),
                    Err(_) => unknown.push(text_of(&part)),
                }
            }
            let mut seen = BTreeSet::new();
            unknown.retain(|text| seen.insert(text.clone()));
            if unknown.is_empty() {
                unknown.push(text);
            }
            let names = known.iter().filter_map(|at| labels.get(*at)).chain(&unknown);
            (names.map(String::as_str).collect(), unknown)
        }
        (Shape::List(_) | Shape::Object(_), _) => (parsed(cell).unwrap_or_else(|_| text.as_str().into()), vec![text]),
        (Shape::Choice(_), _) | (_, Value::String(_)) => (text.as_str().into(), vec![text]),
        (_, Value::Null | Value::Array(_) | Value::Object(_)) => (cell.clone(), vec![text]),
        _ => (text.as_str().into(), vec![text]),
    }
}

/// Whether a value that does not fit its shape still has its meaning, such as `172,63` where a number is expected. A
/// whole number with a point is in doubt: it may separate thousands.
pub(crate) fn has_meaning(shape: &Shape, text: &str) -> bool {
    match shape.required() {
        Shape::Number => is_readable(FieldKind::Number, text),
        Shape::Integer => is_readable(FieldKind::Number, text) && !text.contains('.'),
        Shape::Date => is_readable(FieldKind::Date, text),
        _ => false,
    }
}

/// The tags of a cell.
pub(crate) fn tag_parts(cell: &Value) -> Vec<Value> {
    match cell {
        Value::Array(items) => items.clone(),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Array(items)) => items,
            _ if text.trim().starts_with('[') => vec![cell.clone()],
            _ => split_tags(text).map(Value::from).collect(),
        },
        other => vec![other.clone()],
    }
}

/// The tags of a text that is not a JSON list.
fn split_tags(text: &str) -> impl Iterator<Item = &str> {
    text.split(TAG_SEPARATORS).map(str::trim).filter(|part| !part.is_empty())
}

/// A cell as text: of texts what the spreadsheet shows, otherwise JSON.
pub(crate) fn text_of(cell: &Value) -> String {
    match cell {
        Value::String(text) => unescape_formula(text.trim()).to_owned(),
        other => other.to_string(),
    }
}

/// Whether a cell is empty.
pub(crate) fn is_empty(cell: &Value) -> bool {
    match cell {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// The value of a leaf in a cell that is not empty.
///
/// # Errors
/// Why it does not fit, in words.
pub(crate) fn read_leaf(shape: &Shape, cell: &Value) -> Result<Value, String> {
    let read = |cell: &Value| read_plain(shape, cell);
    let Value::String(text) = cell else { return read(cell) };
    let unguarded = Some(unescape_formula(text)).filter(|rest| *rest != text);
    match (read(cell), unguarded) {
        // A text is what the spreadsheet shows.
        (Ok(_), Some(rest)) if *shape.required() == Shape::Text => read(&Value::from(rest)),
        (Err(_), Some(rest)) => read(&Value::from(rest)),
        (found, _) => found,
    }
}

fn read_plain(shape: &Shape, cell: &Value) -> Result<Value, String> {
    let check = |value: &Value| check_value(shape, value).map_err(|fault| fault.message);
    let is_tags = matches!(shape.required(), Shape::Tags { .. });
    let Value::String(text) = cell else {
        return match (shape, cell) {
            // A member that is null means that the page has no such value.
            (Shape::Nullable(_), Value::Null) => Ok(Value::Null),
            (_, Value::Array(_)) if is_tags => check(cell).or_else(|message| {
                // The truth may have more labels than a reply.
                check_value(&without_max(shape), cell).map_err(|_| message)
            }),
            // One label that looks like a number or a boolean.
            (_, Value::Number(_) | Value::Bool(_)) if is_tags => check(&Value::Array(vec![cell.clone()])),
            _ => check(cell),
        };
    };
    let trimmed = text.trim();
    match shape.required() {
        Shape::Text if matches!(shape, Shape::Nullable(_)) && trimmed == "null" => Ok(Value::Null),
        // `export` writes numbers as JSON does.
        Shape::Number => match serde_json::from_str::<Number>(trimmed) {
            Ok(number) => check(&Value::Number(number)),
            Err(_) => check(cell),
        },
        Shape::Boolean => check(&parse_boolean(trimmed).map_or_else(|| cell.clone(), Value::Bool)),
        Shape::Tags { labels, .. } => {
            let shape = without_max(shape);
            let check = |value: &Value| check_value(&shape, value).map_err(|fault| fault.message);
            if trimmed.starts_with('[') && !labels.iter().any(|label| label == trimmed) {
                return check(&parsed(cell)?);
            }
            if matches!(shape, Shape::Nullable(_)) && trimmed == "null" {
                return Ok(Value::Null);
            }
            let one = check(&Value::Array(vec![Value::from(trimmed)]));
            one.or_else(|_| check(&Value::Array(split_tags(trimmed).map(Value::from).collect())))
        }
        Shape::List(_) | Shape::Object(_) if trimmed != "null" => check(&parsed(cell)?),
        _ => check(cell),
    }
}

/// A shape of tags without a maximum number of labels.
fn without_max(shape: &Shape) -> Shape {
    match shape {
        Shape::Tags { labels, .. } => Shape::Tags { labels: labels.clone(), max: None },
        Shape::Nullable(inner) => Shape::Nullable(Box::new(without_max(inner))),
        other => other.clone(),
    }
}

/// The JSON value that a cell holds as text, or is.
pub(crate) fn parsed(cell: &Value) -> Result<Value, String> {
    match cell {
        Value::String(text) => {
            serde_json::from_str(text).map_err(|error| format!("expected JSON, found `{}` ({error})", shorten(text)))
        }
        other => Ok(other.clone()),
    }
}

pub(crate) fn shorten(text: &str) -> String {
    crate::base::sanitize::one_line(text, 40)
}
