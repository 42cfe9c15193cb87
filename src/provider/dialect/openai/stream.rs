//! A streamed chat completion.

use super::lenient_json;
use super::reply::{Completion, FinalCounts, is_of_api};
use crate::provider::dialect::interface::{ReplyStream, StreamStage};
use crate::provider::replies::reply::Reply;

/// A stream as far as it was read.
#[derive(Debug, Default)]
pub(crate) struct ChatStream {
    completion: Completion,
    /// Whether `[DONE]` was read.
    saw_done: bool,
    /// Whether a chunk or an error was read.
    is_of_api: bool,
}

impl ReplyStream for ChatStream {
    fn push(&mut self, data: &str) -> String {
        // What follows the mark is not the reply's, such as an error about the connection.
        if self.saw_done {
            return String::new();
        }
        if data.trim() == "[DONE]" {
            self.saw_done = true;
            return String::new();
        }
        // Some gateways send comments as data.
        let Ok(chunk) = lenient_json::parse(data) else { return String::new() };
        // Gemini wraps errors in an array.
        let chunks = chunk.as_array().map_or(std::slice::from_ref(&chunk), Vec::as_slice);
        self.is_of_api |= chunks.iter().any(is_of_api);
        chunks.iter().map(|chunk| self.completion.push_chunk(chunk)).collect()
    }

    fn is_of_api(&self) -> bool {
        self.is_of_api
    }

    fn stage(&self) -> StreamStage {
        let Completion { finish, error, counts, .. } = &self.completion;
        match counts {
            _ if self.saw_done => StreamStage::Ended,
            _ if finish.is_none() && error.is_none() => StreamStage::Open,
            // Counts before the end may not be the last.
            FinalCounts::None => StreamStage::Complete,
            FinalCounts::WithChoice => StreamStage::Counted,
            FinalCounts::Alone => StreamStage::Last,
        }
    }

    fn finish(self: Box<Self>) -> Result<Reply, String> {
        if self.stage() >= StreamStage::Complete {
            Ok(self.completion.into_reply())
        } else {
            Err(self.completion.into_content())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::replies::reply::ReplyEnd;

    const TEXT: &str = r#"{"choices":[{"delta":{"content":"ab"}}]}"#;
    const STOP: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    const BLANK: &str = r#"{"choices":[{"delta":{"content":""},"finish_reason":""}],"usage":{"prompt_tokens":7,"completion_tokens":1}}"#;
    const GROQ: &str = r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":7,"completion_tokens":2}}}"#;
    const MOONSHOT: &str =
        r#"{"choices":[{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":7,"completion_tokens":2}}]}"#;
    const OVERLOADED: &str = r#"{"type":"error","error":{"type":"service_unavailable_error","code":"server_is_overloaded","message":"Our servers are currently overloaded. Please try again later.","param":null}}"#;
    const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}"#;
    const ERROR: &str = r#"{"error":{"code":502,"message":"upstream"}}"#;

    /// The letters C, U, L and E mean "complete", "counted", "last" and "ended" after each event.
    fn play(events: &[&str]) -> (String, Result<Reply, String>) {
        let mut stream = Box::<ChatStream>::default();
        let mut states = String::new();
        for event in events {
            stream.push(event);
            states.push(match stream.stage() {
                StreamStage::Open => '-',
                StreamStage::Complete => 'C',
                StreamStage::Counted => 'U',
                StreamStage::Last => 'L',
                StreamStage::Ended => 'E',
            });
        }
        (states, stream.finish())
    }

    #[test]
    fn an_event_shows_whether_it_is_of_the_api() {
        for (event, is_of_api) in [
            (TEXT, true),
            (STOP, true),
            (USAGE, true),
            (ERROR, true),
            (OVERLOADED, true),
            (r#"[{"error":{"code":503,"message":"busy"}}]"#, true),
            (r#"{"type":"error","message":"busy"}"#, true),
            ("[]", false),
            (r#"{"type":"message","message":"busy"}"#, false),
            (r#"{"choices":[],"prompt_filter_results":[]}"#, true),
            ("[DONE]", false),
            ("OPENROUTER PROCESSING", false),
            (r#"{"type":"message_start","message":{"id":"m"}}"#, false),
            (r#"{"status":"ok"}"#, false),
        ] {
            let mut stream = ChatStream::default();
            stream.push(event);
            assert_eq!(stream.is_of_api(), is_of_api, "{event}");
        }
    }

    #[test]
    fn a_stream_is_complete_before_it_ends() {
        for (events, states, is_reply) in [
            (&[TEXT, STOP, USAGE, "[DONE]"][..], "-CLE", true),
            (&[TEXT, STOP, "[DONE]"], "-CE", true),
            (&[TEXT, USAGE, STOP], "--C", true),
            (&[TEXT, USAGE, STOP, USAGE], "--CL", true),
            (&[TEXT, STOP, MOONSHOT, USAGE], "-CUL", true),
            (&[TEXT, STOP, r#"{"usage":{"prompt_tokens":7,"completion_tokens":2}}"#], "-CL", true),
            (&[TEXT, ERROR, USAGE], "-CL", true),
            (&[TEXT, STOP, ERROR, USAGE], "-CCL", true),
            (&[BLANK, TEXT, BLANK, STOP, "[DONE]"], "---CE", true),
            (&[BLANK, TEXT, BLANK], "---", false),
            (&[TEXT, GROQ], "-U", true),
            (&[TEXT, MOONSHOT], "-U", true),
            (&[OVERLOADED], "C", true),
            (&[TEXT, " [DONE] "], "-E", true),
            (&[TEXT, ERROR], "-C", true),
            (&[TEXT, r#"[{"error":{"code":503,"message":"busy"}}]"#], "-C", true),
            (&[r#"{"type":"error","message":"busy"}"#], "C", true),
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

    /// The choice of the lowest number is the answer, in any order.
    #[test]
    fn one_of_several_choices_is_read() {
        let part =
            |index: u64, text: &str| format!(r#"{{"choices":[{{"index":{index},"delta":{{"content":"{text}"}}}}]}}"#);
        let end = |index: u64| format!(r#"{{"choices":[{{"index":{index},"delta":{{}},"finish_reason":"stop"}}]}}"#);
        let both =
            r#"{"choices":[{"index":1,"delta":{"content":"x"}},{"index":0,"delta":{"content":"ab"}}]}"#.to_owned();
        for (events, expected) in [
            (vec![part(0, "a"), part(1, "x"), part(0, "b"), end(0), end(1)], Ok("ab")),
            (vec![part(1, "x"), part(0, "a"), part(1, "y"), part(0, "b"), end(1), end(0)], Ok("ab")),
            (vec![part(1, "x"), end(1), part(0, "ab"), end(0)], Ok("ab")),
            (vec![both.clone(), end(1), end(0)], Ok("ab")),
            (vec![both, end(1)], Err("ab")),
            (vec![part(1, "x"), end(1), part(0, "ab")], Err("ab")),
            (vec![part(1, "ab"), end(1)], Ok("ab")),
        ] {
            let events: Vec<&str> = events.iter().map(String::as_str).collect();
            let found = play(&events).1.map(|reply| reply.content);
            assert_eq!(found, expected.map(str::to_owned).map_err(str::to_owned), "{events:?}");
        }
        let mut stream = ChatStream::default();
        assert_eq!([stream.push(&part(1, "xyz")), stream.push(&part(0, "ab"))], ["xyz", "ab"]);
    }

    /// An error counts until the reply has its end.
    #[test]
    fn an_error_after_the_end_discards_no_answer() {
        const EMPTY: &str = r#"{"choices":[{"delta":{"content":""}}]}"#;
        const FAILED: &str = r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#;
        const IN_CHOICE: &str = r#"{"choices":[{"delta":{},"error":{"code":502,"message":"upstream"}}]}"#;
        const IN_DELTA: &str = r#"{"choices":[{"delta":{"content":"","error":{"code":502,"message":"upstream"}},"finish_reason":"error"}]}"#;
        const FLAT: &str = r#"{"code":"Arrearage","message":"Access denied","request_id":"x"}"#;
        const BASE: &str = r#"{"choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#;
        const WITH_STOP: &str =
            r#"{"error":{"code":502,"message":"upstream"},"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
        for (events, is_answer, late, output) in [
            (&[TEXT, STOP, USAGE, "[DONE]", ERROR][..], true, false, Some(2)),
            (&[TEXT, STOP, "[DONE]", ERROR, USAGE], true, false, None),
            (&[TEXT, STOP, USAGE, ERROR, "[DONE]"], true, true, Some(2)),
            (&[TEXT, STOP, USAGE, IN_CHOICE], true, true, Some(2)),
            (&[TEXT, STOP, USAGE, OVERLOADED], true, true, Some(2)),
            (&[TEXT, STOP, USAGE, IN_DELTA], true, true, Some(2)),
            (&[TEXT, IN_DELTA, STOP, USAGE], false, false, Some(2)),
            (&[EMPTY, IN_DELTA], false, false, None),
            (&[EMPTY, FLAT], false, false, None),
            (&[BASE], false, false, None),
            (&[TEXT, STOP, ERROR, USAGE], true, true, Some(2)),
            (&[TEXT, STOP, ERROR], true, true, None),
            (&[TEXT, STOP, FAILED, USAGE], true, true, Some(2)),
            (&[TEXT, STOP, USAGE, FAILED, "[DONE]"], true, true, Some(2)),
            (&[EMPTY, STOP, FAILED, USAGE], false, false, Some(2)),
            (&[TEXT, FAILED, USAGE], false, false, Some(2)),
            (&[TEXT, FAILED, STOP, USAGE], true, false, Some(2)),
            (&[TEXT, ERROR, STOP, USAGE], false, false, Some(2)),
            (&[TEXT, USAGE, ERROR], false, false, Some(2)),
            (&[TEXT, WITH_STOP, USAGE], false, false, Some(2)),
            (&[TEXT, FAILED, ERROR], false, false, None),
            (&[EMPTY, STOP, USAGE, ERROR], false, false, Some(2)),
        ] {
            let reply = play(events).1.unwrap();
            assert_eq!(reply.end == ReplyEnd::Finished, is_answer, "{events:?}");
            assert_eq!(reply.late_error.is_some(), late, "{events:?}");
            assert_eq!(reply.usage.map(|usage| usage.output), output, "{events:?}");
            assert!(is_answer || matches!(reply.end, ReplyEnd::Error(_) | ReplyEnd::Empty), "{events:?}");
        }
    }
}
