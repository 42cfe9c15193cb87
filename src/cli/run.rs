//! `docmill run`.

use super::args::{Again, Global, Retry, Run};
use super::exit::{Failure, INTERNAL, STORAGE, WRONG_INPUT};
use super::load;
use super::log;
use super::metrics::Metrics;
use super::out::outln;
use super::progress::Progress;
use super::signals;
use crate::base::atomic_file;
use crate::base::clock::{Clock, SystemClock};
use crate::base::hooks::NoHooks;
use crate::base::units::rfc3339;
use crate::session::{Environment, Error, RetrySelection, RunOptions, Session};
use serde_json::{Value, json};
use std::path::Path;

pub(crate) fn run(args: &Run, global: &Global) -> Result<u8, Failure> {
    let mut job = load::load_with_input(&args.job)?;
    if let Some(usd) = &args.budget_usd {
        job = job.with_budget(usd)?;
    }
    let session = Session::open(job, Environment::of_process());
    session.connect()?;
    signals::listen(session.canceller(), session.progress())
        .map_err(|error| Failure::new(INTERNAL, format!("can't listen for signals: {error}")))?;
    say(global, &format!("store: {}", session.job().store().display()));
    if session.job().is_simulated() {
        say(global, "provider: built-in simulator; answers and costs are simulated");
    }
    let _metrics = serve_metrics(args, global, &session)?;
    let clock = SystemClock::new();
    let started = running(&session, clock.wall_ms());
    write_summary(args, &started)?;
    let progress = Progress::start(global, session.progress());
    let ran = session.run(&options(args));
    drop(progress);
    let report = match ran {
        Ok(report) => report,
        Err(error) => {
            write_failure(args, &session, started, &error, clock.wall_ms())?;
            return Err(error.into());
        }
    };
    write_summary(args, &report.to_json())?;
    let metrics_written = match &args.metrics_file {
        Some(path) => write_file(path, &report.to_openmetrics(clock.wall_ms())),
        None => Ok(()),
    };
    let written = args.summary.iter().filter(|path| path.as_os_str() != "-");
    let written = written.chain(args.metrics_file.iter().filter(|_| metrics_written.is_ok()));
    let report = written.fold(report, |report, path| report.with_file(path));
    if !global.quiet {
        log::line("INFO", report.to_text().trim_end(), serde_json::Map::new());
    }
    if args.summary.as_deref() == Some(Path::new("-")) {
        // The last line of both streams: that is what Airflow keeps.
        outln!("{}", report.to_json());
    }
    metrics_written?;
    match report.error() {
        Some(error) => Err(error.into()),
        None => Ok(0),
    }
}

/// Which settled tasks are sent again.
pub(crate) fn selection(again: &Again) -> RetrySelection {
    let Again { retry, refresh } = again;
    let refresh = *refresh;
    let retries = |kind: Retry| refresh || retry.contains(&kind) || retry.contains(&Retry::All);
    RetrySelection {
        invalid: retries(Retry::Invalid),
        refused: retries(Retry::Refused),
        failed: retries(Retry::Failed),
        refresh,
    }
}

fn options(args: &Run) -> RunOptions {
    RunOptions {
        limit: args.limit,
        sample: args.sample,
        selection: selection(&args.again),
        tasks: args.tasks.clone(),
        grace: args.grace,
    }
}

/// The summary of a run that has just begun.
fn running(session: &Session, started_ms: i64) -> Value {
    json!({
        "job": session.job().name(), "run_id": session.run_id(), "outcome": "running", "exit_code": null,
        "started_at": rfc3339(started_ms),
    })
}

/// Writes the summary and the metrics of a run that failed with an error.
fn write_failure(
    args: &Run,
    session: &Session,
    mut summary: Value,
    error: &Error,
    ended_ms: i64,
) -> Result<(), Failure> {
    (summary["outcome"], summary["exit_code"], summary["error"]) =
        (error.outcome().into(), error.exit_code().into(), error.message().into());
    write_summary(args, &summary)?;
    match &args.metrics_file {
        Some(path) => write_file(path, &error.to_openmetrics(session.job().name(), ended_ms)),
        None => Ok(()),
    }
}

fn write_summary(args: &Run, value: &Value) -> Result<(), Failure> {
    match args.summary.as_deref() {
        Some(path) if path != Path::new("-") => write_file(path, &format!("{value:#}\n")),
        _ => Ok(()),
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    atomic_file::write(path, text.as_bytes(), &NoHooks)
        .map_err(|error| Failure::new(STORAGE, format!("can't write {}: {error}", path.display())))
}

fn serve_metrics(args: &Run, global: &Global, session: &Session) -> Result<Option<Metrics>, Failure> {
    let Some(address) = args.metrics else { return Ok(None) };
    let metrics = Metrics::start(address, session.progress())
        .map_err(|error| Failure::new(WRONG_INPUT, format!("--metrics {address}: {error}")))?;
    say(global, &format!("metrics: http://{}/metrics", metrics.address));
    Ok(Some(metrics))
}

fn say(global: &Global, line: &str) {
    if !global.quiet {
        log::status("INFO", line, serde_json::Map::new());
    }
}
