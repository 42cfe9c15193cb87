//! The connections to one server. A connection carries one request at a time and is used
//! again only after it was quiet for a while.

use super::connector::Transport;
use super::guarded_stream::ConnectionWatch;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long a connection is left alone after a reply. A server that replies twice does so
/// within this time, and the connection is closed instead of used again. It costs no time:
/// other connections are used meanwhile, about as many as there are replies in this time.
const QUIET: Duration = Duration::from_millis(100);
/// Connections that were not used for this long are closed.
const MAX_IDLE: Duration = Duration::from_secs(90);

/// A connection that carries no request.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Full<Bytes>>,
    pub(crate) watch: Arc<ConnectionWatch>,
}

/// The connections to one server.
#[derive(Debug)]
pub(crate) struct ConnectionPool {
    idle: Mutex<Vec<Idle>>,
    /// Connections that exist, used or not.
    open: Arc<AtomicUsize>,
    /// From this many on, none is opened as long as another one is free.
    max_open: usize,
    /// How long a connection is left alone after a reply.
    rest: Duration,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

/// The right to open a connection. It counts as one from the decision to open it to its end.
pub(crate) struct Permit(Arc<AtomicUsize>);

impl ConnectionPool {
    /// An empty pool. From `max_open` connections on, a connection is used again although it
    /// was not quiet for long.
    pub(crate) fn new(max_open: usize) -> Self {
        Self { idle: Mutex::default(), open: Arc::default(), max_open, rest: QUIET }
    }

    /// The same, with another rest time of connections.
    #[cfg(test)]
    pub(crate) fn with_rest(self, rest: Duration) -> Self {
        Self { rest, ..self }
    }

    /// A connection that was used before.
    ///
    /// # Errors
    /// When there is none: the permit to open another one.
    pub(crate) fn take_connection(&self) -> Result<Connection, Permit> {
        let now = Instant::now();
        let mut idle = self.idle();
        idle.retain(|idle| !idle.connection.sender.is_closed() && now - idle.since < MAX_IDLE);
        // The newest that was quiet: the others may expire.
        let is_ready = |idle: &Idle| idle.connection.sender.is_ready();
        let quiet = idle.iter().rposition(|idle| now - idle.since >= self.rest && is_ready(idle));
        let at = match quiet {
            Some(at) => at,
            None if self.open.load(Ordering::Relaxed) < self.max_open => return Err(self.permit()),
            None => idle.iter().position(is_ready).ok_or_else(|| self.permit())?,
        };
        Ok(idle.remove(at).connection)
    }

    /// A permit to open a connection, whether another one is free or not.
    pub(crate) fn permit(&self) -> Permit {
        self.open.fetch_add(1, Ordering::Relaxed);
        Permit(self.open.clone())
    }

    /// Begins to speak HTTP on a new connection.
    ///
    /// # Errors
    /// When the connection broke.
    pub(crate) async fn open(
        stream: Box<dyn Transport>,
        watch: Arc<ConnectionWatch>,
        permit: Permit,
    ) -> Result<Connection, hyper::Error> {
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            let _permit = permit;
            // A request that it carried has the error.
            let _ = connection.await;
        });
        Ok(Connection { sender, watch })
    }

    /// Keeps a connection whose reply was read to its end.
    pub(crate) fn put(&self, connection: Connection) {
        connection.watch.end_exchange();
        let since = Instant::now();
        self.idle().push(Idle { connection, since });
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("watch", &self.watch).finish_non_exhaustive()
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
