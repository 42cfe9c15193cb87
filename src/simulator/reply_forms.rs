//! Sends a completion in another form than OpenAI's API ([`ReplyForm`]).

use super::completion::Completion;
use super::form::ReplyForm;
use super::http::{BodyEnd, EVENT_STREAM, HttpReply, JSON, chunked_body, full_body};
use super::state::SimulatorState;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::time::Duration;

/// Time between two bytes of [`ReplyForm::Drip`].
const DRIP_INTERVAL: Duration = Duration::from_millis(250);

/// The reply in this form. `None` when the form does not apply: some are forms of a stream
/// only, some of JSON only.
pub(crate) fn reply_in_form(
    state: &SimulatorState,
    completion: &Completion,
    form: ReplyForm,
    is_stream: bool,
    includes_usage: bool,
) -> Option<HttpReply> {
    let json_text = || completion.to_json().to_string();
    let stream_text = || completion.to_events(includes_usage).concat();
    match form {
        ReplyForm::OtherKind if is_stream => Some(state.reply(200, JSON, json_text())),
        ReplyForm::OtherKind => Some(stream_reply(state, vec![stream_text().into()], BodyEnd::Complete)),
        ReplyForm::Stall | ReplyForm::Endless if is_stream => {
            let end = if form == ReplyForm::Stall { BodyEnd::Stall } else { BodyEnd::Endless(": still here\n\n") };
            Some(stream_reply(state, vec![first_half(stream_text()).into()], end))
        }
        ReplyForm::Stall | ReplyForm::Endless => {
            let end = if form == ReplyForm::Stall { BodyEnd::Stall } else { BodyEnd::Endless(" ") };
            Some(json_reply(state, vec![first_half(json_text()).into()], Duration::ZERO, end))
        }
        ReplyForm::Drip if is_stream => Some(state.reply(200, "text/event-stream", String::new()).map(|mut reply| {
            *reply.body_mut() = chunked_body(single_bytes(stream_text()), DRIP_INTERVAL, BodyEnd::Complete);
            reply
        })),
        ReplyForm::Drip => Some(json_reply(state, single_bytes(json_text()), DRIP_INTERVAL, BodyEnd::Complete)),
        form if is_stream => {
            let pieces = stream_pieces(completion, form, includes_usage)?;
            Some(stream_reply(state, pieces, BodyEnd::Complete))
        }
        form => Some(state.reply(200, JSON, json_body(completion, form)?.to_string())),
    }
}

/// The JSON body in a form that is one of JSON.
fn json_body(completion: &Completion, form: ReplyForm) -> Option<Value> {
    let mut reply = completion.to_json();
    let content = completion.content.clone().unwrap_or_default();
    let choice = &mut reply["choices"][0];
    match form {
        ReplyForm::Parts => {
            let (first, second): (String, String) =
                (content.chars().take(5).collect(), content.chars().skip(5).collect());
            choice["message"]["content"] = json!([{"type": "text", "text": first}, {"type": "text", "text": second}]);
            choice["finish_reason"] = "eos".into();
            reply["created"] = json!(1.7e9);
            reply["x_metrics"] = json!({"ttft_seconds": 0.1, "tps": null});
        }
        ReplyForm::Thoughts => {
            let thoughts = "<think>It has a table, so {\"kind\": \"letter\"} can't be right.</think>\n";
            choice["message"]["content"] = format!("{thoughts}{content}").into();
            choice["message"]["reasoning_content"] = "It has a table.".into();
        }
        _ => return None,
    }
    Some(reply)
}

/// The pieces of a stream in a form that is one of a stream and ends.
fn stream_pieces(completion: &Completion, form: ReplyForm, includes_usage: bool) -> Option<Vec<Bytes>> {
    let mut events = completion.to_events(includes_usage);
    let half = events.len() / 2;
    let break_off = |mut events: Vec<String>, last: &[&str]| {
        events.truncate(half);
        events.extend(last.iter().map(|event| (*event).to_owned()));
        events
    };
    let events = match form {
        ReplyForm::Bytewise => return Some(single_bytes(events.concat())),
        ReplyForm::Comments => {
            events.iter().flat_map(|event| [": PROCESSING\n\nevent: ping\n\n".into(), event.clone()]).collect()
        }
        ReplyForm::ReturnLines => {
            events.iter().map(|event| event.replace('\n', "\r\n").replacen("data: ", "data:", 1)).collect()
        }
        ReplyForm::NoDone => {
            events.pop();
            events
        }
        ReplyForm::UsageEverywhere => {
            let usage = completion.usage.map_or(Value::Null, |usage| {
                json!({"prompt_tokens": usage.input, "completion_tokens": usage.output, "total_tokens": usage.input + usage.output})
            });
            events.iter().map(|event| event.replacen("\"usage\":null", &format!("\"usage\":{usage}"), 1)).collect()
        }
        ReplyForm::PlainError => break_off(events, &["data: {\"error\":\"something broke\"}\n\n"]),
        ReplyForm::DoubleError => break_off(
            events,
            &["data: {\"error\":{\"message\":\"Compute error.\"},\"message\":\"Compute error.\"}\n\n"],
        ),
        ReplyForm::ErrorThenDone => break_off(
            events,
            &[
                "data: {\"error\":{\"message\":\"engine died\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}}\n\n",
                "data: [DONE]\n\n",
            ],
        ),
        ReplyForm::ErrorField => {
            break_off(events, &["error: {\"code\":500,\"message\":\"slot unavailable\",\"type\":\"server_error\"}\n\n"])
        }
        ReplyForm::ErrorEvent => break_off(
            events,
            &["event: error\ndata: {\"error\":{\"message\":\"broken\",\"type\":\"server_error\"}}\n\n"],
        ),
        ReplyForm::ErrorFinish => break_off(
            events,
            &[
                "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"error\":{\"code\":502,\"message\":\"Provider disconnected\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
                "data: [DONE]\n\n",
            ],
        ),
        _ => return None,
    };
    Some(events.into_iter().map(Bytes::from).collect())
}

fn stream_reply(state: &SimulatorState, pieces: Vec<Bytes>, end: BodyEnd) -> HttpReply {
    let mut reply = state.reply(200, EVENT_STREAM, String::new())?;
    let is_one_piece = pieces.len() == 1 && pieces.iter().all(|piece| piece.ends_with(b"\n"));
    *reply.body_mut() = match end {
        BodyEnd::Complete if is_one_piece => full_body(pieces.concat()),
        end => chunked_body(pieces, Duration::ZERO, end),
    };
    Ok(reply)
}

fn json_reply(state: &SimulatorState, pieces: Vec<Bytes>, pause: Duration, end: BodyEnd) -> HttpReply {
    let mut reply = state.reply(200, JSON, String::new())?;
    *reply.body_mut() = chunked_body(pieces, pause, end);
    Ok(reply)
}

/// The first half of a text's bytes.
fn first_half(text: String) -> Vec<u8> {
    let mut bytes = text.into_bytes();
    bytes.truncate(bytes.len() / 2);
    bytes
}

fn single_bytes(text: String) -> Vec<Bytes> {
    text.into_bytes().into_iter().map(|byte| Bytes::from(vec![byte])).collect()
}

#[cfg(test)]
mod tests {
    use super::super::completion::tests::completion;
    use super::*;
    use proptest::prelude::*;

    /// The content of a stream, read by the standard of server-sent events.
    fn streamed_content(stream: &str) -> String {
        let stream = stream.replace("\r\n", "\n");
        let data = stream.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim_start);
        let chunks = data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str::<Value>(data).unwrap());
        chunks.filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
    }

    fn stream_text(content: &str, form: ReplyForm) -> Option<String> {
        let pieces = stream_pieces(&completion(content), form, true)?;
        Some(String::from_utf8(pieces.concat()).unwrap())
    }

    proptest! {
        #[test]
        fn good_streams_join_to_the_content_in_every_form(content in "\\PC{0,60}") {
            let forms = ReplyForm::ALL.iter().map(|(_, form)| *form);
            let mut count = 0;
            for form in forms.take_while(|form| *form != ReplyForm::PlainError) {
                if let Some(stream) = stream_text(&content, form) {
                    prop_assert!(streamed_content(&stream) == content, "{form:?}");
                    count += 1;
                }
            }
            prop_assert_eq!(count, 5);
        }

        #[test]
        fn parts_join_to_the_content(content in "\\PC{0,60}") {
            let reply = json_body(&completion(&content), ReplyForm::Parts).unwrap();
            let parts = reply["choices"][0]["message"]["content"].as_array().unwrap();
            let joined: String = parts.iter().map(|part| part["text"].as_str().unwrap()).collect();
            prop_assert_eq!(joined, content);
        }
    }

    #[test]
    fn streams_with_an_error_lack_the_end_of_the_content() {
        let content = "a text that is longer than one chunk of a stream, and longer than two";
        for (name, form) in ReplyForm::ALL {
            let Some(stream) = stream_text(content, *form) else { continue };
            let is_error = name.contains("error");
            assert_eq!(streamed_content(&stream) == content, !is_error, "{name}");
            assert_eq!(stream.contains("error"), is_error, "{name}");
            let has_done = !is_error && *form != ReplyForm::NoDone;
            let may_have_done = has_done || matches!(form, ReplyForm::ErrorThenDone | ReplyForm::ErrorFinish);
            assert_eq!(stream.contains("[DONE]"), may_have_done, "{name}");
        }
    }

    #[test]
    fn thoughts_are_in_front_of_the_answer() {
        let reply = json_body(&completion("{\"kind\":\"form\"}"), ReplyForm::Thoughts).unwrap();
        let content = reply["choices"][0]["message"]["content"].as_str().unwrap();
        assert!(content.starts_with("<think>") && content.ends_with("</think>\n{\"kind\":\"form\"}"), "{content}");
    }

    #[test]
    fn usage_is_in_every_chunk_when_the_form_says_so() {
        let stream = stream_text("two chunks of text", ReplyForm::UsageEverywhere).unwrap();
        assert_eq!(stream.matches("\"total_tokens\":41").count(), stream.matches("data: {").count());
    }

    #[test]
    fn forms_of_json_are_none_of_a_stream() {
        let completion = completion("{}");
        for (name, form) in ReplyForm::ALL {
            let is_json = json_body(&completion, *form).is_some();
            assert!(!is_json || stream_pieces(&completion, *form, true).is_none(), "{name}");
        }
    }
}
