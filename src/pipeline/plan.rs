//! What a run would do: pages found, answered, to ask, and why pages that were answered
//! before miss. Reads only; sends nothing and writes nothing.

use super::environment::PipelineError;
use super::finish::known_keys;
use super::merge::{Stored, is_unchanged};
use super::recipe::{difference, recipes};
use super::standing::Wish;
use crate::digest::Digest;
use crate::manifest::Job;
use crate::media::{DECODER_VERSION, probe};
use crate::source::{self, Walk};
use crate::store::{Reader, StoreError, StoredPage};
use crate::task::Question;
use serde_json::{Value, json};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};

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
    /// Files that give no picture.
    pub unreadable: u64,
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
            "duplicates": self.duplicates, "unreadable": self.unreadable, "by_task": self.by_task, "misses": self.misses,
        })
    }
}

/// Looks at the input and at the store.
///
/// # Errors
/// When the input can't be searched or the store can't be read.
pub fn plan(job: &Job, questions: &[Question], wish: Wish) -> Result<Plan, PipelineError> {
    let walk = Walk::start(&job.input)?;
    let reader = match Reader::open(&job.store) {
        Ok(reader) => Some(reader),
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let mut planner = Planner {
        job,
        questions,
        wish,
        plan: Plan::default(),
        seen: HashSet::new(),
        bodies: HashMap::new(),
        keys: Vec::new(),
    };
    match &reader {
        Some(reader) => {
            planner.keys = known_keys(reader, job, questions)?.into_iter().map(|key| key.recipe_id).collect();
            let key = reader.job(&job.identity())?.unwrap_or(0);
            let mut stored = Stored::new(reader, key);
            for entry in walk.filter_map(Result::ok) {
                let known = stored.at(&entry.path, |_| {})?.filter(|known| is_unchanged(&entry, known));
                let content = known.and_then(|known| Some((known.content?, known.page_count)));
                planner.entry(&entry, content, Some(reader))?;
            }
        }
        None => {
            for entry in walk.filter_map(Result::ok) {
                planner.entry(&entry, None, None)?;
            }
        }
    }
    Ok(planner.plan)
}

struct Planner<'a> {
    job: &'a Job,
    questions: &'a [Question],
    wish: Wish,
    plan: Plan,
    seen: HashSet<Digest>,
    /// Canonical recipes by key.
    bodies: HashMap<i64, String>,
    keys: Vec<i64>,
}

impl Planner<'_> {
    fn entry(
        &mut self,
        entry: &source::Entry,
        known: Option<(Digest, u32)>,
        reader: Option<&Reader>,
    ) -> Result<(), StoreError> {
        self.plan.files += 1;
        self.plan.pages += 1;
        let (content, page) = match known {
            Some(known) => known,
            None => match std::fs::read(entry.file(&self.job.input.folder)) {
                Ok(bytes) => (Digest::of(&bytes), u32::from(probe(&bytes).is_ok())),
                Err(_) => {
                    self.plan.unreadable += 1;
                    return Ok(());
                }
            },
        };
        if page == 0 {
            self.plan.unreadable += 1;
            return Ok(());
        }
        if !self.seen.insert(content) {
            self.plan.duplicates += 1;
            return Ok(());
        }
        let page = StoredPage { content, page };
        let standing = reader.map(|reader| reader.standing(&page, &self.keys, DECODER_VERSION)).transpose()?;
        let standing = standing.unwrap_or_default();
        if standing.fault.is_some() {
            self.plan.unreadable += 1;
            return Ok(());
        }
        let mut asks = false;
        for (at, question) in self.questions.iter().enumerate() {
            let outcome = standing.outcomes.get(at).and_then(Option::as_ref);
            if !self.wish.asks(outcome, i64::MAX) {
                continue;
            }
            asks = true;
            *self.plan.by_task.entry(question.name.clone()).or_default() += 1;
            if let (Some(reader), None) = (reader, outcome) {
                self.miss(&page, at, reader)?;
            }
        }
        if asks {
            self.plan.to_ask += 1;
        } else {
            self.plan.answered += 1;
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
