//! `input.fetch`: bounds for fetching the URLs of a list.

use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawFetch {
    /// Maximum number of requests per second to each host (default 10).
    #[schemars(range(min = 1, max = 1000))]
    requests_per_second: Option<u32>,
    /// Timeout for a whole file, including redirects (default `60s`).
    timeout: Option<String>,
    /// Maximum size of a file, in megabytes (default 64).
    #[schemars(range(min = 1, max = 512))]
    max_megabytes: Option<u32>,
}

/// Bounds for fetching URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Maximum number of requests per second to each host.
    pub requests_per_second: u32,
    /// Timeout for a whole file, including redirects.
    pub timeout: Duration,
    /// Maximum size of a file, in bytes.
    pub max_bytes: u64,
    /// Whether private, loopback and link-local hosts are allowed.
    pub allow_private_hosts: bool,
}

impl RawFetch {
    /// `allow_private_hosts` is a key of `input`.
    pub(crate) fn check(self, allow_private_hosts: bool, check: &mut Check) -> Fetch {
        let timeout = check.parse_positive_duration("/input/fetch/timeout", self.timeout.as_deref());
        Fetch {
            requests_per_second: self.requests_per_second.unwrap_or(10),
            timeout: timeout.unwrap_or(Duration::from_secs(60)),
            max_bytes: u64::from(self.max_megabytes.unwrap_or(64)) * 1_000_000,
            allow_private_hosts,
        }
    }
}
