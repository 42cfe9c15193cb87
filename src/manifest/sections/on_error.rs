//! `on_error`: how many failed pages a run accepts.

use crate::base::units::parse_share;
use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOnError {
    /// Maximum share of rows that may be failed, invalid or refused (default `1%`). Above it, the run ends with exit code 3.
    max_failed: Option<String>,
    /// Stop when the first N pages, or any 50 in a row, end with the same kind of error (default 20). 0 means never.
    stop_after: Option<u32>,
}

/// How many failed pages a run accepts.
#[derive(Clone, Copy, Debug)]
pub struct OnError {
    /// Maximum share of rows that may be failed, invalid or refused, from 0 to 1.
    pub max_failed: f64,
    /// Number of pages at the start of a run that stop it if all end with the same kind of
    /// error. 0 means never.
    pub stop_after: u32,
}

impl RawOnError {
    pub(crate) fn check(self, check: &mut Check) -> OnError {
        let max_failed = check.parse("/on_error/max_failed", self.max_failed.as_deref(), parse_share);
        OnError { max_failed: max_failed.unwrap_or(0.01), stop_after: self.stop_after.unwrap_or(20) }
    }
}
