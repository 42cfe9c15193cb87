//! Connections and routes. One thread with a runtime of its own; ends with its handle,
//! or by itself at the end of its lifetime.

use super::batches;
use super::chat::chat;
use super::options::Options;
use super::state::{Reply, State};
use hyper::body::Incoming;
use hyper::{Method, Request};
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running simulator.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Starts listening on 127.0.0.1.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn start(options: Options) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", options.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let work = move || {
            let local = tokio::task::LocalSet::new();
            local.block_on(&runtime, async move {
                if let Ok(listener) = TcpListener::from_std(listener) {
                    serve(listener, options, stopped).await;
                }
            });
        };
        let thread = std::thread::Builder::new().name("simulator".into()).spawn(work)?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Such as `http://127.0.0.1:8765/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, options: Options, stopped: oneshot::Receiver<()>) {
    let end = options.lifetime;
    let state = Rc::new(State::new(options));
    let life = async move {
        match end {
            Some(end) => tokio::time::sleep(end).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(life, stopped);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => return,
            () = &mut life => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let _ = stream.set_nodelay(true);
        let state = state.clone();
        tokio::task::spawn_local(async move {
            let service = hyper::service::service_fn(move |request| route(state.clone(), request));
            let io = hyper_util::rt::TokioIo::new(stream);
            // A fault that drops the connection is an error here; that is its point.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        });
    }
}

async fn route(state: Rc<State>, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    match (request.method(), path.as_str()) {
        (&Method::POST, "/v1/chat/completions" | "/chat/completions") => chat(&state, request).await,
        (&Method::POST, "/v1/files") => batches::upload(&state, request).await,
        (&Method::POST, "/v1/batches") => batches::create(&state, request).await,
        (&Method::GET, "/v1/batches") => batches::list(&state, request.uri().query().unwrap_or_default()),
        (&Method::GET, path) if path.starts_with("/v1/batches/") => {
            batches::show(&state, &path["/v1/batches/".len()..])
        }
        (&Method::GET, path) if path.starts_with("/v1/files/") && path.ends_with("/content") => {
            let id = &path["/v1/files/".len()..];
            batches::content(&state, id.trim_end_matches("/content"))
        }
        (&Method::GET, "/stats") => {
            let stats = state.inner.borrow().stats.to_json().to_string();
            state.plain(200, "application/json", stats)
        }
        (&Method::GET, "/v1/models") => {
            let names = if state.options.models.is_empty() {
                vec!["openai/gpt-4o-mini".to_owned()]
            } else {
                state.options.models.clone()
            };
            let data: Vec<_> = names
                .iter()
                .map(|id| serde_json::json!({"id": id, "object": "model", "created": 0, "owned_by": "simulator"}))
                .collect();
            state.plain(200, "application/json", serde_json::json!({"object": "list", "data": data}).to_string())
        }
        (method, path) => {
            let message = format!("Invalid URL ({method} {path})");
            state.error(404, "invalid_request_error", None, None, &message)
        }
    }
}
