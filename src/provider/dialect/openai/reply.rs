//! A chat completion, whole or in chunks. It is read as tolerantly as servers differ:
//! unknown, missing and null members, content in parts, numbers as floats or strings.

use super::error_body::ErrorBody;
use super::errors::judge_late_error;
use crate::base::usage::Usage;
use crate::provider::dialect::interface::NotAReply;
use crate::provider::reply::{Reply, ReplyEnd};
use crate::provider::served::Served;
use serde_json::Value;

/// Largest believable token count of one request; a larger one is ignored.
const MAX_TOKENS: u64 = 100_000_000;

/// A reply has at least one of these members.
const MEMBERS: &[&str] = &["choices", "error", "usage"];

/// A completion as far as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Completion {
    /// The visible text.
    pub(crate) content: String,
    /// The text of a refusal.
    pub(crate) refusal: Option<String>,
    /// `finish_reason`.
    pub(crate) finish: Option<String>,
    /// Token counts, if the server reports them.
    pub(crate) usage: Option<Usage>,
    /// An error inside a reply of status 200.
    pub(crate) error: Option<Value>,
    /// Whether there was at least one choice.
    pub(crate) has_choice: bool,
}

impl Completion {
    /// Reads a whole reply.
    ///
    /// # Errors
    /// When it is not one.
    pub(crate) fn from_json(text: &str) -> Result<Self, NotAReply> {
        let text = text.trim_start_matches('\u{feff}').trim();
        let value: Value = serde_json::from_str(text).map_err(|_| match text.starts_with(['{', '[']) {
            true => NotAReply::Damaged(ErrorBody::parse(text).message),
            false => NotAReply::Foreign,
        })?;
        // Gemini wraps errors in an array.
        let value = value.as_array().and_then(|items| items.first()).unwrap_or(&value);
        if MEMBERS.iter().all(|name| value.get(name).is_none_or(Value::is_null)) {
            return Err(NotAReply::Foreign);
        }
        let mut completion = Self::default();
        completion.read(value, "message");
        Ok(completion)
    }

    /// Reads one chunk of a stream and returns the text that it adds.
    pub(crate) fn push_chunk(&mut self, chunk: &Value) -> String {
        let before = self.content.len();
        self.read(chunk, "delta");
        self.content[before..].to_owned()
    }

    /// The reply, independent of the dialect.
    pub(crate) fn into_reply(self) -> Reply {
        let finish = self.finish.as_deref().unwrap_or_default();
        let refusal = self.refusal.as_deref().filter(|_| self.content.trim().is_empty());
        let end = match (&self.error, refusal) {
            (Some(error), _) => ReplyEnd::Error(judge_late_error(&ErrorBody::from_value(error))),
            _ if finish == "content_filter" => ReplyEnd::ContentFilter,
            (None, Some(text)) => ReplyEnd::Refusal(ErrorBody::parse(text).message),
            _ if finish == "error" || !self.has_choice => ReplyEnd::Empty,
            _ if finish == "length" => ReplyEnd::Length,
            _ => ReplyEnd::Finished,
        };
        Reply { content: self.content, reasoning: String::new(), usage: self.usage, end, served: Served::default() }
    }

    /// Reads a reply or a chunk, whose text is in the choice's member `member`.
    fn read(&mut self, value: &Value, member: &str) {
        if let Some(error) = value.get("error").filter(|error| !error.is_null()) {
            self.error = Some(error.clone());
        }
        if let Some(usage) = value.get("usage").and_then(usage) {
            self.usage = Some(usage);
        }
        let Some(choice) = value.get("choices").and_then(Value::as_array).and_then(|choices| choices.first()) else {
            return;
        };
        self.has_choice = true;
        if let Some(finish) = choice.get("finish_reason").and_then(Value::as_str) {
            self.finish = Some(finish.to_owned());
        }
        let Some(message) = choice.get(member).or_else(|| choice.get("message")) else {
            return;
        };
        append(&mut self.content, message.get("content"));
        if let Some(text) = message.get("refusal").and_then(Value::as_str).filter(|text| !text.is_empty()) {
            self.refusal.get_or_insert_default().push_str(text);
        }
    }
}

/// Appends `content`: a string, or a list of parts, of which only text counts.
fn append(out: &mut String, content: Option<&Value>) {
    match content {
        Some(Value::String(text)) => out.push_str(text),
        Some(Value::Array(parts)) => {
            for part in parts {
                append(out, part.get("text").or(Some(part)).filter(|part| part.is_string()));
            }
        }
        _ => {}
    }
}

/// Reads token counts. `None` if they are missing or not believable.
fn usage(value: &Value) -> Option<Usage> {
    let count = |value: Option<&Value>| {
        let value = value?;
        // Some servers write numbers as strings.
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "filtered")]
        value.as_u64().or_else(|| number.filter(|f| (0.0..1e15).contains(f)).map(|f| f as u64))
    };
    let input = count(value.get("prompt_tokens"));
    let output = count(value.get("completion_tokens"));
    let detail = |name: &str| count(value.get("prompt_tokens_details").and_then(|details| details.get(name)));
    let (cached, written) = (detail("cached_tokens"), detail("cache_write_tokens"));
    // Every request has a prompt: 0 means that the server did not count.
    let input = input.filter(|input| *input > 0)?;
    if input.saturating_add(output.unwrap_or(0)) > MAX_TOKENS {
        return None;
    }
    Some(Usage {
        input,
        cached_input: cached.unwrap_or(0).min(input),
        cache_write: written.unwrap_or(0).min(input),
        output: output.unwrap_or(0),
        reasoning: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Completion {
        Completion::from_json(text).unwrap()
    }

    #[test]
    fn replies_as_servers_send_them() {
        let full = read(
            r#"{"id":"x","created":1.7e9,"choices":[{"index":0,"message":{"role":"assistant","content":"{}","refusal":null,"reasoning":"hm"},"finish_reason":"eos"}],
                "usage":{"prompt_tokens":25.0,"completion_tokens":16,"prompt_tokens_details":{"cached_tokens":9,"cache_write_tokens":5}},"x_metrics":{}}"#,
        );
        assert_eq!((full.content.as_str(), full.finish.as_deref()), ("{}", Some("eos")));
        assert_eq!(full.usage, Some(Usage { input: 25, cached_input: 9, cache_write: 5, output: 16, reasoning: 0 }));
        for (text, content, has_choice) in [
            (
                r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}"#,
                "ab",
                true,
            ),
            (r#"{"choices":[{"message":{"content":null}}],"usage":null}"#, "", true),
            (r#"{"choices":[{"message":null}]}"#, "", true),
            (r#"{"choices":[]}"#, "", false),
        ] {
            let found = read(text);
            assert_eq!((found.content.as_str(), found.has_choice, found.usage), (content, has_choice, None), "{text}");
        }
        for (usage, input) in [
            (r#"{"prompt_tokens":"25640","completion_tokens":5}"#, Some(25_640)),
            (r#"{"prompt_tokens":null,"completion_tokens":5}"#, None),
            (r#"{"prompt_tokens":1e18,"completion_tokens":5}"#, None),
            (r#"{"prompt_tokens":0,"completion_tokens":5}"#, None),
            (r#"{"prompt_tokens":-3,"completion_tokens":5}"#, None),
            (r#"{"prompt_tokens":7}"#, Some(7)),
        ] {
            let found = read(&format!(r#"{{"choices":[],"usage":{usage}}}"#)).usage;
            assert_eq!(found.map(|usage| usage.input), input, "{usage}");
        }
        assert!(read(r#"{"error":{"code":502}}"#).error.is_some());
        assert!(read(r#"[{"error":{"code":400}}]"#).error.is_some());
        assert_eq!(
            read(r#"{"choices":[{"message":{"content":null,"refusal":"I can't"}}]}"#).refusal.as_deref(),
            Some("I can't")
        );
        for body in [
            "<html><p>502</p>",
            "not JSON",
            "7",
            "",
            "{}",
            "[]",
            r#"{"status":"ok"}"#,
            r#"["choices"]"#,
            r#"{"choices":null}"#,
        ] {
            assert_eq!(Completion::from_json(body), Err(NotAReply::Foreign), "{body}");
        }
        for body in [r#"{"choices":[{"mess"#, "[{]"] {
            assert_eq!(Completion::from_json(body), Err(NotAReply::Damaged(body.to_owned())), "{body}");
        }
    }

    #[test]
    fn why_a_reply_ended() {
        let end = |choice: &str, rest: &str| read(&format!(r#"{{"choices":[{choice}]{rest}}}"#)).into_reply().end;
        let text = |finish: &str| format!(r#"{{"message":{{"content":"{{}}"}},"finish_reason":{finish}}}"#);
        for (choice, expected) in [
            (text(r#""stop""#), ReplyEnd::Finished),
            (text("null"), ReplyEnd::Finished),
            (text(r#""eos""#), ReplyEnd::Finished),
            (text(r#""length""#), ReplyEnd::Length),
            (text(r#""content_filter""#), ReplyEnd::ContentFilter),
            (text(r#""error""#), ReplyEnd::Empty),
            (String::new(), ReplyEnd::Empty),
            (r#"{"message":{"content":" ","refusal":"I can't"}}"#.to_owned(), ReplyEnd::Refusal("I can't".into())),
            (r#"{"message":{"content":"{}","refusal":"I can't"}}"#.to_owned(), ReplyEnd::Finished),
        ] {
            assert_eq!(end(&choice, ""), expected, "{choice}");
        }
        let late = end(&text(r#""stop""#), r#","error":{"code":429,"message":"busy"}"#);
        assert!(matches!(late, ReplyEnd::Error(crate::provider::verdict::Verdict::Later { .. })), "{late:?}");
    }
}
