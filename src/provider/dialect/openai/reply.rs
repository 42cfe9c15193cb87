//! A chat completion, streamed or not, read as tolerantly as servers are different:
//! unknown members, missing and null ones, content in parts, numbers as floats.

use crate::base::usage::Usage;
use serde_json::Value;

/// More tokens than any request has: a count above is not believed.
const MOST_TOKENS: u64 = 100_000_000;

/// What a reply says, whichever way it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Completion {
    /// The visible text.
    pub(crate) content: String,
    /// The text of a refusal.
    pub(crate) refusal: Option<String>,
    /// Why the reply ended, as sent.
    pub(crate) finish: Option<String>,
    /// Tokens, when the server says them.
    pub(crate) usage: Option<Usage>,
    /// An error inside a reply of status 200.
    pub(crate) error: Option<Value>,
    /// Whether there was at least one choice.
    pub(crate) has_choice: bool,
}

impl Completion {
    /// Reads a whole reply; `None` when it is no JSON object or array.
    pub(crate) fn from_json(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}').trim()).ok()?;
        let mut completion = Self::default();
        // Gemini wraps errors in an array.
        let value = value.as_array().and_then(|items| items.first()).unwrap_or(&value);
        value.is_object().then(|| completion.take(value, "message"))?;
        Some(completion)
    }

    /// Takes one chunk of a stream; the text that it adds.
    pub(crate) fn take_chunk(&mut self, chunk: &Value) -> String {
        let before = self.content.len();
        self.take(chunk, "delta");
        self.content[before..].to_owned()
    }

    fn take(&mut self, value: &Value, member: &str) {
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

/// Content is a text, or a list of parts of which the texts count.
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

fn usage(value: &Value) -> Option<Usage> {
    let count = |value: Option<&Value>| {
        let value = value?;
        // Some servers write numbers as texts.
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "filtered")]
        value.as_u64().or_else(|| number.filter(|f| (0.0..1e15).contains(f)).map(|f| f as u64))
    };
    let input = count(value.get("prompt_tokens"));
    let output = count(value.get("completion_tokens"));
    let detail = |name: &str| count(value.get("prompt_tokens_details").and_then(|details| details.get(name)));
    let (cached, written) = (detail("cached_tokens"), detail("cache_write_tokens"));
    // A request has a prompt: none, or none that can be read, is no count.
    let input = input.filter(|input| *input > 0)?;
    if input.saturating_add(output.unwrap_or(0)) > MOST_TOKENS {
        return None;
    }
    Some(Usage {
        input,
        cached_input: cached.unwrap_or(0).min(input),
        cache_write: written.unwrap_or(0).min(input),
        output: output.unwrap_or(0),
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
        assert_eq!(full.usage, Some(Usage { input: 25, cached_input: 9, cache_write: 5, output: 16 }));
        for (text, content, has_choice) in [
            (
                r#"{"choices":[{"message":{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}}]}"#,
                "ab",
                true,
            ),
            (r#"{"choices":[{"message":{"content":null}}],"usage":null}"#, "", true),
            (r#"{"choices":null}"#, "", false),
            (r#"{"choices":[]}"#, "", false),
            (r#"{}"#, "", false),
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
        assert_eq!(Completion::from_json("<html>"), None);
    }
}
