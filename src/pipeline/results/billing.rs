//! How an endpoint bills images, for reports.

use crate::catalog::{Basis, Fit, ImageRule};
use crate::manifest::Job;
use crate::pipeline::control::identity::endpoint_id;
use crate::pipeline::model::endpoint_facts::endpoint_calibrations;
use crate::report::Billing;
use crate::store::{Reader, StoreError};

/// How the job's endpoint bills images; `None`: it has not billed enough of them.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn billing_of(reader: &Reader, job: &Job) -> Result<Option<Billing>, StoreError> {
    let stored = reader.calibration(&endpoint_id(job))?;
    let calibration = endpoint_calibrations(job, stored.as_deref())?.for_detail(job.image.detail);
    let fit = Fit::new(job.image.rule, job.image.detail, &calibration);
    let differs = (job.image.rule != ImageRule::Unknown).then(|| fit.differs());
    let is_known = matches!(fit.basis(), Basis::Calibrated(_));
    Ok(is_known.then(|| Billing { rule: fit.to_string(), images: calibration.images(), differs }))
}
