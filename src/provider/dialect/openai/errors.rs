//! An error's body, in all the shapes that servers send: an object, a text, an array,
//! unwrapped, a validator's `detail`, HTML, nothing.

use crate::base::sanitize::one_line;
use serde_json::Value;

/// What an error's body says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ErrorBody {
    /// Words for people, on one line, at most [`SHOWN`] characters.
    pub(crate) message: String,
    /// `error.type`.
    pub(crate) kind: String,
    /// `error.code`, numbers as text.
    pub(crate) code: String,
    /// `error.param`.
    pub(crate) param: String,
    /// The error itself, for members of single providers.
    pub(crate) value: Value,
    /// Whether the body is an API's own error, not a gateway's page.
    pub(crate) is_api: bool,
}

/// Most characters of a message that are kept.
const SHOWN: usize = 300;

impl ErrorBody {
    pub(crate) fn parse(body: &str) -> Self {
        match serde_json::from_str::<Value>(body.trim_start_matches('\u{feff}').trim()) {
            Ok(value) => Self::from_value(&value),
            Err(_) => Self { message: one_line(&without_tags(body), SHOWN), ..Self::default() },
        }
    }

    /// From a whole body, or from the value of its `error`.
    pub(crate) fn from_value(value: &Value) -> Self {
        let value = value.as_array().and_then(|items| items.first()).unwrap_or(value);
        let error = value.get("error").filter(|error| !error.is_null()).unwrap_or(value);
        let text = |name: &str| match error.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let message = match error {
            Value::String(message) => message.clone(),
            _ => [text("message"), detail(value), detail(error)]
                .into_iter()
                .find(|m| !m.is_empty())
                .unwrap_or_else(|| error.to_string()),
        };
        // OpenRouter: the upstream's own words, as a text.
        let upstream = error.pointer("/metadata/raw").and_then(Value::as_str);
        let message = upstream.map_or(message.clone(), |raw| format!("{message}: {raw}"));
        Self {
            message: one_line(&message, SHOWN),
            kind: [text("type"), text("status")].into_iter().find(|t| !t.is_empty()).unwrap_or_default(),
            code: text("code"),
            param: text("param"),
            value: error.clone(),
            is_api: true,
        }
    }

    /// Whether code or type is `name`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.code == name || self.kind == name
    }

    /// Whether the message has `words` in it, in any case.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.message.to_lowercase().contains(words)
    }
}

/// FastAPI: `{"detail": "…"}` or `{"detail": [{"loc": […], "msg": "…"}]}`.
fn detail(value: &Value) -> String {
    match value.get("detail") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let one = |item: &Value| item.get("msg").and_then(Value::as_str).map(str::to_owned);
            items.iter().filter_map(one).collect::<Vec<_>>().join("; ")
        }
        _ => String::new(),
    }
}

fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut in_tag = false;
    for c in text.chars().take(5000) {
        match c {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                out.push(' ');
            }
            _ if !in_tag => out.push(c),
            _ => {}
        }
    }
    out
}
