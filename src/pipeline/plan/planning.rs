//! Makes the plan of a run. Decodes no page, sends nothing and writes nothing.

use super::model::{BudgetLeft, Plan};
use super::planner::Planner;
use super::projection::{self, SampledFiles, Spread};
use super::quote::Quote;
use super::shards::{ShardPlans, divide_budget};
use super::time_bounds;
use crate::base::ids::{JobId, Revision, RunId};
use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::catalog::MIN_CALIBRATION_IMAGES;
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::identity::{budget_counter, stored_job};
use crate::pipeline::control::options::selection_text;
use crate::pipeline::model::question_set::{policy_now, rendered_questions};
use crate::pipeline::model::recipe::known_recipes;
use crate::pipeline::model::recipe::recipes;
use crate::pipeline::results::row_columns::columns_of_job;
use crate::pipeline::scan::diff::find_unchanged;
use crate::pipeline::scan::page_filter::PageFilter;
use crate::prepare::DecoderCommand;
use crate::select::Filter;
use crate::source::{Entries, LeftOut};
use crate::store::{EntryCursor, Reader, RetrySelection, RunBegin};
use crate::task::Question;

/// What is planned.
pub struct PlanRequest<'a> {
    /// The job.
    pub job: &'a Job,
    /// Its questions.
    pub questions: &'a [Question],
    /// The store; `None`: there is none yet.
    pub reader: Option<&'a Reader>,
    /// Which pages are sent again.
    pub retry: RetryScope<'a>,
    /// The number of files that are looked at, and projected to all; `None`: all are looked at.
    pub sample: Option<u64>,
    /// A number of shards: what each of them would do is planned, too.
    pub shards: Option<u32>,
    /// Wall time in milliseconds, which decides the day of a daily budget.
    pub at_ms: i64,
    /// The decoder, which counts pages.
    pub decoder: DecoderCommand,
}

/// Which pages are sent again, though they have answers or errors.
#[derive(Clone, Copy)]
pub struct RetryScope<'a> {
    /// By the outcomes of their tasks.
    pub selection: RetrySelection,
    /// Only those of them whose rows match are; `None`: all.
    pub filter: Option<&'a Filter>,
}

/// Makes the plan of a run from the input and the store.
///
/// # Errors
/// When the input can't be searched or the store can't be read.
pub fn plan(request: &PlanRequest<'_>) -> Result<Plan, PipelineError> {
    let entries = Entries::start(&request.job.input)?;
    let sampled = request.sample.map(|count| choose(request.job, count)).transpose()?;
    let key =
        request.reader.map(|reader| stored_job(reader, request.job)).transpose()?.flatten().unwrap_or(JobId::UNSTORED);
    let planner = begin(request, key)?;
    let walked = walk(request, key, planner, entries, sampled.as_ref())?;
    conclude(request, key, walked, sampled)
}

/// Finds the runs that this one would continue, and sets up what looks at files.
fn begin<'a>(request: &PlanRequest<'a>, key: JobId) -> Result<Planner<'a>, PipelineError> {
    let &PlanRequest { job, questions, reader, retry: RetryScope { selection, filter }, .. } = request;
    let (mut since, mut continued_runs) = (None, Vec::new());
    if let (Some(reader), Some(text)) = (reader, selection_text(selection, filter, &[], None))
        && let Some((set, _)) = reader.known_set(&recipes(job, questions), &policy_now(job, &request.decoder))?
    {
        continued_runs = reader.unfinished_runs(key, set, &text)?;
        since = reader.continued_since(key, set, &text)?;
    }
    let begin = RunBegin { since: since.unwrap_or(Revision::END), ..RunBegin::END };
    let price = job.price_at(request.at_ms);
    let mut planner = Planner::new(job, questions, (key, selection, begin), reader, request.decoder.clone(), price)?;
    planner.set_questions(questions.into())?;
    if let (Some(reader), Some(filter)) = (reader, filter) {
        let columns = columns_of_job(job, questions, &known_recipes(reader, job, questions)?)?;
        planner.set_filter(key, PageFilter::new(filter.clone(), job, columns, continued_runs));
    }
    Ok(planner)
}

/// What the walk over the input has shown.
struct Walked<'a> {
    /// The counts, and the costs of pages.
    planner: Planner<'a>,
    /// The spread of the costs of files.
    spread: Spread,
    shards: Option<ShardPlans>,
    left_out: LeftOut,
    /// Folders and files that could not be read, and the fault of the first one.
    unread: u64,
    first_unread: Option<String>,
}

/// Looks at every entry of the input, or at those in the sample.
fn walk<'a>(
    request: &PlanRequest<'_>,
    key: JobId,
    planner: Planner<'a>,
    mut entries: Entries,
    sampled: Option<&SampledFiles>,
) -> Result<Walked<'a>, PipelineError> {
    let shards = request.shards.map(ShardPlans::new);
    let spread = Spread::default();
    let mut walked = Walked { planner, spread, shards, left_out: LeftOut::default(), unread: 0, first_unread: None };
    let has_templates = request.questions.iter().any(Question::is_template);
    let mut stored = request.reader.map(|reader| EntryCursor::new(reader, key));
    for entry in entries.by_ref() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(fault) if fault.is_end => return Err(PipelineError::Input(fault.to_string())),
            Err(fault) => {
                if fault.hides_files {
                    walked.unread += 1;
                    walked.first_unread.get_or_insert_with(|| fault.to_string());
                }
                continue;
            }
        };
        if sampled.is_some_and(|sampled| !sampled.has(entry.position())) {
            continue;
        }
        if has_templates {
            walked.planner.set_questions(rendered_questions(request.questions, entry.carried.as_ref()))?;
        }
        let known = match (request.reader, &mut stored) {
            (Some(reader), Some(stored)) => {
                let here = stored.seek(entry.position(), |_| {})?;
                find_unchanged(reader, key, &entry, here)?
            }
            _ => None,
        };
        let before = walked.planner.counts();
        let shard = request.shards.and_then(|count| Shard::of_path(&entry.path, count));
        shard.into_iter().for_each(|shard| walked.planner.set_shard(shard));
        let cost = walked.planner.entry(&entry, known)?;
        if let Some(cost) = cost {
            walked.spread.add(cost);
        }
        if let (Some(shards), Some(shard)) = (&mut walked.shards, shard) {
            shards.add(shard, before, walked.planner.counts(), cost.unwrap_or_default());
        }
    }
    walked.left_out = entries.left_out();
    Ok(walked)
}

/// Derives from the counts what the run costs and how long it takes, and whether the budget pays for it.
fn conclude(
    request: &PlanRequest<'_>,
    key: JobId,
    walked: Walked<'_>,
    sampled: Option<SampledFiles>,
) -> Result<Plan, PipelineError> {
    let (job, reader) = (request.job, request.reader);
    let is_simulated = job.provider.endpoint.is_simulated();
    let latency =
        reader.map(|reader| reader.mean_latency(key, &job.provider.model, is_simulated)).transpose()?.flatten();
    let scope = budget_counter(job, &RunId::new(""), request.at_ms).to_string();
    let spent = reader.map(|reader| reader.budget_used(&scope)).transpose()?.unwrap_or_default();
    let mut plan = walked.planner.finish();
    let is_priced = plan.quote.as_ref().is_some_and(|quote| quote.cost.is_some());
    plan.shards = walked.shards.map(|shards| shards.finish(is_priced)).unwrap_or_default();
    plan.left_out = walked.left_out;
    (plan.unread, plan.first_unread) = (walked.unread, walked.first_unread);
    plan.has_include = !job.input.include.is_empty();
    if let Some(quote) = &plan.quote {
        plan.bounds = time_bounds::bounds(quote, job, latency);
    }
    plan.projection = sampled.map(|sampled| projection::project(&plan, sampled.files, walked.spread));
    plan.budget = job.limits.budget.zip(plan.quote.as_ref()).map(|(limit, quote)| {
        let projected = plan.projection.as_ref().map(|projection| projection.expected);
        budget_left(limit, spent, quote, projected.unwrap_or_else(|| quote.cost.and_then(|cost| cost.expected)))
    });
    if let (Some(budget), Some(quote)) = (&plan.budget, &plan.quote) {
        divide_budget(&mut plan.shards, budget, cost_per_page(quote));
    }
    Ok(plan)
}

/// The expected cost of a page; `None`: unknown.
fn cost_per_page(quote: &Quote) -> Option<Pico> {
    let expected = quote.cost.and_then(|cost| cost.expected).filter(|cost| *cost > Pico::ZERO)?;
    Some(Pico(expected.0 / i64::try_from(quote.pages).ok().filter(|pages| *pages > 0)?))
}

/// The rest of a budget; `spent`: spent or reserved. `needed`: the expected cost of all pages.
fn budget_left(limit: Pico, spent: Pico, quote: &Quote, needed: Option<Pico>) -> BudgetLeft {
    let left = (limit - spent).max(Pico::ZERO);
    let per_page = cost_per_page(quote);
    let reserved = |cost: Option<Pico>| cost.filter(|_| quote.pages > 0);
    let (reservation, last_reservation) = (reserved(quote.worst), reserved(quote.later_worst));
    let pages = per_page
        .map(|per_page| payable(left, per_page, [reservation, last_reservation].map(Option::unwrap_or_default)));
    let lowest = quote.cost.map(|cost| cost.low);
    let first = reservation.map(|first| until_calibrated(first, per_page.unwrap_or_default(), quote.pages));
    // The last request is sent only if its reservation is left in addition to the cost of all others.
    let to_the_end =
        needed.zip(per_page).zip(last_reservation).map(|((needed, one), last)| needed - one.min(needed) + last);
    let is_bounded = quote.is_bounded;
    let (pages, is_enough) = match is_bounded {
        true => (pages, covers(left, needed, [lowest, first, to_the_end])),
        false => (Some(0), Some(false)),
    };
    BudgetLeft { limit, left, pages, needed, lowest, reservation, last_reservation, is_bounded, is_enough }
}

/// What the last request needs that reserves `first`, as all do until enough bills have confirmed how images are billed, with
/// the cost of those before it.
fn until_calibrated(first: Pico, per_page: Pico, pages: u64) -> Pico {
    let before = pages.min(MIN_CALIBRATION_IMAGES).saturating_sub(1);
    first + Pico(per_page.0.saturating_mul(i64::try_from(before).unwrap_or(0)))
}

/// How many pages at `per_page` a budget of `left` pays for: the first requests reserve `first`, later ones `last`.
fn payable(left: Pico, per_page: Pico, [first, last]: [Pico; 2]) -> u64 {
    if first > left || last > left || per_page <= Pico::ZERO {
        return 0;
    }
    let after = |reserved: Pico| u64::try_from((left - reserved).0 / per_page.0).unwrap_or(0) + 1;
    let early = after(first);
    if early < MIN_CALIBRATION_IMAGES { early } else { after(last) }
}

/// Whether `left` pays for `needed`; `None`: unknown. It does not if it is less than one of `least`.
fn covers(left: Pico, needed: Option<Pico>, least: [Option<Pico>; 3]) -> Option<bool> {
    let is_less = least.into_iter().chain([needed]).flatten().any(|cost| cost > left);
    if is_less { Some(false) } else { needed.map(|_| true) }
}

/// The files of a sample.
fn choose(job: &Job, count: u64) -> Result<SampledFiles, PipelineError> {
    let mut chosen = SampledFiles::new(count);
    for entry in Entries::start(&job.input)? {
        match entry {
            Ok(entry) => chosen.offer(entry.position()),
            Err(fault) if fault.is_end => return Err(PipelineError::Input(fault.to_string())),
            Err(_) => {}
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_too_small_when_anything_that_is_known_is_more() {
        let pico = |cost: Option<i64>| cost.map(Pico);
        for (left, needed, lowest, reservation, expected) in [
            (16, None, Some(32), Some(102), Some(false)),
            (16, None, Some(8), Some(102), Some(false)),
            (16, None, Some(32), Some(9), Some(false)),
            (16, None, Some(8), Some(9), None),
            (16, None, None, None, None),
            (16, Some(16), Some(8), Some(16), Some(true)),
            (16, Some(17), Some(8), Some(9), Some(false)),
            (16, Some(10), Some(8), Some(17), Some(false)),
            (0, Some(0), Some(0), None, Some(true)),
        ] {
            let found = covers(Pico(left), pico(needed), [lowest, reservation, None].map(pico));
            assert_eq!(found, expected, "{left} {needed:?} {lowest:?} {reservation:?}");
        }
    }

    /// A request is sent only if its reservation is left, whatever it then costs.
    #[test]
    fn pages_are_paid_for_while_a_reservation_is_left() {
        for (left, per_page, first, last, pages) in [
            (100, 10, 10, 10, 10),
            (100, 10, 80, 10, 10),
            (100, 10, 81, 10, 2),
            (100, 10, 95, 10, 1),
            (100, 10, 30, 30, 8),
            (100, 10, 95, 95, 1),
            (100, 10, 100, 100, 1),
            (100, 10, 101, 10, 0),
            (100, 10, 10, 101, 0),
            (0, 10, 10, 10, 0),
        ] {
            let found = payable(Pico(left), Pico(per_page), [Pico(first), Pico(last)]);
            assert_eq!(found, pages, "{left} {per_page} {first} {last}");
        }
    }
}
