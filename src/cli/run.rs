//! `docmill run`.

use super::args::{Again, Global, Retry, Run};
use super::caller_args::Caller;
use super::exit::{Failure, INTERNAL, WRONG_INPUT};
use super::followers::Followers;
use super::lease::LeasePipe;
use super::load;
use super::log;
use super::metrics::Metrics;
use super::parent;
use super::progress::ProgressDisplay;
use super::run_end::finish;
use super::run_record::RunRecorder;
use super::signals;
use crate::base::sibling::database_files;
use crate::session::{Environment, Filter, Job, RetrySelection, RunOptions, Session};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

pub(crate) fn run(args: &Run, global: &Global) -> Result<u8, Failure> {
    let record = Arc::new(RunRecorder::of_arguments(args));
    let followers = Followers::new(&args.caller.lineage, &Environment::of_process());
    let ran = catch_unwind(AssertUnwindSafe(|| run_recorded(args, global, &record, &followers)));
    let ran = ran.unwrap_or_else(|_| Err(Failure::new(INTERNAL, "internal error: the program panicked")));
    ran.inspect_err(|failure| {
        record.write_failure(failure);
        followers.fail(failure);
    })
}

/// A run whose end without a report the caller records.
fn run_recorded(args: &Run, global: &Global, record: &Arc<RunRecorder>, followers: &Followers) -> Result<u8, Failure> {
    // A record must not take the place of a file that the arguments or the manifest name, which may not
    // exist yet. Refusals happen before anything is written.
    let store = args.job.store.iter().flat_map(|store| database_files(store));
    let protected = record.protect(&std::iter::once(args.job.job.clone()).chain(store).collect::<Vec<_>>());
    let watched = Arc::new(OnceLock::new());
    let on_abort = {
        let record = record.clone();
        move |signal| record.write_abort(signal)
    };
    signals::listen(watched.clone(), None, on_abort)
        .map_err(|error| Failure::new(INTERNAL, format!("can't listen for signals: {error}")))?;
    if let Some(parent) = args.caller.exit_with_parent {
        parent::end_with(parent)?;
    }
    let lease = args.caller.lease.as_deref().map(LeasePipe::open).transpose()?;
    let loaded = load::load_to_run(&args.job, &args.shard, args.budget_usd.as_deref())
        .and_then(|job| with_caller(job, &args.caller));
    let of_job = loaded.as_ref().map_or(Ok(()), |job| record.protect_files_of(job));
    protected.and(of_job)?;
    record.check()?;
    record.write_running(None)?;
    let job = load::with_input(loaded?)?;
    let session = Session::open(job, Environment::of_process());
    let options = options(args, &session)?;
    session.connect()?;
    let _ = watched.set((session.canceller(), session.progress()));
    if let Some(lease) = lease {
        lease.keep(&session)?;
    }
    record.write_running(Some(&session))?;
    print_status(global, &format!("store: {}", session.job().store().display()));
    if let Some(shard) = session.job().shard() {
        print_status(global, &format!("shard: {shard}"));
    }
    if session.job().is_simulated() {
        print_status(global, "provider: built-in simulator; answers and costs are simulated");
    }
    for message in session.run_warnings()? {
        log::line("WARN", &format!("warning: {message}"), serde_json::Map::new());
    }
    let _metrics = serve_metrics(args, global, &session)?;
    followers.begin(&session);
    let progress = ProgressDisplay::start(global, session.progress());
    let ran = session.run(&options);
    drop(progress);
    finish(ran?, global, record, followers)
}

/// The job with the values that the calling program overrides.
fn with_caller(job: Job, caller: &Caller) -> Result<Job, Failure> {
    let job = match &caller.api_key_file {
        Some(file) => job.with_key_file(file),
        None => job,
    };
    match &caller.lost_usd {
        Some(usd) => Ok(job.with_lost_spend(usd)?),
        None => Ok(job),
    }
}

/// The filter of pages that are sent again.
pub(crate) fn filter(again: &Again, session: &Session) -> Result<Option<Filter>, Failure> {
    let Some(text) = &again.filter else { return Ok(None) };
    let filter = session.filter(text)?;
    if again.refresh || !again.retry.is_empty() {
        return Ok(Some(filter));
    }
    Err(Failure::new(WRONG_INPUT, "--where selects among the pages that are sent again, and none are")
        .with_hint("add --refresh to send all pages that match again, or --retry failed,invalid,refused for those of them without an answer"))
}

/// Which done tasks are sent again.
pub(crate) fn selection(again: &Again) -> RetrySelection {
    let Again { retry, refresh, .. } = again;
    let refresh = *refresh;
    let retries = |kind: Retry| refresh || retry.contains(&kind) || retry.contains(&Retry::All);
    RetrySelection {
        invalid: retries(Retry::Invalid),
        refused: retries(Retry::Refused),
        failed: retries(Retry::Failed),
        refresh,
        redrawn: retry.contains(&Retry::Redrawn),
    }
}

fn options(args: &Run, session: &Session) -> Result<RunOptions, Failure> {
    Ok(RunOptions {
        limit: args.limit,
        sample: args.sample,
        selection: selection(&args.again),
        filter: filter(&args.again, session)?,
        tasks: args.tasks.clone(),
        once: args.once,
        grace: args.grace,
        base: args.base.clone(),
    })
}

fn serve_metrics(args: &Run, global: &Global, session: &Session) -> Result<Option<Metrics>, Failure> {
    let Some(address) = args.metrics else { return Ok(None) };
    let metrics = Metrics::start(address, session.progress())
        .map_err(|error| Failure::new(WRONG_INPUT, format!("--metrics {address}: {error}")))?;
    print_status(global, &format!("metrics: http://{}/metrics", metrics.address));
    Ok(Some(metrics))
}

fn print_status(global: &Global, line: &str) {
    if !global.quiet {
        log::status("INFO", line, serde_json::Map::new());
    }
}
