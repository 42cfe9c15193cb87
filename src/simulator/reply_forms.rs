//! Good replies in the forms that compatible servers give them, and ways in which a good
//! reply never comes to its end.

use super::reply::Said;
use super::state::{Body, Reply, State, full};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

/// A form of a good reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The content in parts, members unknown, numbers as floats, a finish reason that nobody knows.
    Parts,
    /// The thoughts of a reasoning model before the answer, inside the text.
    Thoughts,
    /// Another content type than was asked for: a stream as JSON, JSON as a stream.
    OtherKind,
    /// Comment lines and events without data in a stream.
    Comments,
    /// CR LF line ends, and no space after `data:`.
    ReturnLines,
    /// Sent byte by byte.
    Bytewise,
    /// A stream that has a finish reason and no `[DONE]`.
    NoDone,
    /// Usage in every event.
    UsageEverywhere,
    /// In mid-stream a plain text as error.
    PlainError,
    /// In mid-stream LM Studio's error.
    DoubleError,
    /// In mid-stream vLLM's error, and then `[DONE]`.
    ErrorThenDone,
    /// In mid-stream llama.cpp's field `error:`.
    ErrorField,
    /// In mid-stream an event named `error`.
    ErrorEvent,
    /// In mid-stream OpenRouter's finish reason `error`.
    ErrorFinish,
    /// Half of it, and nothing more.
    Stall,
    /// A byte every quarter of a second.
    Drip,
    /// No end: comments in a stream, spaces in JSON.
    Endless,
}

/// All, with their names.
pub(crate) const FORMS: &[(&str, Form)] = &[
    ("parts", Form::Parts),
    ("thoughts", Form::Thoughts),
    ("other-kind", Form::OtherKind),
    ("comments", Form::Comments),
    ("return-lines", Form::ReturnLines),
    ("bytewise", Form::Bytewise),
    ("no-done", Form::NoDone),
    ("usage-everywhere", Form::UsageEverywhere),
    ("plain-error", Form::PlainError),
    ("double-error", Form::DoubleError),
    ("error-then-done", Form::ErrorThenDone),
    ("error-field", Form::ErrorField),
    ("error-event", Form::ErrorEvent),
    ("error-finish", Form::ErrorFinish),
    ("stall", Form::Stall),
    ("drip", Form::Drip),
    ("endless", Form::Endless),
];

/// A reply in this form; `None` for the ones that this kind of reply does not have.
pub(crate) fn formed(state: &State, said: &Said, form: Form, is_stream: bool, with_usage: bool) -> Option<Reply> {
    let events = || said.events(with_usage);
    let json = |body: String| Some(state.plain(200, "application/json", body));
    match form {
        Form::Parts if !is_stream => json(in_parts(said)),
        Form::Thoughts if !is_stream => json(with_thoughts(said)),
        Form::OtherKind if is_stream => json(said.whole()),
        Form::OtherKind => Some(stream(state, vec![events().concat().into()], End::Whole)),
        Form::Stall => Some(sent(state, said, is_stream, events(), End::Stalls)),
        Form::Drip => Some(dripping(state, if is_stream { events().concat() } else { said.whole() }, is_stream)),
        Form::Endless => Some(sent(state, said, is_stream, events(), End::Never)),
        _ if !is_stream => None,
        Form::Parts | Form::Thoughts => None,
        Form::Bytewise => {
            let bytes = events().concat().into_bytes().into_iter().map(|byte| Bytes::from(vec![byte])).collect();
            Some(stream(state, bytes, End::Whole))
        }
        form => Some(stream(state, changed(events(), said, form).into_iter().map(Bytes::from).collect(), End::Whole)),
    }
}

/// The events of a stream, changed as the form says.
fn changed(mut events: Vec<String>, said: &Said, form: Form) -> Vec<String> {
    let half = events.len() / 2;
    let cut = |mut events: Vec<String>, last: &[&str]| {
        events.truncate(half);
        events.extend(last.iter().map(|event| (*event).to_owned()));
        events
    };
    match form {
        Form::Comments => {
            events.iter().flat_map(|event| [": PROCESSING\n\nevent: ping\n\n".into(), event.clone()]).collect()
        }
        Form::ReturnLines => {
            events.iter().map(|event| event.replace('\n', "\r\n").replacen("data: ", "data:", 1)).collect()
        }
        Form::NoDone => {
            events.pop();
            events
        }
        Form::UsageEverywhere => {
            let usage = said.usage.map_or(Value::Null, |(input, _, output)| {
                json!({"prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output})
            });
            events.iter().map(|event| event.replacen("\"usage\":null", &format!("\"usage\":{usage}"), 1)).collect()
        }
        Form::PlainError => cut(events, &["data: {\"error\":\"something broke\"}\n\n"]),
        Form::DoubleError => {
            cut(events, &["data: {\"error\":{\"message\":\"Compute error.\"},\"message\":\"Compute error.\"}\n\n"])
        }
        Form::ErrorThenDone => cut(
            events,
            &[
                "data: {\"error\":{\"message\":\"engine died\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}}\n\n",
                "data: [DONE]\n\n",
            ],
        ),
        Form::ErrorField => {
            cut(events, &["error: {\"code\":500,\"message\":\"slot unavailable\",\"type\":\"server_error\"}\n\n"])
        }
        Form::ErrorEvent => {
            cut(events, &["event: error\ndata: {\"error\":{\"message\":\"broken\",\"type\":\"server_error\"}}\n\n"])
        }
        Form::ErrorFinish => cut(
            events,
            &[
                "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"error\":{\"code\":502,\"message\":\"Provider disconnected\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}]}\n\n",
                "data: [DONE]\n\n",
            ],
        ),
        _ => events,
    }
}

fn in_parts(said: &Said) -> String {
    let mut reply: Value = serde_json::from_str(&said.whole()).unwrap_or_default();
    let content = said.content.clone().unwrap_or_default();
    let (first, second): (String, String) = (content.chars().take(5).collect(), content.chars().skip(5).collect());
    reply["choices"][0]["message"]["content"] =
        json!([{"type": "text", "text": first}, {"type": "text", "text": second}]);
    reply["choices"][0]["finish_reason"] = "eos".into();
    reply["created"] = json!(1.7e9);
    reply["x_metrics"] = json!({"ttft_seconds": 0.1, "tps": null});
    reply.to_string()
}

fn with_thoughts(said: &Said) -> String {
    let mut reply: Value = serde_json::from_str(&said.whole()).unwrap_or_default();
    let content = said.content.clone().unwrap_or_default();
    let thoughts = "<think>It has a table, so {\"kind\": \"letter\"} can't be right.</think>\n";
    reply["choices"][0]["message"]["content"] = format!("{thoughts}{content}").into();
    reply["choices"][0]["message"]["reasoning_content"] = "It has a table.".into();
    reply.to_string()
}

/// How a body ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    /// Half of it comes.
    Stalls,
    /// All but the end comes, and then what means nothing.
    Never,
}

/// Longest that a body without an end is kept up.
const KEPT_UP: Duration = Duration::from_secs(120);

fn sent(state: &State, said: &Said, is_stream: bool, events: Vec<String>, end: End) -> Reply {
    let part = |whole: String| whole[..whole.len() / 2].to_owned();
    if is_stream {
        return stream(state, vec![part(events.concat()).into()], end);
    }
    let mut reply = state.plain(200, "application/json", String::new())?;
    *reply.body_mut() = body(vec![part(said.whole()).into()], end, " ", Duration::ZERO);
    Ok(reply)
}

fn dripping(state: &State, text: String, is_stream: bool) -> Reply {
    let kind = if is_stream { "text/event-stream" } else { "application/json" };
    let mut reply = state.plain(200, kind, String::new())?;
    let bytes = text.into_bytes().into_iter().map(|byte| Bytes::from(vec![byte])).collect();
    *reply.body_mut() = body(bytes, End::Whole, "", Duration::from_millis(250));
    Ok(reply)
}

fn stream(state: &State, pieces: Vec<Bytes>, end: End) -> Reply {
    let mut reply = state.plain(200, "text/event-stream", String::new())?;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    let last = pieces.last().is_some_and(|piece| piece.ends_with(b"\n"));
    // Bytes that come one by one are small; what comes whole need not be sent apart.
    *reply.body_mut() = match (end, pieces.len() == 1 && last) {
        (End::Whole, true) => full(pieces.concat()),
        _ => body(pieces, end, ": still here\n\n", Duration::ZERO),
    };
    Ok(reply)
}

fn body(pieces: Vec<Bytes>, end: End, filler: &'static str, pause: Duration) -> Body {
    let (mut sender, body) = http_body_util::channel::Channel::<Bytes, io::Error>::new(4);
    tokio::task::spawn_local(async move {
        for piece in pieces {
            if sender.send(Frame::data(piece)).await.is_err() {
                return;
            }
            if pause > Duration::ZERO {
                tokio::time::sleep(pause).await;
            }
        }
        let until = tokio::time::sleep(KEPT_UP);
        tokio::pin!(until);
        let every = match end {
            End::Whole => return,
            End::Stalls => KEPT_UP,
            End::Never => Duration::from_millis(20),
        };
        loop {
            tokio::select! {
                () = &mut until => return,
                () = tokio::time::sleep(every) => {
                    if sender.send(Frame::data(Bytes::from_static(filler.as_bytes()))).await.is_err() {
                        return;
                    }
                }
            }
        }
    });
    body.boxed()
}
