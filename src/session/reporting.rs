//! The reports on runs that a store has.

use super::error::{Error, WRONG_INPUT};
use super::job::Job;
use super::run_report::RunReport;
use super::runs::{choose_runs, known_runs};
use crate::pipeline::{self, PipelineError, UnstoredAnswers};
use crate::store::ReadStore;
use std::path::Path;

/// Which runs a report covers.
#[derive(Clone, Debug, Default)]
pub struct ReportQuery {
    /// `latest`, `all`, or the id of a run or the beginning of it; `None`: `all` when a time is given, else `latest`.
    pub run: Option<String>,
    /// Only attempts from this time on: wall time in milliseconds.
    pub since_ms: Option<i64>,
    /// Only attempts before this time: wall time in milliseconds.
    pub until_ms: Option<i64>,
}

/// The report on runs in a store; `job`: only of this job.
///
/// # Errors
/// When the store can't be read or has no such run.
pub fn report_from_store(store: &Path, job: Option<&Job>, query: &ReportQuery) -> Result<RunReport, Error> {
    if query.since_ms.zip(query.until_ms).is_some_and(|(since, until)| since >= until) {
        return Err(Error::new(WRONG_INPUT, "--since is not before --until"));
    }
    let opened = ReadStore::open(store)?;
    let reader = opened.reader()?;
    let keys = job.map(|job| pipeline::stored_jobs(&reader, &job.manifest)).transpose()?;
    if keys.as_ref().is_some_and(Vec::is_empty) {
        return Err(PipelineError::NoRun.into());
    }
    let is_timed = query.since_ms.is_some() || query.until_ms.is_some();
    let which = query.run.as_deref().unwrap_or(if is_timed { "all" } else { "latest" });
    let runs = choose_runs(known_runs(&opened, &reader, keys.as_deref())?, which, job.is_some())?;
    let (since_ms, until_ms) = (query.since_ms.unwrap_or(i64::MIN), query.until_ms.unwrap_or(i64::MAX));
    let report = pipeline::report(&reader, &runs, since_ms, until_ms, job.map(|job| &job.manifest))?;
    Ok(RunReport { report, outcome: None, unstored: UnstoredAnswers::default() })
}
