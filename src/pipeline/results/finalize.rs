//! What comes after the asking: rows, report, outcome. Reads only the store.

use crate::base::atomic_file;
use crate::base::hooks::Hooks;
use crate::catalog::{Basis, Fit, ImageRule};
use crate::export::{ExportError, Outputs, Row, RowSpec, Targets};
use crate::manifest::{Job, Output};
use crate::pipeline::asking::calibration;
use crate::pipeline::control::environment::{Environment, PipelineError};
use crate::pipeline::control::keys::endpoint_key;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::question_set::{VERSIONS, rendered, skip_rule};
use crate::pipeline::model::recipe::recipes;
use crate::pipeline::scan::diff::Stored;
use crate::report::{Billing, Pages, Report, read_spend, render_json};
use crate::source::columns;
use crate::store::{
    EntryRecord, JobId, ReadStore, Reader, RecipeId, RowOptions, RunKey, RunKeys, RunRecord, SkipRule, Store,
    StoreError, TaskKey,
};
use crate::task::{Question, Shape};
use std::path::{Path, PathBuf};

/// The outcome of a run that nobody stopped.
pub(crate) fn outcome_of(job: &Job, pages: &Pages, is_partial: bool) -> RunOutcome {
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let is_too_many = pages.unusable() as f64 > job.on_error.max_failed * pages.total as f64 + 1e-9;
    if pages.total == 0 {
        if job.input.allow_empty { RunOutcome::Complete } else { RunOutcome::NoPages }
    } else if is_partial && pages.pending > 0 {
        // Not finished: a first look at a few pages is no judgement of all.
        RunOutcome::Limited
    } else if is_too_many {
        RunOutcome::FailedPages { unusable: pages.unusable(), total: pages.total }
    } else {
        RunOutcome::Complete
    }
}

/// What a run saw of its input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// Something is not as the last run left it.
    pub(crate) has_changes: bool,
    /// The walk reached its end: every file has a row.
    pub(crate) has_all: bool,
}

/// Writes the outputs of a run and makes its report.
pub(crate) fn conclude(
    job: &Job,
    questions: &[Question],
    environment: &Environment,
    (store, keys): (&Store, &RunKeys),
    seen: Seen,
    outcome: impl FnOnce(&Pages) -> RunOutcome,
) -> Result<(Report, RunOutcome), PipelineError> {
    let reader = store.reader()?;
    let columns = columns_of(job, questions, &keys.tasks)?;
    let targets = targets(job, &job.output);
    // Nothing changed and nothing to write: the last run's count still holds.
    let known = match seen.has_changes || !seen.has_all || targets.is_any() {
        true => None,
        false => {
            reader.page_counts_before(keys.run, keys.job, keys.set)?.and_then(|stored| Pages::from_unchanged(&stored))
        }
    };
    let (pages, outputs) = match known {
        Some(pages) => (pages, Vec::new()),
        None => {
            let source = Source {
                reader: &reader,
                job: keys.job,
                options: row_options(job),
                recipes: Recipes::Rendered(job, questions),
                writes_empty: job.input.allow_empty,
            };
            rows(&source, &columns, &targets, &[keys.run], seen.has_all, &*environment.hooks)?
        }
    };
    let outcome = outcome(&pages);
    let runs: Vec<RunRecord> = reader.runs(Some(keys.job))?.into_iter().filter(|run| run.run == keys.run).collect();
    let report = Report {
        job: job.name.clone(),
        run_id: environment.run_id.to_string(),
        outcome: outcome.name().to_owned(),
        exit_code: Some(outcome.exit_code().into()),
        started_ms: 0,
        elapsed_ms: 0,
        pages,
        spend: read_spend(&reader, &runs, i64::MIN, i64::MAX)?,
        outputs,
        is_priced: job.provider.price.is_some(),
        billing: billing(&reader, job)?,
        base: Some(job.input.base().to_owned()),
    };
    Ok((report, outcome))
}

/// Writes a report as JSON.
///
/// # Errors
/// When the file can't be written.
pub fn write_report(report: &Report, path: &Path, hooks: &dyn Hooks) -> Result<(), ExportError> {
    let text = format!("{:#}\n", render_json(report));
    atomic_file::write(path, text.as_bytes(), hooks)
        .map_err(|error| ExportError { path: path.to_owned(), reason: error.to_string() })
}

/// Writes the outputs again from the store; the pages by status and the files.
///
/// # Errors
/// When there is no run of the job in the store, or a file can't be written.
pub fn export(
    job: &Job,
    questions: &[Question],
    output: &Output,
    hooks: &dyn Hooks,
) -> Result<(Pages, Vec<PathBuf>), PipelineError> {
    let reader = ReadStore::open(&job.store)?.reader()?;
    let key = reader.job(&job.identity())?.ok_or(PipelineError::NoRun)?;
    let columns = columns_of(job, questions, &known_keys(&reader, job, questions)?)?;
    let source = Source {
        reader: &reader,
        job: key,
        options: row_options(job),
        recipes: Recipes::Rendered(job, questions),
        writes_empty: job.input.allow_empty,
    };
    rows(&source, &columns, &targets(job, output), &[], true, hooks)
}

/// The keys of a job's recipes in the store; [`RecipeId::UNSTORED`] for new ones.
pub(crate) fn known_keys(reader: &Reader, job: &Job, questions: &[Question]) -> Result<Vec<TaskKey>, StoreError> {
    let key = |recipe: crate::store::RecipeRecord| {
        Ok(TaskKey { recipe_id: reader.recipe(&recipe.hash)?.unwrap_or(RecipeId::UNSTORED), task: recipe.task })
    };
    recipes(job, questions).into_iter().map(key).collect()
}

fn targets(job: &Job, output: &Output) -> Targets {
    Targets {
        csv: output.csv.clone(),
        parquet: output.parquet.clone(),
        jsonl: output.jsonl.clone(),
        keep_formulas: output.keep_formulas,
        job: job.name.clone(),
        manifest_hash: job.manifest_hash().to_string(),
    }
}

fn columns_of(job: &Job, questions: &[Question], keys: &[TaskKey]) -> Result<RowSpec, PipelineError> {
    let carried = columns(&job.input)?;
    let has_distance = job.input.near_duplicates.is_some();
    Ok(RowSpec { carried, has_distance, ..RowSpec::new(questions, keys, &job.provider.model) })
}

fn row_options(job: &Job) -> RowOptions {
    RowOptions { versions: VERSIONS, skip: skip_rule(job) }
}

/// Where rows come from.
struct Source<'a> {
    reader: &'a Reader,
    job: JobId,
    options: RowOptions,
    recipes: Recipes<'a>,
    /// Whether outputs without rows are written.
    writes_empty: bool,
}

/// Which recipes an entry's rows show.
enum Recipes<'a> {
    /// Those of the manifest, with what the entry carries.
    Rendered(&'a Job, &'a [Question]),
    /// Those that it was last asked under.
    Stored,
}

impl Source<'_> {
    fn recipes(&self, entry: &EntryRecord, common: &[RecipeId]) -> Result<Vec<RecipeId>, StoreError> {
        match (&self.recipes, entry.set) {
            (Recipes::Stored, Some(set)) => self.reader.set_members(set),
            (Recipes::Rendered(job, questions), _) if questions.iter().any(Question::is_template) => {
                let questions = rendered(questions, entry.carried.as_deref());
                Ok(known_keys(self.reader, job, &questions)?.into_iter().map(|key| key.recipe_id).collect())
            }
            _ => Ok(common.to_vec()),
        }
    }
}

fn rows(
    source: &Source<'_>,
    columns: &RowSpec,
    targets: &Targets,
    runs: &[RunKey],
    has_all: bool,
    hooks: &dyn Hooks,
) -> Result<(Pages, Vec<PathBuf>), PipelineError> {
    let mut outputs = Outputs::create(targets, columns)?;
    let mut pages = Pages::new(label_tasks(columns));
    let mut stored = Stored::new(source.reader, source.job);
    while let Some(entry) = stored.next()? {
        let recipes = source.recipes(&entry, &columns.recipes)?;
        for page in entry.pages() {
            let record = source.reader.row(source.job, &entry, page, &recipes, source.options)?;
            let row = Row::new(&record, columns);
            pages.add(&record, row.status, row.error.as_deref(), runs);
            outputs.write(&row)?;
        }
    }
    if pages.total == 0 && !source.writes_empty {
        // A mistyped glob or a share that is away must not wipe what was there.
        return Ok((pages, Vec::new()));
    }
    let written = outputs.commit(has_all && pages.pending == 0, hooks)?;
    Ok((pages, written))
}

/// The tasks whose answers are labels, by their place.
fn label_tasks(columns: &RowSpec) -> Vec<(usize, String)> {
    let is_label = |shape: &Shape| matches!(shape, Shape::Choice(_) | Shape::Tags { .. });
    let tasks = columns.tasks.iter().enumerate();
    tasks.filter(|(_, (_, shape))| is_label(shape)).map(|(at, (name, _))| (at, name.clone())).collect()
}

/// The shape of a stored recipe's answers, as far as a report needs it.
fn stored_shape(reader: &Reader, recipe: RecipeId) -> Result<Shape, StoreError> {
    let body = reader.recipe_body(recipe)?.unwrap_or_default();
    let recipe: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    Ok(match recipe.get("task") {
        Some(task) if task.get("classify").is_some() => Shape::Choice(Vec::new()),
        Some(task) if task.get("tag").is_some() => Shape::Tags { labels: Vec::new(), max: None },
        _ => Shape::Text,
    })
}

/// The report on runs of a job, newest first, from the store alone.
///
/// # Errors
/// When the store can't be read.
pub fn report(reader: &Reader, runs: &[RunRecord], since_ms: i64, until_ms: i64) -> Result<Report, PipelineError> {
    let newest = runs.first().ok_or(PipelineError::NoRun)?;
    let keys: Vec<RunKey> = runs.iter().map(|run| run.run).collect();
    let columns = RowSpec {
        tasks: newest
            .tasks
            .iter()
            .map(|task| Ok((task.task.clone(), stored_shape(reader, task.recipe_id)?)))
            .collect::<Result<_, StoreError>>()?,
        recipes: newest.tasks.iter().map(|task| task.recipe_id).collect(),
        model: newest.model.clone(),
        ..RowSpec::default()
    };
    // What the newest run left out is shown as left out.
    let options = RowOptions { versions: VERSIONS, skip: SkipRule { blank: true, near_duplicates: true } };
    let source = Source { reader, job: newest.job, options, recipes: Recipes::Stored, writes_empty: false };
    let (pages, _) = rows(&source, &columns, &Targets::default(), &keys, true, &crate::base::hooks::NoHooks)?;
    let spend = read_spend(reader, runs, since_ms, until_ms)?;
    let (outcome, exit_code) = match &newest.outcome {
        Some((outcome, exit_code)) => (outcome.name().to_owned(), Some(*exit_code)),
        None => ("running".to_owned(), None),
    };
    Ok(Report {
        job: newest.job_name.clone(),
        run_id: newest.run_id.to_string(),
        outcome,
        exit_code,
        started_ms: runs.iter().map(|run| run.started_ms).min().unwrap_or(newest.started_ms),
        elapsed_ms: runs.iter().map(|run| run.ended_ms.map_or(0, |ended| ended - run.started_ms)).sum(),
        is_priced: spend.unpriced == 0,
        pages,
        spend,
        outputs: Vec::new(),
        billing: None,
        base: None,
    })
}

/// How the job's endpoint bills images, when it has billed enough.
///
/// # Errors
/// When the store can't be read.
pub fn billing(reader: &Reader, job: &Job) -> Result<Option<Billing>, StoreError> {
    let stored = reader.calibration(&endpoint_key(job))?;
    let calibration = calibration::of(stored.as_deref(), job);
    let fit = Fit::new(job.image.rule, job.image.detail, &calibration);
    let differs = (job.image.rule != ImageRule::Unknown).then(|| fit.differs());
    let is_known = matches!(fit.basis(), Basis::Calibrated(_));
    Ok(is_known.then(|| Billing { rule: fit.to_string(), images: calibration.images(), differs }))
}
