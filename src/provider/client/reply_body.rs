//! The body of a reply. It holds its connection until it was read to its end.

use super::connection_pool::{Connection, ConnectionPool};
use super::failure::Expired;
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::time::{Instant, Sleep};

/// The body of a reply.
pub(crate) struct ReplyBody {
    incoming: Incoming,
    deadline: Pin<Box<Sleep>>,
    lease: Option<(Connection, Arc<ConnectionPool>)>,
}

impl ReplyBody {
    /// A body that arrives on `connection`, until `deadline`. At its end the connection goes
    /// back to `pool`; a connection whose reply is not read to its end is closed.
    pub(crate) fn new(
        incoming: Incoming,
        deadline: Instant,
        connection: Connection,
        pool: Arc<ConnectionPool>,
    ) -> Self {
        let lease = Some((connection, pool));
        let mut body = Self { incoming, deadline: Box::pin(tokio::time::sleep_until(deadline)), lease };
        body.release_at_end();
        body
    }

    fn release_at_end(&mut self) {
        if self.incoming.is_end_stream()
            && let Some((connection, pool)) = self.lease.take()
        {
            pool.put(connection);
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) {
            match &frame {
                Some(Ok(_)) => self.release_at_end(),
                Some(Err(_)) => self.lease = None,
                None => {
                    if let Some((connection, pool)) = self.lease.take() {
                        pool.put(connection);
                    }
                }
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        ready!(self.deadline.as_mut().poll(cx));
        self.lease = None;
        Poll::Ready(Some(Err(Box::new(Expired))))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
