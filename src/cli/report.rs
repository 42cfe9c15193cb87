//! `docmill report`: what runs cost, from the store.

use super::args::{Report, ReportFormat};
use super::exit::{Failure, WRONG_INPUT};
use super::load;
use super::out::{out, outln};
use crate::manifest::Job;
use crate::pipeline;
use crate::pipeline::PipelineError;
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
        return Err(Failure::new(WRONG_INPUT, "--since is not before --until"));
    }
    let is_timed = args.since.is_some() || args.until.is_some();
    let which = args.run.as_deref().unwrap_or(if is_timed { "all" } else { "latest" });
    let all = reader.runs(job).map_err(failed)?;
    let known: Vec<String> = all.iter().take(5).map(|run| run.run_id.to_string()).collect();
    let runs = chosen(all, which);
    if runs.is_empty() && !known.is_empty() {
        let message = format!("there is no run `{which}`");
        return Err(Failure::new(WRONG_INPUT, message).with_hint(&format!("the latest runs: {}", known.join(", "))));
    }
    let mut report = pipeline::report(&reader, &runs, args.since.unwrap_or(i64::MIN), args.until.unwrap_or(i64::MAX))?;
    if let Some(job) = &manifest {
        report.billing = pipeline::billing(&reader, job).map_err(failed)?;
        report.base = Some(job.input.base().to_owned());
    }
    match args.format {
        ReportFormat::Json => outln!("{:#}", report.to_json()),
        ReportFormat::Text => out!("{}", report.to_text()),
        ReportFormat::Html => out!("{}", report.to_html()),
    }
    Ok(0)
}

/// The runs that are meant, newest first, all of one job. A single page that was tried
/// is no run to head a report.
fn chosen(runs: Vec<RunRecord>, which: &str) -> Vec<RunRecord> {
    let is_trial = |run: &RunRecord| run.outcome.as_ref().is_some_and(|(outcome, _)| *outcome == RunOutcomeName::Try);
    let newest = runs.iter().find(|run| !is_trial(run)).or(runs.first()).map(|run| (run.job, run.run));
    let Some((job, latest)) = newest else { return runs };
    match which {
        "all" => {
            let mut runs: Vec<RunRecord> = runs.into_iter().filter(|run| run.job == job).collect();
            runs.sort_by_key(is_trial);
            runs
        }
        "latest" => runs.into_iter().filter(|run| run.run == latest).collect(),
        id => runs.into_iter().filter(|run| run.run_id.as_str() == id).collect(),
    }
}
