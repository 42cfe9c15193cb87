//! `docmill try`: one page, asked at once, with everything to see. Its attempts are in the ledger and
//! its answers in the store, like any other.

use super::asking::elsewhere::wait_for_page;
use super::asking::page_loop::ask_page;
use super::asking::stage::{Asking, Observer};
use super::control::context::RunContext;
use super::control::counters::Counters;
use super::control::dependencies::Dependencies;
use super::control::error::PipelineError;
use super::control::identity::RunPurpose;
use super::control::runtime::AskingRuntime;
use super::control::shutdown::Shutdown;
use super::model::question_set::{QuestionSet, VERSIONS, rendered_questions};
use super::model::ready_page::{PageEnd, ReadyPage};
use super::model::recipe::known_recipes;
use super::scan::reread::{ComparedPage, Reread, reread};
use super::scan::stored_numbers::StoredNumbers;
use crate::base::digest::Digest;
use crate::base::ids::{PageId, RecipeId};
use crate::base::sanitize;
use crate::base::vocabulary::OutcomeStatus;
use crate::manifest::Job;
use crate::media::PageLayout;
use crate::prepare::{Decoder, DecoderError, Prepared};
use crate::provider::{PageRequest, Variation};
use crate::source::{Entries, Entry, SourceReader, not_a_url_without_secrets, path_bytes};
use crate::store::{ReadStore, TaskOutcome};
use crate::task::{Question, instructions};
use bytes::Bytes;
use std::path::Path;
use std::sync::Arc;

/// The request for a tried page, before it is sent.
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
    /// What made the image of a page of a PDF, with its version; `None`: the file is not a PDF.
    pub renderer: Option<String>,
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
    let is_it =
        |entry: &Entry| std::fs::canonicalize(entry.find_file(job.input.base()).0).is_ok_and(|path| path == wanted);
    let line = Entries::start(&job.input)?.filter_map(Result::ok).find(is_it);
    Ok(line.map(|entry| rendered_questions(questions, entry.carried.as_ref())))
}

/// The outcome of a task of a tried page.
#[derive(Clone, Debug)]
pub struct TriedOutcome {
    /// The name of the task.
    pub task: String,
    /// Its outcome; `None`: the attempt had no outcome.
    pub outcome: Option<TaskOutcome>,
    /// Whether the store had a valid answer, so that the task was not asked.
    pub is_stored: bool,
}

/// A page to try.
#[derive(Clone, Copy, Debug)]
pub struct PageToTry<'a> {
    /// Its file.
    pub file: &'a Path,
    /// Its number from 1.
    pub number: u32,
    /// Whether tasks with a valid answer are asked, too.
    pub refresh: bool,
}

/// Asks one page. `on_start` gets the request before it is sent, `observer` everything else. Returns the outcomes by task.
///
/// # Errors
/// When the page or the store can't be read.
pub fn try_page(
    (job, questions): (&Arc<Job>, &Arc<[Question]>),
    dependencies: &Dependencies,
    (shutdown, counters): (&Shutdown, &Arc<Counters>),
    page: PageToTry<'_>,
    on_start: &dyn Fn(&TriedPage),
    observer: &dyn Observer,
) -> Result<Vec<TriedOutcome>, PipelineError> {
    let file_page = prepare(job, dependencies, page)?;
    let stored = if page.refresh { None } else { stored_answers(job, questions, &file_page)? };
    if let Some(answers) = stored {
        return Ok(answers);
    }
    let run = RunContext::begin(job, questions, dependencies, RunPurpose::Try, shutdown, counters)?;
    let asked = ask(&run, questions, dependencies, file_page, page, on_start, observer);
    let ended = run.end_try(match &asked {
        Ok(tried) => Ok(tried.iter().all(|tried| has_answer(tried.outcome.as_ref()))),
        Err(error) => Err(error),
    });
    run.store.close();
    let tried = asked?;
    ended?;
    Ok(tried)
}

/// Asks the page in a run that has begun.
fn ask(
    run: &RunContext,
    questions: &Arc<[Question]>,
    dependencies: &Dependencies,
    mut file_page: FilePage,
    PageToTry { file, refresh, .. }: PageToTry<'_>,
    on_start: &dyn Fn(&TriedPage),
    observer: &dyn Observer,
) -> Result<Vec<TriedOutcome>, PipelineError> {
    let page = file_page.id();
    let keys = &run.identity.keys;
    let set = Arc::new(QuestionSet::of_job(questions, keys));
    let reader = run.store.reader()?;
    let FilePage { content, bytes, layout, decoder, .. } = &mut file_page;
    let compare = |page, earlier| {
        let compared = ComparedPage::compare(decoder, (page, &run.job.image), earlier);
        compared.map_err(|error| PipelineError::Internal(error.to_string()))
    };
    let stored = (&run.store, &reader, run.identity.renderers.as_str());
    if let Reread::Postponed(fault) = reread(stored, (*content, bytes), Ok(layout.clone()), compare, || false)? {
        return Err(PipelineError::Page { path: file.display().to_string(), reason: fault.message });
    }
    let read_outcomes = || reader.stored_page(None, &page, &set.recipes, VERSIONS).map(|known| known.outcomes);
    let is_known = |outcome: &Option<TaskOutcome>| !refresh && has_answer(outcome.as_ref());
    let path: Arc<str> = sanitize::path(file.as_os_str().as_encoded_bytes()).into();
    let ready = |known: &[Option<TaskOutcome>]| {
        let tasks = known.iter().enumerate().filter(|(_, outcome)| !is_known(outcome));
        let tasks = tasks.map(|(at, outcome)| (at, outcome.as_ref().map(|known| known.revision)));
        let prepared = file_page.prepared.clone();
        ReadyPage { page, tasks: tasks.collect(), path: path.clone(), prepared, questions: set.clone() }
    };
    let mut known: Vec<Option<TaskOutcome>> = read_outcomes()?;
    let is_stored: Vec<bool> = known.iter().map(is_known).collect();

    let asking = Asking::new(run, &dependencies.client, observer)?;
    on_start(&describe(&asking, questions, &ready(&known)));
    let ask_and_wait = async {
        let mut end = ask_page(&asking, ready(&known)).await;
        while end == PageEnd::Elsewhere && wait_for_page(&asking, page, &set).await? {
            known = read_outcomes()?;
            if known.iter().all(is_known) {
                break;
            }
            end = ask_page(&asking, ready(&known)).await;
        }
        Ok(end)
    };
    let end = AskingRuntime::new()?.block_on(ask_and_wait)?;
    let outcomes = read_outcomes()?;
    if end == PageEnd::Elsewhere && outcomes.iter().any(Option::is_none) {
        tracing::warn!("another run is asking this page; try again when it has ended");
    }
    let tried = keys.tasks.iter().zip(outcomes).zip(is_stored);
    Ok(tried.map(|((key, outcome), is_stored)| TriedOutcome { task: key.task.clone(), outcome, is_stored }).collect())
}

/// The answers to all tasks of a page, when the store has a valid one for each.
fn stored_answers(
    job: &Job,
    questions: &[Question],
    page: &FilePage,
) -> Result<Option<Vec<TriedOutcome>>, PipelineError> {
    let Some(store) = ReadStore::open_if_exists(&job.store)? else { return Ok(None) };
    let reader = store.reader()?;
    let keys = known_recipes(&reader, job, questions)?;
    let recipes: Vec<RecipeId> = keys.iter().map(|key| key.recipe_id).collect();
    let numbers = StoredNumbers::find(&reader, &page.content, &page.layout)?;
    let Some(stored) = numbers.find_number(page.id().page) else { return Ok(None) };
    let stored = PageId { content: page.content, page: stored };
    let outcomes = reader.stored_page(None, &stored, &recipes, VERSIONS)?.outcomes;
    if !outcomes.iter().all(|outcome| has_answer(outcome.as_ref())) {
        return Ok(None);
    }
    let answers = keys.into_iter().zip(outcomes);
    Ok(Some(answers.map(|(key, outcome)| TriedOutcome { task: key.task, outcome, is_stored: true }).collect()))
}

fn has_answer(outcome: Option<&TaskOutcome>) -> bool {
    outcome.is_some_and(|outcome| outcome.status == OutcomeStatus::Ok)
}

/// A page of an open file, prepared.
struct FilePage {
    content: Digest,
    bytes: Bytes,
    layout: PageLayout,
    /// Its number from 1.
    number: u32,
    prepared: Prepared,
    /// Has the file open.
    decoder: Decoder,
}

impl FilePage {
    /// The page that is asked for it.
    fn id(&self) -> PageId {
        PageId { content: self.content, page: self.layout.first_of(self.number) }
    }
}

fn prepare(job: &Job, dependencies: &Dependencies, page: PageToTry<'_>) -> Result<FilePage, PipelineError> {
    let PageToTry { file, number, .. } = page;
    let unusable = |reason: String| {
        // A URL is not a file, and may have a signature.
        let hidden = not_a_url_without_secrets(&path_bytes(file)).filter(|_| !file.exists());
        let path =
            hidden.map_or_else(|| file.display().to_string(), |path| String::from_utf8_lossy(&path).into_owned());
        PipelineError::Page { path, reason }
    };
    let internal = |error: DecoderError| PipelineError::Internal(error.to_string());
    let entry = Entry { path: path_bytes(file), ..Entry::default() };
    let bytes = SourceReader::files_only(Path::new("")).read(&entry).map_err(|fault| unusable(fault.message))?;
    let mut decoder = Decoder::new(dependencies.decoder.clone());
    let pages = decoder.open(&bytes).map_err(internal)?.map_err(|fault| unusable(fault.message))?;
    if number > pages.count {
        return Err(unusable(format!("there is no page {number}; its last page is {}", pages.count)));
    }
    let prepared = decoder.prepare(number, &job.image, false).map_err(internal)?;
    let prepared = prepared.map_err(|fault| unusable(fault.message))?;
    Ok(FilePage { content: Digest::compute(&bytes), bytes, layout: pages, number, prepared, decoder })
}

fn describe(asking: &Asking<'_>, questions: &Arc<[Question]>, ready: &ReadyPage) -> TriedPage {
    let request = PageRequest {
        questions: questions.clone(),
        tasks: (0..questions.len()).collect(),
        variation: Variation::default(),
        page: ready.page.number(),
        repair: None,
    };
    let prepared = &ready.prepared;
    TriedPage {
        width: prepared.width,
        height: prepared.height,
        bytes: prepared.bytes.len(),
        mime: prepared.mime,
        renderer: prepared.renderer.clone(),
        expected_input: asking
            .endpoint
            .estimate(&request, &asking.endpoint.outgoing(&request), prepared)
            .expected
            .input,
        prompt: instructions(&questions.iter().collect::<Vec<_>>(), false),
    }
}
