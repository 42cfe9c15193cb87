//! Reads error bodies in every shape that servers send: an object, a string, an array, an
//! error without a wrapper, a validator's `detail`, HTML, nothing.

use crate::base::sanitize::one_line;
use crate::provider::pacing::retry_after::parse_go_duration;
use serde_json::Value;
use std::time::Duration;

/// An error, as its body describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ErrorBody {
    /// A message for people: one line of at most [`MAX_MESSAGE_CHARS`] characters.
    pub(crate) message: String,
    /// `error.type`.
    pub(crate) kind: String,
    /// `error.code`; numbers as text.
    pub(crate) code: String,
    /// `error.param`.
    pub(crate) param: String,
    /// `error.metadata.reason`, `error.details.error_code` or `error.innererror.code`.
    pub(crate) reason: String,
    /// A reply that the server itself found not valid: `error.failed_generation` of Groq.
    pub(crate) failed_generation: Option<String>,
    /// The whole error, for members that only some providers send.
    value: Value,
    /// Whether the body is JSON and thus from the API itself, not a gateway's HTML page.
    pub(crate) is_api: bool,
}

/// Longest message that is kept, in characters.
const MAX_MESSAGE_CHARS: usize = 300;
/// Characters of an HTML page that are looked at.
const MAX_PAGE_CHARS: usize = 5000;

impl ErrorBody {
    /// Reads a body.
    pub(crate) fn parse(body: &str) -> Self {
        match serde_json::from_str::<Value>(body.trim_start_matches('\u{feff}').trim()) {
            Ok(value) => Self::from_value(&value),
            Err(_) => Self { message: one_line(&without_tags(body), MAX_MESSAGE_CHARS), ..Self::default() },
        }
    }

    /// Reads a whole body, or the value of its `error`.
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
        // OpenRouter quotes the upstream provider's error here.
        let upstream = error.pointer("/metadata/raw").and_then(Value::as_str);
        let message = upstream.map_or(message.clone(), |raw| format!("{message}: {raw}"));
        Self {
            message: one_line(&message, MAX_MESSAGE_CHARS),
            kind: [text("type"), text("status")].into_iter().find(|t| !t.is_empty()).unwrap_or_default(),
            code: text("code"),
            param: text("param"),
            reason: ["/metadata/reason", "/details/error_code", "/innererror/code"]
                .into_iter()
                .find_map(|path| error.pointer(path).and_then(Value::as_str))
                .unwrap_or_default()
                .to_owned(),
            failed_generation: error.get("failed_generation").and_then(Value::as_str).map(str::to_owned),
            value: error.clone(),
            is_api: true,
        }
    }

    /// Whether the code or the type is `name`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.code == name || self.kind == name
    }

    /// Whether the message contains `words` (in lower case), in any case.
    pub(crate) fn mentions(&self, words: &str) -> bool {
        self.message.to_lowercase().contains(words)
    }

    /// Whether a quota of a day is used up. Source: Gemini's `quotaId`, such as
    /// `GenerateRequestsPerDayPerProjectPerModel-FreeTier`.
    pub(crate) fn is_daily_quota(&self) -> bool {
        let details = self.value.get("details").and_then(Value::as_array).into_iter().flatten();
        let violations = details.filter_map(|detail| detail.get("violations")?.as_array()).flatten();
        violations.filter_map(|violation| violation.get("quotaId")?.as_str()).any(|id| id.contains("PerDay"))
    }

    /// The delay that the body asks for: Gemini's `error.details[].retryDelay` (`26s`), or
    /// OpenAI's `Please try again in 1m2.5s`.
    pub(crate) fn retry_delay(&self) -> Option<Duration> {
        let mut details = self.value.get("details").and_then(Value::as_array).into_iter().flatten();
        let delay = details.find_map(|detail| parse_go_duration(detail.get("retryDelay")?.as_str()?));
        delay.or_else(|| {
            let (_, rest) = self.message.split_once("try again in ")?;
            let end = rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(rest.len());
            parse_go_duration(rest[..end].trim_end_matches('.'))
        })
    }
}

/// The number that follows `label` in a message, such as 30000 for `Limit` in `Limit 30,000,
/// Used 29937` or in `Limit: 30000`. 0 counts as none.
pub(crate) fn labelled_number(message: &str, label: &str) -> Option<u64> {
    message.match_indices(label).find_map(|(start, _)| {
        let rest = &message[start + label.len()..];
        let number = rest.trim_start_matches(|c: char| c == ':' || c.is_whitespace());
        // `Limits 5` is another label.
        if number.len() == rest.len() {
            return None;
        }
        let digits = number.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',');
        digits.collect::<String>().parse().ok().filter(|number| *number > 0)
    })
}

/// FastAPI: `{"detail": "…"}` or `{"detail": [{"loc": […], "msg": "…"}]}`. The place is part of the
/// message: it names what is rejected.
fn detail(value: &Value) -> String {
    match value.get("detail") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            let one = |item: &Value| {
                let message = item.get("msg").and_then(Value::as_str)?;
                let place = item.get("loc").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                let names = place.iter().filter(|name| *name != "body").map(|name| match name {
                    Value::String(name) => name.clone(),
                    other => other.to_string(),
                });
                let place = names.collect::<Vec<_>>().join(".");
                Some(if place.is_empty() { message.to_owned() } else { format!("{place}: {message}") })
            };
            items.iter().filter_map(one).collect::<Vec<_>>().join("; ")
        }
        _ => String::new(),
    }
}

/// The text of an HTML page.
fn without_tags(text: &str) -> String {
    let mut out = String::new();
    let mut in_tag = false;
    for c in text.chars().take(MAX_PAGE_CHARS) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_every_shape() {
        for (body, message, kind, code, is_api) in [
            (r#"{"error":{"message":"m","type":"t","code":"c","param":null}}"#, "m", "t", "c", true),
            (
                r#"{"error":{"message":"m","code":429,"status":"RESOURCE_EXHAUSTED"}}"#,
                "m",
                "RESOURCE_EXHAUSTED",
                "429",
                true,
            ),
            (r#"[{"error":{"code":503,"message":"m"}}]"#, "m", "", "503", true),
            (
                r#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#,
                "m",
                "BadRequestError",
                "400",
                true,
            ),
            (r#"{"error":"a string"}"#, "a string", "", "", true),
            (r#"{"detail":"not found"}"#, "not found", "", "", true),
            (r#"{"detail":[{"loc":["body"],"msg":"first"},{"msg":"second"}]}"#, "first; second", "", "", true),
            (r#"{"detail":[{"loc":["body","a",0,"b"],"msg":"extra"}]}"#, "a.0.b: extra", "", "", true),
            (
                r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"slow down"}}}"#,
                "Provider returned error: slow down",
                "",
                "429",
                true,
            ),
            ("<html><h1>502 Bad Gateway</h1><p>nginx</p></html>", "502 Bad Gateway nginx", "", "", false),
            ("", "", "", "", false),
        ] {
            let found = ErrorBody::parse(body);
            let found = (found.message.as_str(), found.kind.as_str(), found.code.as_str(), found.is_api);
            assert_eq!(found, (message, kind, code, is_api), "{body}");
        }
        assert_eq!(
            ErrorBody::parse(&"x".repeat(1000)).message.chars().count(),
            MAX_MESSAGE_CHARS + 1,
            "with an ellipsis"
        );
    }

    #[test]
    fn numbers_behind_a_label() {
        let queue = "Enqueued token limit reached for gpt-4o-mini in organization org-x. Limit: 2,000,000 enqueued tokens. Please try again once some in_progress batches have been completed.";
        for (message, label, number) in [
            (queue, "Limit", Some(2_000_000)),
            ("tokens per min (TPM): Limit 30,000, Used 29937, Requested 385.", "Limit", Some(30_000)),
            ("Limit 30000, Requested 31538", "Requested", Some(31_538)),
            ("Limits 5, Limit 6", "Limit", Some(6)),
            ("Limit none, Limit 7", "Limit", Some(7)),
            ("Limit 0", "Limit", None),
            ("Limit 99999999999999999999999", "Limit", None),
            ("rate limit 5", "Limit", None),
            ("Limit", "Limit", None),
            ("", "Limit", None),
        ] {
            assert_eq!(labelled_number(message, label), number, "{message}");
        }
    }

    #[test]
    fn delays_that_the_body_asks_for() {
        let message = |text: &str| serde_json::json!({"error": {"message": text}}).to_string();
        for (body, ms) in [
            (message("Limit 30000, Used 29937. Please try again in 644ms. Visit"), Some(644)),
            (message("Please try again in 1m2.5s."), Some(62_500)),
            (message("Please try again in 7m12s. Visit https://"), Some(432_000)),
            (message("Please try again later"), None),
            (r#"{"error":{"details":[{"@type":"x"},{"retryDelay":"26s"}]}}"#.to_owned(), Some(26_000)),
        ] {
            let delay = ErrorBody::parse(&body).retry_delay();
            assert_eq!(delay.map(|delay| delay.as_millis()), ms, "{body}");
        }
    }
}
