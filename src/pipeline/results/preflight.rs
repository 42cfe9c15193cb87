//! Whether the outputs of a job can be written, checked before anything is paid for.

use crate::export::check_outputs;
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::store::{ReadStore, StoreError};
use std::path::Path;

/// Checks that the outputs of a job can be written. The files that the store knows of the job tell
/// how much space they take.
///
/// # Errors
/// When an output can't be written, or the store can't be read.
pub fn check_outputs_of(job: &Job) -> Result<(), PipelineError> {
    let output = &job.output;
    let files = known_files(job)?;
    let rows: Vec<&Path> =
        [&output.csv, &output.parquet, &output.jsonl].into_iter().filter_map(|path| path.as_deref()).collect();
    check_outputs(&rows, files, !output.partition_by.is_empty())?;
    let report: Vec<&Path> = output.report.as_deref().into_iter().collect();
    Ok(check_outputs(&report, files, false)?)
}

/// How many files of the job the store knows.
fn known_files(job: &Job) -> Result<u64, StoreError> {
    let reader = match ReadStore::open(&job.store).and_then(|store| store.reader()) {
        Ok(reader) => reader,
        Err(StoreError::Missing { .. }) => return Ok(0),
        Err(error) => return Err(error),
    };
    match reader.job(&job.identity())? {
        Some(key) => reader.entry_count(key),
        None => Ok(0),
    }
}
