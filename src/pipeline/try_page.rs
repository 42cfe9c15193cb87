//! One page, now, with everything to see: what is sent, what comes back, what it costs.
//! Its attempts are in the ledger and its answers in the store, like any other.

use super::asking::admission::Admission;
use super::asking::page_loop::{Context, PageEnd, Ready};
use super::control::counters::Counters;
use super::control::environment::{Environment, PipelineError};
use super::control::keys::{budget_key, endpoint, run_start};
use super::control::shutdown::Stop;
use super::model::question_set::{Asking, VERSIONS, rendered};
use crate::base::digest::Digest;
use crate::manifest::Job;
use crate::prepare::{Decoder, DecoderError};
use crate::provider::{Exchange, PageRequest};
use crate::source::{Entries, Entry};
use crate::store::{AttemptCharge, PageId, Reader, RunEnd, Store, TaskOutcome};
use crate::task::{Question, instructions};
use bytes::Bytes;
use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// What a trial shows before it asks.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Pixels and bytes that are sent.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Bytes of the image.
    pub bytes: usize,
    /// Its media type.
    pub mime: &'static str,
    /// Expected prompt tokens.
    pub expected_input: u64,
    /// The text that stands before the image.
    pub prompt: String,
}

/// The questions with the values of the first line of the list that names `file`; `None`
/// when none does.
///
/// # Errors
/// When the list can't be read.
pub fn line_of(job: &Job, questions: &[Question], file: &Path) -> Result<Option<Arc<[Question]>>, PipelineError> {
    let wanted = std::fs::canonicalize(file).ok();
    let is_it = |entry: &Entry| std::fs::canonicalize(entry.file(job.input.base())).ok() == wanted;
    let line = Entries::start(&job.input)?.filter_map(Result::ok).find(|entry| wanted.is_some() && is_it(entry));
    Ok(line.map(|entry| rendered(questions, entry.carried.as_deref())))
}

/// Asks one page (its file and number from 1). `on_start` sees what is sent, `on_text` the reply as it arrives,
/// `on_exchange` each attempt; the outcomes by task.
///
/// # Errors
/// When the page or the store can't be read.
#[expect(clippy::too_many_arguments, reason = "three observers of one page")]
pub fn try_page(
    job: &Arc<Job>,
    questions: &Arc<[Question]>,
    environment: &Environment,
    stop: &Stop,
    (image, number): (&Path, u32),
    on_start: &dyn Fn(&Trial),
    on_text: &dyn Fn(&str),
    on_exchange: &dyn Fn(&PageRequest, &Exchange, &AttemptCharge),
) -> Result<Vec<(String, Option<TaskOutcome>)>, PipelineError> {
    let unusable = |reason: String| PipelineError::Page { path: image.display().to_string(), reason };
    let bytes = Bytes::from(std::fs::read(image).map_err(|error| unusable(error.to_string()))?);
    let page = PageId { content: Digest::of(&bytes), page: number };
    let mut decoder = Decoder::new(environment.decoder.clone());
    let internal = |error: DecoderError| PipelineError::Internal(error.to_string());
    decoder.open(&bytes).map_err(internal)?.map_err(|fault| unusable(fault.message))?;
    let prepared = decoder.prepare(number, &job.image, false).map_err(internal)?;
    let prepared = prepared.map_err(|fault| unusable(fault.message))?;
    drop(decoder);

    let store = Store::open(&job.store, environment.clock.clone(), environment.hooks.clone())?;
    let keys = store.begin_run(run_start(job, questions, environment, environment.clock.wall_ms()))?;
    let recipes: Vec<i64> = keys.tasks.iter().map(|task| task.recipe_id).collect();
    let reader = Reader::open(store.path())?;
    let known = reader.standing(&page, &recipes, VERSIONS)?.outcomes;
    let tasks: Vec<_> =
        known.iter().enumerate().map(|(at, outcome)| (at, outcome.as_ref().map(|outcome| outcome.at_ms))).collect();

    let counters = Arc::new(Counters::default());
    let clock = environment.clock.clone();
    let endpoint = Rc::new(endpoint(job, environment, &keys));
    let context = Context {
        job,
        endpoint: endpoint.clone(),
        admission: Admission::new(
            clock.clone(),
            environment.seed,
            stop.clone(),
            counters.clone(),
            endpoint,
            job.limits.budget.is_some(),
        ),
        store: store.clone(),
        run: keys.run,
        run_id: environment.run_id.clone(),
        budget_key: budget_key(job),
        calibrations: keys.calibration.clone(),
        ids: Cell::new(0),
        clock,
        hooks: environment.hooks.clone(),
        stop: stop.clone(),
        counters,
        on_text,
        on_exchange,
    };
    let all: Vec<&Question> = questions.iter().collect();
    let questions = questions.clone();
    let asking =
        Arc::new(Asking { questions: questions.clone(), recipes: recipes.clone(), set: keys.set, is_own: false });
    let wanted = PageRequest {
        questions: questions.clone(),
        tasks: (0..questions.len()).collect(),
        is_lengthened: false,
        page: 0,
        repair: None,
    };
    on_start(&Trial {
        width: prepared.width,
        height: prepared.height,
        bytes: prepared.bytes.len(),
        mime: prepared.mime,
        expected_input: context.endpoint.estimate(&wanted, &prepared).expected.input,
        prompt: instructions(&all, false),
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| PipelineError::Internal(error.to_string()))?;
    let end = runtime.block_on(context.settle(Ready { page, tasks, prepared, asking }));
    drop(context);
    store.lose_open(keys.run, environment.clock.wall_ms())?;
    let exit_code = if matches!(end, PageEnd::Settled(None)) { 0 } else { 3 };
    let at_ms = environment.clock.wall_ms();
    store.end_run(RunEnd { run: keys.run, outcome: "try".into(), exit_code, pages: None, at_ms })?;
    let outcomes = reader.standing(&page, &recipes, VERSIONS)?.outcomes;
    store.close();
    Ok(keys.tasks.iter().map(|key| key.task.clone()).zip(outcomes).collect())
}
