//! What an endpoint accepts, as the store keeps it.

use crate::manifest::Job;
use crate::provider::Capabilities;
use crate::store::StoreError;

/// What the endpoint of a job accepts: what is known of its model, with what the store keeps.
///
/// # Errors
/// When the store keeps what docmill never writes.
pub(crate) fn endpoint_capabilities(job: &Job, stored: Option<&str>) -> Result<Capabilities, StoreError> {
    let (id, model) = (&job.provider.id, &job.provider.model);
    let known = Capabilities::with_stored(job.provider.endpoint.host(), model, stored);
    known.map_err(|reason| StoreError::Damaged(format!("endpoints, endpoint `{id} {model}`: capabilities: {reason}")))
}
