//! A value against a shape: tolerant of spelling where the meaning is certain, strict
//! otherwise. What comes out is canonical.

use super::shape::Shape;
use crate::base::sanitize;
use crate::base::units::is_date;
use crate::base::vocabulary::ErrorKind;
use serde_json::{Map, Number, Value};

/// A fault of a value: its kind, as `error_kind` shows it, and words for the model.
pub(crate) type Mismatch = (ErrorKind, String);

/// Longest text that is an answer, in characters: what a spreadsheet's cell holds
/// (Microsoft, "Excel specifications and limits", 2026).
const LONGEST_TEXT: usize = 32_767;

/// Longest piece of a value that is repeated in a message, in characters.
const SHOWN: usize = 60;

impl Shape {
    /// The canonical form of `value`: labels in their own spelling, members in order,
    /// an empty text for a nullable one is null.
    ///
    /// # Errors
    /// When the value is not of this shape: the kind of fault and words for the model.
    pub fn check(&self, value: &Value) -> Result<Value, Mismatch> {
        match (self, value) {
            (Self::Nullable(_), Value::Null) => Ok(Value::Null),
            (Self::Nullable(of), Value::String(text)) if text.trim().is_empty() && !matches!(**of, Self::Choice(_)) => {
                Ok(Value::Null)
            }
            (Self::Nullable(of), value) => of.check(value),
            (Self::Text, Value::String(text)) => as_text(text),
            (Self::Number, Value::Number(number)) => as_double(number).ok_or_else(|| wrong("a finite number", value)),
            (Self::Integer, Value::Number(number)) => as_integer(number).ok_or_else(|| wrong("a whole number", value)),
            (Self::Boolean, Value::Bool(_)) => Ok(value.clone()),
            (Self::Date, Value::String(text)) if is_date(text.trim()) => Ok(Value::String(text.trim().to_owned())),
            (Self::Choice(labels), Value::String(text)) => {
                label(labels, text).map(|found| Value::String(found.to_owned())).ok_or_else(|| no_label(text, labels))
            }
            (Self::Tags { labels, max }, Value::Array(items)) => tags(labels, *max, items),
            (Self::List(of), Value::Array(items)) => {
                let checked = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| of.check(item).map_err(|bad| inside(&at.to_string(), bad)));
                checked.collect::<Result<_, _>>().map(Value::Array)
            }
            (Self::Object(fields), Value::Object(members)) => {
                let checked = fields.iter().map(|field| {
                    let value = members.get(&field.name).unwrap_or(&Value::Null);
                    field
                        .shape
                        .check(value)
                        .map(|value| (field.name.clone(), value))
                        .map_err(|bad| inside(&field.name, bad))
                });
                checked.collect::<Result<Map<_, _>, _>>().map(Value::Object)
            }
            _ => Err(wrong(self.name(), value)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::Date => "a date like 2026-11-23",
            Self::Choice(_) => "one of the labels",
            Self::Tags { .. } => "a list of labels",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
            Self::Nullable(of) => of.name(),
        }
    }
}

fn as_text(text: &str) -> Result<Value, Mismatch> {
    let clean = sanitize::value(text);
    let clean = clean.trim();
    if clean.is_empty() {
        return Err((ErrorKind::WrongType, "the text is empty".into()));
    }
    if clean.chars().nth(LONGEST_TEXT).is_some() {
        return Err((ErrorKind::WrongType, format!("the text is longer than {LONGEST_TEXT} characters")));
    }
    Ok(Value::String(clean.to_owned()))
}

fn as_double(number: &Number) -> Option<Value> {
    let double = number.as_f64().filter(|double| double.is_finite())?;
    if number.is_f64() { Number::from_f64(double).map(Value::Number) } else { Some(Value::Number(number.clone())) }
}

fn as_integer(number: &Number) -> Option<Value> {
    if let Some(whole) = number.as_i64() {
        return Some(whole.into());
    }
    let double = number.as_f64().filter(|double| double.fract() == 0.0 && double.abs() < 9.0e15)?;
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    Some((double as i64).into())
}

/// The label that `text` means: itself, or the only one that is equal when trimmed and
/// case-folded.
pub(crate) fn label<'a>(labels: &'a [String], text: &str) -> Option<&'a str> {
    if let Some(exact) = labels.iter().find(|label| *label == text) {
        return Some(exact);
    }
    let folded = text.trim().to_lowercase();
    let mut alike = labels.iter().filter(|label| label.to_lowercase() == folded);
    match (alike.next(), alike.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

fn tags(labels: &[String], max: Option<u32>, items: &[Value]) -> Result<Value, Mismatch> {
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        let text = item.as_str().ok_or_else(|| wrong("a list of labels", item))?;
        found.push(label(labels, text).ok_or_else(|| no_label(text, labels))?);
    }
    let chosen: Vec<Value> =
        labels.iter().filter(|label| found.contains(&label.as_str())).map(|label| label.as_str().into()).collect();
    match max {
        Some(max) if chosen.len() > max as usize => {
            Err((ErrorKind::TooManyLabels, format!("{} labels where at most {max} are allowed", chosen.len())))
        }
        _ => Ok(Value::Array(chosen)),
    }
}

fn no_label(text: &str, labels: &[String]) -> Mismatch {
    let mut list = labels.iter().take(50).map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
    if labels.len() > 50 {
        list.push_str(", …");
    }
    (ErrorKind::WrongLabel, format!("`{}` is not one of the labels {list}", shortened(text)))
}

fn wrong(expected: &str, value: &Value) -> Mismatch {
    (ErrorKind::WrongType, format!("expected {expected}, found {}", shortened(&value.to_string())))
}

fn inside(member: &str, (kind, message): Mismatch) -> Mismatch {
    (kind, format!("in `{member}`: {message}"))
}

fn shortened(text: &str) -> String {
    sanitize::one_line(text, SHOWN)
}
