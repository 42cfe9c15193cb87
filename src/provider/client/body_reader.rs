//! Reads a reply within bounds of size and time.

use super::body_text::body_text;
use super::failure::{HttpFailure, ReplyTimeout};
use crate::base::clock::Clock;
use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use std::sync::Arc;
use std::time::Duration;

/// Largest reply that is read, in bytes: 16 MiB.
pub(crate) const MAX_REPLY_BYTES: usize = 16 << 20;

/// Longest time for which the end of a body is waited for after its last event.
const MAX_END_DELAY: Duration = Duration::from_millis(20);

/// The unread part of a reply.
pub(crate) struct BodyReader {
    response: reqwest::Response,
    /// Longest time without a byte, and the clock that measures it.
    idle: Option<(Arc<dyn Clock>, Duration)>,
    received: usize,
}

impl BodyReader {
    /// A reader that is bounded by the call's own timeout.
    pub(crate) fn new(response: reqwest::Response) -> Self {
        Self { response, idle: None, received: 0 }
    }

    /// The same, which also fails after `idle` without a byte.
    pub(crate) fn with_idle_timeout(self, clock: Arc<dyn Clock>, idle: Duration) -> Self {
        Self { idle: Some((clock, idle)), ..self }
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// When the reply breaks off, stalls or is too large.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, HttpFailure> {
        let stalled = async {
            match &self.idle {
                Some((clock, idle)) => clock.sleep(*idle).await,
                None => std::future::pending().await,
            }
        };
        let next = tokio::select! {
            next = self.response.chunk() => next.map_err(|error| HttpFailure::from(&error))?,
            () = stalled => return Err(HttpFailure::TimedOut(ReplyTimeout::Idle)),
        };
        self.received += next.as_ref().map_or(0, Bytes::len);
        if self.received > MAX_REPLY_BYTES {
            return Err(HttpFailure::TooLarge);
        }
        Ok(next)
    }

    /// Reads what follows a complete reply, so that its connection can be used again. Waits
    /// only a moment for it.
    pub(crate) async fn finish(mut self) {
        let rest = async { while let Ok(Some(_)) = self.next().await {} };
        let _ = tokio::time::timeout(MAX_END_DELAY, rest).await;
    }

    /// The whole rest as text.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub(crate) async fn text(mut self) -> Result<String, HttpFailure> {
        let media_type = self.response.headers().get(CONTENT_TYPE).cloned();
        let mut body = Vec::new();
        while let Some(bytes) = self.next().await? {
            body.extend_from_slice(&bytes);
        }
        Ok(body_text(body, media_type.as_ref().and_then(|value| value.to_str().ok())))
    }
}
