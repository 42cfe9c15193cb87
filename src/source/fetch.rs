//! Fetches the content of a URL, within limits of size, time, redirects and requests to
//! its host.

use super::host_limits::HostLimits;
use super::public_hosts::{PrivateHost, PublicResolver, is_public};
use crate::base::clock::Clock;
use crate::manifest::Fetch;
use reqwest::{Client, Response, Url};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// Redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// Limit on the time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A URL can't be fetched.
#[derive(Debug, thiserror::Error)]
#[error("can't be fetched: {reason}")]
pub(crate) struct FetchFault {
    /// A lower-case fragment.
    pub(crate) reason: String,
    /// Whether another attempt would fail alike: a file that is too large or does not exist.
    pub(crate) is_final: bool,
}

impl FetchFault {
    fn temporary(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_final: false }
    }

    fn permanent(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_final: true }
    }

    /// The causes of an HTTP error, without its own message, which repeats the URL.
    fn from_http(error: &reqwest::Error) -> Self {
        let mut messages = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(private) = error.downcast_ref::<PrivateHost>() {
                return Self::temporary(private.to_string());
            }
            messages.push(error.to_string());
            cause = error.source();
        }
        messages.dedup();
        Self::temporary(if messages.is_empty() { "the connection failed".to_owned() } else { messages.join(": ") })
    }
}

/// HTTP can't be set up: no URL can be fetched.
#[derive(Debug, thiserror::Error)]
#[error("can't set up HTTP: {0}")]
pub(crate) struct HttpSetupError(String);

/// Fetches one URL at a time.
pub(crate) struct Fetcher {
    limits: Fetch,
    hosts: Arc<HostLimits>,
    clock: Arc<dyn Clock>,
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl Fetcher {
    /// Creates a fetcher with its own connections.
    ///
    /// # Errors
    /// When HTTP can't be set up.
    pub(crate) fn new(limits: Fetch, hosts: Arc<HostLimits>, clock: Arc<dyn Clock>) -> Result<Self, HttpSetupError> {
        // An error means that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("docmill/", env!("CARGO_PKG_VERSION")));
        if !limits.allow_private_hosts {
            builder = builder.dns_resolver(Arc::new(PublicResolver));
        }
        let client = builder.build().map_err(|error| HttpSetupError(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| HttpSetupError(error.to_string()))?;
        Ok(Self { limits, hosts, clock, client, runtime })
    }

    /// The content of `url`. Gives up when `cancelled` completes.
    ///
    /// # Errors
    /// When it can't be fetched within the limits.
    pub(crate) fn get(&self, url: &str, cancelled: impl Future<Output = ()>) -> Result<Vec<u8>, FetchFault> {
        self.runtime.block_on(async {
            tokio::select! {
                fetched = self.follow(url) => fetched,
                () = cancelled => Err(FetchFault::temporary("the run is ending")),
            }
        })
    }

    /// Follows redirects to the content.
    async fn follow(&self, url: &str) -> Result<Vec<u8>, FetchFault> {
        let mut left = self.limits.timeout;
        let late = |_| FetchFault::temporary(format!("it took longer than {} s", self.limits.timeout.as_secs()));
        let mut url = Url::parse(url).map_err(|error| FetchFault::permanent(format!("not a URL: {error}")))?;
        for _ in 0..=MAX_REDIRECTS {
            self.check(&url)?;
            self.hosts.admit(url.host_str().unwrap_or_default()).await;
            // The wait for the host's rate doesn't count.
            let began = self.clock.now();
            let sent = tokio::time::timeout(left, self.client.get(url.clone()).send()).await.map_err(late)?;
            let response = sent.map_err(|error| FetchFault::from_http(&error))?;
            left = left.saturating_sub(self.clock.now().saturating_sub(began));
            let status = response.status();
            if status.is_redirection() {
                let to = response.headers().get("location").and_then(|to| to.to_str().ok());
                let to = to.ok_or_else(|| FetchFault::permanent("a redirect without a location"))?;
                url = url.join(to).map_err(|_| FetchFault::permanent("a redirect to an invalid URL"))?;
                continue;
            }
            if !status.is_success() {
                let is_final = status.is_client_error() && !matches!(status.as_u16(), 401 | 403 | 408 | 425 | 429);
                return Err(FetchFault { reason: format!("HTTP {}", status.as_u16()), is_final });
            }
            return tokio::time::timeout(left, self.read_body(response)).await.map_err(late)?;
        }
        Err(FetchFault::permanent(format!("more than {MAX_REDIRECTS} redirects")))
    }

    /// Checks whether this URL may be fetched. A name's addresses are checked when it is
    /// resolved.
    fn check(&self, url: &Url) -> Result<(), FetchFault> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchFault::permanent("not an http or https URL"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchFault::permanent("the URL contains a user name or a password"));
        }
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(address.into()),
            Some(url::Host::Ipv6(address)) => Some(address.into()),
            Some(url::Host::Domain(_)) => None,
            None => return Err(FetchFault::permanent("the URL has no host")),
        };
        match address {
            Some(address) if !self.limits.allow_private_hosts && !is_public(address) => {
                // Until `input.allow_private_hosts` is set, which no record of the file shows.
                Err(FetchFault::temporary(PrivateHost { host: address.to_string() }.to_string()))
            }
            _ => Ok(()),
        }
    }

    async fn read_body(&self, mut response: Response) -> Result<Vec<u8>, FetchFault> {
        let max_bytes = self.limits.max_bytes;
        let too_large =
            || FetchFault::permanent(format!("the file has more than {max_bytes} bytes (input.fetch.max_megabytes)"));
        let expected = response.content_length();
        if expected.is_some_and(|length| length > max_bytes) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| FetchFault::from_http(&error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > max_bytes {
                return Err(too_large());
            }
        }
        if expected.is_some_and(|expected| expected != bytes.len() as u64) {
            return Err(FetchFault::temporary("the response ended early"));
        }
        Ok(bytes)
    }
}
