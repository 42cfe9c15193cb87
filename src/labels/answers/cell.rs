//! The value of an answer as the text of a cell.

use super::answer_line::AnswerValue;
use super::exact_json::exact_json;
use crate::base::json_text::JsonText;
use crate::base::units::parse_boolean;
use crate::labels::truth::cell::{is_empty, read_leaf, tag_parts};
use crate::task::{Shape, TaskFault, check_value};
use serde_json::{Number, Value};

/// The text of a cell: of texts, labels and dates their text, of null nothing, otherwise JSON, with all digits of
/// `stored`, the JSON in the store.
pub(crate) fn cell_text(value: &Value, stored: &str) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => exact_json(other, stored),
    }
}

/// A value of a cell in the form of its task, as the store has it: canonical JSON, with all digits of its numbers.
///
/// # Errors
/// If it does not fit the task.
pub(crate) fn read_stored(shape: &Shape, value: &AnswerValue) -> Result<JsonText, TaskFault> {
    let text = JsonText::canonical(&read_value(shape, value)?);
    let AnswerValue::Text(source) = value else { return Ok(text) };
    Ok(JsonText::parse(exact_json(&text.value(), source.trim())).unwrap_or(text))
}

/// The value of a cell in the form of its task.
///
/// # Errors
/// If it does not fit the task.
fn read_value(shape: &Shape, value: &AnswerValue) -> Result<Value, TaskFault> {
    match value {
        AnswerValue::Text(text) => {
            let value = value_of_text(shape.required(), text);
            // Tags are read as in truth files.
            let is_text = matches!(shape.required(), Shape::Tags { .. }) && value.is_string() && !is_empty(&value);
            let tags = || read_leaf(shape, &value).unwrap_or_else(|_| tag_parts(&value).into());
            check_value(shape, &if is_text { tags() } else { value.clone() })
        }
        AnswerValue::Json(value) => check_value(shape, value),
        AnswerValue::Labels(labels) => match (shape.required(), labels.as_slice()) {
            (Shape::Tags { .. } | Shape::List(_), labels) => check_value(shape, &serde_json::json!(labels)),
            (_, [one]) => check_value(shape, &value_of_text(shape.required(), one)),
            (_, several) => check_value(shape, &serde_json::json!(several)),
        },
    }
}

/// The value of a text where `shape` is expected.
fn value_of_text(shape: &Shape, text: &str) -> Value {
    let json = || serde_json::from_str(text.trim()).ok();
    let value = match shape {
        // A numeric cell is a number, whatever its text may mean elsewhere: `1.234` was written by a program.
        Shape::Number | Shape::Integer => serde_json::from_str::<Number>(text.trim()).ok().map(Value::Number),
        Shape::Boolean => parse_boolean(text).map(Value::Bool),
        // Labels may look like numbers or words of JSON.
        Shape::Tags { .. } => json().filter(Value::is_array),
        Shape::List(_) | Shape::Object(_) => json(),
        _ => None,
    };
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Field;
    use serde_json::json;

    fn labels() -> Vec<String> {
        ["invoice", "letter", "=cmd"].map(str::to_owned).to_vec()
    }

    fn years() -> Vec<String> {
        ["2024", "2025", "true"].map(str::to_owned).to_vec()
    }

    fn nullable(shape: Shape) -> Shape {
        Shape::Nullable(Box::new(shape))
    }

    #[test]
    fn values_of_cells() {
        let total = || Field { name: "total".into(), description: None, shape: nullable(Shape::Number) };
        for (shape, text, expected) in [
            (Shape::Choice(labels()), "invoice", Some(json!("invoice"))),
            (Shape::Choice(labels()), " Invoice ", Some(json!("invoice"))),
            (Shape::Choice(labels()), "form", None),
            (Shape::Choice(labels()), "", None),
            (
                Shape::Tags { labels: labels(), max: None },
                r#"["letter","invoice"]"#,
                Some(json!(["invoice", "letter"])),
            ),
            (Shape::Tags { labels: labels(), max: None }, "[]", Some(json!([]))),
            (Shape::Tags { labels: labels(), max: None }, "letter; invoice", Some(json!(["invoice", "letter"]))),
            (Shape::Tags { labels: labels(), max: None }, "Letter", Some(json!(["letter"]))),
            (Shape::Tags { labels: labels(), max: Some(1) }, "invoice, letter", None),
            (Shape::Tags { labels: labels(), max: None }, "invoice, form", None),
            (Shape::Tags { labels: labels(), max: None }, "", None),
            (Shape::Tags { labels: years(), max: None }, "2025", Some(json!(["2025"]))),
            (Shape::Tags { labels: years(), max: None }, "2024;2025", Some(json!(["2024", "2025"]))),
            (Shape::Tags { labels: years(), max: None }, "[2024]", Some(json!(["2024"]))),
            (Shape::Tags { labels: years(), max: None }, "true", Some(json!(["true"]))),
            (Shape::Tags { labels: years(), max: None }, "2026", None),
            (nullable(Shape::Tags { labels: years(), max: None }), "null", Some(json!(null))),
            (Shape::Text, "1.50", Some(json!("1.50"))),
            (Shape::Text, "null", Some(json!("null"))),
            (nullable(Shape::Text), "", Some(json!(null))),
            (nullable(Shape::Number), "1.234", Some(json!(1.234))),
            (nullable(Shape::Number), "", Some(json!(null))),
            (Shape::Number, "1,5", None),
            (Shape::Number, "", None),
            (Shape::Integer, "7", Some(json!(7))),
            (Shape::Boolean, "TRUE", Some(json!(true))),
            (Shape::Boolean, "yes", Some(json!(true))),
            (Shape::Boolean, "perhaps", None),
            (nullable(Shape::Date), "2026-11-23", Some(json!("2026-11-23"))),
            (Shape::Date, "23.11.2026", None),
            (Shape::Object(vec![total()]), r#"{"total": 2.5}"#, Some(json!({"total": 2.5}))),
            (Shape::Object(vec![total()]), "2.5", None),
        ] {
            let read = read_value(&shape, &AnswerValue::Text(text.into()));
            assert_eq!(read.ok(), expected, "{shape:?} {text:?}");
        }
    }

    #[test]
    fn chosen_labels() {
        let read = |shape: &Shape, labels: &[&str]| {
            read_value(shape, &AnswerValue::Labels(labels.iter().map(|label| (*label).to_owned()).collect())).ok()
        };
        assert_eq!(read(&Shape::Choice(labels()), &["invoice"]), Some(json!("invoice")));
        assert_eq!(read(&Shape::Choice(labels()), &["invoice", "letter"]), None);
        assert_eq!(read(&Shape::Tags { labels: labels(), max: None }, &[]), Some(json!([])));
        assert_eq!(read(&Shape::Boolean, &["true"]), Some(json!(true)));
    }

    #[test]
    fn what_is_written_is_read() {
        let labels = || labels();
        for (shape, value) in [
            (Shape::Choice(labels()), json!("=cmd")),
            (Shape::Tags { labels: labels(), max: None }, json!(["letter"])),
            (nullable(Shape::Text), json!(null)),
            (Shape::Text, json!("-5")),
            (Shape::Text, json!("{\"a\": 1}")),
            (Shape::Number, json!(1.234)),
            (Shape::Number, json!(-0.5)),
            (nullable(Shape::Boolean), json!(false)),
            (Shape::Date, json!("2026-11-23")),
        ] {
            let read = read_value(&shape, &AnswerValue::Text(cell_text(&value, "")));
            assert_eq!(read.ok(), Some(value), "{shape:?}");
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        let bill = Shape::Object(vec![field("total", Shape::Number), field("paid", nullable(Shape::Number))]);
        for (shape, text, stored) in [
            (Shape::Number, " 12345678901234567890.12 ", "12345678901234567890.12"),
            (Shape::Number, "1.50", "1.5"),
            (Shape::List(Box::new(Shape::Number)), "[1, 0.1234567890123456789]", "[1,0.1234567890123456789]"),
            (bill, r#"{"total": 100000000000000000001, "note": 1}"#, r#"{"paid":null,"total":100000000000000000001}"#),
        ] {
            let read = read_stored(&shape, &AnswerValue::Text(text.into())).unwrap();
            assert_eq!(read.as_str(), stored);
            let value = check_value(&shape, &read.value()).unwrap();
            let again = read_stored(&shape, &AnswerValue::Text(cell_text(&value, read.as_str()))).unwrap();
            assert_eq!(again, read, "exported, and imported again");
        }
    }
}
