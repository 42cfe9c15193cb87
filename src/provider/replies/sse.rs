//! Server-sent events as chat servers send them: any line ending, comments, several data
//! lines per event, data split at any byte, also within a character.
//!
//! Source: WHATWG HTML, section 9.2.6 (2026-11); deviations of llama.cpp before 2025-09.

use serde_json::{Value, json};

/// Decodes bytes into the data of complete events.
#[derive(Debug, Default)]
pub(crate) struct EventDecoder {
    /// Bytes of an incomplete line.
    line: Vec<u8>,
    /// Data lines of an incomplete event.
    data: Vec<String>,
    /// Whether the incomplete event is called an error.
    is_error: bool,
    /// Whether the last byte was a carriage return, which a line feed may complete.
    after_return: bool,
}

impl EventDecoder {
    /// Takes the next bytes and returns the data of every event that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut done = Vec::new();
        for &byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => done.extend(self.end_of_line()),
                _ => self.line.push(byte),
            }
        }
        done
    }

    /// Ends the stream. An event without the closing empty line counts: some servers omit
    /// the last one.
    pub(crate) fn finish(&mut self) -> Option<String> {
        if !self.line.is_empty() {
            // A line with text only adds to the event.
            self.end_of_line();
        }
        self.event()
    }

    fn end_of_line(&mut self) -> Option<String> {
        let line = String::from_utf8_lossy(&self.line).into_owned();
        self.line.clear();
        if line.is_empty() {
            return self.event();
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field.trim_start_matches('\u{feff}') {
            "data" => self.data.push(value.to_owned()),
            "event" => self.is_error = value.trim() == "error",
            // llama.cpp before 2025-09 sends errors in a separate field.
            "error" if value.starts_with('{') => self.data.push(format!("{{\"error\":{value}}}")),
            _ => {}
        }
        None
    }

    fn event(&mut self) -> Option<String> {
        let is_error = std::mem::take(&mut self.is_error);
        if self.data.is_empty() {
            return None;
        }
        let data = std::mem::take(&mut self.data).join("\n");
        Some(if is_error { as_error(data) } else { data })
    }
}

/// The data of an event that is called an error, as an error. Some servers send only its message.
fn as_error(data: String) -> String {
    let error = match serde_json::from_str(&data) {
        // It states itself that it is an error, or the event is something else.
        Ok(Value::Object(members)) if members.contains_key("error") || members.contains_key("choices") => return data,
        Ok(Value::Array(_) | Value::Null) => return data,
        Ok(error) => error,
        Err(_) if matches!(data.trim(), "" | "[DONE]") => return data,
        Err(_) => Value::String(data),
    };
    json!({ "error": error }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(stream: &[u8], cuts: &[usize]) -> Vec<String> {
        let mut events = EventDecoder::default();
        let mut out = Vec::new();
        let mut at = 0;
        for cut in cuts {
            let next = at + cut % (stream.len() - at + 1);
            out.extend(events.push(&stream[at..next]));
            at = next;
        }
        out.extend(events.push(&stream[at..]));
        out.extend(events.finish());
        out
    }

    const STREAM: &str = ": OPENROUTER PROCESSING\n\ndata: {\"a\":\"é\"}\n\nevent: ping\n\ndata:{\"b\":1}\r\n\r\ndata: one\ndata: two\n\nid: 3\ndata: [DONE]";

    #[test]
    fn all_line_endings_and_comments() {
        assert_eq!(events(STREAM.as_bytes(), &[]), ["{\"a\":\"é\"}", "{\"b\":1}", "one\ntwo", "[DONE]"]);
        assert_eq!(events(b"data: a\r\rdata: b\r\r", &[]), ["a", "b"]);
        assert_eq!(events(b"error: {\"message\":\"x\"}\n\n", &[]), ["{\"error\":{\"message\":\"x\"}}"]);
    }

    #[test]
    fn an_event_may_be_called_an_error() {
        for (event, expected) in [
            ("event: error\ndata: {\"message\":\"x\"}", "{\"error\":{\"message\":\"x\"}}"),
            ("data: {\"message\":\"x\"}\nevent:error", "{\"error\":{\"message\":\"x\"}}"),
            ("event: error\ndata: {\"error\":\"x\"}", "{\"error\":\"x\"}"),
            ("event: error\ndata: [{\"error\":\"x\"}]", "[{\"error\":\"x\"}]"),
            ("event: error\ndata: no\ndata: luck", "{\"error\":\"no\\nluck\"}"),
            ("event: error\ndata: \"no\"", "{\"error\":\"no\"}"),
            ("event: error\ndata: [DONE]", "[DONE]"),
            ("event: error\ndata: {\"choices\":[]}", "{\"choices\":[]}"),
            ("event: error\n\ndata: {\"message\":\"x\"}", "{\"message\":\"x\"}"),
            ("event: message\ndata: {\"message\":\"x\"}", "{\"message\":\"x\"}"),
        ] {
            assert_eq!(events(format!("{event}\n\n").as_bytes(), &[]), [expected], "{event}");
        }
    }

    proptest! {
        #[test]
        fn where_it_is_split_does_not_matter(cuts in prop::collection::vec(0_usize..200, 0..12)) {
            prop_assert_eq!(events(STREAM.as_bytes(), &cuts), events(STREAM.as_bytes(), &[]));
        }
    }
}
