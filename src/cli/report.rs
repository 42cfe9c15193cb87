//! `docmill report`: what runs cost, from the store.

use super::args::{Format, Report};
use super::exit::Failure;
use super::load;
use crate::pipeline::{self, PipelineError};
use crate::store::{Reader, RunRecord};
use std::path::PathBuf;

/// The store when neither a manifest nor `--store` names one.
const STORE: &str = ".docmill/store.db";

#[expect(clippy::print_stdout, reason = "the command line")]
pub(super) fn report(args: &Report) -> Result<u8, Failure> {
    let (store, identity) = match &args.job {
        Some(path) => {
            let job = load::load_from(path, &args.vars, args.store.as_ref())?.job;
            (job.store.clone(), Some(job.identity()))
        }
        None => (args.store.clone().unwrap_or_else(|| PathBuf::from(STORE)), None),
    };
    let failed = |error| Failure::from(PipelineError::Store(error));
    let reader = Reader::open(&store).map_err(failed)?;
    let job = match identity {
        Some(identity) => Some(reader.job(&identity).map_err(failed)?.ok_or(PipelineError::NoRun)?),
        None => None,
    };
    let runs = chosen(reader.runs(job).map_err(failed)?, &args.run);
    let report = pipeline::report(&reader, &runs, args.since.unwrap_or(i64::MIN), args.until.unwrap_or(i64::MAX))?;
    match args.format {
        Format::Json => println!("{:#}", report.to_json()),
        Format::Text => print!("{}", report.to_text()),
    }
    Ok(0)
}

/// The runs that are meant, newest first, all of one job.
fn chosen(runs: Vec<RunRecord>, which: &str) -> Vec<RunRecord> {
    let Some(newest) = runs.first().map(|run| run.job) else {
        return runs;
    };
    match which {
        "all" => runs.into_iter().filter(|run| run.job == newest).collect(),
        "latest" => runs.into_iter().take(1).collect(),
        id => runs.into_iter().filter(|run| run.run_id == id).collect(),
    }
}
