//! Reads replies without a network: for tests and fuzz targets, which feed it any bytes.

use super::dialect::interface::{Dialect, ErrorReply, ReplyStream};
use super::dialect::openai::OpenAi;
use super::replies::exchange::Exchange;
use super::replies::reply::{Reply, ReplyEnd};
use super::replies::sse::EventDecoder;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// The content of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streamed {
    /// The text of the reply.
    pub content: String,
    /// Whether the reply was complete.
    pub is_ended: bool,
    /// Whether it carries an error.
    pub is_error: bool,
}

/// Reads a stream that arrived in these pieces.
#[must_use]
pub fn stream<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Streamed {
    let (mut events, mut stream) = (EventDecoder::default(), OpenAi.reply_stream());
    let push = |stream: &mut Box<dyn ReplyStream>, data: &str| drop(stream.push(data));
    for piece in pieces {
        for data in events.push(piece) {
            push(&mut stream, &data);
        }
    }
    if let Some(data) = events.finish() {
        push(&mut stream, &data);
    }
    match stream.finish() {
        Ok(Reply { content, end, .. }) => {
            Streamed { content, is_ended: true, is_error: matches!(end, ReplyEnd::Error(_)) }
        }
        Err(content) => Streamed { content, is_ended: false, is_error: false },
    }
}

/// Judges a reply of an error status at `wall_ms` (milliseconds since 1970). `headers`: one
/// a line; lines that HTTP does not allow are ignored, as they never arrive.
#[must_use]
pub fn judge_error(status: u16, headers: &str, body: &str, wall_ms: i64) -> Exchange {
    let headers: HeaderMap = headers
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter_map(|(name, value)| {
            Some((name.trim().parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?))
        })
        .collect();
    let judgement = OpenAi.judge_error(&ErrorReply { status, headers: &headers, body, wall_ms });
    Exchange {
        rate_limits: OpenAi.read_rate_limits(&headers, wall_ms),
        exceeded: judgement.exceeded,
        ..Exchange::new(judgement.verdict, judgement.charge)
    }
}
