//! Fetches the content of a URL, within limits of size, time, redirects and requests to
//! its host.

use super::host_limits::HostLimits;
use super::public_hosts::{PrivateHost, PublicResolver, is_public};
use crate::base::causes::{error_chain, join_messages};
use crate::base::clock::Clock;
use crate::manifest::Fetch;
use reqwest::{Client, ClientBuilder, Response, Url};
use std::cell::OnceCell;
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
    /// Whether no https URL can be fetched on this system.
    pub(crate) lacks_roots: bool,
}

impl FetchFault {
    fn temporary(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_final: false, lacks_roots: false }
    }

    fn permanent(reason: impl Into<String>) -> Self {
        Self { is_final: true, ..Self::temporary(reason) }
    }

    /// The causes of an HTTP error, without its own message, which repeats the URL.
    fn from_http(error: &reqwest::Error) -> Self {
        match causes(error).find_map(|cause| cause.downcast_ref::<PrivateHost>()) {
            Some(private) => Self::temporary(private.to_string()),
            None => Self::temporary(causes_text(error).unwrap_or_else(|| "the connection failed".to_owned())),
        }
    }
}

/// What caused an error, the nearest first.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    error_chain(error).skip(1)
}

/// The messages of what caused an error; `None`: unknown.
fn causes_text(error: &reqwest::Error) -> Option<String> {
    Some(join_messages(causes(error))).filter(|messages| !messages.is_empty())
}

/// HTTP can't be set up: no URL can be fetched.
#[derive(Debug, thiserror::Error)]
#[error("can't set up HTTP: {0}")]
pub(crate) struct HttpSetupError(String);

/// Checks that https URLs can be fetched on this system. Connects to nothing.
///
/// # Errors
/// Why they can't.
pub fn check_https() -> Result<(), String> {
    https_client(client_builder(true)).map(drop)
}

/// A client for https URLs. It loads the certificates that the system trusts.
fn https_client(builder: ClientBuilder) -> Result<Client, String> {
    builder.build().map_err(|error| {
        let cause = causes_text(&error).unwrap_or_else(|| error.to_string());
        // What rustls puts before every error of a verifier.
        let cause = cause.trim_start_matches("unexpected error: ");
        format!("no trusted certificates for TLS ({cause})")
    })
}

/// What clients of both schemes have in common.
fn client_builder(allow_private_hosts: bool) -> ClientBuilder {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("docmill/", env!("CARGO_PKG_VERSION")));
    if allow_private_hosts { builder } else { builder.dns_resolver(Arc::new(PublicResolver)) }
}

/// Fetches one URL at a time.
pub(crate) struct Fetcher {
    limits: Fetch,
    hosts: Arc<HostLimits>,
    clock: Arc<dyn Clock>,
    /// For http URLs: it needs no certificates.
    http: Client,
    /// For https URLs, made for the first of them, or why there is none.
    https: OnceCell<Result<Client, String>>,
    runtime: tokio::runtime::Runtime,
}

impl Fetcher {
    /// Creates a fetcher with its own connections.
    ///
    /// # Errors
    /// When HTTP can't be set up.
    pub(crate) fn new(limits: Fetch, hosts: Arc<HostLimits>, clock: Arc<dyn Clock>) -> Result<Self, HttpSetupError> {
        let http = client_builder(limits.allow_private_hosts).tls_certs_only([]);
        let http = http.build().map_err(|error| HttpSetupError(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| HttpSetupError(error.to_string()))?;
        Ok(Self { limits, hosts, clock, http, https: OnceCell::new(), runtime })
    }

    /// The client for a URL.
    fn client(&self, url: &Url) -> Result<&Client, FetchFault> {
        if url.scheme() != "https" {
            return Ok(&self.http);
        }
        let client = self.https.get_or_init(|| https_client(client_builder(self.limits.allow_private_hosts)));
        client.as_ref().map_err(|reason| FetchFault { lacks_roots: true, ..FetchFault::temporary(reason) })
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
            let client = self.client(&url)?;
            self.hosts.admit(url.host_str().unwrap_or_default()).await;
            // The wait for the host's rate doesn't count.
            let began = self.clock.now();
            let sent = tokio::time::timeout(left, client.get(url.clone()).send()).await.map_err(late)?;
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
                return Err(FetchFault { is_final, ..FetchFault::temporary(format!("HTTP {}", status.as_u16())) });
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
