//! Sends a completion: whole, as a stream, or broken as a fault demands.

use super::api_error::{ApiError, ErrorForm};
use super::completion::Completion;
use super::faults::Fault;
use super::http::{BodyEnd, EVENT_STREAM, HttpReply, JSON, chunked_body};
use super::reply_forms::reply_in_form;
use super::request::ChatRequest;
use super::state::SimulatorState;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use std::io;
use std::time::Duration;

/// Time after which the connection of [`Fault::Hang`] is dropped.
const MAX_HANG: Duration = Duration::from_secs(600);

/// The reply with this completion.
pub(crate) async fn deliver(
    state: &SimulatorState,
    completion: &Completion,
    request: &ChatRequest,
    fault: Option<Fault>,
) -> HttpReply {
    match fault {
        Some(Fault::Reset) => return Err(io::Error::other("dropped")),
        Some(Fault::Hang) => {
            tokio::time::sleep(MAX_HANG).await;
            return Err(io::Error::other("dropped"));
        }
        Some(Fault::StreamError) if !request.is_stream => {
            let error = ApiError::server_error().with_code("502");
            return state.reply(200, JSON, error.body(state.profile.errors));
        }
        Some(Fault::Form(form)) => {
            if let Some(reply) = reply_in_form(state, completion, form, request.is_stream, request.includes_usage) {
                return reply;
            }
        }
        _ => {}
    }
    let reply = if request.is_stream {
        stream(state, completion.to_events(request.includes_usage), fault)
    } else {
        let body = completion.to_json().to_string();
        match fault {
            Some(Fault::CutBody | Fault::CutStream) => cut(state, body),
            _ => state.reply(200, JSON, body),
        }
    };
    with_cost(reply, state.profile.cost_header, completion.cost_usd())
}

/// The reply with the cost in a header, if the API has one.
fn with_cost(reply: HttpReply, header: &'static str, dollars: f64) -> HttpReply {
    let mut reply = reply?;
    if let (false, Ok(value)) = (header.is_empty(), HeaderValue::from_str(&dollars.to_string())) {
        reply.headers_mut().insert(header, value);
    }
    Ok(reply)
}

/// Half of the body, with the `Content-Length` of all of it.
fn cut(state: &SimulatorState, body: String) -> HttpReply {
    let mut reply = state.reply(200, JSON, String::new())?;
    reply.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let mut half = body.into_bytes();
    half.truncate(half.len() / 2);
    *reply.body_mut() = chunked_body(vec![half.into()], Duration::ZERO, BodyEnd::Abort);
    Ok(reply)
}

fn stream(state: &SimulatorState, events: Vec<String>, fault: Option<Fault>) -> HttpReply {
    let (events, end) = break_stream(events, fault);
    let mut reply = state.reply(200, EVENT_STREAM, String::new())?;
    *reply.body_mut() = chunked_body(events.into_iter().map(Bytes::from).collect(), Duration::ZERO, end);
    Ok(reply)
}

/// The events that are sent of a stream, and what follows them.
fn break_stream(mut events: Vec<String>, fault: Option<Fault>) -> (Vec<String>, BodyEnd) {
    if matches!(fault, Some(Fault::CutStream | Fault::CutBody | Fault::StreamError)) {
        events.truncate(events.len() / 2);
    }
    if fault == Some(Fault::StreamError) {
        events.push(format!("data: {}\n\n", ApiError::server_error().to_json(ErrorForm::OpenAi)));
    }
    (events, if fault == Some(Fault::CutBody) { BodyEnd::Abort } else { BodyEnd::Complete })
}

#[cfg(test)]
mod tests {
    use super::super::completion::tests::{chunks, completion};
    use super::*;

    #[test]
    fn broken_streams_are_halves() {
        let events = completion("a text of more than a chunk").to_events(true);
        let half = events[..events.len() / 2].to_vec();
        assert_eq!(break_stream(events.clone(), None), (events.clone(), BodyEnd::Complete));
        assert_eq!(break_stream(events.clone(), Some(Fault::Slow)), (events.clone(), BodyEnd::Complete));
        assert_eq!(break_stream(events.clone(), Some(Fault::CutStream)), (half.clone(), BodyEnd::Complete));
        assert_eq!(break_stream(events.clone(), Some(Fault::CutBody)), (half.clone(), BodyEnd::Abort));
        let (broken, end) = break_stream(events, Some(Fault::StreamError));
        assert_eq!((&broken[..half.len()], end), (half.as_slice(), BodyEnd::Complete));
        let error = chunks(&[broken[half.len()].clone(), "data: [DONE]\n\n".into()]);
        assert_eq!((broken.len(), &error[0]["error"]["type"]), (half.len() + 1, &"server_error".into()));
    }
}
