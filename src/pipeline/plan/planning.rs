//! Makes the plan of a run. Decodes no page, sends nothing and writes nothing.

use super::model::{Headroom, Plan};
use super::pace;
use super::planner::Planner;
use super::projection::{self, SampledFiles, Spread};
use super::quote::Quote;
use super::shards::ShardPlans;
use crate::base::ids::{JobId, Revision, RunId};
use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::identity::{budget_counter, stored_job};
use crate::pipeline::control::options::selection_text;
use crate::pipeline::model::question_set::{policy, render};
use crate::pipeline::model::recipe::recipes;
use crate::pipeline::results::job_rows::{columns_of_job, known_recipes};
use crate::pipeline::scan::diff::find_unchanged;
use crate::pipeline::scan::page_filter::PageFilter;
use crate::prepare::DecoderCommand;
use crate::select::Filter;
use crate::source::Entries;
use crate::store::{EntryCursor, Reader, RetrySelection, RunBegin};
use crate::task::Question;

/// Makes the plan of a run from the input and the store (`None`: there is none yet). `filter`: of
/// the pages that `selection` sends again only those whose rows match. `sample`: looks
/// at this many files and projects them to all. `shards`: also what each of so many shards would do. `at_ms`: wall time
/// in milliseconds, which decides the day of a daily budget.
///
/// # Errors
/// When the input can't be searched or the store can't be read.
pub fn plan(
    job: &Job,
    questions: &[Question],
    reader: Option<&Reader>,
    (selection, filter): (RetrySelection, Option<&Filter>),
    (sample, shards): (Option<u64>, Option<u32>),
    at_ms: i64,
    decoder: DecoderCommand,
) -> Result<Plan, PipelineError> {
    let mut entries = Entries::start(&job.input)?;
    let chosen = sample.map(|count| choose(job, count)).transpose()?;
    let key = reader.map(|reader| stored_job(reader, job)).transpose()?.flatten().unwrap_or(JobId(0));
    let text = selection_text(selection, filter, &[], None);
    let mut continues = Vec::new();
    let continued = match (reader, text) {
        (Some(reader), Some(text)) => {
            match reader
                .known_set(&recipes(job, questions), &policy(job, &decoder.renderers(job.image.pdf_renderer)))?
            {
                Some((set, _)) => {
                    continues = reader.unfinished_runs(key, set, &text)?;
                    reader.continued_since(key, set, &text)?
                }
                None => None,
            }
        }
        _ => None,
    };
    let begin = RunBegin { since: continued.unwrap_or(Revision::END), ..RunBegin::END };
    let mut planner = Planner::new(job, questions, (selection, begin), reader, decoder, job.price_at(at_ms))?;
    planner.set_questions(questions.into())?;
    if let (Some(reader), Some(filter)) = (reader, filter) {
        let columns = columns_of_job(job, questions, &known_recipes(reader, job, questions)?)?;
        planner.set_filter(key, PageFilter::new(filter.clone(), job, columns, continues));
    }
    let mut spread = Spread::default();
    let mut parts = shards.map(ShardPlans::new);
    let has_templates = questions.iter().any(Question::is_template);
    let mut stored = reader.map(|reader| EntryCursor::new(reader, key));
    for entry in entries.by_ref() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(fault) if fault.is_end => return Err(PipelineError::Input(fault.to_string())),
            Err(_) => continue,
        };
        if chosen.as_ref().is_some_and(|chosen| !chosen.has(entry.place())) {
            continue;
        }
        if has_templates {
            planner.set_questions(render(questions, entry.carried.as_deref())?)?;
        }
        let known = match (reader, &mut stored) {
            (Some(reader), Some(stored)) => {
                let here = stored.seek(entry.place(), |_| {})?;
                find_unchanged(reader, key, &entry, here)?
            }
            _ => None,
        };
        let before = planner.counts();
        let shard = shards.and_then(|count| Shard::of_path(&entry.path, count));
        shard.into_iter().for_each(|shard| planner.set_shard(shard));
        let cost = planner.entry(&entry, known)?;
        if let Some(cost) = cost {
            spread.add(cost);
        }
        if let (Some(parts), Some(shard)) = (&mut parts, shard) {
            parts.add(shard, before, planner.counts(), cost.unwrap_or_default());
        }
    }
    let latency = reader.map(|reader| reader.mean_latency(key, &job.provider.model)).transpose()?.flatten();
    let scope = budget_counter(job, &RunId::new(""), at_ms).to_string();
    let spent = reader.map(|reader| reader.budget(&scope)).transpose()?.unwrap_or_default();
    let mut plan = planner.finish();
    let is_priced = plan.quote.as_ref().is_some_and(|quote| quote.cost.is_some());
    plan.shards = parts.map(|parts| parts.finish(is_priced)).unwrap_or_default();
    plan.left_out = entries.left_out();
    plan.has_include = !job.input.include.is_empty();
    if let Some(quote) = &plan.quote {
        plan.bounds = pace::bounds(quote, job, latency);
    }
    plan.projection = chosen.map(|chosen| projection::project(&plan, chosen.files, spread));
    plan.budget = job.limits.budget.zip(plan.quote.as_ref()).map(|(limit, quote)| {
        let projected = plan.projection.as_ref().map(|projection| projection.expected);
        headroom(limit, spent, quote, projected.unwrap_or_else(|| quote.cost.and_then(|cost| cost.expected)))
    });
    Ok(plan)
}

/// The rest of a budget of which `spent` is spent or reserved. `needed`: the expected cost of all pages.
fn headroom(limit: Pico, spent: Pico, quote: &Quote, needed: Option<Pico>) -> Headroom {
    let left = (limit - spent).max(Pico::ZERO);
    let expected = quote.cost.and_then(|cost| cost.expected).filter(|cost| *cost > Pico::ZERO);
    let pages = expected.map(|cost| i128::from(left.0) * i128::from(quote.pages) / i128::from(cost.0));
    // The last request goes out only if its worst case fits, too.
    let worst = if quote.pages > 0 { quote.worst } else { Some(Pico::ZERO) };
    let is_enough = needed.zip(worst).map(|(needed, worst)| needed <= left && worst <= left);
    Headroom { limit, left, pages: pages.and_then(|pages| u64::try_from(pages).ok()), needed, is_enough }
}

/// The files of a sample.
fn choose(job: &Job, count: u64) -> Result<SampledFiles, PipelineError> {
    let mut chosen = SampledFiles::new(count);
    for entry in Entries::start(&job.input)? {
        match entry {
            Ok(entry) => chosen.offer(entry.place()),
            Err(fault) if fault.is_end => return Err(PipelineError::Input(fault.to_string())),
            Err(_) => {}
        }
    }
    Ok(chosen)
}
