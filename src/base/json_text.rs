//! Texts that are known to be JSON.

use crate::base::digest::canonical;
use serde_json::{Map, Value};
use std::fmt;

/// The text of a JSON value. It was checked when it was made, so that reading it cannot fail: no reader needs a default
/// for a text that is damaged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JsonText(Box<str>);

impl JsonText {
    /// The text, if it is JSON.
    ///
    /// # Errors
    /// If it is not.
    pub fn parse(text: impl Into<Box<str>>) -> Result<Self, serde_json::Error> {
        let text = text.into();
        serde_json::from_str::<Value>(&text)?;
        Ok(Self(text))
    }

    /// The value without white space, its members in their order.
    #[must_use]
    pub fn from_value(value: &Value) -> Self {
        Self(value.to_string().into())
    }

    /// The value in its canonical form ([`canonical`]).
    #[must_use]
    pub fn canonical(value: &Value) -> Self {
        Self(canonical(value).into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Value {
        // Every constructor has checked the text.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The members of an object. Other values have none.
    #[must_use]
    pub fn members(&self) -> Map<String, Value> {
        match self.value() {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }

    /// Whether the value is an object.
    #[must_use]
    pub fn is_object(&self) -> bool {
        self.0.trim_start().starts_with('{')
    }
}

impl From<JsonText> for String {
    fn from(text: JsonText) -> Self {
        text.0.into()
    }
}

impl fmt::Display for JsonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_json_is_a_text() {
        for text in ["", "{", "letter", "[1,]", "\"a\" \"b\"", "NaN"] {
            assert!(JsonText::parse(text).is_err(), "{text}");
        }
        let text = JsonText::parse(" {\"b\": 1, \"a\": [1.50, null]}").unwrap();
        assert_eq!(text.as_str(), " {\"b\": 1, \"a\": [1.50, null]}", "the text stays as it is");
        assert_eq!(text.value(), json!({"b": 1, "a": [1.5, null]}));
        assert!(text.is_object() && !JsonText::from_value(&json!("{")).is_object());
        assert_eq!(text.members().keys().collect::<Vec<_>>(), ["b", "a"]);
        assert!(JsonText::from_value(&json!([1])).members().is_empty());
    }

    #[test]
    fn values_are_written_in_their_order_or_in_canonical_form() {
        let value = json!({"b": 1, "a": "é"});
        assert_eq!(JsonText::from_value(&value).as_str(), r#"{"b":1,"a":"é"}"#);
        assert_eq!(JsonText::canonical(&value).as_str(), r#"{"a":"é","b":1}"#);
    }
}
