//! `docmill run`.

use super::args::{Again, Global, Retry, Run};
use super::exit::{Failure, INTERNAL, WRONG_INPUT};
use super::load;
use super::load::Loaded;
use super::log;
use super::metrics::{Labels, Metrics};
use super::out::outln;
use super::progress::Progress;
use super::signals;
use crate::base::atomic_file;
use crate::base::hooks::NoHooks;
use crate::base::money::Pico;
use crate::base::units::rfc3339;
use crate::manifest::{Endpoint, Job};
use crate::pipeline;
use crate::pipeline::{Counters, Environment, RunOptions, Stop, Wish};
use crate::report;
use crate::store::RunId;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

pub(crate) fn run(args: &Run, global: &Global) -> Result<u8, Failure> {
    let Loaded { mut job, questions } = load::load_with_input(&args.job)?;
    if let Some(text) = &args.budget_usd {
        job.limits.budget =
            Some(Pico::from_usd(text).map_err(|error| Failure::new(WRONG_INPUT, format!("--budget-usd: {error}")))?);
        if job.provider.price.is_none() {
            return Err(Failure::new(WRONG_INPUT, "--budget-usd: the price of this model is unknown")
                .with_hint("set provider.price; 0 for free"));
        }
    }
    let provider = load::provider(&job)?;
    let stop = Stop::default();
    signals::listen(stop.clone())
        .map_err(|error| Failure::new(INTERNAL, format!("can't listen for signals: {error}")))?;
    let job = Arc::new(job);
    say(global, &format!("store: {}", job.store.display()));
    if matches!(job.provider.endpoint, Endpoint::Simulator(_)) {
        say(
            global,
            "provider: the built-in simulator; its answers are made up from what it sees, its costs are no money",
        );
    }
    let counters = Arc::new(Counters::default());
    let _metrics = serve_metrics(args, global, &job, &provider.environment.run_id, &counters)?;
    summary(args, &running(&job.name, &provider.environment))?;
    let progress = Progress::start(global, counters.clone());
    let ran = pipeline::run(&job, &questions, &provider.environment, &options(args), &stop, &counters);
    drop(progress);
    let report = match ran {
        Ok(report) => report,
        Err(error) => {
            let failure = Failure::from(error);
            let outcome = if failure.code() == super::exit::STORAGE { "storage_error" } else { "error" };
            let mut ended = running(&job.name, &provider.environment);
            (ended["outcome"], ended["exit_code"], ended["error"]) =
                (outcome.into(), failure.code().into(), failure.message().into());
            summary(args, &ended)?;
            if let Some(path) = &args.metrics_file {
                let ended_ms = provider.environment.clock.wall_ms();
                write_file(path, &report::render_failed_prometheus(&job.name, outcome, failure.code(), ended_ms))?;
            }
            return Err(failure);
        }
    };
    let to_stdout = args.summary.as_deref() == Some(Path::new("-"));
    summary(args, &report::render_json(&report))?;
    say(global, report::render_text(&report).trim_end());
    let told = args.metrics_file.as_ref().map_or(Ok(()), |path| {
        write_file(path, &report::render_prometheus(&report, provider.environment.clock.wall_ms()))
    });
    if to_stdout {
        // The last line, also of both streams together: that is what Airflow keeps.
        outln!("{}", report::render_json(&report));
    }
    told?;
    let outcome = stop.ending().unwrap_or(pipeline::RunOutcome::Complete);
    if let Some((what, hint)) = outcome.explanation() {
        return Err(Failure::new(outcome.exit_code(), what).with_hint(&hint));
    }
    Ok(outcome.exit_code())
}

/// What is asked again.
pub(crate) fn wish(again: &Again) -> Wish {
    let Again { retry, refresh } = again;
    let refresh = *refresh;
    let retries = |kind: Retry| refresh || retry.contains(&kind) || retry.contains(&Retry::All);
    Wish { invalid: retries(Retry::Invalid), refused: retries(Retry::Refused), failed: retries(Retry::Failed), refresh }
}

fn options(args: &Run) -> RunOptions {
    RunOptions {
        limit: args.limit,
        sample: args.sample,
        wish: wish(&args.again),
        tasks: args.tasks.clone(),
        grace: args.grace,
    }
}

/// The summary of a run that has only begun.
fn running(job: &str, environment: &Environment) -> Value {
    json!({
        "job": job, "run_id": environment.run_id.as_str(), "outcome": "running", "exit_code": null,
        "started_at": rfc3339(environment.clock.wall_ms()),
    })
}

fn summary(args: &Run, value: &Value) -> Result<(), Failure> {
    match args.summary.as_deref() {
        Some(path) if path != Path::new("-") => write_file(path, &format!("{value:#}\n")),
        _ => Ok(()),
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    atomic_file::write(path, text.as_bytes(), &NoHooks)
        .map_err(|error| Failure::new(super::exit::STORAGE, format!("can't write {}: {error}", path.display())))
}

fn serve_metrics(
    args: &Run,
    global: &Global,
    job: &Job,
    run_id: &RunId,
    counters: &Arc<Counters>,
) -> Result<Option<Metrics>, Failure> {
    let Some(address) = args.metrics else { return Ok(None) };
    let labels = Labels { job: job.name.clone(), run_id: run_id.to_string(), model: job.provider.model.clone() };
    let metrics = Metrics::start(address, labels, counters.clone())
        .map_err(|error| Failure::new(WRONG_INPUT, format!("--metrics {address}: {error}")))?;
    say(global, &format!("metrics: http://{}/metrics", metrics.address));
    Ok(Some(metrics))
}

fn say(global: &Global, line: &str) {
    if !global.quiet {
        log::line("INFO", line, serde_json::Map::new());
    }
}
