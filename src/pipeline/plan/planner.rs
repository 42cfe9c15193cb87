//! Looks at the input file by file and page by page: answered, equal, unreadable, or to be asked.

use super::model::Plan;
use super::quote::Quoter;
use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId, RecipeId};
use crate::base::image_extensions::format_of_extension;
use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::catalog::RequestPrice;
use crate::manifest::Job;
use crate::media::{ImageFormat, PageLayout};
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::identity::endpoint_id;
use crate::pipeline::model::endpoint_facts::{endpoint_calibrations, endpoint_capabilities};
use crate::pipeline::model::question_set::{VERSIONS, skip_rule};
use crate::pipeline::model::recipe::known_recipes;
use crate::pipeline::model::recipe::recipes;
use crate::pipeline::scan::page_filter::PageFilter;
use crate::pipeline::scan::reread::{is_unsure, layout_of_outcomes};
use crate::pipeline::scan::stored_numbers::StoredNumbers;
use crate::prepare::{Decoder, DecoderCommand, is_single_page, size_from_header};
use crate::source::{self, SourceReader};
use crate::store::{
    EntryRecord, PageStatus, Reader, RetrySelection, RunBegin, SkipRule, StoreError, StoredPage, TaskSelection,
    TasksToAsk,
};
use crate::task::{Question, recipe_difference};
use bytes::Bytes;
use serde_json::Value;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

/// Makes a plan, one file after the other.
pub(crate) struct Planner<'a> {
    job: &'a Job,
    reader: Option<&'a Reader>,
    selection: RetrySelection,
    /// Where the run would begin in the history of the store.
    begin: RunBegin,
    plan: Plan,
    /// Pages and their questions, by shard: shards don't see each other's answers.
    seen: HashSet<(PageId, Digest, u32)>,
    /// The shard of the current entry; 0 if there are none.
    shard: u32,
    /// Canonical recipes by key.
    bodies: HashMap<RecipeId, Value>,
    /// What earlier runs of the job asked.
    asked_before: HashSet<RecipeId>,
    /// What the current entry is asked.
    questions: Arc<[Question]>,
    /// The digest of their recipes.
    asked: Digest,
    keys: Vec<RecipeId>,
    /// What pages are asked in batches that have not ended.
    in_batches: HashSet<(PageId, RecipeId)>,
    /// Which pages are sent again, of which job; `None`: all that the selection names.
    filter: Option<(JobId, PageFilter)>,
    source: SourceReader,
    decoder: Decoder,
    /// The renderers that are installed.
    renderers: String,
    quoter: Quoter<'a>,
}

/// A file as far as a plan opens it.
struct File<'a> {
    entry: &'a source::Entry,
    content: Digest,
    /// The number of its pages.
    count: u32,
    /// Pages that are the same as an earlier one.
    repeats: Vec<(u32, u32)>,
    /// Its bytes, when they were read.
    bytes: Option<Bytes>,
    /// Whether an earlier decoder has read it.
    is_outdated: bool,
    /// Whether the decoder has it open.
    is_open: bool,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(
        job: &'a Job,
        questions: &[Question],
        (key, selection, begin): (JobId, RetrySelection, RunBegin),
        reader: Option<&'a Reader>,
        decoder: DecoderCommand,
        price: Option<RequestPrice>,
    ) -> Result<Self, StoreError> {
        let calibration = reader.map(|reader| reader.calibration(&endpoint_id(job))).transpose()?.flatten();
        let calibrations = endpoint_calibrations(job, calibration.as_deref())?;
        let stored = reader.map(|reader| reader.capabilities(&endpoint_id(job))).transpose()?.flatten();
        let capabilities = endpoint_capabilities(job, stored.as_deref())?;
        let in_batches = reader.map(Reader::recipes_in_batches).transpose()?.unwrap_or_default();
        Ok(Self {
            job,
            reader,
            selection,
            begin,
            plan: Plan::default(),
            seen: HashSet::new(),
            shard: 0,
            bodies: HashMap::new(),
            asked_before: reader.map(|reader| reader.recipes_of_job(key)).transpose()?.unwrap_or_default(),
            questions: questions.into(),
            asked: Digest::compute(b""),
            keys: Vec::new(),
            in_batches: in_batches.into_iter().collect(),
            filter: None,
            source: SourceReader::files_only(job.input.base()),
            renderers: decoder.renderer_fingerprint(job.image.pdf_renderer),
            decoder: Decoder::new(decoder),
            quoter: Quoter::new(job, questions, price, &calibrations, capabilities),
        })
    }

    /// Entries added from now on are asked these questions.
    pub(crate) fn set_questions(&mut self, questions: Arc<[Question]>) -> Result<(), StoreError> {
        if let Some(reader) = self.reader {
            self.keys = known_recipes(reader, self.job, &questions)?.into_iter().map(|key| key.recipe_id).collect();
        }
        let hashes = recipes(self.job, &questions).into_iter().map(|recipe| recipe.hash.to_string());
        self.asked = Digest::compute(hashes.collect::<String>().as_bytes());
        self.questions = questions;
        Ok(())
    }

    /// Of the pages that are sent again, only those that the filter selects are planned.
    pub(crate) fn set_filter(&mut self, job: JobId, filter: PageFilter) {
        self.filter = Some((job, filter));
    }

    /// The shard of entries added from now on.
    pub(crate) fn set_shard(&mut self, shard: Shard) {
        self.shard = shard.index();
    }

    /// Files, pages, and pages to ask so far.
    pub(crate) fn counts(&self) -> [u64; 3] {
        [self.plan.files, self.plan.pages, self.plan.to_ask]
    }

    pub(crate) fn finish(self) -> Plan {
        Plan { quote: Some(self.quoter.finish()), ..self.plan }
    }

    /// Adds an entry, which may have a record. Returns its expected cost; `None`: a URL that was not fetched.
    pub(crate) fn entry(
        &mut self,
        entry: &source::Entry,
        known: Option<EntryRecord>,
    ) -> Result<Option<Pico>, PipelineError> {
        self.plan.files += 1;
        let mut file = File {
            entry,
            content: Digest::compute(b""),
            count: 0,
            repeats: Vec::new(),
            bytes: None,
            is_outdated: false,
            is_open: false,
        };
        let known = known.and_then(|known| Some((known.content?, known)));
        let layout = match known {
            Some((content, known)) => {
                file.content = content;
                file.is_outdated = known.decoder < VERSIONS.decoder && entry.url().is_none();
                PageLayout { repeats: known.repeats, ..PageLayout::of_count(known.page_count) }
            }
            None if entry.url().is_some() => {
                self.plan.not_fetched += 1;
                return Ok(None);
            }
            None => match self.source.read(entry) {
                Ok(bytes) => {
                    file.content = Digest::compute(&bytes);
                    file.bytes = Some(bytes);
                    file.is_outdated = self.has_outdated_pages(&file)?;
                    self.count(&mut file)?
                }
                Err(_) => {
                    self.plan.pages += 1;
                    self.plan.unreadable += 1;
                    return Ok(Some(Pico::ZERO));
                }
            },
        };
        self.plan.outdated += u64::from(file.is_outdated);
        let count = layout.count;
        (file.count, file.repeats) = (count, layout.repeats.clone());
        if count == 0 {
            self.plan.pages += 1;
            self.plan.unreadable += 1;
        }
        let pages = self.job.input.pages.select_pages(count).unwrap_or_else(|| (1..=count).collect());
        *self.plan.by_format.entry(file.format()).or_default() += pages.len() as u64;
        let mut cost = Pico::ZERO;
        let numbers = match self.reader.filter(|_| file.is_outdated) {
            Some(reader) => StoredNumbers::find(reader, &file.content, &layout)?,
            None => StoredNumbers::default(),
        };
        for page in pages {
            self.plan.pages += 1;
            let page = layout.first_of(page);
            cost += self.page(&mut file, page, numbers.find_number(page))?;
        }
        Ok(Some(cost))
    }

    /// Whether an earlier decoder has read pages of a file, and this one has not opened it since. Pages without answers
    /// of a file that can't be opened stay as that decoder has left them.
    fn has_outdated_pages(&self, file: &File<'_>) -> Result<bool, StoreError> {
        let Some(reader) = self.reader else { return Ok(false) };
        let outdated = reader.outdated_pages(&file.content, VERSIONS.decoder)?;
        let is_answered = outdated.iter().any(|known| known.page > 0 && known.is_answered);
        if outdated.is_empty() || is_answered {
            return Ok(is_answered);
        }
        let whole = PageId { content: file.content, page: 0 };
        Ok(reader.stored_page(None, &whole, &[], VERSIONS)?.fault.is_none())
    }

    /// The pages of a file. If it can't be opened: those that have outcomes.
    fn count(&mut self, file: &mut File<'_>) -> Result<PageLayout, PipelineError> {
        let Some(bytes) = &file.bytes else { return Ok(PageLayout::of_count(0)) };
        let opened = match is_single_page(bytes) {
            Ok(true) => return Ok(PageLayout::of_count(1)),
            Ok(false) => {
                let opened = self.decoder.open(bytes).map_err(|error| PipelineError::Internal(error.to_string()))?;
                file.is_open = opened.is_ok();
                opened
            }
            Err(fault) => Err(fault),
        };
        let fault = match opened {
            Ok(layout) => return Ok(layout),
            Err(fault) => fault,
        };
        let kept = match self.reader.filter(|_| !is_unsure(&fault)) {
            Some(reader) => layout_of_outcomes(reader, &file.content)?,
            None => None,
        };
        Ok(kept.unwrap_or_else(|| PageLayout::of_count(0)))
    }

    /// The upright size of a page; `None`: it can't be read.
    fn size(&mut self, file: &mut File<'_>, page: u32) -> Result<Option<(u32, u32)>, PipelineError> {
        if file.bytes.is_none() {
            file.bytes = self.source.read(file.entry).ok();
        }
        let Some(bytes) = &file.bytes else { return Ok(None) };
        match size_from_header(bytes) {
            Ok(Some(size)) => return Ok(Some(size)),
            Ok(None) => {}
            Err(_) => return Ok(None),
        }
        let internal = |error: crate::prepare::DecoderError| PipelineError::Internal(error.to_string());
        if !file.is_open {
            file.is_open = self.decoder.open(bytes).map_err(internal)?.is_ok();
        }
        Ok(if file.is_open { self.decoder.measure(page).map_err(internal)?.ok() } else { None })
    }

    /// Looks at a page; what it is expected to cost. `stored`: the number under which the store has it.
    fn page(&mut self, file: &mut File<'_>, number: u32, stored: Option<u32>) -> Result<Pico, PipelineError> {
        let page = PageId { content: file.content, page: number };
        if !self.seen.insert((page, self.asked, self.shard)) {
            self.plan.duplicates += 1;
            return Ok(Pico::ZERO);
        }
        let known = match self.reader.zip(stored) {
            Some((reader, stored)) => {
                reader.stored_page(None, &PageId { page: stored, ..page }, &self.keys, VERSIONS)?
            }
            None => StoredPage::unknown(self.questions.len()),
        };
        let known = known.without_faults_of_other_renderers(&self.renderers);
        // Near duplicates are determined anew by every run.
        let skip = SkipRule { near_duplicates: false, ..skip_rule(self.job) };
        let selection = TaskSelection { retry: self.selection, begin: self.begin, ..TaskSelection::LATER_RUN };
        let tasks = match known.status(skip, &selection) {
            PageStatus::Done => {
                self.plan.answered += 1;
                if let Some(reason) = known.wrong_picture() {
                    self.plan.redrawn.add(&file.entry.path, number, reason);
                }
                return Ok(Pico::ZERO);
            }
            PageStatus::Faulty => {
                self.plan.unreadable += 1;
                return Ok(Pico::ZERO);
            }
            PageStatus::Skipped => {
                self.plan.skipped += 1;
                return Ok(Pico::ZERO);
            }
            PageStatus::Ask(tasks) => tasks,
        };
        // Another provider or model, or another question, has its own recipes.
        let is_open = |task: &usize| self.keys.get(*task).is_none_or(|key| !self.in_batches.contains(&(page, *key)));
        let tasks: TasksToAsk = tasks.into_iter().filter(|(task, _)| is_open(task)).collect();
        if tasks.is_empty() {
            self.plan.under_way += 1;
            return Ok(Pico::ZERO);
        }
        if !self.is_selected(file, page)? {
            self.plan.not_selected += 1;
            return Ok(Pico::ZERO);
        }
        // A run does not send a page that it can't draw.
        let has_picture = known.fault.as_ref().is_none_or(|fault| !fault.kind.gives_no_picture());
        let Some(size) = (if has_picture { self.size(file, number)? } else { None }) else {
            self.plan.unreadable += 1;
            return Ok(Pico::ZERO);
        };
        self.plan.to_ask += 1;
        let questions = self.questions.clone();
        let asked: Vec<&Question> = tasks.iter().filter_map(|(at, _)| questions.get(*at)).collect();
        let cost = self.quoter.add(size, &asked).unwrap_or_default();
        for (at, answered) in tasks {
            *self.plan.by_task.entry(self.questions[at].name.clone()).or_default() += 1;
            if let (Some(reader), None) = (self.reader, answered) {
                self.miss(&page, at, reader)?;
            }
        }
        Ok(cost)
    }

    fn is_selected(&self, file: &File<'_>, page: PageId) -> Result<bool, StoreError> {
        let (Some(reader), Some((job, filter))) = (self.reader, &self.filter) else { return Ok(true) };
        let entry = EntryRecord {
            line: file.entry.line,
            path: file.entry.path.clone(),
            content: Some(file.content),
            carried: file.entry.carried.clone(),
            page_count: file.count,
            repeats: file.repeats.clone(),
            ..EntryRecord::default()
        };
        filter.selects(reader, *job, &entry, page, (&self.keys, &self.questions))
    }

    /// Why an answered page misses: the differences to the nearest answered recipe. One with another task is an earlier form
    /// of this task only if the job asked it.
    fn miss(&mut self, page: &PageId, at: usize, reader: &Reader) -> Result<(), StoreError> {
        let ours = recipes(self.job, &self.questions[at..=at]).remove(0);
        let mut nearest: Option<Vec<String>> = None;
        for recipe in reader.answered_recipes(page)?.into_iter().filter(|recipe| !self.keys.contains(recipe)) {
            let theirs = match self.bodies.entry(recipe) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(reader.recipe(recipe)?),
            };
            let Some(differs) = recipe_difference(&ours.body, theirs) else { continue };
            if differs.iter().any(|name| name == "task") && !self.asked_before.contains(&recipe) {
                continue;
            }
            if nearest.as_ref().is_none_or(|known| differs.len() < known.len()) {
                nearest = Some(differs);
            }
        }
        if let Some(differs) = nearest {
            let reasons = self.plan.misses.entry(self.questions[at].name.clone()).or_default();
            *reasons.entry(differs.join(", ")).or_default() += 1;
        }
        Ok(())
    }
}

impl File<'_> {
    /// Its format: by content where it was read, else by its extension.
    fn format(&self) -> String {
        if let Some(format) = self.bytes.as_ref().and_then(|bytes| ImageFormat::detect(bytes).ok()) {
            return format.mime().rsplit('/').next().unwrap_or_default().to_owned();
        }
        let path = String::from_utf8_lossy(&self.entry.path).to_lowercase();
        let is_url = self.entry.url().is_some();
        let path = path.split(['?', '#']).next().filter(|_| is_url).unwrap_or(&path);
        let extension = Path::new(path).extension().and_then(OsStr::to_str);
        extension.and_then(format_of_extension).unwrap_or("unknown").to_owned()
    }
}
