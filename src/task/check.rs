//! Checks a value against a shape. Different spellings of a certain meaning are accepted
//! (docs/rows.md lists them), everything else is rejected. Accepted values are returned in
//! canonical form.

use super::fault::TaskFault;
use super::label::{find_label, label_of_value};
use super::shape::Shape;
use super::typed_text::{is_null_text, typed_value};
use crate::base::sanitize;
use crate::base::units::is_date;
use crate::base::vocabulary::ErrorKind;
use serde_json::{Map, Number, Value};

/// Maximum length of a text answer, in characters: the maximum of a spreadsheet cell
/// (Microsoft, "Excel specifications and limits", 2026).
const MAX_TEXT_CHARS: usize = 32_767;

/// Maximum length of a value in a message, in characters.
const MAX_SHOWN_CHARS: usize = 60;

/// Maximum number of labels in a message.
const MAX_SHOWN_LABELS: usize = 50;

/// The canonical form of `value`: labels as the manifest spells them, members in the order
/// of the shape, null for an empty text that may be null.
///
/// # Errors
/// If the value does not have this shape. The message is written for the model.
pub fn check_value(shape: &Shape, value: &Value) -> Result<Value, TaskFault> {
    match (shape, value) {
        (Shape::Nullable(_), Value::Null) => Ok(Value::Null),
        (Shape::Nullable(inner), Value::String(text)) if is_null_for(inner, text) => Ok(Value::Null),
        (Shape::Nullable(inner), value) => check_value(inner, value),
        (Shape::Text, Value::String(text)) => check_text(text),
        (Shape::Number, Value::Number(number)) => to_number(number).ok_or_else(|| wrong_type("a finite number", value)),
        (Shape::Integer, Value::Number(number)) => {
            // A schema has no range.
            let is_whole = number.as_f64().is_some_and(|double| double.fract() == 0.0);
            let fault = || wrong_type("a whole number", value);
            to_integer(number).ok_or_else(|| if is_whole { fault() } else { fault().breaking_schema() })
        }
        (Shape::Boolean, Value::Bool(_)) => Ok(value.clone()),
        (Shape::Date, Value::String(text)) if is_date(text.trim()) => Ok(Value::String(text.trim().to_owned())),
        (Shape::Number | Shape::Integer | Shape::Boolean, Value::String(text)) => match typed_value(shape, text) {
            Some(typed) => check_value(shape, &typed),
            None => Err(wrong_type(describe(shape), value).breaking_schema()),
        },
        (Shape::Choice(labels), value) => {
            // A list of one label.
            let value = value.as_array().filter(|items| items.len() == 1).map_or(value, |items| &items[0]);
            check_label(labels, value, "one of the labels").map(|label| Value::String(label.to_owned()))
        }
        (Shape::Tags { labels, max }, Value::Array(items)) => check_tags(labels, *max, items),
        (Shape::List(inner), Value::Array(items)) => {
            let checked = items
                .iter()
                .enumerate()
                .map(|(index, item)| check_value(inner, item).map_err(|fault| fault.in_member(&index.to_string())));
            checked.collect::<Result<_, _>>().map(Value::Array)
        }
        (Shape::Object(fields), Value::Object(members)) => {
            let checked = fields.iter().map(|field| {
                let value = members.get(&field.name).unwrap_or(&Value::Null);
                let value = check_value(&field.shape, value).map_err(|fault| fault.in_member(&field.name))?;
                Ok((field.name.clone(), value))
            });
            checked.collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        // Few servers check the format of a text.
        (Shape::Date, Value::String(_)) => Err(wrong_type(describe(shape), value)),
        _ => Err(wrong_type(describe(shape), value).breaking_schema()),
    }
}

/// A shape in messages for the model.
fn describe(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text => "a text",
        Shape::Number => "a number",
        Shape::Integer => "a whole number",
        Shape::Boolean => "true or false",
        Shape::Date => "a date like 2026-11-23",
        Shape::Choice(_) => "one of the labels",
        Shape::Tags { .. } => "a list of labels",
        Shape::List(_) => "a list",
        Shape::Object(_) => "an object",
        Shape::Nullable(inner) => describe(inner),
    }
}

fn check_text(text: &str) -> Result<Value, TaskFault> {
    let clean = sanitize::value(text);
    let clean = clean.trim();
    if clean.is_empty() {
        return Err(TaskFault::new(ErrorKind::WrongType, "the text is empty"));
    }
    if clean.chars().nth(MAX_TEXT_CHARS).is_some() {
        return Err(TaskFault::new(
            ErrorKind::WrongType,
            format!("the text is longer than {MAX_TEXT_CHARS} characters"),
        ));
    }
    Ok(Value::String(clean.to_owned()))
}

fn to_number(number: &Number) -> Option<Value> {
    let double = number.as_f64().filter(|double| double.is_finite())?;
    if number.is_f64() { Number::from_f64(double).map(Value::Number) } else { Some(Value::Number(number.clone())) }
}

fn to_integer(number: &Number) -> Option<Value> {
    if let Some(whole) = number.as_i64() {
        return Some(whole.into());
    }
    let double = number.as_f64().filter(|double| double.fract() == 0.0 && double.abs() < 9.0e15)?;
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    Some((double as i64).into())
}

/// Whether `text` means null where `shape` or null is allowed.
fn is_null_for(shape: &Shape, text: &str) -> bool {
    match shape {
        Shape::Text => text.trim().is_empty(),
        Shape::Choice(labels) => is_null_text(text) && find_label(labels, text).is_none(),
        _ => text.trim().is_empty() || is_null_text(text),
    }
}

/// The label that a value means.
fn check_label<'a>(labels: &'a [String], value: &Value, expected: &str) -> Result<&'a str, TaskFault> {
    label_of_value(labels, value).ok_or_else(|| {
        let fault = match value {
            Value::String(text) => wrong_label(text, labels),
            _ => wrong_type(expected, value),
        };
        fault.breaking_schema()
    })
}

/// Labels without duplicates, in the order of the shape.
fn check_tags(labels: &[String], max: Option<u32>, items: &[Value]) -> Result<Value, TaskFault> {
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        found.push(check_label(labels, item, "a list of labels")?);
    }
    let chosen: Vec<Value> =
        labels.iter().filter(|label| found.contains(&label.as_str())).map(|label| label.as_str().into()).collect();
    match max {
        Some(max) if chosen.len() > max as usize => {
            let message = format!("{} labels where at most {max} are allowed", chosen.len());
            Err(TaskFault::new(ErrorKind::TooManyLabels, message))
        }
        _ => Ok(Value::Array(chosen)),
    }
}

fn wrong_label(text: &str, labels: &[String]) -> TaskFault {
    let shown = labels.iter().take(MAX_SHOWN_LABELS).map(|label| format!("`{label}`"));
    let mut list = shown.collect::<Vec<_>>().join(", ");
    if labels.len() > MAX_SHOWN_LABELS {
        list.push_str(", …");
    }
    TaskFault::new(ErrorKind::WrongLabel, format!("`{}` is not one of the labels {list}", shorten(text)))
}

fn wrong_type(expected: &str, value: &Value) -> TaskFault {
    TaskFault::new(ErrorKind::WrongType, format!("expected {expected}, found {}", shorten(&value.to_string())))
}

fn shorten(text: &str) -> String {
    sanitize::one_line(text, MAX_SHOWN_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::shape::Field;
    use serde_json::json;

    fn choice(labels: &[&str]) -> Shape {
        Shape::Choice(labels.iter().map(|label| (*label).to_owned()).collect())
    }

    fn tags(max: Option<u32>) -> Shape {
        Shape::Tags { labels: ["table", "Stamp", "logo"].map(str::to_owned).to_vec(), max }
    }

    fn nullable(shape: Shape) -> Shape {
        Shape::Nullable(Box::new(shape))
    }

    fn object() -> Shape {
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        let items = Shape::List(Box::new(Shape::Object(vec![field("n", Shape::Integer)])));
        Shape::Object(vec![field("total", Shape::Number), field("items", nullable(items))])
    }

    /// Messages are sent to the model: every text here is part of the contract.
    #[test]
    fn values_are_accepted_in_canonical_form_or_rejected_in_words() {
        let long = "x".repeat(MAX_TEXT_CHARS);
        for (shape, value, expected) in [
            (Shape::Text, json!(" a\u{0}b \n"), Ok(json!("ab"))),
            (Shape::Text, json!(long), Ok(json!(long))),
            (Shape::Text, json!(format!("{long}y")), Err("the text is longer than 32767 characters")),
            (Shape::Text, json!("  "), Err("the text is empty")),
            (Shape::Text, json!(1), Err("expected a text, found 1")),
            (Shape::Number, json!(1), Ok(json!(1))),
            (Shape::Number, json!(1.5), Ok(json!(1.5))),
            (Shape::Integer, json!(-7), Ok(json!(-7))),
            (Shape::Integer, json!(7.0), Ok(json!(7))),
            (Shape::Integer, json!(7.5), Err("expected a whole number, found 7.5")),
            (Shape::Integer, json!(1e16), Err("expected a whole number, found 1e+16")),
            (Shape::Integer, json!(u64::MAX), Err("expected a whole number, found 18446744073709551615")),
            (Shape::Boolean, json!(true), Ok(json!(true))),
            (Shape::Boolean, json!("yes"), Err("expected true or false, found \"yes\"")),
            (Shape::Date, json!(" 2026-11-23 "), Ok(json!("2026-11-23"))),
            (Shape::Date, json!("2026-02-30"), Err("expected a date like 2026-11-23, found \"2026-02-30\"")),
            (choice(&["invoice", "Letter"]), json!(" LETTER "), Ok(json!("Letter"))),
            (choice(&["a", "A"]), json!("A"), Ok(json!("A"))),
            (choice(&["a b", "A B"]), json!(" a B"), Err("`a B` is not one of the labels `a b`, `A B`")),
            (choice(&["a"]), json!(null), Err("expected one of the labels, found null")),
            (choice(&["a"]), json!(["a", "b"]), Err("expected one of the labels, found [\"a\",\"b\"]")),
            (tags(None), json!(["logo", "STAMP", "logo"]), Ok(json!(["Stamp", "logo"]))),
            (tags(Some(1)), json!(["logo", "Logo"]), Ok(json!(["logo"]))),
            (tags(Some(1)), json!(["logo", "table"]), Err("2 labels where at most 1 are allowed")),
            (tags(None), json!([1]), Err("expected a list of labels, found 1")),
            (tags(None), json!(["x"]), Err("`x` is not one of the labels `table`, `Stamp`, `logo`")),
            (tags(None), json!("logo"), Err("expected a list of labels, found \"logo\"")),
            (nullable(Shape::Text), json!(" "), Ok(json!(null))),
            (nullable(Shape::Date), json!(""), Ok(json!(null))),
            (nullable(Shape::Number), json!(null), Ok(json!(null))),
            (nullable(Shape::Number), json!("x"), Err("expected a number, found \"x\"")),
            (nullable(choice(&["a"])), json!(""), Err("`` is not one of the labels `a`")),
            (object(), json!({"items": null, "total": 2, "more": 1}), Ok(json!({"total": 2, "items": null}))),
            (object(), json!({"total": 2}), Ok(json!({"total": 2, "items": null}))),
            (object(), json!({}), Err("in `total`: expected a number, found null")),
            (object(), json!([]), Err("expected an object, found []")),
            (
                object(),
                json!({"total": 2, "items": [{"n": 1}, {"n": "x"}]}),
                Err("in `items`: in `1`: in `n`: expected a whole number, found \"x\""),
            ),
            (object(), json!({"total": 2, "items": {"n": 1}}), Err("in `items`: expected a list, found {\"n\":1}")),
        ] {
            let found = check_value(&shape, &value);
            assert_eq!(found.as_ref().map_err(|fault| fault.message.as_str()), expected.as_ref().map_err(|text| *text));
        }
    }

    #[test]
    fn members_are_in_the_order_of_the_shape() {
        let found = check_value(&object(), &json!({"items": [], "total": 2})).unwrap();
        assert_eq!(found.to_string(), r#"{"total":2,"items":[]}"#);
    }

    #[test]
    fn kinds_of_faults() {
        for (shape, value, kind) in [
            (choice(&["a"]), json!("b"), "wrong_label"),
            (choice(&["a"]), json!(1), "wrong_type"),
            (tags(Some(1)), json!(["logo", "table"]), "too_many_labels"),
            (nullable(tags(None)), json!(["b"]), "wrong_label"),
        ] {
            assert_eq!(check_value(&shape, &value).unwrap_err().kind.name(), kind, "{value}");
        }
    }

    #[test]
    fn what_a_strict_schema_excludes() {
        for (shape, value, expected) in [
            (choice(&["a"]), json!("Invoice document"), true),
            (choice(&["a"]), json!(null), true),
            (choice(&["a"]), json!({"value": "a"}), true),
            (choice(&["a"]), json!(["a", "b"]), true),
            (tags(None), json!(["x"]), true),
            (tags(None), json!("logo"), true),
            (tags(Some(1)), json!(["logo", "table"]), false),
            (Shape::Text, json!(" "), false),
            (Shape::Text, json!(1), true),
            (Shape::Text, json!("x".repeat(MAX_TEXT_CHARS + 1)), false),
            (Shape::Date, json!("last week"), false),
            (Shape::Date, json!(2026), true),
            (Shape::Integer, json!(7.5), true),
            (Shape::Integer, json!(1e16), false),
            (Shape::Boolean, json!("perhaps"), true),
            (nullable(Shape::Number), json!("x"), true),
            (object(), json!({}), true),
            (object(), json!({"total": 2, "items": [{"n": 1}, {"n": "x"}]}), true),
        ] {
            assert_eq!(check_value(&shape, &value).unwrap_err().breaks_schema, expected, "{value}");
        }
    }

    #[test]
    fn messages_are_of_bounded_length() {
        let labels: Vec<String> = (0..99).map(|n| format!("l{n}")).collect();
        let fault = check_value(&Shape::Choice(labels), &json!("y".repeat(500))).unwrap_err();
        assert!(fault.message.contains(&format!("`{}…`", "y".repeat(60))), "{}", fault.message);
        assert!(fault.message.ends_with("`l49`, …"), "{}", fault.message);
    }
}
