//! Connections on loopback.

use super::routes::Routes;
use crate::base::clock::Clock;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::cell::Cell;
use std::collections::VecDeque;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::{AbortHandle, LocalSet};

/// Maximum time until the head of a request is complete, and between two requests of a connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum number of connections at the same time. The oldest makes room for a new one, so that idle
/// connections don't block others.
const MAX_CONNECTIONS: usize = 128;
/// Pause after a connection could not be accepted, for example for lack of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Time between two looks at whether the server should end.
const STOP_POLL: Duration = Duration::from_millis(50);
/// Time that requests have to end when the server ends.
const LAST_REQUESTS: Duration = Duration::from_secs(2);
/// Threads for what blocks: reading and writing the store.
const MAX_BLOCKING_THREADS: usize = 8;

/// Serves until `is_stopped` returns true, or no request has come for `idle`.
///
/// # Errors
/// When the runtime can't be started.
pub(crate) fn serve(
    listener: TcpListener,
    routes: Routes,
    clock: &dyn Clock,
    idle: Option<Duration>,
    is_stopped: &dyn Fn() -> bool,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .build()?;
    let local = LocalSet::new();
    let requests = Requests::default();
    let ends = async {
        let (mut last_request, mut seen) = (clock.now(), 0);
        loop {
            clock.sleep(STOP_POLL).await;
            if requests.open.get() > 0 || requests.begun.get() != seen {
                (last_request, seen) = (clock.now(), requests.begun.get());
            }
            let is_idle = idle.is_some_and(|idle| clock.now().saturating_sub(last_request) >= idle);
            if is_idle || is_stopped() {
                return;
            }
        }
    };
    local.block_on(&runtime, async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::select! {
            () = accept(&listener, Rc::new(routes), requests.clone()) => {}
            () = ends => {}
        }
        // Requests in progress are completed and answered.
        let last = async {
            while requests.open.get() > 0 {
                clock.sleep(STOP_POLL).await;
            }
        };
        let _ = tokio::time::timeout(LAST_REQUESTS, last).await;
        Ok(())
    })
}

async fn accept(listener: &tokio::net::TcpListener, routes: Rc<Routes>, requests: Requests) {
    let mut connections: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (routes, requests) = (routes.clone(), requests.clone());
        let service = service_fn(move |request| {
            let (routes, open) = (routes.clone(), OpenRequest::begin(&requests));
            async move {
                let _open = open;
                Ok::<_, std::convert::Infallible>(routes.answer(request).await)
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .serve_connection(TokioIo::new(stream), service);
        connections.retain(|connection| !connection.is_finished());
        if connections.len() >= MAX_CONNECTIONS
            && let Some(oldest) = connections.pop_front()
        {
            oldest.abort();
        }
        connections.push_back(tokio::task::spawn_local(async move { _ = connection.await }).abort_handle());
    }
}

/// Counts of requests.
#[derive(Clone, Default)]
struct Requests {
    /// That were begun.
    begun: Rc<Cell<u64>>,
    /// That are being answered.
    open: Rc<Cell<usize>>,
}

/// A request that is being answered.
struct OpenRequest(Rc<Cell<usize>>);

impl OpenRequest {
    fn begin(requests: &Requests) -> Self {
        requests.begun.set(requests.begun.get() + 1);
        requests.open.set(requests.open.get() + 1);
        Self(requests.open.clone())
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}
