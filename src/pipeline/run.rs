//! A run from its checks to its end.

use super::control::context::RunContext;
use super::control::counters::Counters;
use super::control::dependencies::Dependencies;
use super::control::error::PipelineError;
use super::control::identity::{RunPurpose, budget_counter};
use super::control::options::RunOptions;
use super::control::run_outcome::RunOutcome;
use super::control::shutdown::{Shutdown, StopStep};
use super::model::question_set::policy_now;
use super::passes::Passes;
use super::results::preflight::check_outputs_of;
use super::results::row_columns::columns_of_job;
use super::scan::page_filter::PageFilter;
use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::base::units::counted_as;
use crate::manifest::Job;
use crate::report::Report;
use crate::source::{Entries, HostLimits};
use crate::store::{BaseBudget, BaseStore, MergedJob, RunEnd, StoreError, network_file_system};
use crate::task::Question;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// Interval at which a run that ends at once checks how long closing the store may take.
const CLOSE_POLL: Duration = Duration::from_millis(20);

/// Runs a job: asks its pages, writes its outputs and its report, and records the end in the store.
///
/// # Errors
/// When the input can't be searched, the store or an output can't be read or written, or a run that
/// ends at once has no time left for its outputs.
pub fn run(
    job: &Arc<Job>,
    questions: &Arc<[Question]>,
    dependencies: &Dependencies,
    options: &RunOptions,
    shutdown: &Shutdown,
    counters: &Arc<Counters>,
) -> Result<(Report, RunOutcome), PipelineError> {
    check_options(job, questions, options)?;
    shutdown.set_grace(options.grace);
    check_outputs_of(job, !options.is_partial())?;
    let entries = Entries::start(&job.input)?;
    let base = take_over(job, dependencies, options)?;
    let job = &subtract_base_spend(job, dependencies, base.as_deref())?;
    let purpose = RunPurpose::Job { selection: options.selection_text() };
    let run = Arc::new(RunContext::begin(job, questions, dependencies, purpose, shutdown, counters)?);
    warn_of_network_file_system(job);
    if let Some(pages) = options.limit.into_iter().chain(options.sample).min() {
        counters.set_limit(pages);
    }
    let (key, is_simulated) = (run.identity.keys.job, job.provider.endpoint.is_simulated());
    if let Some((latency_ms, _)) = run.store.reader()?.mean_latency(key, &job.provider.model, is_simulated)? {
        counters.set_earlier_latency(latency_ms);
    }
    let run_id = dependencies.run_id.as_str();
    let _span = tracing::info_span!("run", run_id, job = job.name, model = job.provider.model).entered();
    announce_start(&run)?;
    let passes = Passes {
        run: &run,
        dependencies,
        options,
        filter: page_filter(&run, options)?.map(Arc::new),
        base,
        hosts: Arc::new(HostLimits::new(&job.input.fetch, dependencies.clock.clone())),
    };
    let ended = passes.go_to_end(entries);
    match ended {
        Ok((report, outcome)) => {
            log_end(&run, &report);
            close(run);
            Ok((report, outcome))
        }
        Err(error) => {
            let ended = matches!(error, PipelineError::OutputsAbandoned).then(|| run.shutdown.outcome()).flatten();
            let outcome = ended.unwrap_or_else(|| RunOutcome::from_error(&error));
            // The store may be what failed: then the run counts as dead.
            let _ = run.store.end_run(RunEnd {
                run: run.identity.keys.run,
                outcome: outcome.name(),
                exit_code: outcome.exit_code(),
                is_finished: false,
                pages: None,
                at_ms: run.clock.wall_ms(),
            });
            Err(error)
        }
    }
}

fn warn_of_network_file_system(job: &Job) {
    if let Some(kind) = network_file_system(&job.store) {
        tracing::warn!("the store is on {kind}, whose locks are not reliable; keep it on a local disk");
    }
}

/// Reports the start of a run, and what earlier runs of the job have left.
fn announce_start(run: &RunContext) -> Result<(), StoreError> {
    let (job, keys) = (&run.job, &run.identity.keys);
    let run_id = run.identity.run_id.as_str();
    tracing::info!(event = "run_started", run_id, job = job.name, model = job.provider.model, store = %job.store.display(), "run started");
    if let Some(other) = &keys.continues {
        tracing::warn!("continuing run {other}: pages that it has sent are not sent again");
    }
    if keys.lost > 0 {
        tracing::warn!("{} attempts of runs that died are counted as lost", keys.lost);
    }
    for (provider, count) in run.store.reader()?.batches_elsewhere(keys.job, &job.provider.id)? {
        let batches = counted_as(count, "batch of the job is", "batches of the job are");
        tracing::warn!(
            "{batches} at another provider, {provider}: a run with that provider collects what is paid for there; until then its worst case counts against the budget"
        );
    }
    Ok(())
}

/// Takes over the base's data about the files of the shard.
fn take_over(
    job: &Job,
    dependencies: &Dependencies,
    options: &RunOptions,
) -> Result<Option<Arc<BaseStore>>, StoreError> {
    let Some(path) = &options.base else { return Ok(None) };
    let merged_job = MergedJob {
        identity: job.identity(),
        name: job.name.clone(),
        manifest: job.stored_source.clone(),
        policy: policy_now(job, &dependencies.decoder),
        at_ms: dependencies.clock.wall_ms(),
    };
    let base = BaseStore::open(path, &job.store, merged_job)?;
    base.take_over_shard(job.input.shard)?;
    Ok(Some(Arc::new(base)))
}

/// The job with the budget that is left after what earlier runs in the base store have spent: a shard gets its part of
/// the rest. What earlier runs in the shard's own store have spent is counted there.
fn subtract_base_spend(
    job: &Arc<Job>,
    dependencies: &Dependencies,
    base: Option<&BaseStore>,
) -> Result<Arc<Job>, StoreError> {
    let Some(mut budget) = job.limits.budget else { return Ok(job.clone()) };
    if let Some(base) = base {
        let scope = budget_counter(job, &dependencies.run_id, dependencies.clock.wall_ms()).to_string();
        let BaseBudget { spent, own } = base.budget(&scope)?;
        budget = budget + own - spent.divided_by(job.input.shard.map_or(1, Shard::count));
    }
    let mut job = Job::clone(job);
    // The base may have spent more than the budget.
    job.limits.budget = Some(budget.max(Pico::ZERO));
    Ok(Arc::new(job))
}

fn check_options(job: &Job, questions: &[Question], options: &RunOptions) -> Result<(), PipelineError> {
    if let Some(unknown) = options.tasks.iter().find(|name| !questions.iter().any(|question| question.name == **name)) {
        let known: Vec<&str> = questions.iter().map(|question| question.name.as_str()).collect();
        return Err(PipelineError::NoTask { name: unknown.clone(), known: known.join(", ") });
    }
    if options.once && !job.is_batch {
        return Err(PipelineError::OnceWithoutBatches);
    }
    if job.input.near_duplicates.is_some() && questions.iter().any(Question::is_template) {
        return Err(PipelineError::NearDuplicateTemplates);
    }
    Ok(())
}

/// Which pages are sent again; `None`: all that the options name.
fn page_filter(run: &RunContext, options: &RunOptions) -> Result<Option<PageFilter>, PipelineError> {
    let Some(filter) = &options.filter else { return Ok(None) };
    let keys = &run.identity.keys;
    let columns = columns_of_job(&run.job, &run.identity.questions, &keys.tasks)?;
    let mut runs = vec![keys.run];
    if let Some(selection) = options.selection_text() {
        runs = run.store.reader()?.unfinished_runs(keys.job, keys.set, &selection)?;
    }
    Ok(Some(PageFilter::new(filter.clone(), &run.job, columns, runs)))
}

fn log_end(run: &RunContext, report: &Report) {
    let pages = &report.pages;
    tracing::info!(
        event = "run_ended",
        run_id = run.identity.run_id.as_str(),
        outcome = report.state.name(),
        exit_code = report.state.exit_code(),
        elapsed_ms = report.elapsed_ms,
        pages_ok = pages.ok,
        pages_asked = pages.asked,
        pages_pending = pages.pending,
        attempts = report.spend.sent,
        cost_usd = report.total().map(|total| total.to_string()),
        "run ended"
    );
}

/// Waits until the store is closed; a run that ends at once waits no longer than it may.
fn close(run: Arc<RunContext>) {
    let store = run.store.clone();
    if !run.shutdown.is_immediate() {
        store.close();
        return;
    }
    let (closing, closed) = channel::<()>();
    let close = move || {
        store.close();
        drop(closing);
    };
    // Without it the store is closed by the end of the process.
    let Ok(_) = std::thread::Builder::new().name("close".into()).spawn(close) else { return };
    while closed.recv_timeout(CLOSE_POLL) == Err(RecvTimeoutError::Timeout) {
        if run.shutdown.is_past(StopStep::StoreClosed) {
            return;
        }
    }
}
