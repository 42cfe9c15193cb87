//! What a change of the manifest changes: the same pages with earlier and later answers.

use super::environment::Environment;
use super::error::{Error, WRONG_INPUT};
use super::evaluation::draw_page;
use super::job::Job;
use super::runs::{find_run, is_trial, known_runs};
use crate::base::clock::{Clock, SystemClock};
use crate::base::ids::JobId;
use crate::base::money::Pico;
use crate::export::RowSpec;
use crate::labels::comparison::{self, CompareOptions, Comparison};
use crate::labels::evaluation::TruthChoice;
use crate::labels::evaluation::truth_source::TruthSource;
use crate::labels::history::changes_of_recipes;
use crate::manifest::Output;
use crate::pipeline::{
    self, PageSet, PipelineError, RowSide, RunOptions, draw_key, read_page_pairs, row_columns, stored_job,
};
use crate::select::{Filter, FilterColumns};
use crate::store::{PageId, ReadStore, Reader, RetrySelection, RunRecord, StoreError};
use crate::task::{Question, question_from_recipe};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// Files of which a plan prices the full run. More are projected.
const PRICED_FILES: u64 = 400;

/// The other side of a comparison.
#[derive(Clone, Debug)]
pub enum DiffSide {
    /// The answers to another manifest, which are the later ones.
    Job {
        /// The other job.
        job: Box<Job>,
        /// What it is, in words.
        name: String,
    },
    /// The answers that a run asked for (its id, or the beginning of it), which are the earlier ones.
    Run(String),
    /// Those of the latest earlier run with other recipes.
    Previous,
}

/// What is compared.
#[derive(Clone, Debug)]
pub struct DiffQuery {
    /// The other side.
    pub against: DiffSide,
    /// Only pages whose earlier rows match this expression.
    pub filter: Option<String>,
    /// Only a sample of this many of these pages: the same ones every time.
    pub sample: Option<u64>,
    /// The truth; `None`: no test.
    pub truth: Option<TruthChoice>,
    /// Only these tasks; empty: all.
    pub tasks: Vec<String>,
}

/// Pages of a sample that are to be asked, and their price.
pub struct DiffAsking {
    /// The job that asks them. Its answers are stored under their own recipes, and it writes no output.
    pub job: Job,
    /// The options of its run.
    pub options: RunOptions,
    /// Number of pages of the sample.
    pub pages: u64,
    /// How many of them have no later answer yet.
    pub to_ask: u64,
    /// The expected cost of these; `None`: unknown.
    pub cost: Option<Pico>,
    /// The expected cost of asking every page of the job; `None`: unknown.
    pub full_cost: Option<Pico>,
}

/// A comparison of answers.
pub struct DiffReport {
    comparison: Comparison,
    job: Job,
    environment: Environment,
}

/// Both sides, opened.
struct Sides {
    old_reader: Reader,
    new_reader: Option<Reader>,
    key: JobId,
    new_key: Option<JobId>,
    /// The earlier answers are those of this run; `None`: of the job's manifest.
    run: Option<RunRecord>,
    /// The job that is asked.
    new_job: Job,
    old_name: String,
    new_name: String,
}

/// The pages of a sample that are to be asked; `None`: no sample is asked for, or all of it is answered.
///
/// # Errors
/// When the store can't be read, or a side does not exist.
pub(crate) fn prepare_diff(
    job: &Job,
    environment: &Environment,
    query: &DiffQuery,
) -> Result<Option<DiffAsking>, Error> {
    let Some(count) = query.sample else { return Ok(None) };
    if job.reads_standard_input() {
        return Err(Error::new(
            WRONG_INPUT,
            "the pages of the job come from standard input, so no sample of them can be asked",
        )
        .with_hint("run the other manifest on the same list, and compare without --sample"));
    }
    let sides = Sides::open(job, query)?;
    let sample = sides.sample(job, query, count)?;
    let to_ask = sides.unanswered(job, &sample)?;
    if to_ask == 0 {
        return Ok(None);
    }
    let full_cost = sides.full_cost(environment)?;
    let pages = sample.len() as u64;
    let cost = full_cost.map(|(cost, all)| {
        let share = i128::from(cost.0) * i128::from(to_ask) / i128::from(all.max(1));
        Pico(i64::try_from(share).unwrap_or(i64::MAX))
    });
    let mut asked = sides.new_job.clone();
    // The sample takes the place of no output. Batches would take up to a day.
    asked.manifest.output = Output::default();
    asked.manifest.is_batch = false;
    let options = RunOptions { pages: Some(PageSet(Arc::new(sample))), ..RunOptions::default() };
    Ok(Some(DiffAsking { job: asked, options, pages, to_ask, cost, full_cost: full_cost.map(|(cost, _)| cost) }))
}

/// Compares the stored answers.
///
/// # Errors
/// When the store can't be read, a side does not exist, or the truth can't be used.
pub(crate) fn diff(job: &Job, environment: &Environment, query: &DiffQuery) -> Result<DiffReport, Error> {
    let sides = Sides::open(job, query)?;
    let carried = row_columns(&job.manifest, &job.questions)?;
    let (old, new) = (sides.old_side(job, &carried)?, sides.new_side(&carried)?);
    let filter = sides.filter(&old, query)?;
    let sample = query.sample.map(|count| sides.sample(job, query, count)).transpose()?;
    let options = CompareOptions { filter: filter.as_ref(), pages: sample.as_ref(), tasks: &query.tasks };
    let all: Vec<&str> = job.questions.iter().map(|question| question.name.as_str()).collect();
    let mut comparison = comparison::compare(&old, &new, &options, &|tasks| {
        let open = |choice: &TruthChoice| TruthSource::open(choice, tasks, &all, &job.manifest.input);
        query.truth.as_ref().map(open).transpose()
    })?;
    comparison.truth = query.truth.as_ref().map(|truth| match truth {
        TruthChoice::File(path) => path.display().to_string(),
        TruthChoice::Columns(_) => "carried columns".to_owned(),
        TruthChoice::Answers { .. } => "human answers".to_owned(),
    });
    // Stored answers can be compared without the input.
    comparison.full_cost = match sides.full_cost(environment) {
        Ok(cost) => cost.map(|(cost, _)| cost),
        Err(PipelineError::Source(_) | PipelineError::Input(_)) => None,
        Err(error) => return Err(error.into()),
    };
    comparison.changes = sides.changes(&old)?;
    comparison.job = job.name().to_owned();
    (comparison.old_name, comparison.new_name) = (sides.old_name, sides.new_name);
    Ok(DiffReport { comparison, job: job.clone(), environment: environment.clone() })
}

impl Sides {
    fn open(job: &Job, query: &DiffQuery) -> Result<Self, Error> {
        let opened = ReadStore::open(&job.manifest.store)?;
        let old_reader = opened.reader()?;
        let key = stored_job(&old_reader, &job.manifest)?.ok_or(PipelineError::NoRun)?;
        let manifest = || format!("{} ({})", job.manifest.path.display(), job.model());
        let mut new_job = job.clone();
        let (mut run, mut old_name, mut new_name) = (None, manifest(), manifest());
        match &query.against {
            DiffSide::Job { job: other, name } => {
                new_name.clone_from(name);
                let carried = |job: &Job| row_columns(&job.manifest, &job.questions).map(|columns| columns.carried);
                if other.questions.iter().any(Question::is_template) && carried(other)? != carried(job)? {
                    return Err(Error::new(
                        WRONG_INPUT,
                        "the questions of the other manifest name columns of another list",
                    )
                    .with_hint("give both manifests the same input"));
                }
                new_job = Job::clone(other);
                // The same pages are compared.
                new_job.manifest.input = job.manifest.input.clone();
            }
            side => {
                let runs = known_runs(&opened, &old_reader, Some(key))?;
                let present = pipeline::known_recipes(&old_reader, &job.manifest, &job.questions)?;
                let chosen = match side {
                    DiffSide::Run(id) => find_run(&runs, id)?,
                    _ => runs.iter().find(|run| !is_trial(run) && run.tasks != present).ok_or_else(|| {
                        Error::new(WRONG_INPUT, "no earlier run of the job had other recipes")
                            .with_hint("change the manifest, or compare with --against OTHER.yaml or --model NAME")
                    })?,
                };
                if chosen.tasks == present {
                    let message = format!("the recipes of run {} are those of the manifest", chosen.run_id);
                    return Err(Error::new(WRONG_INPUT, message).with_hint(
                        "`docmill runs` shows what changed before each run; --recipe previous finds the last change",
                    ));
                }
                old_name = format!("run {} ({})", chosen.run_id, chosen.model);
                run = Some(chosen.clone());
            }
        }
        let (new_reader, new_key) = match ReadStore::open(&new_job.manifest.store) {
            Ok(store) => {
                let reader = store.reader()?;
                let key = stored_job(&reader, &new_job.manifest)?;
                (Some(reader), key)
            }
            Err(StoreError::Missing { .. }) => (None, None),
            Err(error) => return Err(error.into()),
        };
        Ok(Self { old_reader, new_reader, key, new_key, run, new_job, old_name, new_name })
    }

    fn old_side<'a>(&'a self, job: &'a Job, carried: &RowSpec) -> Result<RowSide<'a>, Error> {
        let questions: (&crate::manifest::Job, &[Question]) = (&job.manifest, &job.questions);
        let side = RowSide::of_job(Some(&self.old_reader), Some(self.key), questions, carried)?;
        let Some(run) = &self.run else { return Ok(side) };
        // The recipes of a run tell the form of its answers.
        let mut tasks = Vec::new();
        for task in &run.tasks {
            let body = self.old_reader.recipe_body(task.recipe_id)?;
            let body: Option<Value> = body.and_then(|body| serde_json::from_str(&body).ok());
            let question = body.and_then(|body| question_from_recipe(&task.task, body.get("task")?));
            let question = question.ok_or_else(|| {
                StoreError::Damaged(format!("table recipes, row {}: its task can't be read", task.recipe_id))
            })?;
            tasks.push((task.task.clone(), question.shape));
        }
        let recipes = run.tasks.iter().map(|task| task.recipe_id).collect();
        let columns = RowSpec { tasks, recipes, model: run.model.clone(), ..side.columns };
        Ok(RowSide { columns, templates: None, ..side })
    }

    fn new_side<'a>(&'a self, carried: &RowSpec) -> Result<RowSide<'a>, Error> {
        let questions: (&crate::manifest::Job, &[Question]) = (&self.new_job.manifest, &self.new_job.questions);
        Ok(RowSide::of_job(self.new_reader.as_ref(), self.new_key, questions, carried)?)
    }

    fn filter(&self, old: &RowSide<'_>, query: &DiffQuery) -> Result<Option<Filter>, Error> {
        let columns = FilterColumns::of_rows(&old.columns);
        let parse = |text: &String| Filter::parse(text, &columns).map_err(|error| Error::new(WRONG_INPUT, error));
        query.filter.as_ref().map(parse).transpose()
    }

    /// The sample: the first pages by the digest of their content, of those with an earlier answer that match.
    fn sample(&self, job: &Job, query: &DiffQuery, count: u64) -> Result<HashSet<PageId>, Error> {
        let carried = row_columns(&job.manifest, &job.questions)?;
        let old = self.old_side(job, &carried)?;
        let filter = self.filter(&old, query)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let mut lowest = BTreeMap::new();
        let nothing = RowSide { reader: None, ..self.old_side(job, &carried)? };
        read_page_pairs(&old, &nothing, &mut |pair| {
            let has_answer = pair.old.row.answers.iter().any(|answer| !answer.is_null())
                || pair.old.record.outcomes.iter().any(Option::is_some);
            if has_answer && filter.as_ref().is_none_or(|filter| filter.matches(&pair.old.row)) {
                lowest.insert(draw_key(&pair.id), pair.id);
                if lowest.len() > count {
                    lowest.pop_last();
                }
            }
            Ok(())
        })?;
        Ok(lowest.into_values().collect())
    }

    /// How many pages of a sample have a task without a later outcome.
    fn unanswered(&self, job: &Job, sample: &HashSet<PageId>) -> Result<u64, Error> {
        let carried = row_columns(&job.manifest, &job.questions)?;
        let (old, new) = (self.old_side(job, &carried)?, self.new_side(&carried)?);
        let mut count = 0;
        read_page_pairs(&old, &new, &mut |pair| {
            let is_open = pair.new.record.outcomes.iter().any(Option::is_none);
            count += u64::from(is_open && sample.contains(&pair.id));
            Ok(())
        })?;
        Ok(count)
    }

    /// The expected cost of asking every page anew with the later settings, and the number of pages; `None`:
    /// unknown.
    fn full_cost(&self, environment: &Environment) -> Result<Option<(Pico, u64)>, PipelineError> {
        if self.new_job.reads_standard_input() {
            return Ok(None);
        }
        let everything =
            RetrySelection { invalid: true, refused: true, failed: true, refresh: true, ..RetrySelection::default() };
        let job = &self.new_job;
        let plan = pipeline::plan(
            &job.manifest,
            &job.questions,
            self.new_reader.as_ref(),
            (everything, None),
            (Some(PRICED_FILES), None),
            SystemClock::new().wall_ms(),
            environment.decoder().clone(),
        )?;
        let Some(projection) = plan.projection else { return Ok(None) };
        Ok(projection.expected.map(|cost| (cost, projection.to_ask)))
    }

    fn changes(&self, old: &RowSide<'_>) -> Result<Vec<crate::labels::history::SettingChange>, Error> {
        let recipes = pipeline::recipe_bodies(&self.new_job.manifest, &self.new_job.questions);
        let ids = old.columns.tasks.iter().map(|(name, _)| name.clone()).zip(old.columns.recipes.iter().copied());
        Ok(changes_of_recipes(&self.old_reader, ids.collect(), recipes)?)
    }
}

impl DiffReport {
    /// The comparison as text for a terminal.
    #[must_use]
    pub fn to_text(&self) -> String {
        comparison::render_text(&self.comparison)
    }

    /// The comparison as JSON. docs/quality.md documents the members.
    #[must_use]
    pub fn to_json(&self) -> Value {
        comparison::render_json(&self.comparison)
    }

    /// The comparison as one HTML page with pictures of pages with another answer.
    ///
    /// # Errors
    /// When the store can't be read. A page that can't be drawn is shown without a picture.
    pub fn to_html(&self) -> Result<String, Error> {
        let reader = ReadStore::open(&self.job.manifest.store)?.reader()?;
        let key = stored_job(&reader, &self.job.manifest)?.ok_or(PipelineError::NoRun)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let decoder = self.environment.decoder().clone();
        let mut thumbnails = pipeline::Thumbnails::new(&self.job.manifest, decoder, clock);
        let mut draw = |page: &comparison::ChangedPage| draw_page(&reader, key, &mut thumbnails, &page.path, &page.id);
        Ok(comparison::render_html(&self.comparison, &mut draw))
    }
}
