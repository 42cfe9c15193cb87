//! Whether the outputs of a job can be written, checked before anything is paid for.

use super::job_rows::targets_of_job;
use crate::export::{check_outputs, check_row_files};
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::identity::stored_job;
use crate::store::{ReadStore, StoreError};
use std::path::Path;

/// Checks that the outputs of a job can be written. The files that the store knows of the job tell
/// how much space they take.
///
/// # Errors
/// When an output can't be written, or the store can't be read.
pub fn check_outputs_of(job: &Job) -> Result<(), PipelineError> {
    let paths: Vec<&Path> = job.output.files().map(|(_, path)| path.as_path()).collect();
    check_outputs(&paths, known_files(job)?)?;
    Ok(check_row_files(&targets_of_job(job, &job.output))?)
}

/// How many files of the job the store knows.
fn known_files(job: &Job) -> Result<u64, StoreError> {
    let reader = match ReadStore::open(&job.store).and_then(|store| store.reader()) {
        Ok(reader) => reader,
        Err(StoreError::Missing { .. }) => return Ok(0),
        Err(error) => return Err(error),
    };
    match stored_job(&reader, job)? {
        Some(key) => reader.entry_count(key),
        None => Ok(0),
    }
}
