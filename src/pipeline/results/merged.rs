//! What `docmill merge` does: merges stores, then writes the outputs and the report as one run would. Sends nothing.

use super::asked_runs::AskedRuns;
use super::billing::billing_of;
use super::finalize::{judge, write_report};
use super::job_rows::{JobRows, WrittenRows};
use super::merged_runs::{merged_runs, stopped_runs};
use super::preflight::check_outputs_of;
use super::row_columns::columns_of_job;
use crate::base::clock::Clock;
use crate::base::hooks::{Hooks, NoHooks};
use crate::base::vocabulary::RunOutcomeName;
use crate::export::{Targets, remove_shard_parts};
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::identity::stored_job;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::question_set::policy_now;
use crate::pipeline::model::recipe::known_recipes;
use crate::pipeline::scan::near_duplicates::find_near_duplicates;
use crate::prepare::DecoderCommand;
use crate::report::{Report, read_spend};
use crate::store::{Merged, MergedJob, ReadStore, RunRecord, Store, TaskKey, merge};
use crate::task::Question;
use std::path::PathBuf;
use std::sync::Arc;

/// The stores that are merged.
#[derive(Clone, Copy, Debug)]
pub struct MergeSources<'a> {
    /// Their files.
    pub paths: &'a [PathBuf],
    /// Whether stores of shards may be missing. The outputs are partial then.
    pub allow_missing: bool,
}

/// Outcomes of shards, the most severe first.
const MOST_SEVERE_FIRST: &[RunOutcomeName] = &[
    RunOutcomeName::InternalError,
    RunOutcomeName::StorageError,
    RunOutcomeName::InputError,
    RunOutcomeName::ProviderRefused,
    RunOutcomeName::UnexpectedBill,
    RunOutcomeName::BudgetReached,
    RunOutcomeName::SameError,
    RunOutcomeName::ProviderUnavailable,
    RunOutcomeName::Interrupted,
    RunOutcomeName::DeadlineReached,
    RunOutcomeName::BatchPending,
];

/// Maximum number of shards that a message lists.
const MAX_LISTED: usize = 5;

/// Merges stores into the job's store, writes its outputs, and reports on the runs of its shards together.
///
/// # Errors
/// When the stores can't be merged, the store can't be read, or an output can't be written.
pub fn merge_stores(
    job: &Job,
    questions: &[Question],
    sources: MergeSources<'_>,
    (clock, decoder, hooks): (&Arc<dyn Clock>, &DecoderCommand, &dyn Hooks),
) -> Result<(Report, RunOutcome), PipelineError> {
    check_outputs_of(job, true)?;
    let started = clock.now();
    let merged_job = MergedJob {
        identity: job.identity(),
        name: job.name.clone(),
        manifest: job.stored_source.clone(),
        policy: policy_now(job, decoder),
        at_ms: clock.wall_ms(),
    };
    let merged = merge(&job.store, sources.paths, &merged_job, sources.allow_missing)?;
    let reader = ReadStore::open(&job.store)?.reader()?;
    let key = stored_job(&reader, job)?.ok_or(PipelineError::NoRun)?;
    let tasks = known_recipes(&reader, job, questions)?;
    if let Some(bits) = job.input.near_duplicates {
        // Shards have compared only their own pages.
        let store = Store::open(&job.store, clock.clone(), Arc::new(NoHooks))?;
        let renderers = decoder.renderer_fingerprint(job.image.pdf_renderer);
        find_near_duplicates(&store, (key, &tasks, job.input.skip_blank), (bits, &renderers), &|| false)?;
        store.close();
    }
    let known = reader.runs(Some(key))?;
    let runs = merged_runs(&known, merged.shards);
    let stopped = stopped_runs(&known, merged.shards);
    let newest = runs.first().ok_or(PipelineError::NoRun)?;

    let asked = AskedRuns::new(&runs);
    let columns = columns_of_job(job, questions, &tasks)?;
    let rows = JobRows { price: job.price_at(merged_job.at_ms), ..JobRows::of_job(&reader, key, job, questions) };
    let has_all = merged.missing.is_empty() && stopped.iter().all(|run| outcome_of(run).has_listed_input());
    let targets = Targets::of_job(job, &job.output);
    let WrittenRows { pages, outputs } = rows.write(&columns, &targets, asked.clone(), has_all, &|| false, hooks)?;
    let outcome = match stopped_outcome(&stopped, merged.shards) {
        // What a shard could not look at may be missing without a page that is pending.
        Some(outcome) if pages.pending > 0 || !has_all || stopped.iter().any(|run| is_unread(run)) => outcome,
        _ => match judge(job, &pages, false) {
            // With `--allow-missing`, the outputs hold the shards that there are.
            RunOutcome::Complete | RunOutcome::NoPages if !merged.missing.is_empty() => RunOutcome::Limited,
            RunOutcome::PagesPending(pages) => match tasks_asked_otherwise(&tasks, &runs) {
                // Pages that `--limit` or `--sample` has left out.
                asked if asked.is_empty() && runs.iter().any(is_limited) => RunOutcome::Limited,
                asked => RunOutcome::ShardsPending { pages, tasks: asked },
            },
            outcome => outcome,
        },
    };
    log_merged(&merged, &stopped);
    let mut report = Report {
        job: job.name.clone(),
        run_id: newest.run_id.to_string(),
        runs: runs.len(),
        shard: None,
        state: outcome.state(),
        started_ms: runs.iter().map(|run| run.started_ms).min().unwrap_or(newest.started_ms),
        elapsed_ms: runs.iter().map(|run| run.ended_ms.map_or(0, |ended| ended - run.started_ms)).sum(),
        pages,
        is_walk_complete: has_all.then_some(true),
        spend: read_spend(&reader, &runs, i64::MIN, i64::MAX)?,
        outputs: outputs.files,
        other_files: Vec::new(),
        is_priced: job.price().is_some(),
        billing: billing_of(&reader, job)?,
        base: Some(job.input.base().to_owned()),
        sends_again: false,
        is_merged: true,
    };
    if runs.len() > 1 {
        report.spend.pages = asked.count_pages(&reader, i64::MIN, i64::MAX)?;
    }
    if let Some(path) = &job.output.report {
        write_report(&report, path, hooks)?;
        report.add_file(path);
    }
    if report.outputs.iter().all(|file| !file.is_partial) && !report.outputs.is_empty() {
        targets.files().try_for_each(|(_, path)| remove_shard_parts(path, &job.name))?;
    }
    // Readers that wait for a marker find everything else.
    outputs.markers.write()?.iter().for_each(|marker| report.add_file(marker));
    let elapsed_ms = u64::try_from(clock.now().saturating_sub(started).as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        event = "merged",
        job = job.name,
        outcome = report.state.name(),
        pages = report.pages.total,
        elapsed_ms,
        "stores merged"
    );
    Ok((report, outcome))
}

fn log_merged(merged: &Merged, stopped: &[&RunRecord]) {
    if !merged.missing.is_empty() {
        tracing::warn!("{}: the outputs are partial", merged.missing_shards());
    }
    if merged.known > 0 {
        tracing::info!("{} stores were merged before", merged.known);
    }
    for run in stopped {
        tracing::warn!("run {} {}did not finish: {}", run.run_id, of_shard(run), outcome_of(run));
    }
}

fn of_shard(run: &RunRecord) -> String {
    run.shard.map_or(String::new(), |shard| format!("of shard {shard} "))
}

fn outcome_of(run: &RunRecord) -> RunOutcomeName {
    run.outcome.as_ref().map_or(RunOutcomeName::Died, |(outcome, _)| *outcome)
}

/// Whether there were files or folders that a run could not look at.
fn is_unread(run: &RunRecord) -> bool {
    outcome_of(run) == RunOutcomeName::PagesPending
}

/// Whether a run has left out pages on purpose.
fn is_limited(run: &RunRecord) -> bool {
    outcome_of(run) == RunOutcomeName::Limited
}

/// The tasks that are new or have changed since the shards ran.
fn tasks_asked_otherwise(tasks: &[TaskKey], runs: &[RunRecord]) -> Vec<String> {
    let asks = |run: &RunRecord, task: &TaskKey| run.tasks.iter().any(|asked| asked.recipe_id == task.recipe_id);
    let differs = |task: &&TaskKey| runs.iter().any(|run| !asks(run, task));
    tasks.iter().filter(differs).map(|task| task.task.clone()).collect()
}

/// The outcome if some shards stopped early: that of the most severe one.
fn stopped_outcome(stopped: &[&RunRecord], shards: u32) -> Option<RunOutcome> {
    let rank = |run: &&&RunRecord| {
        MOST_SEVERE_FIRST.iter().position(|name| *name == outcome_of(run)).unwrap_or(MOST_SEVERE_FIRST.len())
    };
    let most_severe = stopped.iter().min_by_key(rank)?;
    let continued = RunOutcome::PagesPending(0);
    let (name, exit_code) = match &most_severe.outcome {
        Some((name, exit_code)) if MOST_SEVERE_FIRST.contains(name) => (*name, *exit_code),
        // A run that died can be continued.
        _ => (continued.name(), continued.exit_code()),
    };
    let listed: Vec<String> = stopped
        .iter()
        .take(MAX_LISTED)
        .map(|run| {
            format!(
                "{} ({})",
                run.shard.map_or_else(|| run.run_id.to_string(), |shard| shard.to_string()),
                outcome_of(run)
            )
        })
        .collect();
    let more = if stopped.len() > MAX_LISTED { ", …" } else { "" };
    let message = format!("{} of {shards} shards did not finish: {}{more}", stopped.len(), listed.join(", "));
    Some(RunOutcome::ShardsStopped { name, exit_code, message })
}
