//! A chat completion as the profile's API sends it: whole JSON, or a stream of chunks.
//! Source: OpenAI's API specification 2.3.0 (2026-08); for the others, recorded replies.

use super::bill::TokenBill;
use super::rules::reply_style::{MessageKeys, ReasoningText, ReplyStyle, StreamUsage, UsageStyle};
use serde_json::{Map, Value, json};

/// Characters of a chunk's `delta.content`.
const CHUNK_CHARS: usize = 12;
/// Characters of a chunk with reasoning.
const REASONING_CHUNK_CHARS: usize = 400;

/// A completion with one choice.
#[derive(Clone, Debug)]
pub(crate) struct Completion {
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) content: Option<String>,
    pub(crate) refusal: Option<String>,
    /// The text of the reasoning.
    pub(crate) reasoning: Option<String>,
    pub(crate) finish_reason: &'static str,
    /// Whether the choice has a message.
    pub(crate) has_message: bool,
    /// `service_tier`. `None`: absent.
    pub(crate) tier: Option<&'static str>,
    /// `None`: the reply carries no `usage`.
    pub(crate) usage: Option<TokenBill>,
    /// The cost in pico-dollars.
    pub(crate) cost: u64,
    /// The members of the reply.
    pub(crate) style: &'static ReplyStyle,
}

impl Completion {
    /// The body of a reply that is not streamed.
    pub(crate) fn to_json(&self) -> Value {
        let mut choice = members(json!({"index": 0}));
        if self.has_message {
            choice.insert("message".into(), self.message());
        }
        if self.style.keys == MessageKeys::All {
            choice.insert("logprobs".into(), Value::Null);
        }
        choice.insert("finish_reason".into(), self.finish_reason.into());
        choice.extend(self.choice_members());
        let mut reply = members(json!({
            "id": self.id, "object": "chat.completion", "created": self.created, "model": self.model,
            "choices": [choice],
        }));
        self.add_metadata(&mut reply);
        if let Some(usage) = &self.usage {
            reply.insert("usage".into(), self.usage_json(usage));
        }
        reply.into()
    }

    /// The events of a stream. The last one is `[DONE]`.
    pub(crate) fn to_events(&self, includes_usage: bool) -> Vec<String> {
        let placed = self.style.stream_usage;
        let has_own_chunk = includes_usage && matches!(placed, StreamUsage::Requested | StreamUsage::Groq);
        let deltas = self.deltas();
        let (count, mut events) = (deltas.len(), Vec::new());
        if !self.style.comment.is_empty() {
            events.push(self.style.comment.to_owned());
        }
        if !self.style.first_chunk.is_empty() {
            events.push(format!("data: {}\n\n", self.style.first_chunk));
        }
        for (index, delta) in deltas.into_iter().enumerate() {
            let is_last = index + 1 == count;
            let mut choice = members(json!({"index": 0, "delta": delta}));
            if self.style.keys == MessageKeys::All {
                choice.insert("logprobs".into(), Value::Null);
            }
            choice.insert("finish_reason".into(), if is_last { self.finish_reason.into() } else { Value::Null });
            choice.extend(self.choice_members());
            if let (true, StreamUsage::Choice, Some(usage)) = (is_last, placed, &self.usage) {
                choice.insert("usage".into(), self.usage_json(usage));
            }
            let mut chunk = self.chunk(json!([choice]));
            if let (true, StreamUsage::Groq, Some(usage)) = (is_last, placed, &self.usage) {
                chunk.insert("x_groq".into(), json!({"id": "req_simulator", "usage": self.usage_json(usage)}));
            }
            let usage = match (placed, &self.usage) {
                (StreamUsage::LastChunk, Some(usage)) if is_last => Some(self.usage_json(usage)),
                (StreamUsage::EveryChunk, Some(usage)) => Some(self.growing_usage(usage, index, count)),
                _ => has_own_chunk.then_some(Value::Null),
            };
            if let Some(usage) = usage {
                chunk.insert("usage".into(), usage);
            }
            events.push(format!("data: {}\n\n", Value::Object(chunk)));
        }
        if let (true, Some(usage)) = (has_own_chunk, &self.usage) {
            let mut chunk = self.chunk(json!([]));
            chunk.insert("usage".into(), self.usage_json(usage));
            events.push(format!("data: {}\n\n", Value::Object(chunk)));
        }
        events.push("data: [DONE]\n\n".into());
        events
    }

    fn chunk(&self, choices: Value) -> Map<String, Value> {
        let mut chunk = members(json!({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
        }));
        self.add_metadata(&mut chunk);
        chunk.insert("choices".into(), choices);
        chunk
    }

    /// Adds the members other than the choices.
    fn add_metadata(&self, reply: &mut Map<String, Value>) {
        if let Some(tier) = self.tier {
            reply.insert("service_tier".into(), tier.into());
        }
        if let Some(fingerprint) = self.style.fingerprint {
            reply.insert("system_fingerprint".into(), fingerprint.into());
        }
        reply.extend(members(serde_json::from_str(self.style.members).unwrap_or_default()));
    }

    fn choice_members(&self) -> Map<String, Value> {
        members(serde_json::from_str(self.style.choice_members).unwrap_or_default())
    }

    fn message(&self) -> Value {
        let mut message = members(json!({"role": "assistant"}));
        let parts = self.style.reasoning == ReasoningText::Part && self.reasoning.is_some();
        match (&self.content, self.style.keys) {
            (content, _) if parts => {
                let thinking = json!([{"type": "text", "text": self.reasoning}]);
                let mut parts = vec![json!({"type": "thinking", "thinking": thinking})];
                parts.extend(content.as_ref().map(|text| json!({"type": "text", "text": text})));
                message.insert("content".into(), parts.into());
            }
            (None, MessageKeys::Present) => {}
            (content, _) => _ = message.insert("content".into(), json!(content)),
        }
        if self.style.keys == MessageKeys::All {
            message.insert("refusal".into(), json!(self.refusal));
            message.insert("annotations".into(), json!([]));
        } else if let Some(refusal) = &self.refusal {
            message.insert("refusal".into(), json!(refusal));
        }
        if let (ReasoningText::Member(name), Some(text)) = (self.style.reasoning, &self.reasoning) {
            message.insert(name.into(), json!(text));
        }
        message.into()
    }

    /// The deltas of a stream. The last one has no text.
    fn deltas(&self) -> Vec<Value> {
        let has_all = self.style.keys == MessageKeys::All;
        let first = if has_all {
            json!({"role": "assistant", "content": "", "refusal": null})
        } else if self.style.keys == MessageKeys::Content {
            json!({"role": "assistant", "content": ""})
        } else {
            json!({"role": "assistant"})
        };
        let mut deltas = vec![first];
        let pieces = |text: &str, size: usize| -> Vec<String> {
            text.chars().collect::<Vec<_>>().chunks(size).map(|piece| piece.iter().collect()).collect()
        };
        let reasoning = pieces(self.reasoning.as_deref().unwrap_or_default(), REASONING_CHUNK_CHARS);
        match self.style.reasoning {
            ReasoningText::Member(name) => {
                deltas.extend(reasoning.into_iter().map(|piece| json!({name: piece})));
            }
            ReasoningText::Part => deltas.extend(reasoning.into_iter().map(
                |piece| json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}),
            )),
            ReasoningText::Hidden | ReasoningText::Tag => {}
        }
        let content = pieces(self.content.as_deref().unwrap_or_default(), CHUNK_CHARS);
        deltas.extend(content.into_iter().map(|piece| json!({"content": piece})));
        deltas.extend(self.refusal.iter().map(|refusal| json!({"refusal": refusal})));
        // Gemini's last delta has a signature in place of text.
        let is_gemini = self.style.stream_usage == StreamUsage::EveryChunk;
        deltas.push(if is_gemini {
            json!({"extra_content": {"google": {"thought_signature": "c2ln"}}})
        } else {
            json!({})
        });
        deltas
    }

    /// The usage in one of the chunks of a stream: the output grows from chunk to chunk.
    fn growing_usage(&self, usage: &TokenBill, index: usize, count: usize) -> Value {
        let visible = usage.output - usage.reasoning;
        let share = visible * (index as u64 + 1) / count.max(1) as u64;
        self.usage_json(&TokenBill { output: share + usage.reasoning, ..*usage })
    }

    fn usage_json(&self, bill: &TokenBill) -> Value {
        let TokenBill { input, cached_input, cache_write, output, reasoning } = *bill;
        let UsageStyle { hides_reasoning, cached, written, reasoning: has_reasoning, cost, hits } = self.style.usage;
        let shown = if hides_reasoning { output - reasoning } else { output };
        let mut usage =
            members(json!({"prompt_tokens": input, "completion_tokens": shown, "total_tokens": input + output}));
        if cached {
            let mut details = members(json!({"cached_tokens": cached_input, "audio_tokens": 0}));
            if written {
                details.insert("cache_write_tokens".into(), cache_write.into());
            }
            usage.insert("prompt_tokens_details".into(), details.into());
        }
        if has_reasoning {
            let details = json!({"reasoning_tokens": reasoning, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0});
            usage.insert("completion_tokens_details".into(), details);
        }
        if hits {
            usage.insert("prompt_cache_hit_tokens".into(), cached_input.into());
            usage.insert("prompt_cache_miss_tokens".into(), (input - cached_input).into());
        }
        if cost {
            let dollars = self.cost_usd();
            usage.insert("cost".into(), json!(dollars));
            usage.insert("is_byok".into(), json!(false));
            usage.insert("cost_details".into(), json!({"upstream_inference_cost": dollars}));
        }
        usage.into()
    }

    /// The cost in dollars.
    #[expect(clippy::cast_precision_loss, reason = "the nearest number in JSON")]
    pub(crate) fn cost_usd(&self) -> f64 {
        self.cost as f64 / 1e12
    }
}

/// The members of an object. Empty for any other value.
fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::profiles::default::DEFAULT;
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn completion(content: &str) -> Completion {
        Completion {
            id: "chatcmpl-1".into(),
            created: 1_766_116_121,
            model: "gpt-4o-mini".into(),
            content: Some(content.into()),
            refusal: None,
            reasoning: None,
            finish_reason: "stop",
            has_message: true,
            tier: Some("default"),
            usage: Some(TokenBill { input: 25, output: 16, ..TokenBill::default() }),
            cost: 0,
            style: &DEFAULT.reply,
        }
    }

    /// The chunks of a stream, without its `[DONE]`.
    pub(crate) fn chunks(events: &[String]) -> Vec<Value> {
        assert_eq!(events.last().map(String::as_str), Some("data: [DONE]\n\n"));
        let json = |event: &String| serde_json::from_str(event.strip_prefix("data: ").unwrap().trim_end()).unwrap();
        events[..events.len() - 1].iter().map(json).collect()
    }

    /// The members of the reply that was recorded on the live API.
    #[test]
    fn a_whole_reply_has_the_documented_members() {
        let reply = completion("{}").to_json();
        assert_eq!(
            reply,
            json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1_766_116_121, "model": "gpt-4o-mini",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": "{}", "refusal": null, "annotations": []},
                    "logprobs": null, "finish_reason": "stop"}],
                "service_tier": "default", "system_fingerprint": "fp_44709d6fcb",
                "usage": {"prompt_tokens": 25, "completion_tokens": 16, "total_tokens": 41,
                    "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
                    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}},
            })
        );
        let without = Completion { usage: None, ..completion("{}") }.to_json();
        assert!(without.get("usage").is_none());
    }

    #[test]
    fn usage_is_a_chunk_of_its_own_and_null_in_all_others() {
        let chunks = chunks(&completion("some text of several chunks").to_events(true));
        let (last, others) = chunks.split_last().unwrap();
        assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(41)));
        assert!(others.iter().all(|chunk| chunk.get("usage") == Some(&Value::Null)));
        let unasked = self::chunks(&completion("text").to_events(false));
        assert!(unasked.iter().all(|chunk| chunk.get("usage").is_none()));
    }

    #[test]
    fn a_refusal_is_streamed_apart_from_the_content() {
        let refused = Completion { content: None, refusal: Some("no".into()), ..completion("") };
        let chunks = chunks(&refused.to_events(false));
        assert_eq!(chunks.len(), 3, "role, refusal, finish reason");
        assert_eq!(chunks[1]["choices"][0]["delta"], json!({"refusal": "no"}));
        assert_eq!(refused.to_json()["choices"][0]["message"]["content"], Value::Null);
    }

    proptest! {
        #[test]
        fn chunks_join_to_the_content(content in "\\PC{0,60}") {
            let completion = completion(&content);
            let chunks = chunks(&completion.to_events(false));
            let joined: String =
                chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
            prop_assert_eq!(joined, content);
            let reasons: Vec<&Value> = chunks.iter().map(|chunk| &chunk["choices"][0]["finish_reason"]).collect();
            let (last, others) = reasons.split_last().unwrap();
            prop_assert_eq!(*last, "stop");
            prop_assert!(others.iter().all(|reason| reason.is_null()));
        }
    }
}
