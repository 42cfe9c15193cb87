//! Whether the outputs and the store of a job can be written, checked before anything is paid for.

use crate::export::{KnownPartitions, Targets, check_outputs, check_row_files};
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::identity::stored_job;
use crate::source::{carried_columns, visit_carried};
use crate::store::{ReadStore, StoreError, check_store_writable};
use serde_json::Value;

/// Checks that the outputs and the store of a job can be written. `is_whole`: the outputs will have the rows of all files;
/// those that the store knows of the job show how much space they take.
///
/// # Errors
/// When an output or the store can't be written, or the store can't be read.
pub fn check_outputs_of(job: &Job, is_whole: bool) -> Result<(), PipelineError> {
    check_store_writable(&job.store)?;
    check_outputs(&job.output, if is_whole { known_files(job)? } else { 0 })?;
    check_partitions(job)?;
    Ok(check_row_files(&Targets::of_job(job, &job.output))?)
}

/// Checks the values of the list that rows are partitioned by.
fn check_partitions(job: &Job) -> Result<(), PipelineError> {
    let partition_by = &job.output.partition_by;
    let columns = if partition_by.is_empty() { Vec::new() } else { carried_columns(&job.input)? };
    let keys: Vec<&str> = partition_by.iter().map(String::as_str).collect();
    let keys: Vec<&str> = keys.into_iter().filter(|key| columns.iter().any(|column| column.name == *key)).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let (mut known, mut line, mut fault) = (KnownPartitions::default(), 0_u64, None);
    visit_carried(&job.input, |carried| {
        line += 1;
        let carried = carried.members();
        let values = keys.iter().map(|key| (*key, carried.get(*key).unwrap_or(&Value::Null)));
        fault = known
            .add(values)
            .err()
            .map(|reason| format!("row {line} of the list: {reason}; change output.partition_by"));
        fault.is_none()
    })?;
    fault.map_or(Ok(()), |fault| Err(PipelineError::Input(fault)))
}

/// The number of the job's files in the store.
fn known_files(job: &Job) -> Result<u64, StoreError> {
    let Some(store) = ReadStore::open_if_exists(&job.store)? else { return Ok(0) };
    let reader = store.reader()?;
    match stored_job(&reader, job)? {
        Some(key) => reader.entry_count(key),
        None => Ok(0),
    }
}
