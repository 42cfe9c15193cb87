//! Replies as OpenAI's API sends them: whole JSON, or a stream of chunks.

use serde_json::{Value, json};

/// What a reply says.
pub(crate) struct Said {
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) model: String,
    pub(crate) content: Option<String>,
    pub(crate) refusal: Option<String>,
    pub(crate) finish: &'static str,
    /// Prompt and reply tokens; `None`: not said.
    pub(crate) usage: Option<(u64, u64, u64)>,
}

impl Said {
    fn usage_json(&self) -> Value {
        match self.usage {
            None => Value::Null,
            Some((input, cached, output)) => json!({
                "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
                "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
            }),
        }
    }

    pub(crate) fn whole(&self) -> String {
        let message = json!({"role": "assistant", "content": self.content, "refusal": self.refusal, "annotations": []});
        let mut reply = json!({
            "id": self.id, "object": "chat.completion", "created": self.created, "model": self.model,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": self.finish}],
            "service_tier": "default", "system_fingerprint": null,
        });
        if let (Some(members), true) = (reply.as_object_mut(), self.usage.is_some()) {
            members.insert("usage".into(), self.usage_json());
        }
        reply.to_string()
    }

    /// The events of a stream, each with its data line, `[DONE]` last.
    pub(crate) fn events(&self, include_usage: bool) -> Vec<String> {
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
        let null_usage = include_usage.then_some(Value::Null);
        let delta = |delta: Value, finish: Option<&str>| {
            chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]), null_usage.clone())
        };
        let mut events = vec![delta(json!({"role": "assistant", "content": "", "refusal": null}), None)];
        let text: Vec<char> = self.content.as_deref().unwrap_or_default().chars().collect();
        for piece in text.chunks(12) {
            events.push(delta(json!({"content": piece.iter().collect::<String>()}), None));
        }
        if let Some(refusal) = &self.refusal {
            events.push(delta(json!({"refusal": refusal}), None));
        }
        events.push(delta(json!({}), Some(self.finish)));
        if include_usage && self.usage.is_some() {
            events.push(chunk(json!([]), Some(self.usage_json())));
        }
        events.push("data: [DONE]\n\n".into());
        events
    }
}

pub(crate) fn error(kind: &str, code: Option<&str>, param: Option<&str>, message: &str) -> String {
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}}).to_string()
}
