//! The end of a run: rows, report and outcome, from what the store has.

use super::asked_runs::AskedRuns;
use super::billing::billing_of;
use super::job_rows::JobRows;
use super::row_columns::columns_of_job;
use crate::base::atomic_file;
use crate::base::hooks::Hooks;
use crate::base::ids::RunKey;
use crate::export::{ExportError, Targets, WrittenOutputs};
use crate::manifest::Job;
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::dependencies::Dependencies;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::options::RunOptions;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::control::shutdown::StopStep;
use crate::pipeline::model::question_set::{VERSIONS, skip_rule};
use crate::pipeline::scan::pass::{ScanSeen, UnreadInput};
use crate::report::{Pages, Report, read_spend, render_json};
use crate::store::{DoneRule, Reader, RunEnd, RunRecord, StoreError};
use std::path::Path;

/// What the passes of a run have seen of its input.
#[derive(Clone, Debug, Default)]
pub(crate) struct InputSeen {
    /// Something differs from what the last run left.
    has_changes: bool,
    /// The last walk reached its end: every file has a row.
    has_all: bool,
    /// The last pass stopped asking before it had looked at everything, such as at `--limit`.
    pub(crate) stopped_asking: bool,
    /// What the last pass could not look at.
    unread: Option<UnreadInput>,
}

impl InputSeen {
    /// Adds what a pass has seen.
    pub(crate) fn add(&mut self, pass: &ScanSeen) {
        self.has_changes |= pass.has_changes();
        self.has_all = pass.has_all();
        self.unread = pass.unread();
    }
}

/// What became of the end of a run.
pub(crate) enum Conclusion {
    /// The run has ended.
    Ended(Box<Report>, RunOutcome),
    /// It continues: another run of the job has found this number of pages since, which have no answers.
    Pending(u64),
}

/// Writes the outputs and ends the run in the store. `may_go_on`: the run continues instead, if nothing ended it and
/// pages are pending.
///
/// # Errors
/// When the store can't be read or written, an output can't be written, or a run that ends at once has
/// no time left for its outputs.
pub(crate) fn conclude(
    run: &RunContext,
    dependencies: &Dependencies,
    options: &RunOptions,
    seen: InputSeen,
    may_go_on: bool,
) -> Result<Conclusion, PipelineError> {
    let (job, keys) = (&run.job, &run.identity.keys);
    run.store.mark_lost(keys.run, run.clock.wall_ms())?;
    if seen.has_changes {
        let renderers = run.identity.renderers.clone();
        let rule = DoneRule { set: keys.set, versions: VERSIONS, skip: skip_rule(job), renderers };
        run.store.mark_entries_done(keys.job, rule)?;
    }
    let reader = run.store.reader()?;
    let (pages, outputs) = write_outputs(run, &reader, &seen, &*dependencies.hooks)?;
    // A limit that allows every page cuts nothing off.
    let is_cut = seen.stopped_asking && pages.asked < pages.total;
    let outcome = match run.shutdown.outcome() {
        Some(outcome) => outcome,
        None if pages.pending > 0 && !options.is_partial() && may_go_on => {
            return Ok(Conclusion::Pending(pages.pending));
        }
        // No page is pending: those that `--limit` leaves to be sent again have their earlier answers.
        None if is_cut && options.selection.is_any() => RunOutcome::Limited,
        None => match (judge(job, &pages, options.is_partial()), seen.unread) {
            // If pages are pending, this is probably why.
            (
                RunOutcome::Complete | RunOutcome::NoPages | RunOutcome::PagesPending(_),
                Some(UnreadInput { count, first }),
            ) => RunOutcome::InputUnread { count, first },
            (outcome, _) => outcome,
        },
    };
    let WrittenOutputs { files: outputs, markers } = outputs;
    let runs = runs_of(&reader, run)?;
    let mut report = Report {
        job: job.name.clone(),
        run_id: run.identity.run_id.to_string(),
        runs: 1,
        shard: job.input.shard,
        state: outcome.state(),
        started_ms: run.identity.started_ms,
        elapsed_ms: i64::try_from(run.elapsed().as_millis()).unwrap_or(i64::MAX),
        pages,
        is_walk_complete: Some(seen.has_all || !run.shutdown.is_immediate()),
        spend: read_spend(&reader, &runs, i64::MIN, i64::MAX)?,
        outputs,
        other_files: Vec::new(),
        is_priced: job.price().is_some(),
        billing: billing_of(&reader, job)?,
        base: Some(job.input.base().to_owned()),
        sends_again: options.selection.is_any(),
        is_merged: false,
    };
    run.store.end_run(RunEnd {
        run: keys.run,
        outcome: outcome.name(),
        exit_code: outcome.exit_code(),
        // A limited run is not finished although no page is pending.
        is_finished: run.shutdown.outcome().is_none() && !is_cut,
        pages: Some(report.pages.to_stored()),
        at_ms: run.clock.wall_ms(),
    })?;
    if let Some(path) = &job.output.report {
        write_report(&report, path, &*dependencies.hooks)?;
        report.add_file(path);
    }
    // Readers that wait for a marker find everything else.
    markers.write()?.iter().for_each(|marker| report.add_file(marker));
    Ok(Conclusion::Ended(Box::new(report), outcome))
}

/// Writes the job's outputs. When nothing has changed and there is no output, the page counts of the
/// last run still hold.
fn write_outputs(
    run: &RunContext,
    reader: &Reader,
    seen: &InputSeen,
    hooks: &dyn Hooks,
) -> Result<(Pages, WrittenOutputs), PipelineError> {
    let (job, keys) = (&run.job, &run.identity.keys);
    let targets = Targets::of_job(job, &job.output);
    if !seen.has_changes && seen.has_all && !targets.is_any() {
        let stored = reader.page_counts_before(keys.run, keys.job, keys.set)?;
        if let Some(stored) = stored {
            let damaged = |error| StoreError::Damaged(format!("table runs, column pages: `{stored}`: {error}"));
            if let Some(pages) = Pages::from_unchanged(&stored).map_err(damaged)? {
                return Ok((pages, WrittenOutputs::default()));
            }
        }
    }
    let columns = columns_of_job(job, &run.identity.questions, &keys.tasks)?;
    let price = job.price_at(run.clock.wall_ms());
    let rows = JobRows { price, ..JobRows::of_job(reader, keys.job, job, &run.identity.questions) };
    let is_abandoned = || run.shutdown.is_past(StopStep::OutputsWritten);
    let written = rows.write(&columns, &targets, AskedRuns::of_run(keys.run), seen.has_all, &is_abandoned, hooks)?;
    Ok((written.pages, written.outputs))
}

fn runs_of(reader: &Reader, run: &RunContext) -> Result<Vec<RunRecord>, PipelineError> {
    let own: RunKey = run.identity.keys.run;
    Ok(reader.runs(Some(run.identity.keys.job))?.into_iter().filter(|known| known.run == own).collect())
}

/// The outcome of a run that nothing ended early.
pub(crate) fn judge(job: &Job, pages: &Pages, is_partial: bool) -> RunOutcome {
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let is_too_many = pages.unusable() as f64 > job.on_error.max_failed * pages.total as f64 + 1e-9;
    // A shard may have no page; only the merge knows how many failed of all pages.
    let is_shard = job.input.shard.is_some();
    if pages.total == 0 {
        if job.input.may_be_empty() { RunOutcome::Complete } else { RunOutcome::NoPages }
    } else if is_partial && pages.pending > 0 {
        // The run is not finished: a look at a few pages does not judge all of them.
        RunOutcome::Limited
    } else if pages.pending > 0 {
        RunOutcome::PagesPending(pages.pending)
    } else if is_too_many && !is_shard {
        let cause = pages.failures.only_cause().map(ToOwned::to_owned);
        let lacks_memory = pages.failures.lack_memory();
        let max_failed = job.on_error.max_failed;
        RunOutcome::FailedPages { unusable: pages.unusable(), total: pages.total, max_failed, cause, lacks_memory }
    } else {
        RunOutcome::Complete
    }
}

/// Writes a report as JSON.
pub(crate) fn write_report(report: &Report, path: &Path, hooks: &dyn Hooks) -> Result<(), ExportError> {
    let text = format!("{:#}\n", render_json(report));
    atomic_file::write(path, text.as_bytes(), hooks).map_err(|error| ExportError::new(path, error))
}
