//! `retry` and `on_error`: when an attempt fails, when pages fail.

use super::job::Check;
use crate::units::{parse_duration, parse_share};
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRetry {
    /// Attempts for a request that meets passing faults (default 6). Waiting for a limit or an outage uses none.
    #[schemars(range(min = 1, max = 100))]
    attempts: Option<u32>,
    /// How long a run waits for a provider that lets nothing through (default `10m`).
    max_wait: Option<String>,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOnError {
    /// Share of pages that may fail before the run's exit code says so (default `1%`).
    max_failed: Option<String>,
    /// Stop when the first N pages, or any 50 in a row, end with one and the same kind of error (default 20; 0: never).
    stop_after: Option<u32>,
}

/// When an attempt fails.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Attempts for a request that meets passing faults.
    pub attempts: u32,
    /// How long a run waits without any success.
    pub max_wait: Duration,
}

/// When pages fail.
#[derive(Clone, Copy, Debug)]
pub struct OnError {
    /// Share of all rows that may fail, 0 to 1.
    pub max_failed: f64,
    /// Pages with one and the same error at the start of a run that stop it; 0: never.
    pub stop_after: u32,
}

impl RawRetry {
    pub(super) fn check(self, check: &mut Check<'_>) -> Retry {
        let max_wait = check.parsed("/retry/max_wait", self.max_wait.as_deref(), parse_duration);
        Retry { attempts: self.attempts.unwrap_or(6), max_wait: max_wait.unwrap_or(Duration::from_secs(600)) }
    }
}

impl RawOnError {
    pub(super) fn check(self, check: &mut Check<'_>) -> OnError {
        let max_failed = check.parsed("/on_error/max_failed", self.max_failed.as_deref(), parse_share);
        OnError { max_failed: max_failed.unwrap_or(0.01), stop_after: self.stop_after.unwrap_or(20) }
    }
}
