//! `docmill report`: the spend of runs, from the store.

use super::args::{Report, ReportFormat};
use super::exit::{Failure, WRONG_INPUT};
use super::load;
use super::out::{out, outln};
use crate::manifest::Job;
use crate::pipeline;
use crate::pipeline::PipelineError;
use crate::report::{render_html, render_json, render_text};
use crate::store::{ReadStore, RunOutcomeName, RunRecord};

pub(crate) fn report(args: &Report) -> Result<u8, Failure> {
    let manifest = match &args.job {
        Some(path) => Some(load::load_from(path, &args.vars, args.store.as_ref())?.job),
        None => None,
    };
    let store = load::store_path(manifest.as_ref(), args.store.as_ref());
    let identity = manifest.as_ref().map(Job::identity);
    let failed = |error| Failure::from(PipelineError::Store(error));
    let reader = ReadStore::open(&store).and_then(|store| store.reader()).map_err(failed)?;
    let job = match identity {
        Some(identity) => Some(reader.job(&identity).map_err(failed)?.ok_or(PipelineError::NoRun)?),
        None => None,
    };
    if args.since.zip(args.until).is_some_and(|(since, until)| since >= until) {
        return Err(Failure::new(WRONG_INPUT, "--since must be before --until"));
    }
    let is_timed = args.since.is_some() || args.until.is_some();
    let which = args.run.as_deref().unwrap_or(if is_timed { "all" } else { "latest" });
    let all = reader.runs(job).map_err(failed)?;
    let latest: Vec<String> = all.iter().take(5).map(|run| run.run_id.to_string()).collect();
    let runs = select_runs(all, which);
    if runs.is_empty() && !latest.is_empty() {
        let message = format!("run `{which}` not found");
        return Err(Failure::new(WRONG_INPUT, message).with_hint(&format!("latest runs: {}", latest.join(", "))));
    }
    let mut report = pipeline::report(&reader, &runs, args.since.unwrap_or(i64::MIN), args.until.unwrap_or(i64::MAX))?;
    if let Some(job) = &manifest {
        report.billing = pipeline::billing(&reader, job).map_err(failed)?;
        report.base = Some(job.input.base().to_owned());
    }
    match args.format {
        ReportFormat::Json => outln!("{:#}", render_json(&report)),
        ReportFormat::Text => out!("{}", render_text(&report)),
        ReportFormat::Html => out!("{}", render_html(&report)),
    }
    Ok(0)
}

/// The selected runs of one job, newest first. `docmill try` also stores a run; it heads a
/// report only if the job has no other.
fn select_runs(runs: Vec<RunRecord>, which: &str) -> Vec<RunRecord> {
    let is_try = |run: &RunRecord| run.outcome.as_ref().is_some_and(|(outcome, _)| *outcome == RunOutcomeName::Try);
    let newest = runs.iter().find(|run| !is_try(run)).or(runs.first()).map(|run| (run.job, run.run));
    let Some((job, latest)) = newest else { return runs };
    match which {
        "all" => {
            let mut runs: Vec<RunRecord> = runs.into_iter().filter(|run| run.job == job).collect();
            runs.sort_by_key(is_try);
            runs
        }
        "latest" => runs.into_iter().filter(|run| run.run == latest).collect(),
        id => runs.into_iter().filter(|run| run.run_id.as_str() == id).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{JobId, RunId, RunKey};

    fn run(run: i64, job: i64, outcome: Option<RunOutcomeName>) -> RunRecord {
        RunRecord {
            run: RunKey(run),
            run_id: RunId::new(format!("r{run}")),
            job: JobId(job),
            job_name: "j".into(),
            model: "m".into(),
            started_ms: 0,
            ended_ms: None,
            outcome: outcome.map(|outcome| (outcome, 0)),
            tasks: Vec::new(),
        }
    }

    #[test]
    fn runs_of_one_job_are_selected_and_tries_come_last() {
        let (tried, complete) = (Some(RunOutcomeName::Try), Some(RunOutcomeName::Complete));
        let runs = || vec![run(5, 1, tried), run(4, 1, None), run(3, 2, complete), run(2, 1, complete)];
        let select = |runs, which| -> Vec<i64> { select_runs(runs, which).iter().map(|run| run.run.0).collect() };
        assert_eq!(select(runs(), "latest"), [4]);
        assert_eq!(select(runs(), "all"), [4, 2, 5]);
        assert_eq!(select(runs(), "r3"), [3]);
        assert_eq!(select(runs(), "r9"), [0; 0]);
        assert_eq!(select(vec![run(5, 1, tried)], "latest"), [5]);
        assert_eq!(select(Vec::new(), "latest"), [0; 0]);
    }
}
