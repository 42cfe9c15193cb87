//! The values of an expression, and how they compare.

use crate::base::unicode::nfc;
use crate::base::units::rfc3339;
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::fmt;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ValueKind {
    /// Text.
    Text,
    /// A number: a count, a decimal, US dollars.
    Number,
    /// True or false.
    Boolean,
    /// A calendar date.
    Date,
    /// A point in time.
    Time,
    /// A list of values of one type.
    List(Box<ValueKind>),
    /// An object, whose members are compared.
    Object,
}

/// A value. Null is `None` where one is expected.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    /// A text, or a date of the form `2026-11-23`: the order of these texts is that of the dates.
    Text(&'a str),
    /// A whole number.
    Whole(i64),
    /// A number.
    Decimal(f64),
    /// True or false.
    Boolean(bool),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// A list.
    List(&'a [Json]),
    /// An object: only whether it is null matters.
    Object,
}

/// A value that the expression states.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    /// A text or a date.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number.
    Decimal(f64),
    /// True or false.
    Boolean(bool),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time(i64),
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Whole(number) => write!(f, "{number}"),
            Self::Decimal(number) => write!(f, "{number}"),
            Self::Boolean(is_true) => write!(f, "{is_true}"),
            Self::Time(ms) => write!(f, "'{}'", rfc3339(*ms)),
        }
    }
}

impl ValueKind {
    /// Its name, as messages show it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Date => "a date",
            Self::Time => "a time",
            Self::List(_) => "a list",
            Self::Object => "an object",
        }
    }
}

impl Literal {
    /// The value.
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Whole(number) => Value::Whole(*number),
            Self::Decimal(number) => Value::Decimal(*number),
            Self::Boolean(is_true) => Value::Boolean(*is_true),
            Self::Time(ms) => Value::Time(*ms),
        }
    }
}

impl<'a> Value<'a> {
    /// The value of JSON that an answer or a carried column holds; `None`: null, or of another type.
    pub(crate) fn of_json(json: &'a Json, kind: &ValueKind) -> Option<Self> {
        match (kind, json) {
            (ValueKind::Text | ValueKind::Date, Json::String(text)) => Some(Self::Text(text)),
            (ValueKind::Boolean, Json::Bool(is_true)) => Some(Self::Boolean(*is_true)),
            (ValueKind::Number, Json::Number(number)) => {
                number.as_i64().map(Self::Whole).or_else(|| number.as_f64().map(Self::Decimal))
            }
            (ValueKind::Time, Json::Number(ms)) => ms.as_i64().map(Self::Time),
            (ValueKind::List(_), Json::Array(items)) => Some(Self::List(items)),
            (ValueKind::Object, Json::Object(_)) => Some(Self::Object),
            _ => None,
        }
    }

    /// How it compares with another value; `None`: values that have no order.
    pub(crate) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            // Characters, not bytes: the order of UTF-8 is that of the characters. File systems and lists write accents
            // in two ways.
            (Self::Text(one), Self::Text(other)) => Some(nfc(one).cmp(&nfc(other))),
            (Self::Whole(one), Self::Whole(other)) | (Self::Time(one), Self::Time(other)) => Some(one.cmp(&other)),
            (Self::Boolean(one), Self::Boolean(other)) => Some(one.cmp(&other)),
            (Self::Whole(_) | Self::Decimal(_), Self::Whole(_) | Self::Decimal(_)) => {
                self.number()?.partial_cmp(&other.number()?)
            }
            _ => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "compared with a number that is a double")]
    fn number(self) -> Option<f64> {
        match self {
            Self::Whole(number) => Some(number as f64),
            Self::Decimal(number) => Some(number),
            _ => None,
        }
    }
}
