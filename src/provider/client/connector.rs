//! Connects to one server, directly or through a proxy.

use super::failure::{CONNECT_TIMEOUT, HttpFailure, causes, connect_reason};
use super::guarded_stream::{ConnectionWatch, GuardedStream};
use super::tls::{Tls, encrypt};
use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use reqwest::Url;
use std::future::{Ready, ready};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

/// A connection, encrypted or not.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// Connects to one server.
#[derive(Debug)]
pub(crate) struct Connector {
    tcp: HttpConnector,
    tls: Arc<Tls>,
    server: Hop,
    proxy: Option<Proxy>,
    timeout: Duration,
}

/// A server or proxy on the way.
#[derive(Debug)]
struct Hop {
    uri: Uri,
    /// Name or address; an IPv6 address is in brackets.
    host: String,
    is_tls: bool,
}

/// A proxy.
#[derive(Debug)]
struct Proxy {
    hop: Hop,
    /// `Basic …`, if its URL has a user.
    authorization: Option<HeaderValue>,
}

impl Connector {
    /// A connector to the server of `base`, perhaps through the proxy with the URL `proxy`.
    /// `timeout`: longest time until a connection can be used.
    ///
    /// # Errors
    /// When a URL is not valid.
    pub(crate) fn new(base: &Url, proxy: Option<&str>, tls: Arc<Tls>, timeout: Duration) -> Result<Self, String> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let server = Hop::new(base.as_str().parse().map_err(|error| format!("{base}: {error}"))?)?;
        let proxy = proxy.map(|proxy| Proxy::parse(proxy, &server.uri)).transpose()?;
        Ok(Self { tcp, tls, server, proxy, timeout })
    }

    /// Whether a connection needs TLS.
    pub(crate) fn needs_tls(&self) -> bool {
        self.server.is_tls || self.proxy.as_ref().is_some_and(|proxy| proxy.hop.is_tls)
    }

    /// Whether requests have to name the whole URL, because a proxy reads them.
    pub(crate) fn is_forwarded(&self) -> bool {
        self.proxy.is_some() && !self.server.is_tls
    }

    /// Data for a proxy that reads the requests.
    pub(crate) fn proxy_authorization(&self) -> Option<&HeaderValue> {
        self.proxy.as_ref().filter(|_| self.is_forwarded())?.authorization.as_ref()
    }

    /// Connects.
    ///
    /// # Errors
    /// When the server can't be reached in time, or is not trusted.
    pub(crate) async fn connect(&self) -> Result<(Box<dyn Transport>, Arc<ConnectionWatch>), HttpFailure> {
        let late = |_| HttpFailure::NotConnected(CONNECT_TIMEOUT.into());
        tokio::time::timeout(self.timeout, self.dial()).await.map_err(late)?
    }

    async fn dial(&self) -> Result<(Box<dyn Transport>, Arc<ConnectionWatch>), HttpFailure> {
        if self.needs_tls() {
            self.tls.config().map_err(HttpFailure::NoRoots)?;
        }
        let first = self.proxy.as_ref().map_or(&self.server, |proxy| &proxy.hop);
        let tcp = self.tcp.clone().call(first.uri.clone()).await;
        let tcp = tcp.map_err(|error| HttpFailure::NotConnected(connect_reason(&error)))?.into_inner();
        let watch = Arc::new(ConnectionWatch::default());
        let mut stream: Box<dyn Transport> = Box::new(GuardedStream::new(tcp, watch.clone()));
        if let Some(proxy) = &self.proxy {
            if proxy.hop.is_tls {
                stream = self.encrypt(stream, &proxy.hop).await?;
            }
            if self.server.is_tls {
                stream = proxy.tunnel(stream, &self.server).await?;
            }
        }
        if self.server.is_tls {
            stream = self.encrypt(stream, &self.server).await?;
        }
        Ok((stream, watch))
    }

    async fn encrypt(&self, stream: Box<dyn Transport>, hop: &Hop) -> Result<Box<dyn Transport>, HttpFailure> {
        let config = self.tls.config().map_err(HttpFailure::NoRoots)?;
        let stream = encrypt(config, stream, &hop.host).await.map_err(|error| HttpFailure::from_handshake(&error))?;
        Ok(Box::new(stream))
    }
}

impl Hop {
    fn new(uri: Uri) -> Result<Self, String> {
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            other => return Err(format!("`{}` is not http or https", other.unwrap_or_default())),
        };
        let host = uri.host().ok_or("the URL has no host")?.to_owned();
        Ok(Self { uri, host, is_tls })
    }
}

impl Proxy {
    /// Messages do not contain the URL: it may hold a password.
    fn parse(url: &str, server: &Uri) -> Result<Self, String> {
        let proxy = Matcher::builder().all(url).build().intercept(server).ok_or("the proxy's URL is not valid")?;
        let hop = Hop::new(proxy.uri().clone()).map_err(|error| format!("the proxy's URL is not valid: {error}"))?;
        Ok(Self { hop, authorization: proxy.basic_auth().cloned() })
    }

    /// Asks the proxy for a tunnel to `server`.
    async fn tunnel(&self, stream: Box<dyn Transport>, server: &Hop) -> Result<Box<dyn Transport>, HttpFailure> {
        let mut tunnel = Tunnel::new(self.hop.uri.clone(), Connected(Some(stream)));
        if let Some(authorization) = &self.authorization {
            tunnel = tunnel.with_auth(authorization.clone());
        }
        let stream = tunnel.call(server.uri.clone()).await;
        let stream = stream.map_err(|error| match causes(&error) {
            // The type of the error can't be named.
            causes if causes.contains("authorization required") => {
                HttpFailure::ProxyRefused("HTTP 407: it requires a user and a password".to_owned())
            }
            causes => HttpFailure::NotConnected(format!("proxy: {causes}")),
        })?;
        Ok(Box::new(stream.into_inner()))
    }
}

/// A connector that is connected already.
struct Connected(Option<Box<dyn Transport>>);

impl Service<Uri> for Connected {
    type Response = TokioIo<Box<dyn Transport>>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _place: Uri) -> Self::Future {
        ready(self.0.take().map(TokioIo::new).ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}
