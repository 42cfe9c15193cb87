//! `retry`: what happens after a failed attempt.

use crate::base::units::parse_duration;
use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRetry {
    /// Maximum number of attempts per request that fail with a transient error (default 6). Waiting for a rate limit or an outage does not count.
    #[schemars(range(min = 1, max = 100))]
    attempts: Option<u32>,
    /// Maximum time that a run waits while the provider accepts no requests (default `10m`).
    max_wait: Option<String>,
    /// Maximum total time per page, including retries but not time spent waiting for rate limits or outages (default: unlimited).
    page_time: Option<String>,
    /// What to do after a timeout, when the server may still be working on the request: `wait` for another `request.timeout`, then retry (default); `resend` soon; or `leave` the page to the next run.
    #[serde(default)]
    timed_out: RawTimedOut,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawTimedOut {
    #[default]
    Wait,
    Resend,
    Leave,
}

/// What happens after a failed attempt.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Maximum number of attempts per request that fail with a transient error.
    pub attempts: u32,
    /// Maximum time that a run waits while no request succeeds.
    pub max_wait: Duration,
    /// Maximum total time per page, without waiting for rate limits and outages.
    pub page_time: Option<Duration>,
    /// What happens after a timeout.
    pub timed_out: TimedOut,
}

/// What happens after an attempt that timed out. The server may still be working on it. No
/// provider supports idempotency keys, so that a retry may be billed in addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimedOut {
    /// Wait for this time, then retry.
    Wait(Duration),
    /// Retry as after any other transient error.
    Resend,
    /// Leave the page to the next run.
    Leave,
}

impl RawRetry {
    /// `timeout` is `request.timeout`.
    pub(crate) fn check(self, timeout: Duration, check: &mut Check) -> Retry {
        let max_wait = check.parse("/retry/max_wait", self.max_wait.as_deref(), parse_duration);
        Retry {
            attempts: self.attempts.unwrap_or(6),
            max_wait: max_wait.unwrap_or(Duration::from_secs(600)),
            page_time: check.parse_positive_duration("/retry/page_time", self.page_time.as_deref()),
            timed_out: match self.timed_out {
                RawTimedOut::Wait => TimedOut::Wait(timeout),
                RawTimedOut::Resend => TimedOut::Resend,
                RawTimedOut::Leave => TimedOut::Leave,
            },
        }
    }
}
