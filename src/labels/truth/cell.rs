//! The value of a cell of a truth file, by the shape of a task. Values are read as those of replies are
//! (docs/rows.md), and as `docmill export` writes them.

use super::leaf::Leaf;
use crate::task::{Shape, check_value};
use serde_json::{Map, Number, Value};

/// The beginnings of texts to which `export --csv` adds an apostrophe, so that no spreadsheet runs them.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r'];

/// What separates tags in a cell that is not a JSON list.
const TAG_SEPARATORS: &[char] = &[';', '|', ',', '\n'];

/// The values of all leaves of a task in a cell that holds a whole answer. A leaf without truth is `None`.
///
/// # Errors
/// Why the cell can't be read, in words.
pub(crate) fn read_answer(shape: &Shape, leaves: &[Leaf], cell: &Value) -> Result<Vec<Option<Value>>, String> {
    if !matches!(shape.required(), Shape::Object(_)) {
        return Ok(vec![read_cell(shape, cell)?]);
    }
    if is_empty(cell) {
        return Ok(vec![None; leaves.len()]);
    }
    let parsed = parsed(cell)?;
    let mut values = vec![None; leaves.len()];
    read_members(shape, &parsed, &mut Vec::new(), &mut |path, shape, value| {
        let at = leaves.iter().position(|leaf| leaf.path == path);
        let value = read_leaf(shape, value).map_err(|message| format!("in `{}`: {message}", path.join(".")))?;
        if let Some(slot) = at.and_then(|at| values.get_mut(at)) {
            *slot = Some(value);
        }
        Ok(())
    })?;
    // Where an object is null, so is everything in it.
    for (leaf, slot) in leaves.iter().zip(&mut values) {
        if slot.is_none() && is_in_null(&parsed, &leaf.path) {
            *slot = Some(Value::Null);
        }
    }
    Ok(values)
}

/// The value of one leaf in a cell. `None`: the cell is empty, so there is no truth.
///
/// # Errors
/// Why the cell can't be read, in words.
pub(crate) fn read_cell(shape: &Shape, cell: &Value) -> Result<Option<Value>, String> {
    if is_empty(cell) { Ok(None) } else { read_leaf(shape, cell).map(Some) }
}

/// Whether a cell is empty.
pub(crate) fn is_empty(cell: &Value) -> bool {
    match cell {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn read_leaf(shape: &Shape, cell: &Value) -> Result<Value, String> {
    let read = |cell: &Value| read_plain(shape, cell);
    let Value::String(text) = cell else { return read(cell) };
    let unguarded = text.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA_STARTS));
    match (read(cell), unguarded) {
        // A text is what the spreadsheet shows.
        (Ok(_), Some(rest)) if *shape.required() == Shape::Text => read(&Value::from(rest)),
        (Err(_), Some(rest)) => read(&Value::from(rest)),
        (found, _) => found,
    }
}

fn read_plain(shape: &Shape, cell: &Value) -> Result<Value, String> {
    let check = |value: &Value| check_value(shape, value).map_err(|fault| fault.message);
    let Value::String(text) = cell else {
        return match (shape, cell) {
            // A member that is null means that the page has no such value.
            (Shape::Nullable(_), Value::Null) => Ok(Value::Null),
            (_, Value::Array(_)) if matches!(shape.required(), Shape::Tags { .. }) => check(cell).or_else(|message| {
                // The truth may have more labels than a reply.
                check_value(&without_max(shape), cell).map_err(|_| message)
            }),
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
            let parts = || trimmed.split(TAG_SEPARATORS).map(str::trim).filter(|part| !part.is_empty());
            one.or_else(|_| check(&Value::Array(parts().map(Value::from).collect())))
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
fn parsed(cell: &Value) -> Result<Value, String> {
    match cell {
        Value::String(text) => {
            serde_json::from_str(text).map_err(|error| format!("expected JSON, found `{}` ({error})", shorten(text)))
        }
        other => Ok(other.clone()),
    }
}

fn shorten(text: &str) -> String {
    crate::base::sanitize::one_line(text, 40)
}

type OnLeaf<'a> = dyn FnMut(&[String], &Shape, &Value) -> Result<(), String> + 'a;

/// Calls `on_leaf` with each leaf that an object has.
fn read_members(shape: &Shape, value: &Value, path: &mut Vec<String>, on_leaf: &mut OnLeaf<'_>) -> Result<(), String> {
    let Shape::Object(fields) = shape.required() else { return on_leaf(path, shape, value) };
    let members: &Map<String, Value> = match value {
        Value::Null if matches!(shape, Shape::Nullable(_)) => return Ok(()),
        Value::Object(members) => members,
        other => return Err(format!("expected an object, found {}", shorten(&other.to_string()))),
    };
    if let Some(unknown) = members.keys().find(|name| !fields.iter().any(|field| field.name == **name)) {
        let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        return Err(format!("there is no member `{}`; members: {}", shorten(unknown), known.join(", ")));
    }
    for field in fields {
        if let Some(value) = members.get(&field.name) {
            path.push(field.name.clone());
            read_members(&field.shape, value, path, on_leaf)?;
            path.pop();
        }
    }
    Ok(())
}

/// Whether an object on the way to this member is null.
fn is_in_null(answer: &Value, path: &[String]) -> bool {
    let mut value = answer;
    for name in path {
        match value {
            Value::Null => return true,
            other => match other.get(name) {
                Some(next) => value = next,
                None => return false,
            },
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Field;
    use serde_json::json;

    fn nullable(shape: Shape) -> Shape {
        Shape::Nullable(Box::new(shape))
    }

    #[test]
    fn cells_are_read_as_replies_and_as_exports() {
        let choice = || Shape::Choice(["bank statement", "2.10", "-draft"].map(str::to_owned).to_vec());
        let tags = || Shape::Tags { labels: ["table", "stamp", "a, b"].map(str::to_owned).to_vec(), max: Some(1) };
        for (shape, cell, expected) in [
            (choice(), json!("bank statement"), Ok(Some(json!("bank statement")))),
            (choice(), json!(" BANK\u{a0} statement. "), Ok(Some(json!("bank statement")))),
            (choice(), json!(2.1), Ok(Some(json!("2.10")))),
            (choice(), json!("'-draft"), Ok(Some(json!("-draft")))),
            (choice(), json!(" "), Ok(None)),
            (choice(), json!(null), Ok(None)),
            (choice(), json!("letter"), Err("`letter` is not one of the labels `bank statement`, `2.10`, `-draft`")),
            (tags(), json!("[\"STAMP\", \"table\"]"), Ok(Some(json!(["table", "stamp"])))),
            (tags(), json!(["stamp"]), Ok(Some(json!(["stamp"])))),
            (tags(), json!(["stamp", "table"]), Ok(Some(json!(["table", "stamp"])))),
            (tags(), json!("[]"), Ok(Some(json!([])))),
            (tags(), json!("table"), Ok(Some(json!(["table"])))),
            (tags(), json!("stamp; table"), Ok(Some(json!(["table", "stamp"])))),
            (tags(), json!("stamp|table,"), Ok(Some(json!(["table", "stamp"])))),
            (tags(), json!("a, b"), Ok(Some(json!(["a, b"])))),
            (tags(), json!("stamp, logo"), Err("`logo` is not one of the labels `table`, `stamp`, `a, b`")),
            (tags(), json!("[stamp]"), Err("expected JSON, found `[stamp]` (expected value at line 1 column 2)")),
            (Shape::Number, json!("1.234"), Ok(Some(json!(1.234)))),
            (Shape::Number, json!("1.234,5"), Err("expected a number, found \"1.234,5\"")),
            (Shape::Integer, json!("1.000"), Err("expected a whole number, found \"1.000\"")),
            (Shape::Integer, json!("7"), Ok(Some(json!(7)))),
            (Shape::Boolean, json!("TRUE"), Ok(Some(json!(true)))),
            (Shape::Boolean, json!("yes"), Err("expected true or false, found \"yes\"")),
            (Shape::Date, json!("23.11.2026"), Err("expected a date like 2026-11-23, found \"23.11.2026\"")),
            (nullable(Shape::Date), json!("null"), Ok(Some(json!(null)))),
            (nullable(Shape::Date), json!(""), Ok(None)),
            (nullable(Shape::Text), json!("null"), Ok(Some(json!(null)))),
            (Shape::Text, json!("null"), Ok(Some(json!("null")))),
            (Shape::Text, json!("'=1+1"), Ok(Some(json!("=1+1")))),
            (Shape::Text, json!("'tis"), Ok(Some(json!("'tis")))),
        ] {
            let found = read_cell(&shape, &cell);
            assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text), "{cell}");
        }
    }

    #[test]
    fn objects_may_be_known_in_part() {
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        let seller = Shape::Object(vec![field("name", Shape::Text), field("vat", nullable(Shape::Text))]);
        let bill = Shape::Object(vec![field("total", Shape::Number), field("seller", nullable(seller))]);
        let leaves = Leaf::list(&bill);
        for (cell, expected) in [
            (r#"{"total": 1.5}"#, Ok(vec![Some(json!(1.5)), None, None])),
            (r#"{"seller": {"vat": null}}"#, Ok(vec![None, None, Some(json!(null))])),
            (r#"{"seller": null}"#, Ok(vec![None, Some(json!(null)), Some(json!(null))])),
            ("", Ok(vec![None, None, None])),
            (r#"{"sum": 1}"#, Err("there is no member `sum`; members: total, seller")),
            (r#"{"total": "x"}"#, Err("in `total`: expected a number, found \"x\"")),
            ("12", Err("expected an object, found 12")),
        ] {
            let found = read_answer(&bill, &leaves, &json!(cell));
            assert_eq!(found.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text), "{cell}");
        }
    }
}
