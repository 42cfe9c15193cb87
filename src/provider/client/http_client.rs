//! The HTTP client of one server: HTTP/1.1, no redirects, no hidden retries, a proxy only
//! where one is given.
//!
//! Each request in flight has its own connection: over HTTP/2 all uploads would share one.

use super::call::{CallBody, HttpCall};
use super::failure::HttpFailure;
use super::secret::Secret;
use crate::base::clock::Clock;
use crate::base::sanitize;
use crate::manifest::Timeouts;
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::fmt;
use std::time::Duration;

/// How to reach a server.
#[derive(Debug)]
pub struct HttpClientOptions {
    /// Such as `https://platform.qubrid.com/v1`.
    pub base_url: String,
    /// The API key.
    pub key: Option<Secret>,
    /// Further headers of every request: name and value.
    pub headers: Vec<(String, Secret)>,
    /// PEM certificates of authorities that are trusted beside the system's.
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
    client: reqwest::Client,
    /// Ends with a slash.
    base: reqwest::Url,
    /// The server, and the proxy to it, as messages show them: without credentials and query.
    server: String,
    headers: HeaderMap,
    /// Values that are removed from texts of the server: servers repeat keys in messages.
    secrets: Vec<Secret>,
    timeouts: Timeouts,
}

impl HttpClient {
    /// A client for the server in `options`.
    ///
    /// # Errors
    /// When the URL, a header, the proxy or a certificate is not valid.
    pub fn new(options: HttpClientOptions) -> Result<Self, HttpClientError> {
        // Fails if a provider is installed already, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let setup = |error: &dyn fmt::Display| HttpClientError::Setup(error.to_string());
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
            builder = builder.proxy(reqwest::Proxy::all(proxy).map_err(|error| setup(&error))?);
        }
        if let Some(pem) = &options.authorities {
            let fault = |error: &dyn fmt::Display| HttpClientError::Setup(format!("provider.ca_file: {error}"));
            let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|error| fault(&error))?;
            if certificates.is_empty() {
                return Err(fault(&"no PEM certificate found"));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder.build().map_err(|error| setup(&error))?;
        let mut headers = HeaderMap::new();
        if let Some(key) = options.key.as_ref().filter(|key| !key.is_empty()) {
            insert_sensitive(&mut headers, AUTHORIZATION.as_str(), &format!("Bearer {}", key.expose()))?;
        }
        for (name, value) in &options.headers {
            insert_sensitive(&mut headers, name, value.expose())?;
        }
        let base = format!("{}/", options.base_url.trim_end_matches('/'));
        let base: reqwest::Url = base.parse().map_err(|error| setup(&format!("{base}: {error}")))?;
        let server = sanitize::path(base.as_str().as_bytes());
        let server = match options.proxy {
            Some(proxy) => format!("{server} through the proxy {}", sanitize::path(proxy.as_bytes())),
            None => server,
        };
        let secrets = options.key.into_iter().chain(options.headers.into_iter().map(|(_, value)| value)).collect();
        Ok(Self { client, base, server, headers, secrets, timeouts: options.timeouts })
    }

    /// The timeouts of a request for a page.
    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    #[cfg(test)]
    pub(crate) fn with_timeouts(self, timeouts: Timeouts) -> Self {
        Self { timeouts, ..self }
    }

    /// Makes a call and returns the head of the reply. `timeout` covers the whole reply.
    ///
    /// # Errors
    /// When no head of a reply arrives.
    pub(crate) async fn send(&self, call: HttpCall, timeout: Duration) -> Result<Response, HttpFailure> {
        let url = self.base.join(&call.path).map_err(|error| HttpFailure::NotConnected(error.to_string()))?;
        let request = self.client.request(call.method, url).headers(self.headers.clone()).timeout(timeout);
        let request = call.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = match call.body {
            CallBody::Empty => request,
            CallBody::Json(body) => {
                request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body)
            }
            CallBody::Form(form) => request.multipart(form),
        };
        request.send().await.map_err(|error| HttpFailure::from(&error).at_server(&self.server))
    }

    /// The same for a request for a page, which also has a timeout for the first byte.
    ///
    /// # Errors
    /// When no head of a reply arrives.
    pub(crate) async fn send_page(
        &self,
        call: HttpCall,
        timeout: Duration,
        clock: &dyn Clock,
    ) -> Result<Response, HttpFailure> {
        let first_byte = async {
            match self.timeouts.first_byte {
                // Connecting has its own timeout, during which nothing is sent.
                Some(first_byte) => clock.sleep(self.timeouts.connect + first_byte).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            response = self.send(call, timeout) => response,
            () = first_byte => Err(HttpFailure::TimedOut("request.first_byte_timeout")),
        }
    }

    /// `text` without the key and the header values of this client.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| secret.redact(&text))
    }
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
mod tests {
    use super::*;

    fn options() -> HttpClientOptions {
        let second = Duration::from_secs(1);
        HttpClientOptions {
            base_url: "http://127.0.0.1:9/v1/".into(),
            key: Some(Secret::new("sk-secret")),
            headers: vec![("X-Org".into(), Secret::new("my-organisation"))],
            authorities: None,
            proxy: None,
            timeouts: Timeouts { attempt: second, connect: second, first_byte: None, idle: second },
        }
    }

    #[test]
    fn headers_with_secrets_are_sensitive_and_messages_are_redacted() {
        let client = HttpClient::new(options()).unwrap();
        assert_eq!(client.headers[AUTHORIZATION], "Bearer sk-secret");
        assert_eq!(client.headers["x-org"], "my-organisation");
        assert!(client.headers.values().all(HeaderValue::is_sensitive));
        assert_eq!(client.redact("sk-secret of my-organisation"), "*** of ***");
        assert!(!format!("{client:?}").contains("sk-secret"), "{client:?}");
    }

    #[tokio::test]
    async fn a_refused_connection_names_the_server_and_the_reason_but_no_credentials() {
        let refused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let base_url = format!("http://me:pass@127.0.0.1:{refused}/v1?key=secret");
        for (proxy, expected) in [
            (None, format!("to http://127.0.0.1:{refused}/v1?…: connection refused")),
            (
                Some(format!("http://127.0.0.1:{refused}")),
                format!(
                    "to http://127.0.0.1:{refused}/v1?… through the proxy http://127.0.0.1:{refused}: connection refused"
                ),
            ),
        ] {
            let client = HttpClient::new(HttpClientOptions { base_url: base_url.clone(), proxy, ..options() }).unwrap();
            let failed = client.send(HttpCall::get("models".into()), Duration::from_secs(5)).await;
            assert_eq!(failed.map(|_| ()), Err(HttpFailure::NotConnected(expected)));
        }
    }

    #[test]
    fn what_http_does_not_allow_is_an_error_before_anything_is_sent() {
        let error = |options| HttpClient::new(options).map(|_| ()).unwrap_err().to_string();
        let header = |name: &str, value: &str| HttpClientOptions {
            headers: vec![(name.into(), Secret::new(value))],
            ..options()
        };
        for (options, expected) in [
            (header("X-Org", "a\nb"), "`X-Org`"),
            (header("X Org", "a"), "`X Org`"),
            (HttpClientOptions { base_url: "nowhere".into(), ..options() }, "nowhere"),
            (HttpClientOptions { proxy: Some("::".into()), ..options() }, "HTTP client"),
            (HttpClientOptions { authorities: Some(b"none".to_vec()), ..options() }, "provider.ca_file"),
            (HttpClientOptions { key: Some(Secret::new("a\nb")), ..options() }, "`authorization`"),
        ] {
            let message = error(options);
            assert!(message.contains(expected), "{expected}: {message}");
        }
    }
}
