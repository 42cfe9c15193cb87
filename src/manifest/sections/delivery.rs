//! `delivery` and `batch`: at once, or as the provider's batches.

use crate::base::units::parse_duration;
use crate::manifest::job::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

/// How requests are delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawDelivery {
    /// Each at once.
    #[default]
    Now,
    /// By the provider's Batch API: within a day, for half the price.
    Batch,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBatch {
    /// Time between two looks at a batch (default `60s`).
    poll: Option<String>,
    /// Most requests of a batch (default 50000).
    #[schemars(range(min = 1, max = 100_000))]
    requests: Option<u32>,
    /// Most megabytes of a batch's file (default 190).
    #[schemars(range(min = 1, max = 500))]
    megabytes: Option<u32>,
    /// Prompt tokens that the provider lets wait at once (default: learned from its refusals).
    #[schemars(range(min = 1, max = 4_000_000_000_000_u64))]
    queued_tokens: Option<u64>,
}

/// Bounds of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batches {
    /// Whether the manifest says anything of them.
    pub is_given: bool,
    /// Time between two looks.
    pub poll: Duration,
    /// Most requests of one.
    pub requests: u64,
    /// Most bytes of one's file.
    pub bytes: u64,
    /// Prompt tokens that may wait at once.
    pub queued_tokens: Option<u64>,
}

impl Default for Batches {
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
    pub(crate) fn check(self, check: &mut Check<'_>) -> Batches {
        let poll = check.parsed("/batch/poll", self.poll.as_deref(), |text| match parse_duration(text)? {
            Duration::ZERO => Err("a time of nothing".to_owned()),
            poll => Ok(poll),
        });
        let usual = Batches::default();
        Batches {
            is_given: poll.is_some()
                || self.requests.is_some()
                || self.megabytes.is_some()
                || self.queued_tokens.is_some(),
            poll: poll.unwrap_or(usual.poll),
            requests: self.requests.map_or(usual.requests, Into::into),
            bytes: self.megabytes.map_or(usual.bytes, |megabytes| u64::from(megabytes) * 1_000_000),
            queued_tokens: self.queued_tokens,
        }
    }
}
