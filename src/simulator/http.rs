//! Bodies of responses: whole, in pieces, and bodies that break off or do not end.

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::{Bytes, Frame};
use std::io;
use std::time::Duration;

pub(crate) type Body = BoxBody<Bytes, io::Error>;
/// A response. An error drops the connection without one.
pub(crate) type HttpReply = Result<Response<Body>, io::Error>;

/// `Content-Type` of JSON.
pub(crate) const JSON: &str = "application/json";
/// `Content-Type` of an error page.
pub(crate) const HTML: &str = "text/html";
/// `Content-Type` of a stream of server-sent events.
pub(crate) const EVENT_STREAM: &str = "text/event-stream; charset=utf-8";

/// Maximum time that a body without an end keeps its connection open.
const MAX_OPEN: Duration = Duration::from_secs(120);
/// Time between two fillers of an endless body.
const FILLER_INTERVAL: Duration = Duration::from_millis(20);
/// Time for the last piece to arrive before the connection breaks.
const ABORT_DELAY: Duration = Duration::from_millis(5);

/// What follows the last piece of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// The end of the body.
    Complete,
    /// The connection breaks.
    Abort,
    /// Nothing, with the connection open.
    Stall,
    /// This filler, over and over.
    Endless(&'static str),
}

/// A body with a `Content-Length`.
pub(crate) fn full_body(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed()
}

/// A body that is sent piece by piece, with `pause` after each piece.
pub(crate) fn chunked_body(pieces: Vec<Bytes>, pause: Duration, end: BodyEnd) -> Body {
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
        match end {
            BodyEnd::Complete => {}
            BodyEnd::Abort => {
                tokio::time::sleep(ABORT_DELAY).await;
                sender.abort(io::Error::other("cut"));
            }
            BodyEnd::Stall => tokio::time::sleep(MAX_OPEN).await,
            BodyEnd::Endless(filler) => {
                let fill = async {
                    loop {
                        tokio::time::sleep(FILLER_INTERVAL).await;
                        if sender.send(Frame::data(Bytes::from_static(filler.as_bytes()))).await.is_err() {
                            return;
                        }
                    }
                };
                // At the time limit the body ends.
                let _ = tokio::time::timeout(MAX_OPEN, fill).await;
            }
        }
    });
    body.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a reader gets of a body, and whether it breaks off.
    fn read(pieces: &[&'static str], end: BodyEnd) -> (String, bool) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let pieces = pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let mut body = chunked_body(pieces, Duration::ZERO, end);
            let mut text = String::new();
            while let Some(frame) = body.frame().await {
                let Ok(frame) = frame else { return (text, true) };
                text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap());
                if text.len() > 20 {
                    break;
                }
            }
            (text, false)
        })
    }

    #[test]
    fn bodies_end_as_specified() {
        assert_eq!(read(&["one ", "two"], BodyEnd::Complete), ("one two".into(), false));
        assert_eq!(read(&["one ", "two"], BodyEnd::Abort), ("one two".into(), true));
        let (endless, is_broken) = read(&["one "], BodyEnd::Endless("more "));
        assert!(endless.starts_with("one more more ") && endless.len() > 20 && !is_broken, "{endless}");
    }
}
