//! What a run would do: pages found, answered, to ask, and why pages that were answered
//! before miss. Reads only; sends nothing and writes nothing.

use super::asking::{VERSIONS, rendered};
use super::environment::PipelineError;
use super::finish::known_keys;
use super::merge::{Stored, known};
use super::recipe::{difference, recipes};
use super::standing::{Stand, View, Wish};
use crate::digest::Digest;
use crate::manifest::Job;
use crate::prepare::{Decoder, DecoderCommand, count_by_header};
use crate::source::{self, Entries};
use crate::store::{Reader, Standing, StoreError, StoredPage};
use crate::task::Question;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

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
    /// Files and pages that give no picture.
    pub unreadable: u64,
    /// URLs that were not fetched yet: their pages are not counted.
    pub not_fetched: u64,
    /// By task: pages to ask.
    pub by_task: BTreeMap<String, u64>,
    /// By task: why pages that have an answer to such a task miss; (reason, pages).
    pub misses: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Plan {
    /// The plan as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "files": self.files, "pages": self.pages, "answered": self.answered, "to_ask": self.to_ask,
            "duplicates": self.duplicates, "skipped": self.skipped, "unreadable": self.unreadable, "not_fetched": self.not_fetched, "by_task": self.by_task, "misses": self.misses,
        })
    }
}

/// Looks at the input and at the store.
///
/// # Errors
/// When the input can't be searched or the store can't be read.
pub fn plan(job: &Job, questions: &[Question], wish: Wish, decoder: DecoderCommand) -> Result<Plan, PipelineError> {
    let entries = Entries::start(&job.input)?;
    let reader = match Reader::open(&job.store) {
        Ok(reader) => Some(reader),
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let mut planner = Planner {
        job,
        reader: reader.as_ref(),
        wish,
        plan: Plan::default(),
        seen: HashSet::new(),
        bodies: HashMap::new(),
        questions: questions.into(),
        asked: Digest::of(b""),
        keys: Vec::new(),
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
        planner.entry(&entry, known.and_then(|known| Some((known.content?, known.page_count))))?;
    }
    Ok(planner.plan)
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
    decoder: Decoder,
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

    fn entry(&mut self, entry: &source::Entry, known: Option<(Digest, u32)>) -> Result<(), PipelineError> {
        self.plan.files += 1;
        let (content, count) = match known {
            Some(known) => known,
            None if entry.url().is_some() => {
                self.plan.not_fetched += 1;
                return Ok(());
            }
            None => match entry.read(self.job.input.base()) {
                Ok(bytes) => (Digest::of(&bytes), self.count(bytes.into())?),
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
        for page in self.job.input.pages.of(count).unwrap_or_else(|| (1..=count).collect()) {
            self.plan.pages += 1;
            self.page(StoredPage { content, page })?;
        }
        Ok(())
    }

    /// Pages of a file; 0 when it can't be opened.
    fn count(&mut self, bytes: Bytes) -> Result<u32, PipelineError> {
        match count_by_header(&bytes) {
            Ok(Some(count)) => Ok(count),
            Ok(None) => {
                let opened = self.decoder.open(&bytes).map_err(|error| PipelineError::Internal(error.to_string()))?;
                Ok(opened.unwrap_or(0))
            }
            Err(_) => Ok(0),
        }
    }

    fn page(&mut self, page: StoredPage) -> Result<(), StoreError> {
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
        match view.of(&standing, false) {
            Stand::Settled => self.plan.answered += 1,
            Stand::Faulty => self.plan.unreadable += 1,
            Stand::LeftOut => self.plan.skipped += 1,
            Stand::Ask(tasks) => {
                self.plan.to_ask += 1;
                for (at, answered_ms) in tasks {
                    *self.plan.by_task.entry(self.questions[at].name.clone()).or_default() += 1;
                    if let (Some(reader), None) = (self.reader, answered_ms) {
                        self.miss(&page, at, reader)?;
                    }
                }
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
