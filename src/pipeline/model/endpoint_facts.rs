//! What the store keeps of an endpoint: what it accepts and what it bills.

use super::calibrations::Calibrations;
use crate::manifest::Job;
use crate::provider::Capabilities;
use crate::store::{ContentRules, StoreError};

/// How the store's checks read these facts.
pub const CONTENT_RULES: ContentRules = ContentRules {
    capabilities: |text| Capabilities::parse(text, Capabilities::default()).map(drop),
    calibration: |text| Calibrations::parse(Some(text)).map(drop),
};

/// What the endpoint of a job accepts: facts about its model, and those in the store.
///
/// # Errors
/// When the store keeps what docmill never writes.
pub(crate) fn endpoint_capabilities(job: &Job, stored: Option<&str>) -> Result<Capabilities, StoreError> {
    let known = Capabilities::with_stored(job.provider.endpoint.host(), &job.provider.model, stored);
    known.map_err(|reason| damaged(job, "capabilities", &reason))
}

/// The bills of a job's endpoint, according to the store.
///
/// # Errors
/// When the store keeps what docmill never writes.
pub(crate) fn endpoint_calibrations(job: &Job, stored: Option<&str>) -> Result<Calibrations, StoreError> {
    Calibrations::parse(stored).map_err(|reason| damaged(job, "calibration", &reason))
}

fn damaged(job: &Job, column: &str, reason: &str) -> StoreError {
    let (id, model) = (&job.provider.id, &job.provider.model);
    StoreError::Damaged(format!("endpoints, endpoint `{id} {model}`: {column}: {reason}"))
}
