//! A streamed reply, as far as it has come.

use super::reply::Completion;
use crate::provider::sse::Events;

/// A stream as far as it has come.
#[derive(Default)]
pub(crate) struct Stream {
    events: Events,
    pub(crate) completion: Completion,
    pub(crate) saw_done: bool,
    /// Nothing more is needed: `[DONE]`, a finish reason, or an error.
    pub(crate) is_done: bool,
}

impl Stream {
    pub(crate) fn push(&mut self, bytes: &[u8], on_text: &dyn Fn(&str)) {
        for data in self.events.push(bytes) {
            on_text(&self.event(&data));
        }
    }

    pub(crate) fn finish(&mut self) {
        if let Some(data) = self.events.finish() {
            self.event(&data);
        }
    }

    fn event(&mut self, data: &str) -> String {
        if data.trim() == "[DONE]" {
            (self.saw_done, self.is_done) = (true, true);
            return String::new();
        }
        let Ok(chunk) = serde_json::from_str(data) else {
            return String::new();
        };
        let text = self.completion.take_chunk(&chunk);
        self.is_done |= self.completion.finish.is_some() || self.completion.error.is_some();
        text
    }
}
