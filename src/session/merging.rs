//! Merging the stores of shards.

use super::error::Error;
use super::job::Job;
use super::run_report::RunReport;
use crate::base::clock::Clock;
use crate::base::file_identity::FileIdentity;
use crate::base::hooks::NoHooks;
use crate::base::ids::DecisionId;
use crate::base::sibling::database_files;
use crate::pipeline::{self, MergeSources, UnstoredAnswers};
use crate::prepare::DecoderCommand;
use crate::store::{DecisionRecord, NewDecision, ReadStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Human answers that are read at once.
const DECISIONS_AT_ONCE: usize = 1000;

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
    if has_other_human_answers(job)? {
        tracing::warn!(
            "the outputs do not contain all human answers in {}, the job's own store: give it to the shards with --base",
            job.own_store.display()
        );
    }
    Ok(RunReport { report, outcome: Some(outcome), unstored: UnstoredAnswers::default() })
}

/// Whether the job's own store has human answers that the merged store has not.
fn has_other_human_answers(job: &Job) -> Result<bool, Error> {
    let (own, name) = (&job.own_store, &job.manifest.name);
    if FileIdentity::of_path(own).is_same(&FileIdentity::of_path(&job.manifest.store)) {
        return Ok(false);
    }
    // A store that can't be read is not a part of this merge.
    let Ok(Some(own)) = ReadStore::open_if_exists(own) else { return Ok(false) };
    let Ok(own) = own.reader() else { return Ok(false) };
    let merged = ReadStore::open(&job.manifest.store)?.reader()?;
    let mut last = DecisionId(0);
    loop {
        let found = own.all_decisions(name, last, DECISIONS_AT_ONCE)?;
        let Some(newest) = found.last() else { return Ok(false) };
        last = newest.id;
        for record in found.iter().filter(|record| !record.is_withdrawn) {
            let known = merged.decisions(name, &record.decision.page)?;
            // A draw has another id in each store.
            let is_same = |known: &DecisionRecord| {
                NewDecision { draw: record.decision.draw, ..known.decision.clone() } == record.decision
            };
            if !known.iter().any(is_same) {
                return Ok(true);
            }
        }
    }
}
