//! The columns and formats of a job's rows.

use crate::export::{RowSpec, Targets};
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::source::carried_columns;
use crate::store::TaskKey;
use crate::task::Question;

/// The columns of a job's rows.
///
/// # Errors
/// When the job's list can't be read.
pub(crate) fn columns_of_job(job: &Job, questions: &[Question], keys: &[TaskKey]) -> Result<RowSpec, PipelineError> {
    let carried = carried_columns(&job.input)?;
    let has_distance = job.input.near_duplicates.is_some();
    let (flatten, has_sources) = (job.output.flatten, job.output.answer_source);
    Ok(RowSpec { carried, has_distance, flatten, has_sources, ..RowSpec::new(questions, keys, &job.provider.model) })
}

/// The columns of a job's rows, independent of the store.
///
/// # Errors
/// When the job's list can't be read.
pub(crate) fn row_columns(job: &Job, questions: &[Question]) -> Result<RowSpec, PipelineError> {
    columns_of_job(job, questions, &[])
}

/// The settings of the formats of a job's rows.
pub(crate) fn row_targets(job: &Job) -> Targets {
    Targets::of_job(job, &job.output)
}
