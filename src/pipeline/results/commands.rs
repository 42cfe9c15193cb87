//! What `docmill export` and `docmill report` do: outputs and reports again, from the store alone.

use super::asked_runs::AskedRuns;
use super::billing::billing_of;
use super::job_rows::{JobRows, WrittenRows};
use super::row_choice::{RowChoice, RowSelection};
use super::row_columns::columns_of_job;
use crate::base::hooks::Hooks;
use crate::base::ids::RecipeId;
use crate::base::run_state::RunState;
use crate::export::{RowFormat, RowSpec, RowStream, Targets};
use crate::manifest::{Job, Output};
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::identity::stored_job;
use crate::pipeline::model::entry_recipes::EntryRecipes;
use crate::pipeline::model::question_set::VERSIONS;
use crate::pipeline::model::recipe::known_recipes;
use crate::report::{Report, read_spend};
use crate::store::{Reader, RowOptions, RunRecord, SkipRule, StoreError};
use crate::task::{Question, Shape, question_from_recipe};
use std::io::Write;
use std::path::PathBuf;

/// Writes the outputs again; the files. `has_all`: the store has every file of the input, so that the outputs may be
/// complete.
///
/// # Errors
/// When there is no run of the job in the store, or a file can't be written.
pub fn export(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    output: &Output,
    selection: RowSelection<'_>,
    has_all: bool,
    hooks: &dyn Hooks,
) -> Result<Vec<PathBuf>, PipelineError> {
    let key = stored_job(reader, job)?.ok_or(PipelineError::NoRun)?;
    let columns = columns_of_job(job, questions, &known_recipes(reader, job, questions)?)?;
    let rows = JobRows::of_job(reader, key, job, questions);
    let drawn = rows.draw_selected(&columns, selection)?;
    let mut rows = rows.selected(selection, drawn.as_ref());
    // A selection of nothing is a file without rows.
    rows.writes_empty |= selection.filter.is_some() || selection.sample.is_some();
    let WrittenRows { outputs, .. } =
        rows.write(&columns, &Targets::of_job(job, output), AskedRuns::default(), has_all, &|| false, hooks)?;
    outputs.markers.write()?;
    Ok(outputs.files.into_iter().map(|file| file.path).collect())
}

/// Writes the rows to a stream. Returns how many pages are pending.
///
/// # Errors
/// When there is no run of the job in the store, or the stream can't be written.
pub fn export_stream(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    format: RowFormat,
    selection: RowSelection<'_>,
    out: Box<dyn Write + Send>,
) -> Result<u64, PipelineError> {
    let key = stored_job(reader, job)?.ok_or(PipelineError::NoRun)?;
    let columns = columns_of_job(job, questions, &known_recipes(reader, job, questions)?)?;
    let mut stream = RowStream::start(format, out, &Targets::of_job(job, &job.output), &columns, None)?;
    let rows = JobRows::of_job(reader, key, job, questions);
    let drawn = rows.draw_selected(&columns, selection)?;
    let rows = rows.selected(selection, drawn.as_ref());
    let pages = rows.read(&columns, AskedRuns::default(), &|| false, &mut |row| stream.write(row))?;
    stream.finish()?;
    Ok(pages.pending)
}

/// The report on runs of one job, newest first. `job`: its manifest, when it is at hand.
///
/// # Errors
/// When there is no run, or the store can't be read.
pub fn report(
    reader: &Reader,
    runs: &[RunRecord],
    since_ms: i64,
    until_ms: i64,
    job: Option<&Job>,
) -> Result<Report, PipelineError> {
    let newest = runs.first().ok_or(PipelineError::NoRun)?;
    let asked = AskedRuns::new(runs);
    let shape = |task: &crate::store::TaskKey| Ok((task.task.clone(), shape_of_recipe(reader, task.recipe_id)?));
    let columns = RowSpec {
        tasks: newest.tasks.iter().map(shape).collect::<Result<_, StoreError>>()?,
        recipes: newest.tasks.iter().map(|task| task.recipe_id).collect(),
        model: newest.model.clone(),
        ..RowSpec::default()
    };
    // Pages that the newest run skipped are shown as skipped.
    let options =
        RowOptions { versions: VERSIONS, skip: SkipRule { blank: true, near_duplicates: true }, with_decisions: true };
    let rows = JobRows {
        reader,
        job: newest.job,
        options,
        recipes: EntryRecipes::of_run(reader, newest)?,
        writes_empty: false,
        price: job.and_then(|job| job.price_at(newest.ended_ms.unwrap_or(newest.started_ms))),
        model_only: false,
        choice: RowChoice::default(),
    };
    let pages = rows.read(&columns, asked.clone(), &|| false, &mut |_| Ok(()))?;
    let mut spend = read_spend(reader, runs, since_ms, until_ms)?;
    if runs.len() > 1 {
        spend.pages = asked.count_pages(reader, since_ms, until_ms)?;
    }
    let shard = newest.shard.filter(|shard| runs.iter().all(|run| run.shard == Some(*shard)));
    Ok(Report {
        job: newest.job_name.clone(),
        run_id: newest.run_id.to_string(),
        runs: runs.len(),
        shard,
        state: RunState::of_end(newest.outcome),
        started_ms: runs.iter().map(|run| run.started_ms).min().unwrap_or(newest.started_ms),
        elapsed_ms: runs.iter().map(|run| run.ended_ms.map_or(0, |ended| ended - run.started_ms)).sum(),
        is_priced: spend.unpriced == 0 && job.is_none_or(|job| job.price().is_some()),
        pages,
        // Of a run that ended early it is not stored.
        is_walk_complete: newest
            .outcome
            .as_ref()
            .is_some_and(|(outcome, _)| outcome.has_listed_input())
            .then_some(true),
        spend,
        outputs: Vec::new(),
        other_files: Vec::new(),
        billing: job.map(|job| billing_of(reader, job)).transpose()?.flatten(),
        base: job.map(|job| job.input.base().to_owned()),
        sends_again: false,
        is_merged: shard.is_none() && newest.shard.is_some(),
    })
}

/// The shape of a stored recipe's answers. For a recipe of another version, only whether they are labels.
fn shape_of_recipe(reader: &Reader, recipe: RecipeId) -> Result<Shape, StoreError> {
    let body = reader.recipe(recipe)?;
    let known = body.get("task").and_then(|task| question_from_recipe("", task));
    if let Some(question) = known {
        return Ok(question.shape);
    }
    Ok(match body.get("task") {
        Some(task) if task.get("classify").is_some() => Shape::Choice(Vec::new()),
        Some(task) if task.get("tag").is_some() => Shape::Tags { labels: Vec::new(), max: None },
        _ => Shape::Text,
    })
}
