//! Reads error bodies in every shape that servers send: an object, a string, an array, an
//! error without a wrapper, a validator's `detail`, HTML, nothing.

use super::nested_error::{NestedError, quoted_json};
use crate::base::sanitize::one_line;
use crate::provider::judgement::wording::without_quoted_data;
use crate::provider::pacing::retry_after::parse_go_duration;
use crate::provider::pacing::retry_text::delay_from_text;
use serde_json::Value;
use std::time::Duration;

/// An error, as its body describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ErrorBody {
    /// A human-readable message: one line of at most [`MAX_MESSAGE_CHARS`] characters.
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
    /// The content of its members.
    nested: NestedError,
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
        let own = match error {
            // NestJS names the status, and has the faults next to it.
            Value::String(error) => match all_messages(value.get("message")) {
                faults if faults.is_empty() || faults == *error => error.clone(),
                faults => format!("{error}: {faults}"),
            },
            _ => [
                text("message"),
                text("msg"),
                text("status_msg"),
                all_messages(error.get("message")),
                all_messages(value.get("detail")),
                all_messages(error.get("detail")),
            ]
            .into_iter()
            .find(|m| !m.is_empty())
            .unwrap_or_default(),
        };
        let nested = NestedError::read(if error.is_string() { value } else { error });
        // An error without a message, or whose message is the unchanged error of another server.
        let is_whole = own.is_empty() || quoted_json(&own).is_some();
        let more = nested.beside(if is_whole { "" } else { &own });
        let message = match own.as_str() {
            "" if nested.errors.is_empty() => error.to_string(),
            "" => more.join("; "),
            own if is_whole || more.is_empty() => own.to_owned(),
            own if own.ends_with(['.', '!', ':']) => format!("{own} {}", more.join("; ")),
            own => format!("{own}: {}", more.join("; ")),
        };
        // Each message is a separate sentence.
        let sentences = if is_whole { more } else { [&[own.as_str()], more.as_slice()].concat() };
        let members = if is_whole { members(error) } else { String::new() };
        let text_of = sentences.into_iter().chain([members.as_str()]).collect::<Vec<_>>().join("\n");
        Self {
            message: one_line(&message, MAX_MESSAGE_CHARS),
            kind: [text("type"), text("status")].into_iter().find(|t| !t.is_empty()).unwrap_or_default(),
            code: text("code"),
            param: [text("param"), nested.param().to_owned()].into_iter().find(|p| !p.is_empty()).unwrap_or_default(),
            text: plain_text(&text_of),
            failed_generation: error.get("failed_generation").and_then(Value::as_str).map(str::to_owned),
            value: error.clone(),
            nested,
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

    /// All codes of the error, in lower case: `code`, `type`, `status`, and those inside of it.
    pub(crate) fn codes(&self) -> Vec<String> {
        let own = ["status", "error_code", "reason"].iter().filter_map(|name| self.value.get(*name)?.as_str());
        // A reason may be a sentence, too.
        let own = own.filter(|code| !code.contains(char::is_whitespace));
        let codes = [self.code.as_str(), self.kind.as_str()].into_iter().chain(own).chain(self.nested.codes());
        codes.filter(|code| !code.is_empty()).map(str::to_lowercase).collect()
    }

    /// Whether a code or a type is `name`.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.code == name || self.kind == name || self.nested.codes().any(|code| code == name)
    }

    /// The error, and those inside of it.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        std::iter::once(&self.value).chain(&self.nested.errors)
    }

    /// Whether the message contains `words` (in lower case), in any case.
    pub(crate) fn mentions(&self, words: &str) -> bool {
        self.text.contains(words)
    }

    /// Whether a quota of a day is used up. Source: Gemini's `quotaId`, such as
    /// `GenerateRequestsPerDayPerProjectPerModel-FreeTier`.
    pub(crate) fn is_daily_quota(&self) -> bool {
        let violations = self.details().filter_map(|detail| detail.get("violations")?.as_array()).flatten();
        violations.filter_map(|violation| violation.get("quotaId")?.as_str()).any(|id| id.contains("PerDay"))
    }

    /// The details of errors: Google's APIs.
    fn details(&self) -> impl Iterator<Item = &Value> {
        self.values().filter_map(|error| error.get("details")?.as_array()).flatten()
    }

    /// The delay that the body asks for: Gemini's `error.details[].retryDelay` (`26s`), or its message. `wall_ms`: the
    /// time of the reply, in milliseconds since 1970.
    pub(crate) fn retry_delay(&self, wall_ms: i64) -> Option<Duration> {
        let delay = self.details().find_map(|detail| parse_go_duration(detail.get("retryDelay")?.as_str()?));
        delay.filter(|delay| !delay.is_zero()).or_else(|| {
            // The human-readable message may be cut.
            let whole = self.value.get("message").or(Some(&self.value)).and_then(Value::as_str);
            whole.and_then(|text| delay_from_text(text, wall_ms)).or_else(|| delay_from_text(&self.message, wall_ms))
        })
    }
}

/// A message in the form that is searched.
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
    let Value::Object(all) = error else { return error.to_string() };
    let show = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}: {text}"),
        Value::Object(_) => members(value),
        other => format!("{name}: {}", other.to_string().trim_matches(['[', ']'])),
    };
    all.iter().map(show).collect::<Vec<_>>().join("; ")
}

/// The messages of a member, such as FastAPI's `{"detail": [{"loc": […], "msg": "…"}]}`. The place is part of the message:
/// it names what is rejected.
fn all_messages(member: Option<&Value>) -> String {
    member.map_or(String::new(), |value| NestedError::read_member(value).beside("").join("; "))
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
            (r#"{"error":{"error":{"message":"m","param":"p","code":400}}}"#, "p: m", "", "", true),
            (r#"{"error":{"message":"a","errors":[{"message":"b","param":null},"c"]}}"#, "a: b; c", "", "", true),
            (r#"{"title":"a","errors":[{"field":"b","message":"c"}]}"#, "b: c", "", "", true),
            (r#"{"reason":"a","n":["b"]}"#, r#"{"reason":"a","n":["b"]}"#, "", "", true),
            (r#"{"error":["a"]}"#, r#"["a"]"#, "", "", true),
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
                "provider returned error\nno `n`",
            ),
            (r#"{"error":{"reason":"No `n`","temperature":["bad"]}}"#.to_owned(), "no `n`\nreason: no `n`; temperature: \"bad\""),
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
