//! HTTP/1.1, no redirects, no hidden re-sends, proxies only where they are given.
//!
//! One connection per request in flight: over HTTP/2 all uploads would share one.

use crate::manifest::Timeouts;
use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::fmt;
use std::time::Duration;

/// A text that is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret; surrounding white space, which files and shells add, is dropped.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` without this secret in it.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        if self.0.len() < 4 { text.to_owned() } else { text.replace(&self.0, "***") }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How to reach the provider.
#[derive(Debug)]
pub struct TransportOptions {
    /// Such as `https://platform.qubrid.com/v1`.
    pub base_url: String,
    /// The key.
    pub key: Option<Secret>,
    /// Further headers.
    pub headers: Vec<(String, Secret)>,
    /// Certificates (PEM) of authorities that are trusted beside the system's.
    pub authorities: Option<Vec<u8>>,
    /// A proxy's URL.
    pub proxy: Option<String>,
    /// How long things may take.
    pub timeouts: Timeouts,
}

/// Why no request can be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// A header's value can't be sent.
    #[error("the header `{0}` has a value that can't be sent")]
    Header(String),
    /// The client can't be made.
    #[error("can't set up HTTP: {0}")]
    Client(String),
}

/// A client for one endpoint.
#[derive(Clone, Debug)]
pub struct Transport {
    client: reqwest::Client,
    url: reqwest::Url,
    /// Where the other calls are, with a slash at its end.
    base: String,
    headers: HeaderMap,
    /// What servers might repeat in their messages, and nobody may read there.
    secrets: Vec<Secret>,
}

/// How an attempt failed before there was a whole reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing was sent: refused, unknown host, no route, no connection in time.
    NotConnected(String),
    /// The other side is not who it should be.
    Untrusted(String),
    /// No whole reply in the time that this key of the manifest gives. It may still come.
    TimedOut(&'static str),
    /// More than a reply may have.
    TooLong,
    /// The connection ended before the reply did.
    Reset(String),
}

impl Transport {
    /// A client for the endpoint in `options`.
    ///
    /// # Errors
    /// When a header or the proxy's URL is none.
    pub fn new(options: TransportOptions) -> Result<Self, TransportError> {
        // Installing it twice is fine: the first stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(options.timeouts.connect)
            .timeout(options.timeouts.attempt)
            .tcp_nodelay(true)
            .user_agent(concat!("docmill/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &options.proxy {
            builder =
                builder.proxy(reqwest::Proxy::all(proxy).map_err(|error| TransportError::Client(error.to_string()))?);
        }
        if let Some(pem) = &options.authorities {
            let fault = |error: &dyn fmt::Display| TransportError::Client(format!("provider.ca_file: {error}"));
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| fault(&error))?;
            if certificates.is_empty() {
                return Err(fault(&"it holds no certificate"));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|error| TransportError::Client(error.to_string()))?;
        let mut headers = HeaderMap::new();
        if let Some(key) = options.key.as_ref().filter(|key| !key.is_empty()) {
            headers.insert(AUTHORIZATION, sensitive("authorization", &format!("Bearer {}", key.0))?);
        }
        for (name, value) in &options.headers {
            let header: HeaderName = name.parse().map_err(|_| TransportError::Header(name.clone()))?;
            headers.insert(header, sensitive(name, &value.0)?);
        }
        let base = format!("{}/", options.base_url.trim_end_matches('/'));
        let url = format!("{base}chat/completions");
        let url = url.parse().map_err(|error| TransportError::Client(format!("{url}: {error}")))?;
        let secrets = options.key.into_iter().chain(options.headers.into_iter().map(|(_, value)| value)).collect();
        Ok(Self { client, url, base, headers, secrets })
    }

    /// Sends a request for a page, which has `limit` for everything; the head of the reply.
    pub(crate) async fn post(&self, body: Bytes, limit: Duration) -> Result<reqwest::Response, Failure> {
        let request = self.client.post(self.url.clone()).headers(self.headers.clone());
        let request =
            request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body).timeout(limit);
        request.send().await.map_err(|error| failure(&error))
    }

    /// Another call of the same API.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).headers(self.headers.clone())
    }

    /// `text` without a secret in it: servers repeat keys in error messages.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.redact(&text))
    }
}

fn sensitive(name: &str, value: &str) -> Result<HeaderValue, TransportError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| TransportError::Header(name.to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

pub(crate) fn failure(error: &reqwest::Error) -> Failure {
    let words = chain(error);
    if words.contains("certificate") || words.contains("invalid peer") {
        Failure::Untrusted(words)
    } else if error.is_connect() {
        Failure::NotConnected(words)
    } else if error.is_timeout() {
        Failure::TimedOut("request.timeout")
    } else {
        Failure::Reset(words)
    }
}

/// The causes below reqwest's own words, which repeat the URL.
fn chain(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if words.last() != Some(&text) {
            words.push(text);
        }
        cause = error.source();
    }
    if words.is_empty() { "the connection failed".into() } else { words.join(": ") }
}
