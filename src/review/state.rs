//! The state of a review: the pages of a job, their decisions, and what its reviewer has seen.

use super::decisions::Decisions;
use super::facts::Facts;
use super::index::IndexedPage;
use super::pictures::Pictures;
use super::prepared_view::{Given, Window};
use super::settings::ReviewOptions;
use super::skips::Skips;
use super::subject::{Draw, ReviewSelection, ReviewSubject};
use super::tasks::ReviewTask;
use super::view::ViewQuery;
use super::views::Views;
use crate::base::clock::Clock;
use crate::base::ids::PageId;
use crate::base::vocabulary::{DrawRule, RowStatus};
use crate::labels::evaluation::observation::model_answer;
use crate::labels::sampling::stated::stated_probability;
use crate::manifest::Job;
use crate::pipeline::{JobPage, PageLookup, PipelineError, read_pages};
use crate::select::Filter;
use crate::store::{NewDraw, Reader, ShownAnswer, Store, StoreError};
use crate::task::Question;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A review. All its methods may block.
pub(crate) struct Review {
    /// How it is done.
    pub(crate) options: ReviewOptions,
    /// The job and its pages.
    pub(crate) subject: ReviewSubject,
    /// The store, to write decisions.
    pub(crate) store: Store,
    /// Pictures of pages.
    pub(crate) pictures: Pictures,
    /// The clock.
    pub(crate) clock: Arc<dyn Clock>,
    pages: StoredPages,
    work: ReviewerWork,
    facts: FactsReading,
}

/// The data of pages in the store.
struct StoredPages {
    lookup: Mutex<PageLookup>,
    /// By position: the model's answers to pages that were looked up.
    model_answers: Mutex<HashMap<u32, ModelAnswers>>,
}

/// What reviewers have done. Lock order: as the fields.
struct ReviewerWork {
    decisions: Mutex<Decisions>,
    skips: Mutex<Skips>,
    views: Mutex<Views>,
}

/// The facts about all pages, which are read in the background, and the pages that they select.
#[derive(Default)]
struct FactsReading {
    is_started: AtomicBool,
    /// How many pages were read.
    done: AtomicUsize,
    found: OnceLock<Result<Facts, String>>,
    selection: OnceLock<ReviewSelection>,
}

/// The model's answers to a page, by task; `None`: it has none. Empty: the page was skipped on purpose.
pub(crate) type ModelAnswers = Arc<[Option<Value>]>;

/// The inputs of a review.
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
        let shapes = questions.iter().map(|question| (question.name.clone(), question.shape.clone())).collect();
        let mut decisions = Decisions::new(&job.name, &options.reviewer, shapes);
        decisions.read_new(lookup.reader())?;
        // No view exists yet.
        decisions.take_changed();
        let review = Self {
            subject: ReviewSubject::read(job, questions, &lookup)?,
            options,
            store,
            pictures,
            clock,
            pages: StoredPages { lookup: Mutex::new(lookup), model_answers: Mutex::default() },
            work: ReviewerWork { decisions: Mutex::new(decisions), skips: Mutex::default(), views: Mutex::default() },
            facts: FactsReading::default(),
        };
        if !review.is_filtered() {
            let _ = review.facts.selection.set(review.draw(|_| true)?);
        }
        Ok(review)
    }

    /// A page with its data in the store; `None`: the job no longer has it.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn page(&self, page: &IndexedPage) -> Result<Option<JobPage>, PipelineError> {
        let Some(place) = self.subject.index.place(page) else { return Ok(None) };
        lock(&self.pages.lookup).page(place, page.page)
    }

    /// A page with its data in the store, and the decisions with the current ones on the page. Both are of one moment:
    /// no decision is made while they are read. `None`: the job no longer has the page.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn page_with_decisions(
        &self,
        page: &IndexedPage,
    ) -> Result<Option<(JobPage, MutexGuard<'_, Decisions>)>, PipelineError> {
        let mut decisions = self.decisions()?;
        let Some(found) = self.page(page)? else { return Ok(None) };
        decisions.set_page(&page.id, found.record.decisions.clone());
        Ok(Some((found, decisions)))
    }

    /// What the reviewer has seen of the model's answers to a page, in this session or an earlier one.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn shown_answers(&self, page: &PageId) -> Result<Vec<ShownAnswer>, StoreError> {
        lock(&self.pages.lookup).reader().shown_answers(&self.subject.job.name, &self.options.reviewer, page)
    }

    /// The decisions, with those that were stored since. No decision is made while they are held.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn decisions(&self) -> Result<MutexGuard<'_, Decisions>, StoreError> {
        let mut decisions = lock(&self.work.decisions);
        decisions.read_new(lock(&self.pages.lookup).reader())?;
        Ok(decisions)
    }

    /// Reads the decisions that were stored since they were read last.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn read_new_decisions(&self) -> Result<(), StoreError> {
        self.decisions().map(drop)
    }

    /// What the reviewer has skipped. The decisions are locked first.
    pub(crate) fn skips(&self) -> MutexGuard<'_, Skips> {
        lock(&self.work.skips)
    }

    /// The pages of a view from the requested position.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn window(&self, view: &ViewQuery) -> Result<Window, StoreError> {
        self.with_views(|views, given| views.window(view, given))
    }

    /// How many of the pages that are reviewed the reviewer has decided, for a task.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn decided(&self, task: usize) -> Result<usize, StoreError> {
        self.with_views(|views, given| views.decided(task, given))
    }

    /// Updates the views with all changes, then calls `ask`.
    fn with_views<T>(&self, ask: impl FnOnce(&mut Views, Given<'_>) -> T) -> Result<T, StoreError> {
        let mut decisions = self.decisions()?;
        let mut skips = self.skips();
        let mut views = lock(&self.work.views);
        let selection = self.selection();
        let mut skipped = skips.take_changed();
        skipped.retain(|at| selection.has(*at));
        let decided = decisions.take_changed();
        let decided = decided.iter().flat_map(|page| self.subject.index.positions(page));
        let decided: Vec<u32> = decided.filter(|at| selection.has(*at)).collect();
        let (index, drawn) = (&self.subject.index, selection.drawn.as_slice());
        let given = Given { index, drawn, facts: self.known_facts(), decisions: &decisions, skipped: skips.tasks() };
        views.update(given, &decided, &skipped);
        Ok(ask(&mut views, given))
    }

    /// The facts about all pages; `None`: they are being read, which this call starts.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn facts(self: &Arc<Self>) -> Result<Option<&Facts>, String> {
        if !self.facts.is_started.swap(true, Ordering::Relaxed) {
            let review = self.clone();
            let read = move || {
                let facts = review.store.reader().map_err(|error| error.to_string());
                let facts = facts.and_then(|reader| review.read_facts(&reader).map_err(|error| error.to_string()));
                let _ = review.facts.found.set(facts);
            };
            std::thread::Builder::new().name("facts".into()).spawn(read).map_err(|error| error.to_string())?;
        }
        match self.facts.found.get() {
            Some(Ok(facts)) => Ok(Some(facts)),
            Some(Err(error)) => Err(error.clone()),
            None => Ok(None),
        }
    }

    /// Reads which pages match the filter, if there is one. Returns it if none does.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn read_selection(&self) -> Result<Option<&Filter>, PipelineError> {
        let Some(filter) = &self.options.filter else { return Ok(None) };
        self.facts.is_started.store(true, Ordering::Relaxed);
        let facts = self.read_facts(&self.store.reader()?)?;
        let has_pages = facts.pages.iter().any(Option::is_some);
        let _ = self.facts.found.set(Ok(facts));
        Ok((!has_pages).then_some(filter))
    }

    /// The facts about all pages, if they were read.
    pub(crate) fn known_facts(&self) -> Option<&Facts> {
        self.facts.found.get()?.as_ref().ok()
    }

    /// How many pages were read for [`Review::facts`].
    pub(crate) fn facts_done(&self) -> usize {
        self.facts.done.load(Ordering::Relaxed)
    }

    fn read_facts(&self, reader: &Reader) -> Result<Facts, PipelineError> {
        let has_groups: Vec<bool> = self.subject.tasks.iter().map(ReviewTask::has_groups).collect();
        let mut facts = Facts::new(self.subject.index.len(), self.subject.tasks.len(), self.subject.columns.len());
        read_pages(reader, &self.subject.job, &self.subject.questions, &mut |page| {
            let id = page.record.id;
            // Which pages are drawn must not depend on what people have decided.
            let row = if self.options.sample.is_some() { &page.model_row } else { &page.row };
            let is_selected = self.options.filter.as_ref().is_none_or(|filter| filter.matches(row));
            if let Some(at) =
                id.filter(|_| is_selected).and_then(|id| self.subject.index.find_asked(&id, &page.questions))
            {
                // Equal pages have equal answers: the first row has what they cost.
                if facts.pages.get(at as usize).is_some_and(Option::is_none) {
                    facts.set(at as usize, &page.model_row, &has_groups);
                    self.facts.done.fetch_add(1, Ordering::Relaxed);
                }
            }
        })?;
        facts.finish(|at| self.subject.index.pages.get(at).map_or(0, |page| page.place));
        // Nothing is drawn from no page.
        if self.is_filtered() && facts.pages.iter().any(Option::is_some) {
            let _ = self.facts.selection.set(self.draw(|at| facts.pages.get(at).is_some_and(Option::is_some))?);
        }
        Ok(facts)
    }

    /// Whether a view reveals the model's answers to a task, because it shows them or chooses pages by them. The filter
    /// reveals nothing of the tasks that it does not name.
    pub(crate) fn reveals_answers(&self, view: &ViewQuery, task: usize) -> bool {
        self.options.shows_answers
            || view.reveals_answers()
            || self.options.filter.as_ref().is_some_and(|filter| filter.answered_tasks().contains(&task))
    }

    /// Whether the pages that are reviewed are known only when [`Review::facts`] are.
    pub(crate) fn is_filtered(&self) -> bool {
        self.options.filter.is_some()
    }

    /// The pages that are reviewed. With a filter: none before [`Review::facts`] are known.
    pub(crate) fn selection(&self) -> &ReviewSelection {
        self.facts.selection.get().unwrap_or(&NO_PAGES)
    }

    /// Selects the pages that are reviewed. A sample is stored as a draw.
    fn draw(&self, is_selected: impl Fn(usize) -> bool) -> Result<ReviewSelection, StoreError> {
        let mut drawn = self.subject.index.drawn(is_selected);
        let pages = drawn.len();
        let Some(count) = self.options.sample else {
            return Ok(ReviewSelection::new(&self.subject.index, drawn, pages, None));
        };
        let page_at = |at: &u32| self.subject.index.get(*at).map(|page| page.id);
        let mut ids: Vec<PageId> = drawn.iter().filter_map(page_at).collect();
        // A page that is asked several things is drawn with all of them.
        ids.dedup();
        let population = ids.len() as u64;
        ids.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        let last = ids.last().copied();
        let end = drawn.iter().rposition(|at| page_at(at) == last).map_or(0, |at| at + 1);
        drawn.truncate(end);
        let size = ids.len() as u64;
        let of_task = self.options.task.as_ref().map(|task| vec![task.clone()]);
        let id = self.store.put_draw(NewDraw {
            job: self.subject.job.name.clone(),
            tasks: of_task.unwrap_or_else(|| self.subject.tasks.iter().map(|task| task.name.clone()).collect()),
            selection: self.options.filter.as_ref().map(ToString::to_string),
            rule: DrawRule::ContentHash,
            pages: ids,
            population,
            drawn_at_ms: self.clock.wall_ms(),
        })?;
        let draw = Draw {
            id,
            probability: stated_probability(false, size, population).unwrap_or(1.0),
            stated: stated_probability(self.is_filtered(), size, population),
        };
        Ok(ReviewSelection::new(&self.subject.index, drawn, pages, Some(draw)))
    }

    /// The model's answers to a page; they are read once.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn model_answers(&self, at: u32) -> Result<ModelAnswers, PipelineError> {
        if let Some(known) = lock(&self.pages.model_answers).get(&at) {
            return Ok(known.clone());
        }
        let page = self.subject.index.get(at).map(|page| self.page(page)).transpose()?.flatten();
        let answers: ModelAnswers = page.map_or_else(Vec::new, |page| model_answers(&page)).into();
        lock(&self.pages.model_answers).insert(at, answers.clone());
        Ok(answers)
    }
}

/// The model's answers to a page, by task. A page that was skipped on purpose shows nothing about the model.
fn model_answers(page: &JobPage) -> Vec<Option<Value>> {
    if page.model_row.status == RowStatus::Skipped {
        return Vec::new();
    }
    (0..page.model_row.answers.len()).map(|task| model_answer(&page.record, task).ok()).collect()
}

/// What is reviewed before it is known.
static NO_PAGES: ReviewSelection = ReviewSelection::NONE;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
