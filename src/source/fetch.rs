//! What a URL names, within bounds of size, time and redirects, at a rate for each host.

use super::public_hosts::{NOT_PUBLIC, PublicOnly, is_public};
use crate::base::clock::Clock;
use crate::manifest::Fetch;
use governor::clock::Clock as GovernorClock;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use reqwest::{Client, Response, Url};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Most redirects that are followed.
const MOST_REDIRECTS: usize = 5;
/// Time to make a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Why a URL gives no file.
#[derive(Debug, thiserror::Error)]
#[error("can't be fetched: {reason}")]
pub struct FetchFault {
    /// A lower-case fragment.
    pub reason: String,
    /// Whether it can't be otherwise the next time: a host that may not be asked, a file
    /// that is too large or gone.
    pub is_final: bool,
}

impl FetchFault {
    fn new(reason: impl Into<String>, is_final: bool) -> Self {
        Self { reason: reason.into(), is_final }
    }
}

/// The rate of requests to each host, shared by all that fetch.
pub struct HostLimits {
    limiter: DefaultKeyedRateLimiter<String>,
}

impl HostLimits {
    /// Each host is asked at most so often; never more than a second's worth at once.
    #[must_use]
    pub fn new(fetch: &Fetch) -> Self {
        let rate = NonZeroU32::new(fetch.requests_per_second).unwrap_or(NonZeroU32::MIN);
        Self { limiter: RateLimiter::keyed(Quota::per_second(rate)) }
    }

    /// How long to wait before asking `host`; zero: now, and the request is counted.
    fn wait(&self, host: &String) -> Duration {
        match self.limiter.check_key(host) {
            Ok(()) => Duration::ZERO,
            Err(until) => until.wait_time_from(self.limiter.clock().now()).max(Duration::from_millis(1)),
        }
    }
}

/// Fetches files, one at a time.
pub struct Fetcher {
    fetch: Fetch,
    limits: Arc<HostLimits>,
    clock: Arc<dyn Clock>,
    client: Client,
    runtime: tokio::runtime::Runtime,
}

impl Fetcher {
    /// A fetcher with these bounds.
    ///
    /// # Errors
    /// When HTTP can't be set up.
    pub fn new(fetch: Fetch, limits: Arc<HostLimits>, clock: Arc<dyn Clock>) -> Result<Self, FetchFault> {
        // Installing it twice is fine: the first stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .user_agent(concat!("docmill/", env!("CARGO_PKG_VERSION")));
        if !fetch.allow_private_hosts {
            builder = builder.dns_resolver(Arc::new(PublicOnly));
        }
        let failed = |error: &dyn std::fmt::Display| FetchFault::new(format!("HTTP can't be set up: {error}"), false);
        let client = builder.build().map_err(|error| failed(&error))?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
        Ok(Self { fetch, limits, clock, client, runtime })
    }

    /// The bytes that `url` names, unless `end` comes first.
    ///
    /// # Errors
    /// When there are none within the bounds.
    pub fn get(&self, url: &str, end: impl Future<Output = ()>) -> Result<Vec<u8>, FetchFault> {
        self.runtime.block_on(async {
            tokio::select! {
                fetched = self.follow(url) => fetched,
                () = end => Err(FetchFault::new("the run ends", false)),
            }
        })
    }

    async fn follow(&self, url: &str) -> Result<Vec<u8>, FetchFault> {
        let mut left = self.fetch.timeout;
        let mut url = Url::parse(url).map_err(|error| FetchFault::new(format!("not a URL: {error}"), true))?;
        for _ in 0..=MOST_REDIRECTS {
            self.check(&url)?;
            let host = url.host_str().unwrap_or_default().to_owned();
            loop {
                let wait = self.limits.wait(&host);
                if wait.is_zero() {
                    break;
                }
                self.clock.sleep(wait).await;
            }
            // Waiting for the host's rate is not the host's time.
            let began = self.clock.now();
            let late = |_| FetchFault::new(format!("it takes longer than {} s", self.fetch.timeout.as_secs()), false);
            let sent = tokio::time::timeout(left, self.client.get(url.clone()).send()).await.map_err(late)?;
            let response = sent.map_err(|error| told(&error))?;
            left = left.saturating_sub(self.clock.now().saturating_sub(began));
            let status = response.status();
            if status.is_redirection() {
                let to = response.headers().get("location").and_then(|to| to.to_str().ok());
                let to = to.ok_or_else(|| FetchFault::new("a redirect to nowhere", true))?;
                url = url.join(to).map_err(|_| FetchFault::new("a redirect to what is no URL", true))?;
                continue;
            }
            if !status.is_success() {
                let is_final = status.is_client_error() && !matches!(status.as_u16(), 408 | 425 | 429);
                return Err(FetchFault::new(format!("HTTP {}", status.as_u16()), is_final));
            }
            return tokio::time::timeout(left, self.body(response)).await.map_err(late)?;
        }
        Err(FetchFault::new(format!("more than {MOST_REDIRECTS} redirects"), true))
    }

    /// Whether this URL may be asked; names are checked when they are resolved.
    fn check(&self, url: &Url) -> Result<(), FetchFault> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchFault::new("not a URL of http or https", true));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchFault::new("a URL with a password in it", true));
        }
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(address.into()),
            Some(url::Host::Ipv6(address)) => Some(address.into()),
            Some(url::Host::Domain(_)) => None,
            None => return Err(FetchFault::new("a URL without a host", true)),
        };
        match address {
            Some(address) if !self.fetch.allow_private_hosts && !is_public(address) => {
                Err(FetchFault::new(format!("{address} is {NOT_PUBLIC}"), true))
            }
            _ => Ok(()),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, FetchFault> {
        let most = self.fetch.max_bytes;
        let too_large = || FetchFault::new(format!("more than {most} bytes (input.fetch.max_megabytes)"), true);
        if response.content_length().is_some_and(|length| length > most) {
            return Err(too_large());
        }
        let expected = response.content_length();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| told(&error))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > most {
                return Err(too_large());
            }
        }
        if expected.is_some_and(|expected| expected != bytes.len() as u64) {
            return Err(FetchFault::new("the reply was cut short", false));
        }
        Ok(bytes)
    }
}

/// The causes below reqwest's own words, which repeat the URL.
fn told(error: &reqwest::Error) -> FetchFault {
    let mut words = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push(error.to_string());
        cause = error.source();
    }
    words.dedup();
    let reason = if words.is_empty() { "the connection failed".to_owned() } else { words.join(": ") };
    let is_final = reason.contains(NOT_PUBLIC);
    FetchFault::new(reason, is_final)
}
