//! The HTTP client of one server: HTTP/1.1, no redirects, no hidden retries, a proxy only
//! where one is given.
//!
//! Each request in flight has its own connection: over HTTP/2 all uploads would share one.

use super::call::{CallBody, HttpCall};
use super::connection_pool::{Connection, ConnectionPool};
use super::connector::Connector;
use super::failure::{HttpFailure, ReplyTimeout, causes, no_roots_hint};
use super::reply_body::ReplyBody;
use super::secret::Secret;
use super::tls::Tls;
use crate::base::clock::Clock;
use crate::base::mask::mask_keys;
use crate::base::mask::mask_url;
use crate::base::sanitize;
use crate::base::url_parameters::encode;
use crate::manifest::Timeouts;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::body::Incoming;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHORIZATION, USER_AGENT,
};
use reqwest::{Body, Response, Url};
use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;
use url::Position;

/// How to reach a server.
#[derive(Debug)]
pub struct HttpClientOptions {
    /// Such as `https://platform.qubrid.com/v1`.
    pub base_url: String,
    /// The API key.
    pub key: Option<Secret>,
    /// Further headers of every request: name and value.
    pub headers: Vec<(String, Secret)>,
    /// Parameters of the query of every request, encoded: `api-version=2024-10-21`. May be empty.
    pub query: String,
    /// Further parameters of the query, which are secrets: name and value.
    pub secret_query: Vec<(String, Secret)>,
    /// PEM certificates that are trusted in addition to the system's: of authorities, or of the server itself.
    pub authorities: Option<Vec<u8>>,
    /// The URL of a proxy.
    pub proxy: Option<String>,
    /// The timeouts of a request for a page.
    pub timeouts: Timeouts,
}

/// Why no request can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// A header is not valid.
    #[error("header `{0}`: the name or the value is not valid in HTTP")]
    Header(String),
    /// The client cannot be created.
    #[error("can't set up the HTTP client: {0}")]
    Setup(String),
}

/// The client of one server. Clones share its connections.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// Ends with a slash.
    base: Url,
    /// The same without keys that were pasted into it.
    shown_base: String,
    /// The server, and the proxy to it, as messages show them: without credentials and query.
    server: String,
    headers: HeaderMap,
    /// The query of every request, encoded. It may hold secrets.
    query: Secret,
    connector: Arc<Connector>,
    pool: Arc<ConnectionPool>,
    tls: Arc<Tls>,
    /// For calls that are not about a page; made for the first of them.
    other_calls: Arc<OnceLock<Result<reqwest::Client, HttpFailure>>>,
    proxy: Option<String>,
    /// Values that are removed from texts of the server: servers repeat keys in messages.
    secrets: Vec<Secret>,
    timeouts: Timeouts,
}

/// From this many connections on, none is opened as long as another one is free.
const MAX_CONNECTIONS: usize = 256;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const USER_AGENT_VALUE: &str = concat!("docmill/", env!("CARGO_PKG_VERSION"));

impl HttpClient {
    /// A client for the server in `options`.
    ///
    /// # Errors
    /// When the URL, a header, the proxy or a certificate is not valid.
    pub fn new(options: HttpClientOptions) -> Result<Self, HttpClientError> {
        let setup = |error: &dyn fmt::Display| HttpClientError::Setup(error.to_string());
        let authorities = options.authorities.as_deref();
        let tls = Tls::new(authorities).map_err(|error| setup(&format!("provider.ca_file: {error}")))?;
        let tls = Arc::new(tls);
        let base = format!("{}/", options.base_url.trim_end_matches('/'));
        let base: Url = base.parse().map_err(|error| setup(&format!("{base}: {error}")))?;
        let connector = Connector::new(&base, options.proxy.as_deref(), tls.clone(), options.timeouts.connect)
            .map_err(|error| setup(&error))?;
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        // Without it, a server may compress its replies (RFC 9110, 12.5.3), which are short.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(key) = options.key.as_ref().filter(|key| !key.is_empty()) {
            insert_sensitive(&mut headers, AUTHORIZATION.as_str(), &format!("Bearer {}", key.expose()))?;
        }
        for (name, value) in &options.headers {
            insert_sensitive(&mut headers, name, value.expose())?;
        }
        let shown_base = mask_url(base.as_str()).into_owned();
        let server = sanitize::path(shown_base.as_bytes());
        let server = match &options.proxy {
            Some(proxy) => format!("{server} through the proxy {}", sanitize::path(with_scheme(proxy).as_bytes())),
            None => server,
        };
        let query = joined_query(options.query, &options.secret_query);
        let values = options.headers.into_iter().chain(options.secret_query).map(|(_, value)| value);
        let of_proxy = options.proxy.as_deref().and_then(proxy_password);
        let secrets = options.key.into_iter().chain(values).chain(of_proxy).collect();
        Ok(Self {
            base,
            shown_base,
            server,
            headers,
            query,
            connector: Arc::new(connector),
            pool: Arc::new(ConnectionPool::new(MAX_CONNECTIONS)),
            tls,
            other_calls: Arc::default(),
            proxy: options.proxy,
            secrets,
            timeouts: options.timeouts,
        })
    }

    /// The same, which opens no more than `connections` connections as long as one is free.
    #[must_use]
    pub fn with_max_connections(self, connections: usize) -> Self {
        Self { pool: Arc::new(ConnectionPool::new(connections)), ..self }
    }

    #[cfg(test)]
    pub(crate) fn with_rest(self, rest: Duration) -> Self {
        Self { pool: Arc::new(ConnectionPool::new(MAX_CONNECTIONS).with_rest(rest)), ..self }
    }

    /// The URL of a call as messages show it: without the query of the manifest, which may hold secrets, and
    /// keys that were pasted into the path.
    #[must_use]
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.shown_base)
    }

    /// The URL of a call in the sent form.
    fn call_url(&self, path: &str) -> Result<Url, HttpFailure> {
        let mut url = self.base.join(path).map_err(|error| HttpFailure::NotConnected(error.to_string()))?;
        if !self.query.is_empty() {
            let query = match url.query().filter(|query| !query.is_empty()) {
                Some(own) => format!("{own}&{}", self.query.expose()),
                None => self.query.expose().to_owned(),
            };
            url.set_query(Some(&query));
        }
        Ok(url)
    }

    /// Checks that TLS can be used, if the server needs it. Connects to nothing.
    ///
    /// # Errors
    /// Why it can't, with what helps.
    pub fn check_tls(&self) -> Result<(), String> {
        match self.connector.needs_tls().then(|| self.tls.config()) {
            Some(Err(message)) => Err(format!("no trusted certificates for TLS ({message}): {}", no_roots_hint())),
            _ => Ok(()),
        }
    }

    /// The timeouts of a request for a page.
    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    #[cfg(test)]
    pub(crate) fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// Makes a call that is not about a page, on its own connection, and returns the head of the reply. `timeout`
    /// covers the whole reply.
    ///
    /// # Errors
    /// When no head of a reply arrives.
    pub(crate) async fn send(&self, call: HttpCall, timeout: Duration) -> Result<Response, HttpFailure> {
        let client = self.other_calls.get_or_init(|| self.other_client()).as_ref().map_err(Clone::clone)?;
        let url = self.call_url(&call.path)?;
        let request = client.request(call.method, url).headers(self.headers.clone()).timeout(timeout);
        let request = call.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = match call.body {
            CallBody::Empty => request,
            CallBody::Json(body) => request.header(CONTENT_TYPE, JSON).body(body),
            CallBody::Form(form) => request.multipart(form),
        };
        request.send().await.map_err(|error| HttpFailure::from(&error).at_server(&self.server))
    }

    fn other_client(&self) -> Result<reqwest::Client, HttpFailure> {
        // Fails if a provider is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .pool_max_idle_per_host(0)
            .connect_timeout(self.timeouts.connect)
            .tcp_nodelay(true);
        if let Some(proxy) = &self.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|error| HttpFailure::from(&error))?);
        }
        builder = match self.connector.needs_tls() {
            true => builder.tls_backend_preconfigured((*self.tls.config().map_err(HttpFailure::NoRoots)?).clone()),
            false => builder.tls_certs_only([]),
        };
        builder.build().map_err(|error| HttpFailure::from(&error))
    }

    /// Makes a call for a page and returns the head of the reply. `timeout` covers the whole
    /// reply; there may also be a timeout for the first byte.
    ///
    /// # Errors
    /// When no head of a reply arrives.
    pub(crate) async fn send_page(
        &self,
        call: HttpCall,
        timeout: Duration,
        clock: &dyn Clock,
    ) -> Result<Response, HttpFailure> {
        let deadline = Instant::now() + timeout;
        let first_byte = async {
            match self.timeouts.first_byte {
                // Connecting has its own timeout, during which nothing is sent.
                Some(first_byte) => clock.sleep(self.timeouts.connect + first_byte).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            response = self.exchange(call, deadline) => response,
            () = tokio::time::sleep_until(deadline) => Err(HttpFailure::TimedOut(ReplyTimeout::Attempt)),
            () = first_byte => Err(HttpFailure::TimedOut(ReplyTimeout::FirstByte)),
        }
    }

    /// Sends a request on a connection that was used before, or else on a new one.
    async fn exchange(&self, call: HttpCall, deadline: Instant) -> Result<Response, HttpFailure> {
        let request = self.page_request(call)?;
        let permit = match self.pool.take_connection() {
            Ok(mut connection) => match connection.sender.send_request(request.clone()).await {
                Ok(reply) => return Ok(self.response(reply, deadline, connection)),
                // The server can't have executed it: its end was not sent.
                Err(error) if connection.watch.is_unusable() || error.is_canceled() => {
                    tracing::debug!("a kept connection is closed: {error}");
                    self.pool.permit()
                }
                Err(error) => return Err(HttpFailure::Reset(causes(&error))),
            },
            Err(permit) => permit,
        };
        let connected = self.connector.connect().await;
        let (stream, watch) = connected.map_err(|failure| failure.at_server(&self.server))?;
        let reset = |error: hyper::Error| HttpFailure::Reset(causes(&error));
        let mut connection = ConnectionPool::open(stream, watch, permit).await.map_err(reset)?;
        let reply = connection.sender.send_request(request).await;
        let reply = reply.map_err(|error| HttpFailure::from_first_reply(&error))?;
        Ok(self.response(reply, deadline, connection))
    }

    fn page_request(&self, call: HttpCall) -> Result<Request<Full<Bytes>>, HttpFailure> {
        let url = self.call_url(&call.path)?;
        let body = match call.body {
            CallBody::Json(body) => body,
            CallBody::Empty | CallBody::Form(_) => Bytes::new(),
        };
        let target = match self.connector.is_forwarded() {
            true => url.as_str(),
            false => &url[Position::BeforePath..Position::AfterQuery],
        };
        let host = &url[Position::BeforeHost..Position::AfterPort];
        let mut request = Request::builder().method(call.method).uri(target).header(HOST, host);
        for (name, value) in call.headers {
            request = request.header(*name, *value);
        }
        request = request.header(CONTENT_TYPE, JSON);
        if let Some(headers) = request.headers_mut() {
            headers.extend(self.headers.clone());
            if let Some(value) = self.connector.proxy_authorization() {
                headers.insert(PROXY_AUTHORIZATION, value.clone());
            }
        }
        request.body(Full::new(body)).map_err(|error| HttpFailure::NotConnected(error.to_string()))
    }

    fn response(&self, reply: hyper::Response<Incoming>, deadline: Instant, connection: Connection) -> Response {
        reply.map(|body| Body::wrap(ReplyBody::new(body, deadline, connection, self.pool.clone()))).into()
    }

    /// `text` without the key, the header values and the secrets of the query of this client.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.redact(&text))
    }

    /// A message of the server without the secrets of this client, and without other keys that it may quote.
    pub(crate) fn hide_keys(&self, text: &str) -> String {
        // The known keys first: parts of them would remain.
        let text = self.secrets.iter().fold(self.redact(text), |text, secret| secret.redact_cut(text));
        mask_keys(&text).into_owned()
    }
}

/// The whole query of every request.
fn joined_query(written: String, secret: &[(String, Secret)]) -> Secret {
    let written = Some(written).filter(|text| !text.is_empty());
    let secret = secret.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value.expose())));
    Secret::new(&written.into_iter().chain(secret).collect::<Vec<_>>().join("&"))
}

/// The URL of a proxy. Without a scheme, `user:password@host` would be a URL whose scheme is the user.
fn with_scheme(proxy: &str) -> Cow<'_, str> {
    if proxy.contains("://") { Cow::Borrowed(proxy) } else { Cow::Owned(format!("http://{proxy}")) }
}

/// The password in the URL of a proxy.
fn proxy_password(proxy: &str) -> Option<Secret> {
    let url = Url::parse(&with_scheme(proxy)).ok()?;
    // In a form, unlike here, these mean something else.
    let escaped = url.password()?.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let password = url::form_urlencoded::parse(escaped.as_bytes()).next()?.0.into_owned();
    Some(Secret::new(&password)).filter(|password| !password.is_empty())
}

fn insert_sensitive(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), HttpClientError> {
    let invalid = || HttpClientError::Header(name.to_owned());
    let header: HeaderName = name.parse().map_err(|_| invalid())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| invalid())?;
    value.set_sensitive(true);
    headers.insert(header, value);
    Ok(())
}

#[cfg(test)]
mod tests;
