//! Both sides of a comparison: where their answers are, and what they cost.

use super::diff_query::{DiffQuery, DiffSide};
use super::environment::Environment;
use super::error::{Error, WRONG_INPUT};
use super::job::Job;
use super::runs::{find_run, is_try, known_runs};
use crate::base::clock::{Clock, SystemClock};
use crate::base::ids::{JobId, PageId, RunId};
use crate::base::lowest::Lowest;
use crate::base::money::Pico;
use crate::catalog::{RequestPrice, find_price};
use crate::export::RowSpec;
use crate::labels::history::{
    Change, SettingChange, add_other_changes, changes_of_recipes, drop_derived_changes, settings_of,
};
use crate::labels::page_cost::PageCosts;
use crate::pipeline::{
    self, EntryRecipes, PipelineError, PlanRequest, ProbePage, Projection, RetryScope, RowSide, budget_counter,
    draw_key, is_probe_open, read_page_pairs, row_columns, stored_job,
};
use crate::select::{Filter, FilterColumns};
use crate::store::{EntryRecord, ReadStore, Reader, RetrySelection, RunRecord, StoreError, TaskKey};
use crate::task::{Question, question_from_recipe};
use serde_json::Value;
use std::collections::HashSet;

/// Maximum number of files for which a plan prices the full run. More are projected.
const PRICED_FILES: u64 = 400;
/// Sections that do not affect answers or cost: the same pages are compared.
const NOT_COMPARED: &[&str] = &["name", "input", "output", "store"];

/// What asking all pages costs.
pub(crate) struct FullRun {
    /// Their number.
    pub(crate) pages: u64,
    /// The expected cost; `None`: unknown, for example because the image tokens of the model are.
    pub(crate) expected: Option<Pico>,
    /// The least and the greatest cost; `None`: the price is unknown.
    pub(crate) bounds: Option<[Pico; 2]>,
}

/// Both sides, opened.
pub(crate) struct Sides {
    pub(crate) old_reader: Reader,
    new_reader: Option<Reader>,
    key: JobId,
    new_key: Option<JobId>,
    /// The earlier answers are those of this run; `None`: of the job's manifest.
    run: Option<RunRecord>,
    /// The job that is asked.
    pub(crate) new_job: Job,
    /// What the earlier answers are, in words.
    pub(crate) old_name: String,
    /// What the later answers are, in words.
    pub(crate) new_name: String,
}

impl Sides {
    pub(crate) fn open(job: &Job, query: &DiffQuery) -> Result<Self, Error> {
        let opened = job.open_store()?;
        let old_reader = opened.reader()?;
        let key = stored_job(&old_reader, &job.manifest)?.ok_or(PipelineError::NoRun)?;
        let manifest = || format!("{} ({})", job.manifest.path.display(), job.model());
        let mut new_job = job.clone();
        let (mut run, mut old_name, mut new_name) = (None, manifest(), manifest());
        match &query.against {
            DiffSide::Job { job: other, name, .. } => {
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
                let runs = known_runs(&opened, &old_reader, Some(&[key]))?;
                let present = pipeline::known_recipes(&old_reader, &job.manifest, &job.questions)?;
                let chosen = match side {
                    DiffSide::Run(id) => find_run(&runs, id)?,
                    _ => runs.iter().find(|run| !is_try(run) && run.tasks != present).ok_or_else(|| {
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
        check_tasks(&query.tasks, [job, &new_job])?;
        let new_reader = ReadStore::open_if_exists(&new_job.manifest.store)?.map(|store| store.reader()).transpose()?;
        let new_key = match &new_reader {
            Some(reader) => stored_job(reader, &new_job.manifest)?,
            None => None,
        };
        Ok(Self { old_reader, new_reader, key, new_key, run, new_job, old_name, new_name })
    }

    pub(crate) fn old_side<'a>(&'a self, job: &'a Job, carried: &RowSpec) -> Result<RowSide<'a>, Error> {
        let questions: (&crate::manifest::Job, &[Question]) = (&job.manifest, &job.questions);
        let side = RowSide::of_job(Some(&self.old_reader), Some(self.key), questions, carried)?;
        let Some(run) = &self.run else { return Ok(side) };
        // The recipes of a run determine the form of its answers.
        let task = |TaskKey { task, recipe_id }: &TaskKey| {
            let body = self.old_reader.recipe(*recipe_id)?;
            let question = body.get("task").and_then(|recipe| question_from_recipe(task, recipe));
            let question = question.ok_or_else(|| {
                StoreError::Damaged(format!("table recipes, row {recipe_id}: its task can't be read"))
            })?;
            Ok((task.clone(), question.shape))
        };
        let tasks = run.tasks.iter().map(task).collect::<Result<_, StoreError>>()?;
        let common = run.tasks.iter().map(|task| task.recipe_id).collect();
        let columns = RowSpec { tasks, recipes: common, model: run.model.clone(), ..side.columns };
        Ok(RowSide { columns, recipes: EntryRecipes::of_run(&self.old_reader, run)?, ..side })
    }

    pub(crate) fn new_side<'a>(&'a self, carried: &RowSpec) -> Result<RowSide<'a>, Error> {
        let questions: (&crate::manifest::Job, &[Question]) = (&self.new_job.manifest, &self.new_job.questions);
        Ok(RowSide::of_job(self.new_reader.as_ref(), self.new_key, questions, carried)?)
    }

    pub(crate) fn filter(&self, old: &RowSide<'_>, query: &DiffQuery) -> Result<Option<Filter>, Error> {
        let columns = FilterColumns::of_rows(&old.columns);
        let parse = |text: &String| Filter::parse(text, &columns).map_err(|error| Error::new(WRONG_INPUT, error));
        query.filter.as_ref().map(parse).transpose()
    }

    /// The sample: the first pages by the digest of their content, of those with an earlier answer that match.
    pub(crate) fn sample(&self, job: &Job, query: &DiffQuery, count: u64) -> Result<HashSet<PageId>, Error> {
        let carried = row_columns(&job.manifest, &job.questions)?;
        let old = self.old_side(job, &carried)?;
        let filter = self.filter(&old, query)?;
        let mut lowest = Lowest::new(count);
        let nothing = RowSide { reader: None, ..self.old_side(job, &carried)? };
        read_page_pairs(&old, &nothing, &mut |pair| {
            let has_answer = pair.old.row.answers.iter().any(|answer| !answer.is_null())
                || pair.old.record.outcomes.iter().any(Option::is_some);
            if has_answer && !pair.is_duplicate && filter.as_ref().is_none_or(|filter| filter.matches(&pair.old.row)) {
                lowest.offer(draw_key(&pair.id), pair.id);
            }
            Ok(())
        })?;
        Ok(lowest.into_things().collect())
    }

    /// The pages of a sample that have a task without a later answer, each with what asking it would cost if it took as
    /// many tokens as before; and the number of all pages.
    pub(crate) fn unanswered(&self, job: &Job, sample: &HashSet<PageId>) -> Result<(Vec<ProbePage>, u64), Error> {
        let carried = row_columns(&job.manifest, &job.questions)?;
        let (old, new) = (self.old_side(job, &carried)?, self.new_side(&carried)?);
        let price = self.new_job.manifest.price_at(SystemClock::new().wall_ms());
        let (mut pages, mut all) = (Vec::new(), 0);
        read_page_pairs(&old, &new, &mut |pair| {
            all += u64::from(!pair.is_duplicate);
            if !pair.is_duplicate && sample.contains(&pair.id) && is_probe_open(&pair.new.record.outcomes) {
                let entry = EntryRecord::clone(&pair.entry);
                let before = pair.old.record.spend.iter().rev().find(|spend| spend.is_done);
                let cost = before.zip(price).map(|(spend, price)| price.expected_cost(spend.tokens));
                pages.push(ProbePage { id: pair.id, entry, answers: Vec::new(), cost });
            }
            Ok(())
        })?;
        Ok((pages, all))
    }

    /// The budget of the asked side, and its spent or reserved part; `None`: no budget.
    pub(crate) fn budget(&self, now_ms: i64) -> Result<Option<(Pico, Pico)>, Error> {
        let job = &self.new_job.manifest;
        let Some(limit) = job.limits.budget else { return Ok(None) };
        let scope = budget_counter(job, &RunId::new(""), now_ms).to_string();
        let spent = self.new_reader.as_ref().map(|reader| reader.budget_used(&scope)).transpose()?;
        Ok(Some((limit, spent.unwrap_or_default())))
    }

    /// What answers cost: the earlier and the later ones.
    pub(crate) fn costs(&self, job: &Job, now_ms: i64) -> (PageCosts<'_>, PageCosts<'_>) {
        let price = |job: &Job| job.manifest.price_at(now_ms);
        // An earlier run may have asked another model.
        let old = match &self.run {
            Some(run) if run.model != job.model() => find_price(job.manifest.provider.endpoint.host(), &run.model)
                .map(|listed| RequestPrice { table: listed.price, tier: job.manifest.service_tier(), sent_ms: now_ms }),
            _ => price(job),
        };
        let side = |reader, price, is_batch| PageCosts::new(reader, price, is_batch);
        (
            side(Some(&self.old_reader), old, job.manifest.is_batch),
            side(self.new_reader.as_ref(), price(&self.new_job), self.new_job.manifest.is_batch),
        )
    }

    /// The cost of asking every page again with the later settings; `None`: the number of pages is unknown.
    pub(crate) fn full_run(&self, environment: &Environment) -> Result<Option<FullRun>, PipelineError> {
        if self.new_job.reads_standard_input() {
            return Ok(None);
        }
        let everything =
            RetrySelection { invalid: true, refused: true, failed: true, refresh: true, ..RetrySelection::default() };
        let job = &self.new_job;
        let plan = pipeline::plan(&PlanRequest {
            job: &job.manifest,
            questions: &job.questions,
            reader: self.new_reader.as_ref(),
            retry: RetryScope { selection: everything, filter: None },
            sample: Some(PRICED_FILES),
            shards: None,
            at_ms: SystemClock::new().wall_ms(),
            decoder: environment.decoder().clone(),
        })?;
        let bounds = plan.quote.as_ref().and_then(|quote| Some((quote.cost?, quote.pages)));
        Ok(plan.projection.map(|Projection { expected, to_ask: pages, .. }| FullRun {
            pages,
            expected,
            bounds: bounds.map(|(cost, of)| [cost.low, cost.high].map(|cost| cost.of_pages(pages, of))),
        }))
    }

    /// The settings in which the sides differ.
    pub(crate) fn changes(&self, job: &Job, old: &RowSide<'_>) -> Result<Vec<SettingChange>, Error> {
        let recipes = pipeline::recipe_bodies(&self.new_job.manifest, &self.new_job.questions);
        let ids = old.columns.tasks.iter().map(|(name, _)| name.clone()).zip(old.columns.recipes.iter().copied());
        let mut changes = changes_of_recipes(&self.old_reader, ids.collect(), recipes)?;
        let after = self.new_job.manifest.settings.as_json();
        match &self.run {
            Some(run) => match settings_of(&self.old_reader, run.settings)? {
                Some(before) => add_other_changes(&mut changes, &before, after),
                None => drop_derived_changes(&mut changes),
            },
            None => {
                let (before, after) = (compared(job.manifest.settings.as_json()), compared(after));
                add_other_changes(&mut changes, &before, &after);
                // What the manifest states for its own model does not hold for another one that is only tried.
                if job.manifest.path == self.new_job.manifest.path {
                    changes.retain(|change| !is_left_out(change));
                }
            }
        }
        Ok(changes)
    }
}

/// Checks that every task that was named is one of either job.
fn check_tasks(wanted: &[String], jobs: [&Job; 2]) -> Result<(), Error> {
    let mut known: Vec<&str> = jobs.iter().flat_map(|job| job.task_names()).collect();
    match wanted.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(unknown) => {
            let mut seen = HashSet::new();
            known.retain(|name| seen.insert(*name));
            Err(Error::new(WRONG_INPUT, format!("--task {unknown}: the job has no such task"))
                .with_hint(&format!("tasks: {}", known.join(", "))))
        }
    }
}

/// Whether a setting of the model was left out.
fn is_left_out(change: &SettingChange) -> bool {
    let is_of_model = ["provider.price", "provider.revision"].iter().any(|start| change.setting.starts_with(start));
    is_of_model && matches!(&change.change, Change::Value { to: Value::Null, .. })
}

/// The settings of one of two manifests that affect answers and cost.
fn compared(settings: &Value) -> Value {
    let mut settings = settings.clone();
    if let Some(members) = settings.as_object_mut() {
        members.retain(|name, _| !NOT_COMPARED.contains(&name.as_str()));
    }
    settings
}
