//! `docmill try`: one page, asked at once, with everything to see. Its attempts are in the ledger and
//! its answers in the store, like any other.

use super::asking::page_loop::ask_page;
use super::asking::stage::{Asking, Observer};
use super::control::context::RunContext;
use super::control::counters::Counters;
use super::control::environment::Environment;
use super::control::error::PipelineError;
use super::control::shutdown::Shutdown;
use super::model::question_set::{QuestionSet, VERSIONS, render};
use super::model::ready_page::{PageEnd, ReadyPage};
use crate::base::digest::Digest;
use crate::base::ids::PageId;
use crate::base::sanitize;
use crate::base::vocabulary::RunOutcomeName;
use crate::manifest::Job;
use crate::prepare::{Decoder, DecoderError, Prepared};
use crate::provider::PageRequest;
use crate::source::{Entries, Entry};
use crate::store::{RunEnd, TaskOutcome};
use crate::task::{Question, instructions};
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;

/// What is about to be sent for a tried page.
#[derive(Clone, Debug)]
pub struct TriedPage {
    /// Width of the image in pixels.
    pub width: u32,
    /// Height of the image in pixels.
    pub height: u32,
    /// Size of the image in bytes.
    pub bytes: usize,
    /// Its media type.
    pub mime: &'static str,
    /// Expected prompt tokens.
    pub expected_input: u64,
    /// The text that is sent before the image.
    pub prompt: String,
}

/// The questions with the values of the first line of the list that names `file`; `None`: no line
/// does.
///
/// # Errors
/// When the list can't be read.
pub fn questions_for_file(
    job: &Job,
    questions: &[Question],
    file: &Path,
) -> Result<Option<Arc<[Question]>>, PipelineError> {
    let Ok(wanted) = std::fs::canonicalize(file) else { return Ok(None) };
    let is_it = |entry: &Entry| std::fs::canonicalize(entry.file(job.input.base())).is_ok_and(|path| path == wanted);
    let line = Entries::start(&job.input)?.filter_map(Result::ok).find(is_it);
    Ok(line.map(|entry| render(questions, entry.carried.as_deref())).transpose()?)
}

/// Asks one page: `file` and the page's number from 1. `on_start` sees what is about to be sent,
/// `observer` everything else. Returns the outcomes by task.
///
/// # Errors
/// When the page or the store can't be read.
pub fn try_page(
    (job, questions): (&Arc<Job>, &Arc<[Question]>),
    environment: &Environment,
    (shutdown, counters): (&Shutdown, &Arc<Counters>),
    (file, number): (&Path, u32),
    on_start: &dyn Fn(&TriedPage),
    observer: &dyn Observer,
) -> Result<Vec<(String, Option<TaskOutcome>)>, PipelineError> {
    let (content, prepared) = prepare(job, environment, file, number)?;
    let page = PageId { content, page: number };
    let run = RunContext::begin(job, questions, environment, shutdown, counters)?;
    let keys = &run.identity.keys;
    let set = Arc::new(QuestionSet::of_job(questions, keys));
    let reader = run.store.reader()?;
    let known = reader.stored_page(None, &page, &set.recipes, VERSIONS)?.outcomes;
    let tasks = known.iter().enumerate().map(|(at, outcome)| (at, outcome.as_ref().map(|known| known.at_ms)));
    let path = sanitize::path(file.as_os_str().as_encoded_bytes()).into();
    let ready = ReadyPage { page, tasks: tasks.collect(), path, prepared, questions: set.clone() };

    let asking = Asking::new(&run, &environment.client, observer)?;
    on_start(&describe(&asking, questions, &ready));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| PipelineError::Internal(error.to_string()))?;
    let end = runtime.block_on(ask_page(&asking, ready));
    drop(asking);

    run.store.mark_lost(keys.run, run.clock.wall_ms())?;
    let exit_code = if matches!(end, PageEnd::Settled(None)) { 0 } else { 3 };
    let at_ms = run.clock.wall_ms();
    run.store.end_run(RunEnd { run: keys.run, outcome: RunOutcomeName::Try, exit_code, pages: None, at_ms })?;
    let outcomes = reader.stored_page(None, &page, &set.recipes, VERSIONS)?.outcomes;
    run.store.clone().close();
    Ok(keys.tasks.iter().map(|key| key.task.clone()).zip(outcomes).collect())
}

fn prepare(
    job: &Job,
    environment: &Environment,
    file: &Path,
    number: u32,
) -> Result<(Digest, Prepared), PipelineError> {
    let unusable = |reason: String| PipelineError::Page { path: file.display().to_string(), reason };
    let internal = |error: DecoderError| PipelineError::Internal(error.to_string());
    let bytes = Bytes::from(std::fs::read(file).map_err(|error| unusable(error.to_string()))?);
    let mut decoder = Decoder::new(environment.decoder.clone());
    decoder.open(&bytes).map_err(internal)?.map_err(|fault| unusable(fault.message))?;
    let prepared = decoder.prepare(number, &job.image, false).map_err(internal)?;
    Ok((Digest::compute(&bytes), prepared.map_err(|fault| unusable(fault.message))?))
}

fn describe(asking: &Asking<'_>, questions: &Arc<[Question]>, ready: &ReadyPage) -> TriedPage {
    let request = PageRequest {
        questions: questions.clone(),
        tasks: (0..questions.len()).collect(),
        is_lengthened: false,
        page: 0,
        repair: None,
    };
    let prepared = &ready.prepared;
    TriedPage {
        width: prepared.width,
        height: prepared.height,
        bytes: prepared.bytes.len(),
        mime: prepared.mime,
        expected_input: asking.endpoint.estimate(&request, prepared).expected.input,
        prompt: instructions(&questions.iter().collect::<Vec<_>>(), false),
    }
}
