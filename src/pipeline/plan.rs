//! What a run would do and cost: pages found, answered, to ask, tokens, money, time, and
//! why pages that were answered before miss. Decodes nothing, sends nothing, writes nothing.
//!
//! - [`quote`]: tokens and money; [`pace`]: minutes; [`projection`]: `--sample`
//! - [`json`]: the plan as JSON

mod json;
mod pace;
mod projection;
mod quote;

use super::asking::{VERSIONS, rendered};
use super::environment::PipelineError;
use super::finish::known_keys;
use super::merge::{Stored, known};
use super::recipe::{difference, recipes};
use super::setup::{budget_key, budget_scope, endpoint_key};
use super::standing::{Stand, View, Wish};
use crate::digest::Digest;
use crate::manifest::Job;
use crate::media::Format;
use crate::money::Pico;
use crate::prepare::{Decoder, DecoderCommand, count_by_header, size_by_header};
use crate::source::{self, Entries};
use crate::store::{Reader, Standing, StoreError, StoredPage};
use crate::task::Question;
use bytes::Bytes;
use projection::{Chosen, Spread};
use quote::Quoter;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

pub use pace::Bound;
pub use projection::Projection;
pub use quote::{Alternative, Quote, Range};

/// What a budget allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its amount.
    pub limit: Pico,
    /// What is neither spent nor set aside.
    pub left: Pico,
    /// Pages that this is enough for, at what they are expected to cost; `None`: unknown.
    pub pages: Option<u64>,
}

/// What a run would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Files found.
    pub files: u64,
    /// Pages in them, those that can't be read included.
    pub pages: u64,
    /// Pages whose every task is settled.
    pub answered: u64,
    /// Pages with a task to ask, equal ones once.
    pub to_ask: u64,
    /// Pages that are equal to an earlier one.
    pub duplicates: u64,
    /// Pages that are blank and left out, as far as they were looked at.
    pub skipped: u64,
    /// Pages that are in a batch of the provider's.
    pub under_way: u64,
    /// Files and pages that give no picture.
    pub unreadable: u64,
    /// URLs that were not fetched yet: their pages are not counted.
    pub not_fetched: u64,
    /// Pages that were looked at, by format, told by content where it was read, else by ending.
    pub by_format: BTreeMap<String, u64>,
    /// What the pages to ask will cost.
    pub quote: Option<Quote>,
    /// How long they take, by limit; the one that binds first.
    pub bounds: Vec<Bound>,
    /// What the budget allows.
    pub budget: Option<Room>,
    /// What a sample says of all files.
    pub projection: Option<Projection>,
    /// By task: pages to ask.
    pub by_task: BTreeMap<String, u64>,
    /// By task: why pages that have an answer to such a task miss; (reason, pages).
    pub misses: BTreeMap<String, BTreeMap<String, u64>>,
}

/// Looks at the input and at the store. `sample`: only so many of the files, and what
/// they say of all. `at_ms`: now, for the budget's day.
///
/// # Errors
/// When the input can't be searched or the store can't be read.
pub fn plan(
    job: &Job,
    questions: &[Question],
    wish: Wish,
    sample: Option<u64>,
    at_ms: i64,
    decoder: DecoderCommand,
) -> Result<Plan, PipelineError> {
    let entries = Entries::start(&job.input)?;
    let chosen = sample.map(|count| choose(job, count)).transpose()?;
    let reader = match Reader::open(&job.store) {
        Ok(reader) => Some(reader),
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let stored = reader.as_ref().map(|reader| reader.calibration(&endpoint_key(job))).transpose()?.flatten();
    let mut planner = Planner {
        job,
        quoter: Quoter::new(job, questions, job.price(), stored.as_deref()),
        spread: Spread::default(),
        cost: Pico::ZERO,
        reader: reader.as_ref(),
        wish,
        plan: Plan::default(),
        seen: HashSet::new(),
        bodies: HashMap::new(),
        questions: questions.into(),
        asked: Digest::of(b""),
        keys: Vec::new(),
        in_batches: reader
            .as_ref()
            .map(Reader::pages_in_batches)
            .transpose()?
            .unwrap_or_default()
            .into_iter()
            .collect(),
        decoder: Decoder::new(decoder),
    };
    planner.look_up(questions.into())?;
    let has_templates = questions.iter().any(Question::is_template);
    let key = reader.as_ref().map(|reader| reader.job(&job.identity())).transpose()?.flatten().unwrap_or(0);
    let mut stored = reader.as_ref().map(|reader| Stored::new(reader, key));
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(fault) if fault.is_end => return Err(PipelineError::Input(fault.to_string())),
            Err(_) => continue,
        };
        if chosen.as_ref().is_some_and(|chosen| !chosen.has(entry.place())) {
            continue;
        }
        if has_templates {
            planner.look_up(rendered(questions, entry.carried.as_deref()))?;
        }
        let known = match (&reader, &mut stored) {
            (Some(reader), Some(stored)) => {
                let here = stored.at(entry.place(), |_| {})?;
                known(reader, key, &entry, here)?
            }
            _ => None,
        };
        planner.cost = Pico::ZERO;
        let not_fetched = planner.plan.not_fetched;
        planner.entry(&entry, known.and_then(|known| Some((known.content?, known.page_count))))?;
        if planner.plan.not_fetched == not_fetched {
            planner.spread.add(planner.cost);
        }
    }
    let latency = reader.as_ref().map(|reader| reader.mean_latency(key, &job.provider.model)).transpose()?.flatten();
    let scope = budget_scope(job, &budget_key(job), "", at_ms);
    let spent = reader.as_ref().map(|reader| reader.budget(&scope)).transpose()?.unwrap_or_default();
    Ok(planner.finish(latency, spent, chosen.map(|chosen| chosen.files)))
}

/// The files of a sample.
fn choose(job: &Job, count: u64) -> Result<Chosen, PipelineError> {
    let mut chosen = Chosen::new(count);
    for entry in Entries::start(&job.input)? {
        match entry {
            Ok(entry) => chosen.offer(entry.place()),
            Err(fault) if fault.is_end => return Err(PipelineError::Input(fault.to_string())),
            Err(_) => {}
        }
    }
    Ok(chosen)
}

struct Planner<'a> {
    job: &'a Job,
    reader: Option<&'a Reader>,
    wish: Wish,
    plan: Plan,
    /// Pages and what is asked of them.
    seen: HashSet<(StoredPage, Digest)>,
    /// Canonical recipes by key.
    bodies: HashMap<i64, String>,
    /// What is asked of the entry at hand.
    questions: Arc<[Question]>,
    /// The digest of their recipes.
    asked: Digest,
    keys: Vec<i64>,
    in_batches: HashSet<StoredPage>,
    decoder: Decoder,
    quoter: Quoter<'a>,
    spread: Spread,
    /// Expected money of the file at hand.
    cost: Pico,
}

/// A file as far as a plan opens it.
struct File<'a> {
    entry: &'a source::Entry,
    content: Digest,
    /// Its bytes, when they were read.
    bytes: Option<Bytes>,
    /// Whether the decoder has it open.
    is_open: bool,
}

impl Planner<'_> {
    fn look_up(&mut self, questions: Arc<[Question]>) -> Result<(), StoreError> {
        if let Some(reader) = self.reader {
            self.keys = known_keys(reader, self.job, &questions)?.into_iter().map(|key| key.recipe_id).collect();
        }
        let hashes = recipes(self.job, &questions).into_iter().map(|recipe| recipe.hash.to_string());
        self.asked = Digest::of(hashes.collect::<String>().as_bytes());
        self.questions = questions;
        Ok(())
    }

    fn finish(self, latency: Option<(u64, u64)>, spent: Pico, files: Option<u64>) -> Plan {
        let mut plan = self.plan;
        let quote = self.quoter.finish();
        plan.bounds = pace::bounds(&quote, self.job, latency);
        plan.budget = self.job.limits.budget.map(|limit| {
            let left = (limit - spent).max(Pico::ZERO);
            let expected = quote.cost.and_then(|cost| cost.expected).filter(|cost| *cost > Pico::ZERO);
            let pages = expected.map(|cost| i128::from(left.0) * i128::from(quote.pages) / i128::from(cost.0));
            Room { limit, left, pages: pages.and_then(|pages| u64::try_from(pages).ok()) }
        });
        plan.quote = Some(quote);
        plan.projection = files.map(|files| projection::project(&plan, files, self.spread));
        plan
    }

    fn entry(&mut self, entry: &source::Entry, known: Option<(Digest, u32)>) -> Result<(), PipelineError> {
        self.plan.files += 1;
        let mut file = File { entry, content: Digest::of(b""), bytes: None, is_open: false };
        let count = match known {
            Some((content, count)) => {
                file.content = content;
                count
            }
            None if entry.url().is_some() => {
                self.plan.not_fetched += 1;
                return Ok(());
            }
            None => match entry.read(self.job.input.base()) {
                Ok(bytes) => {
                    file.content = Digest::of(&bytes);
                    file.bytes = Some(bytes.into());
                    self.count(&mut file)?
                }
                Err(_) => {
                    self.plan.pages += 1;
                    self.plan.unreadable += 1;
                    return Ok(());
                }
            },
        };
        if count == 0 {
            self.plan.pages += 1;
            self.plan.unreadable += 1;
        }
        let pages = self.job.input.pages.of(count).unwrap_or_else(|| (1..=count).collect());
        *self.plan.by_format.entry(file.format()).or_default() += pages.len() as u64;
        for page in pages {
            self.plan.pages += 1;
            self.page(&mut file, page)?;
        }
        Ok(())
    }

    /// Pages of a file; 0 when it can't be opened.
    fn count(&mut self, file: &mut File<'_>) -> Result<u32, PipelineError> {
        let Some(bytes) = &file.bytes else { return Ok(0) };
        match count_by_header(bytes) {
            Ok(Some(count)) => Ok(count),
            Ok(None) => {
                let opened = self.decoder.open(bytes).map_err(|error| PipelineError::Internal(error.to_string()))?;
                file.is_open = opened.is_ok();
                Ok(opened.unwrap_or(0))
            }
            Err(_) => Ok(0),
        }
    }

    /// The upright size of a page; `None`: it can't be read.
    fn size(&mut self, file: &mut File<'_>, page: u32) -> Result<Option<(u32, u32)>, PipelineError> {
        if file.bytes.is_none() {
            file.bytes = file.entry.read(self.job.input.base()).ok().map(Bytes::from);
        }
        let Some(bytes) = &file.bytes else { return Ok(None) };
        match size_by_header(bytes) {
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

    fn page(&mut self, file: &mut File<'_>, number: u32) -> Result<(), PipelineError> {
        let page = StoredPage { content: file.content, page: number };
        if self.in_batches.contains(&page) {
            self.plan.under_way += 1;
            return Ok(());
        }
        if !self.seen.insert((page, self.asked)) {
            self.plan.duplicates += 1;
            return Ok(());
        }
        let standing = match self.reader {
            Some(reader) => reader.standing(&page, &self.keys, VERSIONS)?,
            None => Standing { outcomes: vec![None; self.questions.len()], ..Standing::default() },
        };
        let skips_blank = self.job.input.skip_blank;
        let view = View { wish: self.wish, wanted: &[], started_ms: i64::MAX, skips_blank };
        let tasks = match view.of(&standing, false) {
            Stand::Settled => {
                self.plan.answered += 1;
                return Ok(());
            }
            Stand::Faulty => {
                self.plan.unreadable += 1;
                return Ok(());
            }
            Stand::LeftOut => {
                self.plan.skipped += 1;
                return Ok(());
            }
            Stand::Ask(tasks) => tasks,
        };
        let Some(size) = self.size(file, number)? else {
            self.plan.unreadable += 1;
            return Ok(());
        };
        self.plan.to_ask += 1;
        let questions = self.questions.clone();
        let asked: Vec<&Question> = tasks.iter().filter_map(|(at, _)| questions.get(*at)).collect();
        self.cost += self.quoter.add(size, &asked).unwrap_or_default();
        for (at, answered_ms) in tasks {
            *self.plan.by_task.entry(self.questions[at].name.clone()).or_default() += 1;
            if let (Some(reader), None) = (self.reader, answered_ms) {
                self.miss(&page, at, reader)?;
            }
        }
        Ok(())
    }

    /// Why an answered page misses: in what the nearest answered recipe differs.
    fn miss(&mut self, page: &StoredPage, at: usize, reader: &Reader) -> Result<(), StoreError> {
        let ours = recipes(self.job, &self.questions[at..=at]).remove(0);
        let mut nearest: Option<Vec<String>> = None;
        for recipe in reader.answered_recipes(page)?.into_iter().filter(|recipe| !self.keys.contains(recipe)) {
            let theirs = match self.bodies.entry(recipe) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(reader.recipe_body(recipe)?.unwrap_or_default()),
            };
            let Some(differs) = difference(&ours.body, theirs) else { continue };
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
    /// Its format: by content where it was read, else by its ending.
    fn format(&self) -> String {
        if let Some(format) = self.bytes.as_ref().and_then(|bytes| Format::of(bytes).ok()) {
            return format.mime().rsplit('/').next().unwrap_or_default().to_owned();
        }
        let name = String::from_utf8_lossy(&self.entry.path).to_lowercase();
        match name.rsplit('.').next() {
            Some("jpg" | "jpe" | "jfif") => "jpeg".into(),
            Some("tif") => "tiff".into(),
            Some(ending) if ending.len() < name.len() => ending.to_owned(),
            _ => "unknown".into(),
        }
    }
}
