//! Connections. The server runs on one thread with its own runtime.

use super::options::Options;
use super::routes::route;
use super::state::SimulatorState;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running simulator. It ends when it is dropped, or at the end of [`Options::lifetime`].
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on 127.0.0.1.
    ///
    /// # Errors
    /// If the port is in use, or no thread can be started.
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

    /// The base URL, such as `http://127.0.0.1:8765/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Waits until the server ends.
    pub fn wait(mut self) {
        self.join();
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic was printed by the thread.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        self.join();
    }
}

async fn serve(listener: TcpListener, options: Options, stopped: oneshot::Receiver<()>) {
    let lifetime = options.lifetime;
    let state = Rc::new(SimulatorState::new(options));
    let lifetime_over = async move {
        match lifetime {
            Some(lifetime) => tokio::time::sleep(lifetime).await,
            None => std::future::pending().await,
        }
    };
    tokio::pin!(lifetime_over, stopped);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => return,
            () = &mut lifetime_over => return,
        };
        let Ok((stream, _)) = accepted else { continue };
        let _ = stream.set_nodelay(true);
        let state = state.clone();
        tokio::task::spawn_local(async move {
            let service = hyper::service::service_fn(move |request| route(state.clone(), request));
            let io = hyper_util::rt::TokioIo::new(stream);
            // A fault that drops the connection ends here as an error.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        });
    }
}
