//! `docmill diff`: what a change of the manifest changes.

use super::arg_values::ReportFormat;
use super::args::Global;
use super::confirm::confirm;
use super::diff_args::{Answers, Diff};
use super::exit::{Failure, INTERNAL};
use super::load;
use super::log;
use super::out::{out, outln, terminal_width};
use super::progress::ProgressDisplay;
use super::signals;
use crate::session::{DiffAsking, DiffQuery, DiffSide, Environment, Job, Session, TruthChoice};
use std::path::Path;
use std::sync::{Arc, OnceLock};

pub(crate) fn diff(args: &Diff, global: &Global) -> Result<u8, Failure> {
    let job = load::load_job(&args.job)?;
    // The budget is that of the side that is asked.
    let is_asked = args.against.is_none() && args.model.is_none();
    let job = if is_asked { with_budget(job, args)? } else { job };
    let session = Session::open(job, Environment::of_process());
    let query = DiffQuery {
        against: side(args)?,
        filter: args.filter.clone(),
        sample: args.sample,
        truth: match (&args.truth, args.answers) {
            (Some(path), _) => Some(TruthChoice::File(path.clone())),
            (None, Some(answers)) => Some(TruthChoice::Answers { with_shown: answers == Answers::All }),
            (None, None) => None,
        },
        tasks: args.tasks.clone(),
    };
    let mut failed = None;
    if let Some(asking) = session.prepare_diff(&query)? {
        if args.dry_run {
            match args.format {
                ReportFormat::Json => outln!("{:#}", asking.to_json()),
                ReportFormat::Text | ReportFormat::Html => outln!("{}", asking.to_text()),
            }
            return Ok(0);
        }
        if asking.to_ask() > 0 {
            // Before money is spent, the price is shown even with --quiet.
            log::status("INFO", &asking.to_text(), serde_json::Map::new());
            asking.check_budget()?;
            if !args.yes {
                confirm()?;
            }
            failed = ask(&asking, global)?;
        }
    }
    let report = session.diff(&query)?;
    match args.format {
        ReportFormat::Text => out!("{}", report.to_text(terminal_width())),
        ReportFormat::Json => outln!("{:#}", report.to_json()),
        ReportFormat::Html => out!("{}", report.to_html()?),
    }
    failed.map_or(Ok(0), Err)
}

fn with_budget(job: Job, args: &Diff) -> Result<Job, Failure> {
    match &args.budget_usd {
        Some(usd) => Ok(job.with_budget(usd)?),
        None => Ok(job),
    }
}

/// The other side.
fn side(args: &Diff) -> Result<DiffSide, Failure> {
    if let Some(id) = &args.run {
        return Ok(DiffSide::Run(id.clone()));
    }
    let environment = Environment::of_process();
    let (job, name) = match (&args.against, &args.model) {
        (Some(path), _) => (with_store(Job::load(path, &args.job.vars, &environment)?, args), path_name(path)),
        (None, Some(model)) => {
            let job = Job::load_with_model(&args.job.job, &args.job.vars, &environment, model, args.price)?;
            (with_store(job, args), path_name(&args.job.job))
        }
        (None, None) => return Ok(DiffSide::Previous),
    };
    let name = format!("{name} ({})", job.model());
    let is_other_model = args.model.is_some();
    // Without a price nothing is asked, so that a budget does not matter.
    let job = if is_other_model && !job.has_price() { job } else { with_budget(job, args)? };
    Ok(DiffSide::Job { job: Box::new(job), name, is_other_model })
}

fn path_name(path: &Path) -> String {
    path.display().to_string()
}

fn with_store(job: Job, args: &Diff) -> Job {
    match &args.job.store {
        Some(store) => job.with_store(store),
        None => job,
    }
}

/// Asks the sample. Returns why it ended early, if it did: the answered pages are compared.
fn ask(asking: &DiffAsking, global: &Global) -> Result<Option<Failure>, Failure> {
    let session = Session::open(asking.job.clone(), Environment::of_process());
    let watched = Arc::new(OnceLock::new());
    signals::listen(watched.clone(), None, |_| {})
        .map_err(|error| Failure::new(INTERNAL, format!("can't listen for signals: {error}")))?;
    session.connect()?;
    let _ = watched.set((session.canceller(), session.progress()));
    let progress = ProgressDisplay::start(global, session.progress());
    let asked = session.ask_sample(asking);
    drop(progress);
    asked?;
    Ok(session.early_end().map(Failure::from))
}
