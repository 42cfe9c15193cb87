//! Asks pages that have answers once more, in other ways, to measure the model: `docmill eval --rotate` and
//! `--repeat`, and `docmill diff --sample`. The answers are stored under their own recipes, so nothing is paid for
//! twice and rows never show them. The attempts are in the ledger and charged to the job's budget.

use super::asking::dispatch::{AskedPages, ask_pages};
use super::asking::stage::{Asking, NoObserver};
use super::control::context::RunContext;
use super::control::counters::Counters;
use super::control::dependencies::Dependencies;
use super::control::error::PipelineError;
use super::control::identity::{RunPurpose, stored_job};
use super::control::options::RunOptions;
use super::control::runtime::AskingRuntime;
use super::control::shutdown::Shutdown;
use super::model::question_set::{QuestionSet, QuestionSets, VERSIONS, policy, rendered_questions, skip_rule};
use super::model::ready_page::ReadyPage;
use super::model::recipe::known_recipes;
use super::model::recipe::recipes;
use super::scan::pass::ScanSeen;
use super::scan::sample::sample_pages;
use crate::base::decoder_version::has_current_page_numbers;
use crate::base::digest::Digest;
use crate::base::ids::{PageId, RecipeId};
use crate::base::money::Pico;
use crate::base::sanitize;
use crate::base::vocabulary::OutcomeStatus;
use crate::manifest::{Job, Output, Place};
use crate::prepare::Decoder;
use crate::source::{Entries, Entry, HostLimits, SourceReader};
use crate::store::{
    EntryRecord, PageStatus, Reader, RowOptions, SkipRule, StoreError, TaskOutcome, TaskSelection, TasksToAsk,
};
use crate::task::Question;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Pages that are prepared ahead.
const PREPARED_PAGES: usize = 8;

/// A page with answers, which is asked once more.
#[derive(Clone, Debug)]
pub struct ProbePage {
    /// The page.
    pub id: PageId,
    /// The first entry that has it.
    pub entry: EntryRecord,
    /// The model's answers, by task; `None`: it has none.
    pub answers: Vec<Option<Value>>,
    /// What asking it once more is expected to cost: as much as the last time, at the price of today. `None`:
    /// unknown.
    pub cost: Option<Pico>,
}

/// The pages that a sample is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct ProbeSample<'a> {
    /// The maximum number of pages.
    pub count: u64,
    /// The positions of tasks: pages with an answer to one of them.
    pub tasks: &'a [usize],
    /// Only of these pages; `None`: of all.
    pub among: Option<&'a HashSet<PageId>>,
}

/// A sample of the pages of a job that have answers: the same ones every time. `at_ms`: wall time in
/// milliseconds, for the price.
///
/// # Errors
/// When there is no run of the job in the store, or the store can't be read.
pub fn sample_answered_pages(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    sample: ProbeSample<'_>,
    at_ms: i64,
) -> Result<Vec<ProbePage>, PipelineError> {
    let key = stored_job(reader, job)?.ok_or(PipelineError::NoRun)?;
    let outcomes = |entry: &EntryRecord, page: PageId| -> Result<Vec<Option<TaskOutcome>>, StoreError> {
        let recipes = recipes_of(reader, job, questions, entry)?;
        Ok(reader.stored_page(None, &page, &recipes, VERSIONS)?.outcomes)
    };
    let is_answered = |outcomes: &[Option<TaskOutcome>]| {
        let mut known = sample.tasks.iter().filter_map(|at| outcomes.get(*at).and_then(Option::as_ref));
        known.any(|known| known.status == OutcomeStatus::Ok)
    };
    let chosen = sample_pages(reader, key, sample.count, &mut |entry, page| {
        let is_among = sample.among.is_none_or(|among| among.contains(&page));
        Ok(is_among && is_answered(&outcomes(entry, page)?))
    })?;
    let price = job.price_at(at_ms);
    let options = RowOptions { versions: VERSIONS, skip: skip_rule(job), with_decisions: false };
    let mut pages = Vec::with_capacity(chosen.len());
    for id in chosen {
        let Some(entry) = reader.entries_with_content(key, &id.content, 1)?.into_iter().next() else { continue };
        let recipes = recipes_of(reader, job, questions, &entry)?;
        let record = reader.row(key, &entry, (id.page, id.page), &recipes, options)?;
        let reply = record.spend.iter().rev().find(|spend| spend.is_done);
        let cost = reply.and_then(|spend| price.map(|price| price.expected_cost(spend.tokens)));
        let answer = |outcome: Option<TaskOutcome>| {
            outcome.filter(|known| known.status == OutcomeStatus::Ok).and_then(|known| known.value)
        };
        let answers = outcomes(&entry, id)?.into_iter().map(answer).collect();
        pages.push(ProbePage { id, entry, answers, cost });
    }
    pages.sort_by(|a, b| (a.entry.position(), a.id.page).cmp(&(b.entry.position(), b.id.page)));
    Ok(pages)
}

/// The recipes of an entry's questions; [`RecipeId::UNSTORED`] for new ones.
fn recipes_of(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    entry: &EntryRecord,
) -> Result<Vec<RecipeId>, StoreError> {
    let questions = rendered_questions(questions, entry.carried.as_ref());
    Ok(known_recipes(reader, job, &questions)?.into_iter().map(|key| key.recipe_id).collect())
}

/// What the store has of a page for variants of the questions.
///
/// # Errors
/// When the store can't be read.
pub fn probe_outcomes(
    reader: &Reader,
    job: &Job,
    variant: &[Question],
    page: &ProbePage,
) -> Result<Vec<Option<TaskOutcome>>, StoreError> {
    let recipes = recipes_of(reader, job, variant, &page.entry)?;
    Ok(reader.stored_page(None, &page.id, &recipes, VERSIONS)?.outcomes)
}

/// Whether a page has to be asked for a variant with these outcomes.
#[must_use]
pub fn is_probe_open(outcomes: &[Option<TaskOutcome>]) -> bool {
    !tasks_to_ask(outcomes).is_empty()
}

fn tasks_to_ask(outcomes: &[Option<TaskOutcome>]) -> TasksToAsk {
    let known = crate::store::StoredPage { outcomes: outcomes.to_vec(), ..crate::store::StoredPage::default() };
    match known.status(SkipRule::default(), &TaskSelection::LATER_RUN) {
        PageStatus::Ask(tasks) => tasks,
        PageStatus::Done | PageStatus::Skipped | PageStatus::Faulty => TasksToAsk::new(),
    }
}

/// Asks pages for variants of the job's questions, as far as the store has no answers for them. A run that ends
/// early leaves the rest to the next one; `shutdown` shows why.
///
/// # Errors
/// When the store can't be written, or the decoder can't be started.
pub fn ask_probes(
    job: &Job,
    variants: &[Arc<[Question]>],
    pages: &[ProbePage],
    dependencies: &Dependencies,
    options: &RunOptions,
    (shutdown, counters): (&Shutdown, &Arc<Counters>),
) -> Result<(), PipelineError> {
    let Some(first) = variants.first() else { return Ok(()) };
    shutdown.set_grace(options.grace);
    // Nothing is written but what the store keeps, and a few pages need no batch.
    let job = Arc::new(Job { is_batch: false, output: Output::default(), ..job.clone() });
    let run = RunContext::begin(&job, first, dependencies, RunPurpose::Try, shutdown, counters)?;
    let asked = ask(&run, variants, pages, dependencies, options);
    let ended = run.end_try(asked.as_ref().map(|()| true));
    run.store.close();
    asked.and(ended.map_err(PipelineError::from))
}

fn ask(
    run: &RunContext,
    variants: &[Arc<[Question]>],
    pages: &[ProbePage],
    dependencies: &Dependencies,
    options: &RunOptions,
) -> Result<(), PipelineError> {
    let renderers = &run.identity.renderers;
    let mut sets = Vec::with_capacity(variants.len());
    for questions in variants {
        let (id, tasks) = run.store.define_recipes(recipes(&run.job, questions), policy(&run.job, renderers))?;
        let recipes = tasks.into_iter().map(|task| task.recipe_id).collect();
        let common = QuestionSet { questions: questions.clone(), recipes, id, is_rendered: true };
        sets.push(QuestionSets::new(run.job.clone(), common, run.store.clone(), renderers.clone()));
    }
    let asking = Asking::new(run, &dependencies.client, &NoObserver)?;
    let seen = ScanSeen::new();
    let mut asked = AskedPages::new(run, options);
    let runtime = AskingRuntime::new()?;
    let (send, ready) = mpsc::channel(PREPARED_PAGES);
    std::thread::scope(|scope| {
        let preparing = scope.spawn(|| prepare_pages(run, &sets, pages, dependencies, send));
        // Another process that asks the same keeps what it gets; a later call finds it.
        let ended = runtime.block_on(async {
            let _elsewhere = ask_pages(&asking, ready, &seen, &mut asked).await;
            Ok(())
        });
        let prepared = preparing.join();
        ended.and(prepared.unwrap_or_else(|_| Err(PipelineError::Internal("the preparation of pages panicked".into()))))
    })
}

/// The entries of a list that these pages are of, by their position. The store has no secrets of URLs.
fn listed_entries(job: &Job, pages: &[ProbePage]) -> Result<HashMap<(u64, Vec<u8>), Entry>, PipelineError> {
    if !matches!(job.input.place, Place::List(_)) {
        return Ok(HashMap::new());
    }
    let wanted: HashSet<(u64, &[u8])> = pages.iter().map(|page| page.entry.position()).collect();
    let listed = Entries::start(&job.input)?.filter_map(Result::ok).filter(|entry| wanted.contains(&entry.position()));
    Ok(listed.map(|entry| ((entry.line, entry.path.clone()), entry)).collect())
}

/// Prepares pages and sends them on, once for each variant that has no answers.
fn prepare_pages(
    run: &RunContext,
    sets: &[QuestionSets],
    pages: &[ProbePage],
    dependencies: &Dependencies,
    ready: mpsc::Sender<ReadyPage>,
) -> Result<(), PipelineError> {
    let job = &run.job;
    let hosts = Arc::new(HostLimits::new(&job.input.fetch, run.clock.clone()));
    let shutdown = run.shutdown.clone();
    let mut source = SourceReader::new(&job.input, hosts, run.clock.clone(), move || {
        let shutdown = shutdown.clone();
        Box::pin(async move { shutdown.immediate().await })
    });
    let mut decoder = Decoder::new(dependencies.decoder.clone());
    let reader = run.store.reader()?;
    let entries = listed_entries(job, pages)?;
    for page in pages {
        let mut open = Vec::new();
        for set in sets {
            let questions = set.for_entry(page.entry.carried.as_ref(), &reader)?;
            let outcomes = reader.stored_page(None, &page.id, &questions.recipes, VERSIONS)?.outcomes;
            let tasks = tasks_to_ask(&outcomes);
            if !tasks.is_empty() {
                open.push((questions, tasks));
            }
        }
        if open.is_empty() || run.shutdown.is_requested() {
            continue;
        }
        let path: Arc<str> = sanitize::path(&page.entry.path).into();
        // The page may have another number by now.
        if !has_current_page_numbers(page.entry.decoder, &page.entry.path) {
            tracing::warn!("{path} was read by an earlier version, and is left out; run the job first");
            continue;
        }
        let stored = Entry { line: page.entry.line, path: page.entry.path.clone(), ..Entry::default() };
        let entry = entries.get(&(page.entry.line, page.entry.path.clone())).unwrap_or(&stored);
        let bytes = match source.read(entry) {
            Ok(bytes) if Digest::compute(&bytes) == page.id.content => bytes,
            Ok(_) => {
                tracing::warn!("{path} has changed since it was answered, and is left out");
                continue;
            }
            Err(fault) => {
                tracing::warn!("{path} is left out: {fault}");
                continue;
            }
        };
        let internal = |error: crate::prepare::DecoderError| PipelineError::Internal(error.to_string());
        let opened = decoder.open(&bytes).map_err(internal)?;
        let prepared = match opened {
            Ok(_) => decoder.prepare(page.id.page, &job.image, false).map_err(internal)?,
            Err(fault) => Err(fault),
        };
        match prepared {
            Ok(prepared) => {
                for (questions, tasks) in open {
                    let (path, prepared) = (path.clone(), prepared.clone());
                    let page = ReadyPage { page: page.id, tasks, path, prepared, questions };
                    // The receiver is gone once the run has ended.
                    if ready.blocking_send(page).is_err() {
                        return Ok(());
                    }
                }
            }
            Err(fault) => tracing::warn!("{path} is left out: {}", fault.message),
        }
    }
    Ok(())
}
