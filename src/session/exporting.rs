//! Writing the outputs of a job again, from the store.

use super::error::{Error, WRONG_INPUT};
use super::job::{Job, Outputs};
use super::overwriting::{WrittenContent, WrittenFile};
use crate::base::hooks::NoHooks;
use crate::pipeline;
use crate::store::RunRecord;
use std::path::PathBuf;

/// Writes the outputs of the manifest, or others `instead`. Returns the files. `now_ms`: wall time.
///
/// # Errors
/// When a file is one that the job uses, the store has no run of the job, or a file can't be written.
pub(crate) fn export(job: &Job, instead: &Outputs, now_ms: i64) -> Result<Vec<PathBuf>, Error> {
    let other = instead.other_rows();
    let given = [("--csv", &instead.csv), ("--parquet", &instead.parquet), ("--jsonl", &instead.jsonl)];
    let given = given
        .into_iter()
        .filter_map(|(option, path)| Some(WrittenFile::new(option, path.as_ref()?, WrittenContent::Rows)));
    match given.collect::<Vec<_>>().as_slice() {
        // Readers of the manifest's outputs expect all rows.
        [] if other.is_some() => {
            let (option, what) = other.unwrap_or_default();
            let message = format!("{option} writes {what}, and no file for them is given");
            return Err(
                Error::new(WRONG_INPUT, message).with_hint("give --csv, --parquet or --jsonl; `-` is standard output")
            );
        }
        [] => job.check_outputs(&[])?,
        given => job.check_written(given)?,
    }
    job.check_part_names(instead)?;
    if let Some((option, what)) = other
        && job.shares_output(instead)
    {
        let message = format!("{option} writes {what} over an output of the manifest");
        return Err(Error::new(WRONG_INPUT, message).with_hint(
            "write them to another file: readers of the manifest's outputs expect all rows, with human answers",
        ));
    }
    let reader = job.open_store()?.reader()?;
    let output = job.outputs(instead);
    let has_all = first_run(job, now_ms)?.is_none();
    Ok(pipeline::export(&reader, &job.manifest, &job.questions, &output, instead.selection(), has_all, &NoHooks)?)
}

/// Whether no run of the job has reached the end of its input yet: there may be pages that are not in the store.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn is_partly_listed(job: &Job) -> Result<bool, Error> {
    let reader = job.open_store()?.reader()?;
    let Some(key) = pipeline::stored_job(&reader, &job.manifest)? else { return Ok(false) };
    let has_listed = |run: &RunRecord| run.outcome.as_ref().is_some_and(|(name, _)| name.has_listed_input());
    let mut runs = reader.runs(Some(key))?;
    runs.retain(|run| !run.is_try);
    Ok(!runs.is_empty() && !runs.iter().any(has_listed))
}

/// The id of the first run of the job, while it is in progress: the store does not have all pages yet. `now_ms`: wall
/// time.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn first_run(job: &Job, now_ms: i64) -> Result<Option<String>, Error> {
    let opened = job.open_store()?;
    let reader = opened.reader()?;
    let Some(key) = pipeline::stored_job(&reader, &job.manifest)? else { return Ok(None) };
    let mut runs = reader.runs(Some(key))?;
    runs.retain(|run| !run.is_try);
    let is_first = runs.iter().all(|run| run.outcome.is_none() && !opened.has_died(run, now_ms));
    Ok(runs.first().filter(|_| is_first).map(|run| run.run_id.to_string()))
}
