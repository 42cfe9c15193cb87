//! A server that keeps the requests that it receives.

use super::http_server::{HttpServer, reply};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A server, and the requests that it received.
pub(crate) struct RecordingServer {
    pub(crate) server: HttpServer,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl RecordingServer {
    /// Answers by the request and its number.
    pub(crate) fn start(answer: impl Fn(&Value, usize) -> (u16, Value) + Send + Sync + 'static) -> Self {
        let (count, seen) = (AtomicUsize::new(0), Arc::<Mutex<Vec<Value>>>::default());
        let shared = seen.clone();
        let server = HttpServer::start(move |body, stream| {
            let request: Value = serde_json::from_slice(body).unwrap();
            let (status, body) = answer(&request, count.fetch_add(1, Ordering::Relaxed));
            shared.lock().unwrap().push(request);
            stream.write_all(&reply(status, "application/json", &body.to_string()))
        });
        Self { server, seen }
    }

    /// How many requests it received.
    pub(crate) fn count(&self) -> usize {
        self.server.count()
    }

    /// The requests without their messages, each form once.
    pub(crate) fn forms(&self) -> HashSet<String> {
        let mut bodies = self.seen.lock().unwrap().clone();
        bodies.iter_mut().for_each(|body| body["messages"] = Value::Null);
        bodies.iter().map(ToString::to_string).collect()
    }

    /// What `of` makes of each request.
    pub(crate) fn each<T>(&self, of: impl Fn(&Value) -> T) -> Vec<T> {
        self.seen.lock().unwrap().iter().map(of).collect()
    }
}

/// A reply with this text.
pub(crate) fn reply_with(content: &str) -> (u16, Value) {
    let choice = json!({"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"});
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020});
    (200, json!({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}))
}

/// A reply that answers the task `kind`.
pub(crate) fn invoice() -> (u16, Value) {
    reply_with(r#"{"kind": "invoice"}"#)
}

/// An error as OpenAI sends it.
pub(crate) fn error(status: u16, message: &str) -> (u16, Value) {
    (status, json!({"error": {"message": message}}))
}
