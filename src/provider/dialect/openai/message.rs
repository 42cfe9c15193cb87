//! The text of a message or of a part of one: `content` as a string, as parts or as an object,
//! reasoning next to it or in it, arguments of tool calls.

use serde_json::Value;

/// Maximum number of tool calls that are kept apart: only a single one is read.
const MAX_CALLS: usize = 2;

/// Members of a message that hold its reasoning. Servers repeat the same text under several names: the first one that has
/// any counts. Sources: vLLM, SGLang, OpenRouter, Ollama's own API, LiteLLM's `thinking_blocks` (2026-11).
const REASONING: &[&str] = &[
    "reasoning_content",
    "reasoning",
    "reasoning_details",
    "reasoning_text",
    "thinking",
    "thinking_content",
    "thinking_blocks",
    "thought",
    "thoughts",
];

/// The text of a message, as far as it was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Message {
    /// The visible text.
    pub(crate) content: String,
    /// The text of the reasoning.
    pub(crate) reasoning: String,
    /// The text of a refusal.
    pub(crate) refusal: String,
    /// The arguments of its tool calls, by their index.
    calls: Vec<(u64, String)>,
}

impl Message {
    /// Adds a whole message, or the next part of one.
    pub(crate) fn push(&mut self, message: &Value) {
        self.push_content(message.get("content"));
        self.push_reasoning(message);
        if let Some(text) = message.get("refusal").and_then(Value::as_str) {
            self.refusal.push_str(text);
        }
        let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        for (at, call) in calls.enumerate() {
            let index = call.get("index").and_then(Value::as_u64).unwrap_or(at as u64);
            self.push_arguments(index, call.get("function").unwrap_or(call));
        }
        if let Some(call) = message.get("function_call") {
            self.push_arguments(0, call);
        }
    }

    /// Adds text that is not a message: `text` of the older completions.
    pub(crate) fn push_text(&mut self, text: &str) {
        self.content.push_str(text);
    }

    /// The arguments of the only tool call, if they are an object. No tool is offered to the model: it
    /// means the answer.
    pub(crate) fn only_call(&self) -> Option<&str> {
        let mut calls = self.calls.iter().map(|(_, text)| text.trim()).filter(|text| !text.is_empty());
        match (calls.next(), calls.next()) {
            (Some(only), None) if only.starts_with('{') => Some(only),
            _ => None,
        }
    }

    fn push_content(&mut self, content: Option<&Value>) {
        match content {
            Some(Value::String(text)) => self.content.push_str(text),
            Some(Value::Array(parts)) if parts.iter().any(is_part) => {
                parts.iter().for_each(|part| self.push_part(part));
            }
            Some(part @ Value::Object(members)) if !members.is_empty() => match is_part(part) {
                true => self.push_part(part),
                // The object that was asked for, as Cloudflare sends it.
                false => self.content.push_str(&part.to_string()),
            },
            Some(Value::Array(items)) if !items.is_empty() => {
                self.content.push_str(&Value::from(items.clone()).to_string());
            }
            _ => {}
        }
    }

    fn push_part(&mut self, part: &Value) {
        let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
        let is_thought = ["thinking", "reasoning", "thought", "redacted"].iter().any(|name| kind.starts_with(name))
            || part.get("thought") == Some(&Value::Bool(true));
        if kind == "refusal" {
            self.refusal.push_str(part.get("refusal").and_then(Value::as_str).unwrap_or_default());
        } else if is_thought {
            push_thought(&mut self.reasoning, part);
        } else {
            push_texts(&mut self.content, part);
        }
    }

    /// Adds the reasoning of a message, or of a part of one.
    fn push_reasoning(&mut self, message: &Value) {
        let before = self.reasoning.len();
        for name in REASONING {
            if let Some(value) = message.get(*name) {
                push_thought(&mut self.reasoning, value);
            }
            if self.reasoning.len() > before {
                return;
            }
        }
    }

    fn push_arguments(&mut self, index: u64, call: &Value) {
        let text = match call.get("arguments") {
            Some(Value::String(text)) => text.clone(),
            Some(arguments @ Value::Object(_)) => arguments.to_string(),
            _ => return,
        };
        if let Some((_, arguments)) = self.calls.iter_mut().find(|(known, _)| *known == index) {
            arguments.push_str(&text);
        } else if self.calls.len() < MAX_CALLS {
            self.calls.push((index, text));
        }
    }
}

/// Whether a value is a part of a content rather than an item of an answer.
fn is_part(value: &Value) -> bool {
    let has_text = ["text", "thinking", "refusal"].iter().any(|name| value.get(name).is_some());
    value.is_string()
        || value.get("type").is_some_and(Value::is_string) && has_text
        || value.as_object().is_some_and(|members| members.len() == 1 && members.contains_key("text"))
}

/// Appends the text of reasoning: a text, a part of a message, or a list of both.
fn push_thought(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(items) => items.iter().for_each(|item| push_thought(out, item)),
        Value::Object(part) => {
            let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
            let names = [kind, "text", "thinking", "summary", "content"];
            let text = names.iter().find_map(|name| part.get(*name).filter(|text| !text.is_null()));
            text.into_iter().for_each(|text| push_texts(out, text));
        }
        _ => {}
    }
}

/// Appends a text, the `text` of an object, or those of a list.
fn push_texts(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Array(items) => items.iter().for_each(|item| push_texts(out, item)),
        Value::Object(members) => {
            let text = members.get("text").or_else(|| members.get("value"));
            text.into_iter().filter(|text| !text.is_array()).for_each(|text| push_texts(out, text));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(parts: &[Value]) -> Message {
        let mut message = Message::default();
        parts.iter().for_each(|part| message.push(part));
        message
    }

    #[test]
    fn content_and_reasoning_of_every_form() {
        for (message, content, reasoning) in [
            (json!({"content": "a"}), "a", ""),
            (json!({"content": null}), "", ""),
            (json!({}), "", ""),
            (json!(null), "", ""),
            (json!("a"), "", ""),
            (json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}, "c"]}), "abc", ""),
            (json!({"content": [{"text": "a"}]}), "a", ""),
            (json!({"content": {"type": "text", "text": "a"}}), "a", ""),
            (json!({"content": {"kind": "a"}}), r#"{"kind":"a"}"#, ""),
            (json!({"content": {}}), "", ""),
            (json!({"content": []}), "", ""),
            (json!({"content": [{"kind": "a"}]}), r#"[{"kind":"a"}]"#, ""),
            (
                json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "a"}]}),
                "a",
                "hm",
            ),
            (
                json!({"content": [{"type": "thinking", "thinking": "hm", "signature": "x"}, {"type": "text", "text": "a"}]}),
                "a",
                "hm",
            ),
            (
                json!({"content": [{"type": "reasoning", "text": "hm"}, {"type": "output_text", "text": "a"}]}),
                "a",
                "hm",
            ),
            (
                json!({"content": [{"thought": true, "type": "text", "text": "hm"}, {"type": "text", "text": {"value": "a"}}]}),
                "a",
                "hm",
            ),
            (json!({"content": "a", "reasoning": "hm"}), "a", "hm"),
            (json!({"content": null, "reasoning_content": "hm", "reasoning": "hm"}), "", "hm"),
            (json!({"content": "a", "reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}), "a", "hm"),
            (json!({"content": "a", "reasoning": "hm", "reasoning_details": [{"text": "hm"}]}), "a", "hm"),
            (json!({"content": "", "thinking": "hm", "reasoning": null}), "", "hm"),
            (
                json!({"content": "", "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "x"}]}),
                "",
                "hm",
            ),
            (json!({"reasoning": {"text": "hm"}}), "", "hm"),
            (json!({"reasoning_content": [{"type": "text", "text": "h"}, "m"]}), "", "hm"),
            (json!({"reasoning_content": "", "thoughts": "hm"}), "", "hm"),
            (
                json!({"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}, {"type": "reasoning.encrypted", "data": "x"}]}),
                "",
                "hm",
            ),
            (json!({"thinking": true, "reasoning": {"effort": "low"}, "thought": 3}), "", ""),
        ] {
            let found = read(std::slice::from_ref(&message));
            assert_eq!((found.content.as_str(), found.reasoning.as_str()), (content, reasoning), "{message}");
        }
        let refusal = json!({"content": [{"type": "refusal", "refusal": "no"}], "refusal": null});
        assert_eq!(read(&[refusal]).refusal, "no");
    }

    #[test]
    fn a_single_tool_call_has_the_answer() {
        let call = |arguments: Value| json!({"tool_calls": [{"id": "c", "function": {"name": "page", "arguments": arguments}}]});
        let delta = |index: u64, text: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": text}}]});
        for (parts, arguments) in [
            (vec![call(json!(r#"{"kind":"a"}"#))], Some(r#"{"kind":"a"}"#)),
            (vec![call(json!({"kind": "a"}))], Some(r#"{"kind":"a"}"#)),
            (vec![json!({"function_call": {"name": "page", "arguments": "{}"}})], Some("{}")),
            (vec![delta(0, "{\"a\""), delta(0, ":1}")], Some("{\"a\":1}")),
            (vec![delta(0, "{}"), delta(1, "{}")], None),
            (vec![call(json!("kind"))], None),
            (vec![call(json!(null))], None),
            (vec![json!({"tool_calls": null, "function_call": {"name": "", "arguments": ""}})], None),
            (vec![], None),
        ] {
            assert_eq!(read(&parts).only_call(), arguments, "{parts:?}");
        }
    }
}
