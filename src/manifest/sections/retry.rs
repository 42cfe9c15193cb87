//! `retry` and `on_error`: when an attempt fails, when pages fail.

use crate::base::units::{parse_duration, parse_share};
use crate::manifest::job::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRetry {
    /// Attempts for a request that meets passing faults (default 6). Waiting for a limit or an outage uses none.
    #[schemars(range(min = 1, max = 100))]
    attempts: Option<u32>,
    /// How long a run waits for a provider that lets nothing through (default `10m`).
    max_wait: Option<String>,
    /// Longest time that one page may be asked and asked again, waiting for limits and outages apart (default: no bound).
    page_time: Option<String>,
    /// What comes after a time-out, when the server may still be at it: `wait` as long again and ask again, `resend` soon, or `leave` it to the next run (default `wait`).
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

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOnError {
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
    /// How long a page may be asked and asked again.
    pub page_time: Option<Duration>,
    /// What comes after a time-out.
    pub timed_out: TimedOut,
}

/// What comes after an attempt that timed out, which the server may still be at: no
/// provider has idempotency keys, so asking again may be paid twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimedOut {
    /// It is asked again after this time.
    Wait(Duration),
    /// It is asked again as after any other fault.
    Resend,
    /// It is left to the next run.
    Leave,
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
    /// `timeout`: of an attempt.
    pub(crate) fn check(self, timeout: Duration, check: &mut Check<'_>) -> Retry {
        let max_wait = check.parsed("/retry/max_wait", self.max_wait.as_deref(), parse_duration);
        let page_time =
            check.parsed("/retry/page_time", self.page_time.as_deref(), |text| match parse_duration(text)? {
                Duration::ZERO => Err("no time for a page".to_owned()),
                time => Ok(time),
            });
        Retry {
            attempts: self.attempts.unwrap_or(6),
            max_wait: max_wait.unwrap_or(Duration::from_secs(600)),
            page_time,
            timed_out: match self.timed_out {
                RawTimedOut::Wait => TimedOut::Wait(timeout),
                RawTimedOut::Resend => TimedOut::Resend,
                RawTimedOut::Leave => TimedOut::Leave,
            },
        }
    }
}

impl RawOnError {
    pub(crate) fn check(self, check: &mut Check<'_>) -> OnError {
        let max_failed = check.parsed("/on_error/max_failed", self.max_failed.as_deref(), parse_share);
        OnError { max_failed: max_failed.unwrap_or(0.01), stop_after: self.stop_after.unwrap_or(20) }
    }
}
