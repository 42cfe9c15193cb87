//! Merging the stores of shards.

use super::error::Error;
use super::job::Job;
use super::run_report::RunReport;
use crate::base::clock::Clock;
use crate::base::hooks::NoHooks;
use crate::base::sibling::database_files;
use crate::pipeline::{self, MergeSources, UnstoredAnswers};
use crate::prepare::DecoderCommand;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Merges stores into the job's store, and writes its outputs.
///
/// # Errors
/// When the stores don't belong together, or a file can't be read or written.
pub(crate) fn merge(
    job: &Job,
    paths: &[PathBuf],
    allow_missing: bool,
    (clock, decoder): (Arc<dyn Clock>, &DecoderCommand),
) -> Result<RunReport, Error> {
    let merged: Vec<PathBuf> = paths.iter().flat_map(|path| database_files(path)).collect();
    let merged: Vec<(&Path, &str)> = merged.iter().map(|path| (path.as_path(), "a store that is merged")).collect();
    job.check_outputs(&merged)?;
    let sources = MergeSources { paths, allow_missing };
    let (report, outcome) =
        pipeline::merge_stores(&job.manifest, &job.questions, sources, (&clock, decoder, &NoHooks))?;
    Ok(RunReport { report, outcome: Some(outcome), unstored: UnstoredAnswers::default() })
}
