//! Reads error bodies in every shape that servers send: an object, a string, an array, an
//! error without a wrapper, a validator's `detail`, HTML, nothing.

use crate::base::sanitize::one_line;
use crate::provider::judgement::wording::without_quoted_data;
use crate::provider::pacing::retry_after::parse_go_duration;
use crate::provider::pacing::retry_text::delay_from_text;
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
    /// A reply that the server itself found not valid: `error.failed_generation` of Groq.
    pub(crate) failed_generation: Option<String>,
    /// The whole error, for members that only some providers send.
    value: Value,
    /// The whole message in lower case, without the data that it quotes.
    text: String,
    /// Whether the body is JSON and thus from the API itself, not a gateway's HTML page.
    pub(crate) is_api: bool,
    /// Whether the body is plain text.
    pub(crate) is_plain: bool,
}

/// Longest message that is kept, in characters.
const MAX_MESSAGE_CHARS: usize = 300;
/// Characters of an HTML page that are looked at.
const MAX_PAGE_CHARS: usize = 5000;
/// Characters of a message that are looked at: it may quote the whole request.
const MAX_TEXT_CHARS: usize = 20_000;

impl ErrorBody {
    /// Reads a body.
    pub(crate) fn parse(body: &str) -> Self {
        match serde_json::from_str::<Value>(body.trim()) {
            Ok(value) => Self::from_value(&value),
            Err(_) => {
                let is_page = body.trim_start().starts_with('<') || body.to_lowercase().contains("<html");
                let shown = if is_page { without_tags(body) } else { body.to_owned() };
                let is_plain = !is_page && !body.trim().is_empty();
                Self {
                    message: one_line(&shown, MAX_MESSAGE_CHARS),
                    text: plain_text(&shown),
                    is_plain,
                    ..Self::default()
                }
            }
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
            // NestJS names the status, and has the faults beside it.
            Value::String(error) => match faults(value) {
                faults if faults.is_empty() || faults == *error => error.clone(),
                faults => format!("{error}: {faults}"),
            },
            _ => [
                text("message"),
                text("msg"),
                text("status_msg"),
                error.get("message").map_or(String::new(), detail),
                detail(value),
                detail(error),
            ]
            .into_iter()
            .find(|m| !m.is_empty())
            .unwrap_or_else(|| error.to_string()),
        };
        let is_whole = message.starts_with('{');
        // OpenRouter quotes the upstream provider's error here.
        let upstream = error.pointer("/metadata/raw").and_then(Value::as_str);
        let message = upstream.map_or(message.clone(), |raw| format!("{message}: {raw}"));
        Self {
            message: one_line(&message, MAX_MESSAGE_CHARS),
            kind: [text("type"), text("status")].into_iter().find(|t| !t.is_empty()).unwrap_or_default(),
            code: text("code"),
            param: text("param"),
            text: if is_whole { plain_text(&members(error)) } else { plain_text(&message) },
            failed_generation: error.get("failed_generation").and_then(Value::as_str).map(str::to_owned),
            value: error.clone(),
            is_api: true,
            is_plain: false,
        }
    }

    /// The whole message in lower case, without the data that it quotes, such as the request.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether an error of `status` comes from the API: as JSON, or as the plain text with which
    /// some servers report that they can't process a request.
    pub(crate) fn is_of_api(&self, status: u16) -> bool {
        self.is_api || self.is_plain && matches!(status, 400 | 422 | 500)
    }

    /// All codes of the error, in lower case: `code`, `type`, `status`, and those of its details.
    pub(crate) fn codes(&self) -> Vec<String> {
        const PATHS: &[&str] = &[
            "/status",
            "/error_code",
            "/metadata/reason",
            "/metadata/limit_source",
            "/details/error_code",
            "/innererror/code",
            "/inner_error/code",
        ];
        let inner = PATHS.iter().filter_map(|path| self.value.pointer(path)?.as_str());
        // Google's `ErrorInfo` is one of its details. A reason may be a sentence, too.
        let details = self.value.get("details").and_then(Value::as_array).into_iter().flatten();
        let reasons = details.chain([&self.value]).filter_map(|part| part.get("reason")?.as_str());
        let reasons = reasons.filter(|reason| !reason.contains(char::is_whitespace));
        let codes = [self.code.as_str(), self.kind.as_str()].into_iter().chain(inner).chain(reasons);
        codes.filter(|code| !code.is_empty()).map(str::to_lowercase).collect()
    }

    /// Whether the code or the type is `name`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.code == name || self.kind == name
    }

    /// Whether the message contains `words` (in lower case), in any case.
    pub(crate) fn mentions(&self, words: &str) -> bool {
        self.text.contains(words)
    }

    /// Whether a quota of a day is used up. Source: Gemini's `quotaId`, such as
    /// `GenerateRequestsPerDayPerProjectPerModel-FreeTier`.
    pub(crate) fn is_daily_quota(&self) -> bool {
        let details = self.value.get("details").and_then(Value::as_array).into_iter().flatten();
        let violations = details.filter_map(|detail| detail.get("violations")?.as_array()).flatten();
        violations.filter_map(|violation| violation.get("quotaId")?.as_str()).any(|id| id.contains("PerDay"))
    }

    /// The delay that the body asks for: Gemini's `error.details[].retryDelay` (`26s`), or its message. `wall_ms`: the
    /// time of the reply, in milliseconds since 1970.
    pub(crate) fn retry_delay(&self, wall_ms: i64) -> Option<Duration> {
        let mut details = self.value.get("details").and_then(Value::as_array).into_iter().flatten();
        let delay = details.find_map(|detail| parse_go_duration(detail.get("retryDelay")?.as_str()?));
        delay.filter(|delay| !delay.is_zero()).or_else(|| {
            // The message for people may be cut.
            let whole = self.value.get("message").or(Some(&self.value)).and_then(Value::as_str);
            whole.and_then(|text| delay_from_text(text, wall_ms)).or_else(|| delay_from_text(&self.message, wall_ms))
        })
    }
}

/// A message as it is searched.
fn plain_text(message: &str) -> String {
    let text: String = message.chars().take(MAX_TEXT_CHARS).collect();
    without_model_groups(&without_quoted_data(&text.to_lowercase()))
}

/// A message without what LiteLLM appends to it: names of models, which are not part of the error.
fn without_model_groups(text: &str) -> String {
    let mut out = text.to_owned();
    for label in ["received model group=", "available model group fallbacks="] {
        while let Some(at) = out.find(label) {
            let rest = &out[at + label.len()..];
            let end =
                if rest.starts_with('[') { rest.find(']').map(|end| end + 1) } else { rest.find(char::is_whitespace) };
            out.replace_range(at..at + label.len() + end.unwrap_or(rest.len()), "");
        }
    }
    out
}

/// The members of an error without a message, as text.
fn members(error: &Value) -> String {
    let show = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        Value::Object(_) => members(value),
        other => format!("{name}: {}", other.to_string().trim_matches(['[', ']'])),
    };
    error.as_object().into_iter().flatten().map(show).collect::<Vec<_>>().join("; ")
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

/// The texts of a body's `message`, beside its `error`.
fn faults(value: &Value) -> String {
    match value.get("message") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
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
    fn codes_in_every_place() {
        for (body, expected) in [
            (
                r#"{"error":{"code":"A","type":"b","reason":"NOT_ENOUGH_BALANCE"}}"#,
                &["a", "b", "not_enough_balance"][..],
            ),
            (r#"{"error":{"code":"a","reason":"no code at all"}}"#, &["a"]),
            (
                r#"{"error":{"code":403,"details":[{"x":1},{"reason":"BILLING_DISABLED"}]}}"#,
                &["403", "billing_disabled"],
            ),
            (r#"{"error":{"details":"none","reason":7}}"#, &[]),
        ] {
            assert_eq!(ErrorBody::parse(body).codes(), expected, "{body}");
        }
    }

    #[test]
    fn the_text_that_is_searched() {
        let long = format!("{} `temperature` is deprecated", "x".repeat(1000));
        for (body, expected) in [
            (serde_json::json!({"error": {"message": long}}).to_string(), long.as_str()),
            (
                r#"{"error":{"message":"Invalid image. Request: {\"model\":\"m\",\"temperature\":0}"}}"#.to_owned(),
                "invalid image. request: {}",
            ),
            (
                r#"{"error":{"message":"litellm.NotFoundError: File X not found. Received Model Group=gpt-x\nAvailable Model Group Fallbacks=None"}}"#
                    .to_owned(),
                "litellm.notfounderror: file x not found. \n",
            ),
            (
                r#"{"message":"No. Available Model Group Fallbacks=['a', 'b'] LiteLLM Retried: 2"}"#.to_owned(),
                "no.  litellm retried: 2",
            ),
            (
                r#"{"error":{"message":"Provider returned error","metadata":{"raw":"{\"error\":{\"message\":\"No `n`\"}}"}}}"#
                    .to_owned(),
                r#"provider returned error: {"error":{"message":"no `n`"}}"#,
            ),
            (r#"{"error":{"reason":"No `n`","temperature":["bad"]}}"#.to_owned(), "reason: no `n`; temperature: \"bad\""),
            ("Model does not accept `temperature` <= 1".to_owned(), "model does not accept `temperature` <= 1"),
            ("<html><h1>502</h1>".to_owned(), " 502 "),
        ] {
            assert_eq!(ErrorBody::parse(&body).text().trim(), expected.trim(), "{body}");
        }
        for (body, status, expected) in [
            ("{}", 404, true),
            ("Model does not accept it", 500, true),
            ("Model does not accept it", 502, false),
            ("<html>no", 500, false),
            ("", 500, false),
        ] {
            assert_eq!(ErrorBody::parse(body).is_of_api(status), expected, "{status} {body}");
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
            (message(&format!("{} Please retry in 59.1s.", "quota ".repeat(100))), Some(59_100)),
            (r#"{"error":"Please retry after 86400 seconds."}"#.to_owned(), Some(86_400_000)),
            ("<p>Please retry after 6 seconds.</p>".to_owned(), Some(6000)),
            (r#"{"error":{"message":"retry in 5s","details":[{"retryDelay":"0s"}]}}"#.to_owned(), Some(5000)),
            (r#"{"error":{"details":[{"@type":"x"},{"retryDelay":"26s"}]}}"#.to_owned(), Some(26_000)),
        ] {
            let delay = ErrorBody::parse(&body).retry_delay(0);
            assert_eq!(delay.map(|delay| delay.as_millis()), ms, "{body}");
        }
    }
}
