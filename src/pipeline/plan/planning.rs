//! What a run would do and cost: pages found, answered, to ask, tokens, money, time, and
//! why pages that were answered before miss. Decodes nothing, sends nothing, writes nothing.
//!
//! - [`planner`]: file by file, page by page; [`quote`]: tokens and money; [`pace`]: minutes; [`projection`]: `--sample`
//! - [`json`]: the plan as JSON

use super::pace;
use super::planner::Planner;
use super::projection::{self, Chosen, Spread};
use crate::base::money::Pico;
use crate::manifest::Job;
use crate::pipeline::control::environment::PipelineError;
use crate::pipeline::control::keys::{budget_key, budget_scope};
use crate::pipeline::model::page_status::Wish;
use crate::pipeline::model::question_set::rendered;
use crate::pipeline::scan::diff::{Stored, known};
use crate::prepare::DecoderCommand;
use crate::source::Entries;
use crate::store::{JobId, ReadStore, RunId, StoreError};
use crate::task::Question;
use std::collections::BTreeMap;

pub use super::pace::Bound;
pub use super::projection::Projection;
pub use super::quote::{Alternative, Quote, Range};

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
    let reader = match ReadStore::open(&job.store).and_then(|store| store.reader()) {
        Ok(reader) => Some(reader),
        Err(StoreError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let mut planner = Planner::new(job, questions, wish, reader.as_ref(), decoder)?;
    planner.look_up(questions.into())?;
    let mut spread = Spread::default();
    let has_templates = questions.iter().any(Question::is_template);
    let key = reader.as_ref().map(|reader| reader.job(&job.identity())).transpose()?.flatten().unwrap_or(JobId(0));
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
        let cost = planner.entry(&entry, known.and_then(|known| Some((known.content?, known.page_count))))?;
        if let Some(cost) = cost {
            spread.add(cost);
        }
    }
    let latency = reader.as_ref().map(|reader| reader.mean_latency(key, &job.provider.model)).transpose()?.flatten();
    let scope = budget_scope(job, &budget_key(job), &RunId::new(""), at_ms);
    let spent = reader.as_ref().map(|reader| reader.budget(&scope)).transpose()?.unwrap_or_default();
    let mut plan = planner.finish();
    if let Some(quote) = &plan.quote {
        plan.bounds = pace::bounds(quote, job, latency);
        plan.budget = job.limits.budget.map(|limit| room(limit, spent, quote));
    }
    plan.projection = chosen.map(|chosen| projection::project(&plan, chosen.files, spread));
    Ok(plan)
}

/// What a budget allows of which `spent` is gone.
fn room(limit: Pico, spent: Pico, quote: &Quote) -> Room {
    let left = (limit - spent).max(Pico::ZERO);
    let expected = quote.cost.and_then(|cost| cost.expected).filter(|cost| *cost > Pico::ZERO);
    let pages = expected.map(|cost| i128::from(left.0) * i128::from(quote.pages) / i128::from(cost.0));
    Room { limit, left, pages: pages.and_then(|pages| u64::try_from(pages).ok()) }
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
