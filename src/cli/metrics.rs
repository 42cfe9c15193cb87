//! `--metrics ADDRESS`: an HTTP endpoint with the run's counters, for Prometheus.

use crate::session::{OPENMETRICS_CONTENT_TYPE, ProgressHandle};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

/// Maximum time until the head of a request is complete.
const HEADER_TIMEOUT: Duration = Duration::from_secs(2);

/// Maximum time that a connection is open.
const MAX_CONNECTION_TIME: Duration = Duration::from_secs(10);

/// Maximum number of connections at the same time. The oldest one makes room for a new one, so that
/// idle connections don't block others.
const MAX_CONNECTIONS: usize = 16;

/// Pause after a connection could not be accepted, for example for lack of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A metrics endpoint. It serves until it is dropped.
pub(crate) struct Metrics {
    /// The address on which it listens.
    pub(crate) address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Metrics {
    /// Starts serving `/metrics` on its own thread.
    ///
    /// # Errors
    /// If the address can't be bound, or the thread can't be started.
    pub(crate) fn start(address: SocketAddr, progress: ProgressHandle) -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serve_until_stopped = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = serve(listener, progress) => {}
                    _ = stopped => {}
                }
            });
        };
        std::thread::Builder::new().name("metrics".into()).spawn(serve_until_stopped)?;
        Ok(Self { address, _stop: stop })
    }
}

async fn serve(listener: std::net::TcpListener, progress: ProgressHandle) {
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let progress = progress.clone();
        let service = service_fn(move |request| {
            let response = respond(&request, &progress);
            async move { Ok::<_, Infallible>(response) }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        open.retain(|connection| !connection.is_finished());
        if open.len() >= MAX_CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
        }
        // A client that is too slow is disconnected.
        let serving = async move { _ = tokio::time::timeout(MAX_CONNECTION_TIME, connection).await };
        open.push_back(tokio::spawn(serving).abort_handle());
        // A request that is there already is answered before the next connection takes its place.
        tokio::task::yield_now().await;
    }
}

fn respond(request: &Request<Incoming>, progress: &ProgressHandle) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(String::new()));
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    *response.body_mut() = Full::from(progress.to_openmetrics());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS_CONTENT_TYPE));
    response
}
