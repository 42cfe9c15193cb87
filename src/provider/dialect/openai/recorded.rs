//! Replies that real servers sent. They can't be published with the repository: without
//! them these tests are skipped. `DOCMILL_SHARED` names the folder that has them in
//! `replies/`; default: `shared` beside the checkout or the folder that it is in. What each reply
//! means is tested in `tests/it/asking/recorded_replies.rs`; here, what that does not show.

use super::OpenAi;
use super::error_body::ErrorBody;
use super::errors::requested_delay;
use crate::provider::dialect::interface::{Dialect, ErrorReply};
use crate::provider::replies::reply::{Reply, ReplyEnd};
use crate::provider::replies::sse::EventDecoder;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The recordings in a file; `None`: there are none here, which is printed.
fn recordings(file: &str) -> Option<Vec<Value>> {
    #[expect(clippy::disallowed_methods, reason = "tests find their data by it")]
    let named = std::env::var_os("DOCMILL_SHARED").map(PathBuf::from);
    let beside = |place: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join(place).join("shared");
    let shared =
        named.unwrap_or_else(|| [beside(".."), beside("../..")].into_iter().find(|it| it.is_dir()).unwrap_or_default());
    let path = shared.join("replies").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: recorded replies (DOCMILL_SHARED): {}", path.display());
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn text<'a>(recording: &'a Value, name: &str) -> &'a str {
    recording[name].as_str().unwrap_or_default()
}

fn headers(recording: &Value) -> HeaderMap {
    let pairs = recording["headers"].as_object().into_iter().flatten();
    let pair = |(name, value): (&String, &Value)| {
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.as_str()?).ok()?))
    };
    pairs.filter_map(pair).collect()
}

/// Reads a stream in pieces of `step` bytes.
fn read_stream(body: &str, step: usize) -> Result<Reply, String> {
    let (mut events, mut stream) = (EventDecoder::default(), OpenAi.reply_stream());
    for piece in body.as_bytes().chunks(step) {
        for data in events.push(piece) {
            stream.push(&data);
        }
    }
    if let Some(data) = events.finish() {
        stream.push(&data);
    }
    stream.finish()
}

#[test]
fn successful_replies_are_read() {
    let Some(recordings) = recordings("replies.jsonl") else { return };
    let (mut replies, mut with_usage) = (0, 0);
    for recording in recordings.iter().filter(|recording| recording["status"] == 200) {
        let (id, body) = (text(recording, "id"), text(recording, "body"));
        let reply = if recording["stream"] == true {
            let whole = read_stream(body, usize::MAX);
            assert_eq!(read_stream(body, 7), whole, "{id}: where it is split does not matter");
            whole
        } else {
            OpenAi.read_reply(body).map_err(|error| format!("{error:?}"))
        };
        let reply = match reply {
            Ok(reply) => reply,
            Err(_) if serde_json::from_str::<Value>(body).is_err() && recording["stream"] == false => continue,
            Err(text) => panic!("{id}: {text}"),
        };
        let is_late_error = matches!(reply.end, ReplyEnd::Error(_)) && body.contains("\"error\"");
        assert!(is_late_error || matches!(reply.end, ReplyEnd::Finished | ReplyEnd::Length), "{id}: {:?}", reply.end);
        replies += 1;
        with_usage += usize::from(reply.usage.is_some());
        if let Some(usage) = reply.usage {
            assert!(usage.cached_input <= usage.input && usage.input > 0, "{id}: {usage:?}");
        }
    }
    assert!(replies > 100 && with_usage * 10 >= replies * 7, "{with_usage} of {replies} replies report usage");
}

#[test]
fn delays_and_limits_are_found() {
    let Some(quoted) = recordings("quoted-errors.jsonl") else { return };
    let delay = |provider: &str| {
        let of = |recording: &&Value| text(recording, "provider") == provider && recording["status"] == 429;
        let recording = quoted.iter().find(of).unwrap();
        let (body, headers) = (text(recording, "body"), HeaderMap::new());
        let reply = ErrorReply { status: 429, headers: &headers, body, wall_ms: 0 };
        requested_delay(&reply, &ErrorBody::parse(body)).map(|delay| delay.as_millis())
    };
    assert_eq!(delay("groq"), Some(578_016), "9m38.016s");
    let Some(recordings) = recordings("replies.jsonl") else { return };
    let limits = recordings.iter().map(|recording| OpenAi.read_rate_limits(&headers(recording), 0));
    let count = limits.filter(|limits| limits.requests.is_some() || limits.tokens.is_some()).count();
    assert!(count > 10, "{count} replies report limits");
}
