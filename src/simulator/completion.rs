//! A chat completion as OpenAI's API sends it: whole JSON, or a stream of chunks.
//! Source: OpenAI's API specification 2.3.0 (2026-08).

use super::bill::TokenBill;
use serde_json::{Value, json};

/// Characters of a chunk's `delta.content`.
const CHUNK_CHARS: usize = 12;

/// A completion with one choice.
#[derive(Clone, Debug)]
pub(crate) struct Completion {
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) content: Option<String>,
    pub(crate) refusal: Option<String>,
    pub(crate) finish_reason: &'static str,
    /// `None`: the reply carries no `usage`.
    pub(crate) usage: Option<TokenBill>,
}

impl Completion {
    /// The body of a reply that is not streamed.
    pub(crate) fn to_json(&self) -> Value {
        let message = json!({"role": "assistant", "content": self.content, "refusal": self.refusal, "annotations": []});
        let mut reply = json!({
            "id": self.id, "object": "chat.completion", "created": self.created, "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": self.finish_reason}],
            "service_tier": "default", "system_fingerprint": null,
        });
        if let (Some(members), true) = (reply.as_object_mut(), self.usage.is_some()) {
            members.insert("usage".into(), self.usage_json());
        }
        reply
    }

    /// The events of a stream. The last one is `[DONE]`.
    pub(crate) fn to_events(&self, includes_usage: bool) -> Vec<String> {
        let chunk = |choices: Value, usage: Option<Value>| {
            let mut chunk = json!({
                "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
                "service_tier": "default", "system_fingerprint": null, "choices": choices,
            });
            if let (Some(members), Some(usage)) = (chunk.as_object_mut(), usage) {
                members.insert("usage".into(), usage);
            }
            format!("data: {chunk}\n\n")
        };
        let null_usage = includes_usage.then_some(Value::Null);
        let delta = |delta: Value, finish_reason: Option<&str>| {
            let choice = json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason}]);
            chunk(choice, null_usage.clone())
        };
        let mut events = vec![delta(json!({"role": "assistant", "content": "", "refusal": null}), None)];
        let text: Vec<char> = self.content.as_deref().unwrap_or_default().chars().collect();
        for piece in text.chunks(CHUNK_CHARS) {
            events.push(delta(json!({"content": piece.iter().collect::<String>()}), None));
        }
        if let Some(refusal) = &self.refusal {
            events.push(delta(json!({"refusal": refusal}), None));
        }
        events.push(delta(json!({}), Some(self.finish_reason)));
        if includes_usage && self.usage.is_some() {
            events.push(chunk(json!([]), Some(self.usage_json())));
        }
        events.push("data: [DONE]\n\n".into());
        events
    }

    fn usage_json(&self) -> Value {
        match self.usage {
            None => Value::Null,
            Some(TokenBill { input, cached_input, output }) => json!({
                "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
                "prompt_tokens_details": {"cached_tokens": cached_input, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
            }),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn completion(content: &str) -> Completion {
        Completion {
            id: "chatcmpl-1".into(),
            created: 1_766_116_121,
            model: "gpt-4o-mini".into(),
            content: Some(content.into()),
            refusal: None,
            finish_reason: "stop",
            usage: Some(TokenBill { input: 25, cached_input: 0, output: 16 }),
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
                "service_tier": "default", "system_fingerprint": null,
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
