//! A reply as it comes in: no longer, no larger and no slower than it may be.

use super::http::{Failure, failure};
use crate::base::clock::Clock;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// Largest reply that is read, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// What is left of a reply.
pub(crate) struct Incoming {
    response: reqwest::Response,
    /// Longest time without a byte, on this clock.
    idle: Option<(Arc<dyn Clock>, Duration)>,
    received: usize,
}

impl Incoming {
    pub(crate) fn new(response: reqwest::Response) -> Self {
        Self { response, idle: None, received: 0 }
    }

    /// The same, given up after `idle` without a byte.
    pub(crate) fn within(self, clock: Arc<dyn Clock>, idle: Duration) -> Self {
        Self { idle: Some((clock, idle)), ..self }
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let late = async {
            match &self.idle {
                Some((clock, idle)) => clock.sleep(*idle).await,
                None => std::future::pending().await,
            }
        };
        let next = tokio::select! {
            next = self.response.chunk() => next.map_err(|error| failure(&error))?,
            () = late => return Err(Failure::TimedOut("request.idle_timeout")),
        };
        self.received += next.as_ref().map_or(0, Bytes::len);
        if self.received > MOST_BYTES {
            return Err(Failure::TooLong);
        }
        Ok(next)
    }

    /// All of it, as text.
    pub(crate) async fn text(mut self) -> Result<String, Failure> {
        let mut body = Vec::new();
        while let Some(bytes) = self.chunk().await? {
            body.extend_from_slice(&bytes);
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}
