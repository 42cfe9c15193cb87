//! The runs of a store: their history, and those that a report covers.

use super::error::{Error, WRONG_INPUT};
use super::job::Job;
use crate::base::clock::{Clock, SystemClock};
use crate::base::ids::JobId;
use crate::labels::history::{RunHistory, read_history};
use crate::manifest::nearest_name;
use crate::pipeline::{PipelineError, merged_runs, shards_of_runs, stored_jobs};
use crate::store::{DIED_END, ReadStore, Reader, RunRecord, StoreError};
use std::cmp::Reverse;

/// Maximum number of runs that a message lists.
const MAX_LISTED: usize = 5;

/// The newest `limit` runs of a job.
///
/// # Errors
/// When the store can't be read, or has no run of the job.
pub(crate) fn history_of_job(job: &Job, limit: usize) -> Result<RunHistory, Error> {
    let opened = job.open_store()?;
    let reader = opened.reader()?;
    let keys = stored_jobs(&reader, &job.manifest)?;
    if keys.is_empty() {
        return Err(PipelineError::NoRun.into());
    }
    let runs = known_runs(&opened, &reader, Some(&keys))?;
    Ok(read_history(&reader, &runs, limit)?)
}

/// The runs of some jobs, or of all, newest first. Those whose process is gone have died.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn known_runs(
    opened: &ReadStore,
    reader: &Reader,
    jobs: Option<&[JobId]>,
) -> Result<Vec<RunRecord>, StoreError> {
    let mut runs = reader.runs(if let Some([job]) = jobs { Some(*job) } else { None })?;
    runs.retain(|run| jobs.is_none_or(|jobs| jobs.contains(&run.job)));
    let now_ms = SystemClock::new().wall_ms();
    for run in runs.iter_mut().filter(|run| opened.has_died(run, now_ms)) {
        (run.outcome, run.ended_ms) = (Some(DIED_END), Some(run.heartbeat_ms));
    }
    match reader.shard()? {
        // A shard takes over the runs of a base at any time.
        Some(_) => runs.sort_by_key(|run| Reverse((run.shard.is_some(), run.run))),
        // A merge has brought them in shard by shard.
        None if runs.iter().any(|run| run.shard.is_some()) => {
            runs.sort_by_key(|run| Reverse((run.started_ms, run.run)));
        }
        None => {}
    }
    Ok(runs)
}

/// Whether a run only tried something: a page, or how stable answers are. Its recipes are not those of the manifest.
pub(crate) fn is_try(run: &RunRecord) -> bool {
    run.is_try
}

/// The runs that a report covers, newest first: `latest`, `all` (of one job, which is known if `is_one_job`), or the
/// id of one or the beginning of it. A tried page does not head a report when there is a run.
///
/// # Errors
/// When there is no such run, or more than one id begins with the text in `which`.
pub(crate) fn choose_runs(runs: Vec<RunRecord>, which: &str, is_one_job: bool) -> Result<Vec<RunRecord>, Error> {
    let newest = runs.iter().find(|run| !is_try(run)).or(runs.first()).map(|run| (run.job, run.run));
    let Some((job, latest)) = newest else { return Ok(runs) };
    match which {
        "all" => {
            let mut runs: Vec<RunRecord> = runs.into_iter().filter(|run| is_one_job || run.job == job).collect();
            runs.sort_by_key(is_try);
            Ok(runs)
        }
        "latest" => {
            let runs: Vec<RunRecord> = runs.into_iter().filter(|run| run.job == job).collect();
            match shards_of_runs(&runs) {
                // Together they are one run.
                Some(shards) => Ok(merged_runs(&runs, shards)),
                None => Ok(runs.into_iter().filter(|run| run.run == latest).collect()),
            }
        }
        id => find_run(&runs, id).map(|run| vec![run.clone()]),
    }
}

/// The run with this id, or the only one whose id begins with it.
///
/// # Errors
/// When there is none, or there are several.
pub(crate) fn find_run<'a>(runs: &'a [RunRecord], id: &str) -> Result<&'a RunRecord, Error> {
    if let Some(run) = runs.iter().find(|run| run.run_id.as_str() == id) {
        return Ok(run);
    }
    let found: Vec<&RunRecord> =
        runs.iter().filter(|run| !id.is_empty() && run.run_id.as_str().starts_with(id)).collect();
    let list = |runs: &[&RunRecord]| {
        let ids: Vec<&str> = runs.iter().take(MAX_LISTED).map(|run| run.run_id.as_str()).collect();
        let more = if runs.len() > MAX_LISTED { ", …" } else { "" };
        format!("{}{more}", ids.join(", "))
    };
    match found.as_slice() {
        [run] => Ok(run),
        [] => {
            let mut nearest: Vec<&RunRecord> = runs.iter().collect();
            let is_near = nearest_name(id, runs.iter().map(|run| run.run_id.as_str())).is_some();
            if is_near {
                // Of equally near ones the latest come first.
                nearest.sort_by_key(|run| strsim::damerau_levenshtein(id, run.run_id.as_str()));
            }
            nearest.truncate(MAX_LISTED);
            let which = if is_near { "nearest" } else { "latest" };
            Err(Error::new(WRONG_INPUT, format!("there is no run `{id}`"))
                .with_hint(&format!("the {which}: {}; `docmill runs` lists all of a job", list(&nearest))))
        }
        several => Err(Error::new(WRONG_INPUT, format!("the ids of {} runs begin with `{id}`", several.len()))
            .with_hint(&format!("one of: {}", list(several)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{RunId, RunKey};
    use crate::base::vocabulary::RunOutcomeName;

    fn run(key: i64, id: &str, outcome: RunOutcomeName) -> RunRecord {
        RunRecord {
            run: RunKey(key),
            run_id: RunId::new(id),
            job: JobId(1),
            job_name: "test".into(),
            model: "m".into(),
            started_ms: key,
            ended_ms: Some(key),
            heartbeat_ms: key,
            outcome: Some((outcome, 0)),
            tasks: Vec::new(),
            shard: None,
            settings: None,
            is_try: outcome == RunOutcomeName::Try,
        }
    }

    fn runs() -> Vec<RunRecord> {
        use RunOutcomeName::{Complete, Try};
        vec![
            run(4, "20261124T070000-b7a0c2d41f00", Try),
            run(3, "20261124T060000-a7a0c2d41f00", Complete),
            run(2, "20261124T060000-a7b0c2d41f00", Complete),
            run(1, "20261123T060000-77a0c2d41f00", Complete),
        ]
    }

    #[test]
    fn a_run_is_found_by_the_beginning_of_its_id() {
        let found = |which: &str| match choose_runs(runs(), which, false) {
            Ok(runs) => Ok(runs.iter().map(|run| run.run.0).collect::<Vec<_>>()),
            Err(error) => Err(format!("{error}; {}", error.hint().unwrap_or_default())),
        };
        assert_eq!(found("latest"), Ok(vec![3]), "not a tried page");
        assert_eq!(found("all"), Ok(vec![3, 2, 1, 4]));
        assert_eq!(found("20261123"), Ok(vec![1]));
        assert_eq!(found("20261124T060000-a7b"), Ok(vec![2]));
        assert_eq!(found("20261124T070000-b7a0c2d41f00"), Ok(vec![4]));
        for which in ["20261124T06", "20261125T060000-a7b0c2d41f00", "", "x"] {
            assert!(found(which).is_err(), "{which}");
        }
        let several = found("20261124T060000").unwrap_err();
        assert!(several.starts_with("the ids of 2 runs begin with `20261124T060000`; one of: 2026"), "{several}");
        let unknown = found("20261124T060001-a7b0c2d41f00").unwrap_err();
        assert!(unknown.contains("the nearest: 20261124T060000-a7b0c2d41f00, "), "{unknown}");
        let other = found("foo").unwrap_err();
        assert!(other.contains("the latest: 20261124T070000-b7a0c2d41f00, 20261124T060000-a7a0"), "{other}");
    }
}
