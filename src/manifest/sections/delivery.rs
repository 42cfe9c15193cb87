//! `delivery` and `batch`: whether requests are sent at once or through the Batch API.

use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// How requests are delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawDelivery {
    /// Each request is sent at once.
    #[default]
    Now,
    /// Requests are sent through the provider's Batch API: results within a day, for half the price.
    Batch,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBatch {
    /// Interval between status checks of a batch (default `60s`).
    poll: Option<String>,
    /// Maximum number of requests per batch (default 50000).
    #[schemars(range(min = 1, max = 100_000))]
    requests: Option<u32>,
    /// Maximum size of a batch file, in megabytes (default 190).
    #[schemars(range(min = 1, max = 500))]
    megabytes: Option<u32>,
    /// Prompt tokens that the provider allows in its queue at a time. Default: learned from the provider's rejections.
    #[schemars(range(min = 1, max = 4_000_000_000_000_u64))]
    queued_tokens: Option<u64>,
}

/// Bounds of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchBounds {
    /// Whether the manifest sets any of them.
    pub is_given: bool,
    /// Interval between status checks of a batch.
    pub poll: Duration,
    /// Maximum number of requests per batch.
    pub requests: u64,
    /// Maximum size of a batch file, in bytes.
    pub bytes: u64,
    /// Prompt tokens that the provider allows in its queue at a time. `None`: learned.
    pub queued_tokens: Option<u64>,
}

impl Default for BatchBounds {
    fn default() -> Self {
        Self {
            is_given: false,
            poll: Duration::from_secs(60),
            requests: 50_000,
            bytes: 190_000_000,
            queued_tokens: None,
        }
    }
}

impl RawBatch {
    pub(crate) fn check(self, check: &mut Check) -> BatchBounds {
        let poll = check.parse_positive_duration("/batch/poll", self.poll.as_deref());
        let default = BatchBounds::default();
        BatchBounds {
            is_given: poll.is_some()
                || self.requests.is_some()
                || self.megabytes.is_some()
                || self.queued_tokens.is_some(),
            poll: poll.unwrap_or(default.poll),
            requests: self.requests.map_or(default.requests, Into::into),
            bytes: self.megabytes.map_or(default.bytes, |megabytes| u64::from(megabytes) * 1_000_000),
            queued_tokens: self.queued_tokens,
        }
    }
}
