//! What the bytes of a server mean, without a network: for whoever feeds it any bytes.

use super::client::Exchange;
use super::dialect::openai::rate_limit_headers;
use super::dialect::openai::stream::Stream;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// What a stream said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streamed {
    /// The reply's text.
    pub content: String,
    /// Whether it came to its end: `[DONE]` or a finish reason.
    pub is_ended: bool,
    /// Whether it holds an error.
    pub is_error: bool,
}

/// Reads a stream that came in these pieces.
#[must_use]
pub fn stream<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Streamed {
    let mut stream = Stream::default();
    for piece in pieces {
        stream.push(piece, &|_| {});
    }
    stream.finish();
    let is_ended = stream.saw_done || stream.completion.finish.is_some();
    Streamed { content: stream.completion.content, is_ended, is_error: stream.completion.error.is_some() }
}

/// Judges a reply of this status, at `wall_ms`. Header lines that HTTP does not allow are
/// left out, as they never arrive.
#[must_use]
pub fn refusal(status: u16, headers: &str, body: &str, wall_ms: i64) -> Exchange {
    let headers: HeaderMap = headers
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter_map(|(name, value)| {
            Some((name.trim().parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?))
        })
        .collect();
    let mut exchange = Exchange::refused(status, &headers, body, wall_ms);
    exchange.allowances = rate_limit_headers::read(&headers, wall_ms);
    exchange
}
