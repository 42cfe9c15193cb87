//! A streamed chat completion.

use super::lenient_json;
use super::reply::Completion;
use crate::provider::dialect::interface::ReplyStream;
use crate::provider::reply::Reply;

/// A stream as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct ChatStream {
    completion: Completion,
    /// Whether `[DONE]` was read.
    saw_done: bool,
}

impl ReplyStream for ChatStream {
    fn push(&mut self, data: &str) -> String {
        if data.trim() == "[DONE]" {
            self.saw_done = true;
            return String::new();
        }
        // Some gateways send comments as data.
        lenient_json::parse(data).map_or(String::new(), |chunk| self.completion.push_chunk(&chunk))
    }

    fn is_complete(&self) -> bool {
        self.saw_done || self.completion.finish.is_some() || self.completion.error.is_some()
    }

    fn is_counted(&self) -> bool {
        // Counts of before the end may not be the last.
        self.is_complete() && self.completion.has_final_usage
    }

    fn is_ended(&self) -> bool {
        self.saw_done
    }

    fn finish(self: Box<Self>) -> Result<Reply, String> {
        if self.is_complete() { Ok(self.completion.into_reply()) } else { Err(self.completion.into_content()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::reply::ReplyEnd;

    const TEXT: &str = r#"{"choices":[{"delta":{"content":"ab"}}]}"#;
    const STOP: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    const BLANK: &str = r#"{"choices":[{"delta":{"content":""},"finish_reason":""}],"usage":{"prompt_tokens":7,"completion_tokens":1}}"#;
    const GROQ: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":7,"completion_tokens":2}}}"#;
    const MOONSHOT: &str =
        r#"{"choices":[{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":7,"completion_tokens":2}}]}"#;
    const OVERLOADED: &str = r#"{"type":"error","error":{"type":"service_unavailable_error","code":"server_is_overloaded","message":"Our servers are currently overloaded. Please try again later.","param":null}}"#;
    const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}"#;
    const ERROR: &str = r#"{"error":{"code":502,"message":"upstream"}}"#;

    /// The letters C, U and E stand for "complete", "with usage" and "ended" after each event.
    fn play(events: &[&str]) -> (String, Result<Reply, String>) {
        let mut stream = Box::<ChatStream>::default();
        let mut states = String::new();
        for event in events {
            stream.push(event);
            states.push(if stream.is_ended() {
                'E'
            } else if stream.is_counted() {
                'U'
            } else if stream.is_complete() {
                'C'
            } else {
                '-'
            });
        }
        (states, stream.finish())
    }

    #[test]
    fn a_stream_is_complete_before_it_ends() {
        for (events, states, is_reply) in [
            (&[TEXT, STOP, USAGE, "[DONE]"][..], "-CUE", true),
            (&[TEXT, STOP, "[DONE]"], "-CE", true),
            (&[TEXT, USAGE, STOP], "--C", true),
            (&[TEXT, USAGE, STOP, USAGE], "--CU", true),
            (&[BLANK, TEXT, BLANK, STOP, "[DONE]"], "---CE", true),
            (&[BLANK, TEXT, BLANK], "---", false),
            (&[TEXT, GROQ], "-U", true),
            (&[TEXT, MOONSHOT], "-U", true),
            (&[OVERLOADED], "C", true),
            (&[TEXT, " [DONE] "], "-E", true),
            (&[TEXT, ERROR], "-C", true),
            (&[": OPENROUTER PROCESSING", "", TEXT, "{\"choices\":"], "----", false),
            (&[TEXT, TEXT], "--", false),
            (&[], "", false),
        ] {
            let (found, reply) = play(events);
            assert_eq!((found.as_str(), reply.is_ok()), (states, is_reply), "{events:?}");
        }
    }

    #[test]
    fn text_and_usage_are_collected() {
        let (_, reply) = play(&[TEXT, TEXT, STOP, USAGE, "[DONE]"]);
        let reply = reply.unwrap();
        assert_eq!((reply.content.as_str(), reply.end), ("abab", ReplyEnd::Finished));
        assert_eq!(reply.usage.map(|usage| (usage.input, usage.output)), Some((7, 2)));
        let final_counts = |events: &[&str]| play(events).1.unwrap().usage.map(|usage| (usage.input, usage.output));
        for end in [GROQ, MOONSHOT] {
            assert_eq!(final_counts(&[BLANK, TEXT, end]), Some((7, 2)), "the last counts: {end}");
        }
        // Counts that follow the end replace those that came with it.
        let more = r#"{"choices":[{"index":0,"delta":{"extra_content":{}}}],"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":509}}"#;
        for end in [GROQ, MOONSHOT] {
            assert_eq!(final_counts(&[TEXT, end, more, "[DONE]"]), Some((7, 502)), "{end}");
            assert_eq!(final_counts(&[TEXT, end, more]), Some((7, 502)), "{end}");
        }
        // Gemini corrects the prompt; counts without the reply do not replace those with it.
        let counts = |text: &str| format!(r#"{{"choices":[],"usage":{text}}}"#);
        let (low, none) = (
            counts(r#"{"prompt_tokens":3,"completion_tokens":11,"total_tokens":14}"#),
            counts(r#"{"prompt_tokens":36,"completion_tokens":null,"total_tokens":null}"#),
        );
        assert_eq!(final_counts(&[USAGE, &none, &low, &none, STOP]), Some((3, 11)));
        assert_eq!(play(&[TEXT, TEXT]).1, Err("abab".to_owned()), "what came before the break");
        let mut stream = ChatStream::default();
        assert_eq!([stream.push(TEXT), stream.push(STOP), stream.push("[DONE]")], ["ab", "", ""]);
    }
}
