//! What a review works on: the pages of a job, their decisions, and what its reviewer has seen.

use super::decisions::Decisions;
use super::facts::Facts;
use super::index::{IndexedPage, PageIndex};
use super::pictures::Pictures;
use super::settings::ReviewOptions;
use super::tasks::ReviewTask;
use crate::base::clock::Clock;
use crate::base::vocabulary::RowStatus;
use crate::manifest::Job;
use crate::pipeline::{JobPage, PageLookup, PipelineError, read_pages};
use crate::store::{Reader, Store, StoreError};
use crate::task::Question;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// What a review works on. All its methods may block.
pub(crate) struct Review {
    /// How it is done.
    pub(crate) options: ReviewOptions,
    /// The job.
    pub(crate) job: Arc<Job>,
    questions: Arc<[Question]>,
    /// Its tasks.
    pub(crate) tasks: Vec<ReviewTask>,
    /// The names of its carried columns.
    pub(crate) columns: Vec<String>,
    /// Its pages.
    pub(crate) index: PageIndex,
    lookup: Mutex<PageLookup>,
    /// The store, to write decisions.
    pub(crate) store: Store,
    /// Pictures of pages.
    pub(crate) pictures: Pictures,
    /// The clock.
    pub(crate) clock: Arc<dyn Clock>,
    decisions: Mutex<Decisions>,
    seen: Mutex<Seen>,
    facts: OnceLock<Result<Facts, String>>,
    facts_started: AtomicBool,
    facts_done: AtomicUsize,
    selection: OnceLock<Selection>,
    /// No page.
    nothing: OnceLock<Selection>,
    model_answers: Mutex<HashMap<u32, Arc<[Value]>>>,
}

/// What the reviewer has seen and done, apart from decisions.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The model's answers that were shown, by page and task, as canonical JSON.
    pub(crate) answers: HashMap<(u32, usize), String>,
    /// Pages that were skipped.
    pub(crate) skipped: HashSet<u32>,
    /// When the last decisions were made: decisions that are made together have a time of their own.
    pub(crate) last_ms: i64,
}

/// The pages that are reviewed.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    /// Their positions, in the order in which samples are drawn.
    pub(crate) drawn: Vec<u32>,
    /// How many there are before a sample is drawn.
    pub(crate) pages: usize,
    /// The probability with which each was drawn; `None`: all are reviewed.
    pub(crate) probability: Option<f64>,
}

/// What is needed to open a review.
pub(crate) struct ReviewParts {
    /// How it is done.
    pub(crate) options: ReviewOptions,
    /// The job.
    pub(crate) job: Arc<Job>,
    /// Its questions.
    pub(crate) questions: Arc<[Question]>,
    /// The store.
    pub(crate) store: Store,
    /// Pictures of pages.
    pub(crate) pictures: Pictures,
    /// The clock.
    pub(crate) clock: Arc<dyn Clock>,
}

impl Review {
    /// Opens a review: reads the keys of all pages, and the decisions.
    ///
    /// # Errors
    /// When there is no run of the job in the store, or the store can't be read.
    pub(crate) fn open(parts: ReviewParts) -> Result<Self, PipelineError> {
        let ReviewParts { options, job, questions, store, pictures, clock } = parts;
        let lookup = PageLookup::open(store.reader()?, job.clone(), questions.clone())?;
        let digests = |carried: Option<&str>| lookup.question_digests(carried).unwrap_or_default();
        let has_templates = questions.iter().any(Question::is_template);
        let index = PageIndex::read(lookup.reader(), lookup.key(), has_templates.then_some(&digests))?;
        let columns = lookup.columns().carried.iter().map(|column| column.name.clone()).collect();
        let shapes = questions.iter().map(|question| (question.name.clone(), question.shape.clone())).collect();
        let mut decisions = Decisions::new(&job.name, &options.reviewer, shapes);
        decisions.read_new(lookup.reader())?;
        Ok(Self {
            options,
            tasks: ReviewTask::list(&job.tasks, &questions),
            job,
            questions,
            columns,
            index,
            lookup: Mutex::new(lookup),
            store,
            pictures,
            clock,
            decisions: Mutex::new(decisions),
            seen: Mutex::default(),
            facts: OnceLock::new(),
            facts_started: AtomicBool::new(false),
            facts_done: AtomicUsize::new(0),
            selection: OnceLock::new(),
            nothing: OnceLock::new(),
            model_answers: Mutex::default(),
        })
    }

    /// A page with all that the store has of it; `None`: the job does not have it any more.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn page(&self, page: &IndexedPage) -> Result<Option<JobPage>, PipelineError> {
        let Some(place) = self.index.place(page) else { return Ok(None) };
        lock(&self.lookup).page(place, page.page)
    }

    /// The decisions, with those that were stored since.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn decisions(&self) -> Result<MutexGuard<'_, Decisions>, StoreError> {
        let mut decisions = lock(&self.decisions);
        decisions.read_new(lock(&self.lookup).reader())?;
        Ok(decisions)
    }

    /// What the reviewer has seen.
    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }

    /// What is known of all pages; `None`: it is being read, which this begins.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn facts(self: &Arc<Self>) -> Result<Option<&Facts>, String> {
        if !self.facts_started.swap(true, Ordering::Relaxed) {
            let review = self.clone();
            let read = move || {
                let facts = review.store.reader().map_err(|error| error.to_string());
                let facts = facts.and_then(|reader| review.read_facts(&reader).map_err(|error| error.to_string()));
                let _ = review.facts.set(facts);
            };
            std::thread::Builder::new().name("facts".into()).spawn(read).map_err(|error| error.to_string())?;
        }
        match self.facts.get() {
            Some(Ok(facts)) => Ok(Some(facts)),
            Some(Err(error)) => Err(error.clone()),
            None => Ok(None),
        }
    }

    /// What is known of all pages, if it was read.
    pub(crate) fn known_facts(&self) -> Option<&Facts> {
        self.facts.get()?.as_ref().ok()
    }

    /// How many pages were read for [`Review::facts`].
    pub(crate) fn facts_done(&self) -> usize {
        self.facts_done.load(Ordering::Relaxed)
    }

    fn read_facts(&self, reader: &Reader) -> Result<Facts, PipelineError> {
        let has_groups: Vec<bool> = self.tasks.iter().map(ReviewTask::has_groups).collect();
        let mut facts = Facts::new(self.index.len(), self.tasks.len(), self.columns.len());
        read_pages(reader, &self.job, &self.questions, &mut |page| {
            let id = page.record.id;
            let is_selected = self.options.filter.as_ref().is_none_or(|filter| filter.matches(&page.row));
            if let Some(at) = id.filter(|_| is_selected).and_then(|id| self.index.find_asked(&id, &page.questions)) {
                // Equal pages have equal answers: the first row has what they cost.
                if facts.pages.get(at as usize).is_some_and(Option::is_none) {
                    facts.set(at as usize, &page.model_row, &has_groups);
                    self.facts_done.fetch_add(1, Ordering::Relaxed);
                }
            }
        })?;
        facts.finish(|at| self.index.pages.get(at).map_or(0, |page| page.place));
        Ok(facts)
    }

    /// Whether the pages that are reviewed are known only when [`Review::facts`] are.
    pub(crate) fn is_filtered(&self) -> bool {
        self.options.filter.is_some()
    }

    /// The pages that are reviewed. With a filter: none before [`Review::facts`] are known.
    pub(crate) fn selection(&self) -> &Selection {
        let facts = self.known_facts();
        if self.is_filtered() && facts.is_none() {
            return self.nothing.get_or_init(Selection::default);
        }
        self.selection.get_or_init(|| {
            let is_selected = |at: usize| match facts.filter(|_| self.is_filtered()) {
                Some(facts) => facts.pages.get(at).is_some_and(Option::is_some),
                None => true,
            };
            let mut drawn = self.index.drawn(is_selected);
            let pages = drawn.len();
            let sample = self.options.sample.and_then(|count| usize::try_from(count).ok());
            let probability = sample.map(|count| share(count.min(pages), pages));
            drawn.truncate(sample.unwrap_or(usize::MAX));
            Selection { drawn, pages, probability }
        })
    }

    /// The model's answers to a page, by task; they are read once. Empty: the page was skipped on purpose.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn model_answers(&self, at: u32) -> Result<Arc<[Value]>, PipelineError> {
        if let Some(known) = lock(&self.model_answers).get(&at) {
            return Ok(known.clone());
        }
        let page = self.index.get(at).map(|page| self.page(page)).transpose()?.flatten();
        let answers = page.filter(|page| page.model_row.status != RowStatus::Skipped);
        let answers: Arc<[Value]> = answers.map_or_else(Vec::new, |page| page.model_row.answers).into();
        lock(&self.model_answers).insert(at, answers.clone());
        Ok(answers)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The probability with which each of `pages` pages is among `count` of them.
#[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^52 pages")]
fn share(count: usize, pages: usize) -> f64 {
    if pages == 0 { 1.0 } else { count as f64 / pages as f64 }
}
