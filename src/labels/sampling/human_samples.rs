//! The samples among the human answers of a job: which draws the store has, and how far they are decided.

use super::reach::{Decided, OrderedDraw, OrderedPage, Reached, reach};
use super::stated::find_contradiction;
use super::task_sample::{DrawSummary, TaskSample};
use crate::base::decoder_version::has_current_page_numbers;
use crate::base::digest::Digest;
use crate::base::ids::{DecisionId, DrawId, PageId};
use crate::base::shard::Shard;
use crate::labels::truth::task_spec::TaskSpec;
use crate::manifest::Job;
use crate::pipeline::{draw_key, stored_job};
use crate::store::{DecisionRecord, DrawRecord, EntryCursor, Reader, StoreError, current_decision};
use std::collections::{HashMap, HashSet};

/// Decisions that are read at once.
const BATCH: usize = 2000;

/// Decisions on one task, by page and question.
type RecordsByQuestion = HashMap<(PageId, Option<Digest>), Vec<DecisionRecord>>;

/// The decisions on one task of one page that count.
#[derive(Debug, Default)]
struct DecidedPage {
    /// Whether one is the latest, whatever its value is.
    is_decided: bool,
    /// The draws that they refer to.
    draws: Vec<DrawId>,
    /// The probability that is stated with one that refers to no draw.
    stated: Option<f64>,
}

/// A draw with the position of its last page.
struct Draw {
    record: DrawRecord,
    pages: Vec<PageId>,
    last: Digest,
}

/// What the job has now.
#[derive(Default)]
struct Population {
    /// The number of different pages.
    count: u64,
    /// By task: how many of them are decided.
    decided: Vec<u64>,
    /// Those up to the end of the largest draw.
    first: Vec<(Digest, PageId)>,
}

/// Pages that are decided only with the model's answer seen, where that does not count.
type SeenPages = HashSet<PageId>;

/// The pages of a task with a decision that counts.
type DecidedPages = HashMap<PageId, DecidedPage>;

/// The samples of these tasks. `with_shown`: answers count whose reviewer had seen the model's. `selection`: the
/// expression that measured rows match.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn read_samples(
    reader: &Reader,
    job: &Job,
    tasks: &[TaskSpec],
    with_shown: bool,
    selection: Option<&str>,
) -> Result<Vec<TaskSample>, StoreError> {
    let (decided, seen) = read_decided(reader, job, tasks, with_shown)?;
    let has_draw = |page: &DecidedPage| !page.draws.is_empty() || page.stated.is_some();
    let records = reader.draws(&job.name)?;
    if records.is_empty() && !decided.iter().flat_map(HashMap::values).any(has_draw) {
        return Ok(vec![TaskSample::default(); tasks.len()]);
    }
    let mut draws = Vec::new();
    for record in records {
        let pages = reader.draw_pages(record.id)?;
        let Some(last) = pages.iter().map(draw_key).max() else { continue };
        draws.push(Draw { record, pages, last });
    }
    let of_job = draws.iter().filter(|draw| draw.record.selection.is_none()).map(|draw| draw.last).max();
    let population = read_population(reader, job, &decided, of_job)?;
    let shard = reader.shard()?;
    let sample = |(at, decided): (usize, &DecidedPages)| {
        let decided = (decided, &seen[at]);
        if population.decided.get(at) == Some(&population.count) {
            return TaskSample { is_census: true, ..TaskSample::default() };
        }
        let within = selection.and_then(|selection| within_selection(&draws, shard, selection, decided));
        within
            .or_else(|| of_job_draws(&draws, &population, decided))
            .unwrap_or_else(|| of_stated(&draws, population.count, decided.0))
    };
    Ok(decided.iter().enumerate().map(sample).collect())
}

/// By task: the pages with a decision that counts, and those with another one only.
fn read_decided(
    reader: &Reader,
    job: &Job,
    tasks: &[TaskSpec],
    with_shown: bool,
) -> Result<(Vec<DecidedPages>, Vec<SeenPages>), StoreError> {
    let mut records: Vec<RecordsByQuestion> = Vec::new();
    records.resize_with(tasks.len(), HashMap::new);
    let mut seen = vec![SeenPages::new(); tasks.len()];
    let mut after = DecisionId(0);
    loop {
        let batch = reader.all_decisions(&job.name, after, BATCH)?;
        let Some(last) = batch.last() else { break };
        after = last.id;
        for record in batch.into_iter().filter(|record| !record.is_withdrawn) {
            let is_counted = with_shown || record.decision.shown.is_none();
            let task = tasks.iter().position(|task| task.name == record.decision.task);
            let Some(task) = task else { continue };
            if is_counted {
                records[task].entry((record.decision.page, record.decision.question)).or_default().push(record);
            } else {
                seen[task].insert(record.decision.page);
            }
        }
    }
    let mut decided: Vec<DecidedPages> = Vec::new();
    for (task, known) in tasks.iter().zip(records) {
        let mut pages: DecidedPages = HashMap::new();
        for ((page, question), records) in known {
            let current = current_decision(&records, &task.name, question);
            let into = pages.entry(page).or_default();
            // A value that no longer fits the task is truth, too: excluding such pages would bias the sample.
            into.is_decided |= current.is_some();
            into.draws.extend(records.iter().filter_map(|record| record.decision.draw));
            let stated = records.iter().filter(|record| record.decision.draw.is_none());
            let stated = stated.filter_map(|record| record.decision.sampled_with);
            into.stated = stated.chain(into.stated).reduce(f64::max);
        }
        pages.retain(|_, page| page.is_decided);
        decided.push(pages);
    }
    for (seen, decided) in seen.iter_mut().zip(&decided) {
        seen.retain(|page| !decided.contains_key(page));
    }
    Ok((decided, seen))
}

/// Looks at the pages that the job has now. `last`: the end of the largest draw.
fn read_population(
    reader: &Reader,
    job: &Job,
    decided: &[DecidedPages],
    last: Option<Digest>,
) -> Result<Population, StoreError> {
    let mut population = Population { decided: vec![0; decided.len()], ..Population::default() };
    let Some(job) = stored_job(reader, job)? else { return Ok(population) };
    // Keys are digests: their first half is enough to distinguish pages, and small.
    let mut known: HashSet<[u8; 16]> = HashSet::new();
    let mut entries = EntryCursor::new(reader, job);
    while let Some(entry) = entries.next()? {
        let has_numbers = entry.page_count > 0 && has_current_page_numbers(entry.decoder, &entry.path);
        let Some(content) = entry.content.filter(|_| has_numbers) else {
            continue;
        };
        for page in entry.distinct_pages() {
            let page = PageId { content, page };
            let key = draw_key(&page);
            let is_new = key.as_bytes().first_chunk().is_some_and(|half| known.insert(*half));
            if !is_new {
                continue;
            }
            population.count += 1;
            for (count, decided) in population.decided.iter_mut().zip(decided) {
                *count += u64::from(decided.contains_key(&page));
            }
            if last.is_some_and(|last| key <= last) {
                population.first.push((key, page));
            }
        }
    }
    Ok(population)
}

fn ordered(
    pages: impl Iterator<Item = (Digest, PageId)>,
    draws: &[&Draw],
    (decided, seen): (&DecidedPages, &SeenPages),
) -> Option<Reached> {
    let is_of_draws = |page: &DecidedPage| draws.iter().any(|draw| page.draws.contains(&draw.record.id));
    let pages = pages.map(|(key, page)| OrderedPage {
        key,
        page,
        decided: match decided.get(&page) {
            None if seen.contains(&page) => Decided::Seen,
            None => Decided::No,
            Some(known) if is_of_draws(known) => Decided::InDraw,
            Some(_) => Decided::Otherwise,
        },
    });
    let draws: Vec<OrderedDraw> = draws
        .iter()
        .map(|draw| OrderedDraw {
            last: draw.last,
            has_decisions: decided.values().any(|page| page.draws.contains(&draw.record.id)),
        })
        .collect();
    reach(pages.collect(), &draws)
}

fn sample_of(reached: Reached, draws: &[&Draw], population: u64, selection: Option<String>) -> TaskSample {
    let decided = reached.decided.len() as u64;
    #[expect(clippy::cast_precision_loss, reason = "a number of pages")]
    let probability = (decided as f64 / population.max(decided) as f64).min(1.0);
    let draw = DrawSummary {
        selection,
        pages: decided + reached.passed_over + reached.not_reached + reached.seen,
        population,
        drawn_among: draws.iter().map(|draw| draw.record.population).max().unwrap_or(population),
        not_drawn: 0,
        is_of_shards: false,
        decided,
        passed_over: reached.passed_over,
        decided_seen: reached.seen,
        not_reached: reached.not_reached,
    };
    let pages = reached.decided.into_iter().map(|page| (page, probability)).collect();
    TaskSample { pages: Some(pages), draw: Some(draw), ..TaskSample::default() }
}

/// The sample of draws among all pages. Pages that were added to the job since are part of the order: they would have
/// been drawn, and are not decided. But decisions that were made before these pages could be drawn are not a sample of
/// all pages.
fn of_job_draws(draws: &[Draw], population: &Population, decided: (&DecidedPages, &SeenPages)) -> Option<TaskSample> {
    let draws: Vec<&Draw> = draws.iter().filter(|draw| draw.record.selection.is_none()).collect();
    let reached = ordered(population.first.iter().copied(), &draws, decided)?;
    let not_drawn = not_drawn(&population.first, &draws, decided, reached.last);
    let mut sample = sample_of(reached, &draws, population.count, None);
    if let Some(draw) = &mut sample.draw {
        draw.passed_over -= not_drawn;
        draw.pages -= not_drawn;
        draw.not_drawn = not_drawn;
    }
    Some(sample)
}

/// How many pages up to `last` are not decided, and in no draw under which a page behind them was decided: the order did
/// not contain them.
fn not_drawn(
    pages: &[(Digest, PageId)],
    draws: &[&Draw],
    (decided, seen): (&DecidedPages, &SeenPages),
    last: Digest,
) -> u64 {
    let mut offered: HashSet<PageId> = HashSet::new();
    for draw in draws {
        let of_draw = decided.iter().filter(|(_, known)| known.draws.contains(&draw.record.id));
        let Some(end) = of_draw.map(|(page, _)| draw_key(page)).max() else { continue };
        offered.extend(draw.pages.iter().filter(|page| draw_key(page) < end));
    }
    let is_open = |page: &PageId| !decided.contains_key(page) && !seen.contains(page) && !offered.contains(page);
    pages.iter().filter(|(key, page)| *key <= last && is_open(page)).count() as u64
}

/// The sample of draws among the pages whose rows match an expression. `shard`: the one whose store this is.
fn within_selection(
    draws: &[Draw],
    shard: Option<Shard>,
    selection: &str,
    decided: (&DecidedPages, &SeenPages),
) -> Option<TaskSample> {
    let of_selection: Vec<&Draw> =
        draws.iter().filter(|draw| draw.record.selection.as_deref() == Some(selection.trim())).collect();
    let latest = latest_draws(&of_selection, shard)?;
    let is_like = |draw: &Draw, other: &Draw| {
        (draw.record.shard, draw.record.population) == (other.record.shard, other.record.population)
    };
    let same: Vec<&Draw> =
        of_selection.into_iter().filter(|draw| latest.iter().any(|latest| is_like(draw, latest))).collect();
    let pages: HashSet<PageId> = same.iter().flat_map(|draw| draw.pages.iter().copied()).collect();
    let reached = ordered(pages.iter().map(|page| (draw_key(page), *page)), &same, decided)?;
    let population = latest.iter().map(|draw| draw.record.population).sum();
    let mut sample = sample_of(reached, &latest, population, Some(selection.trim().to_owned()));
    if let Some(draw) = &mut sample.draw {
        (draw.drawn_among, draw.is_of_shards) = (population, latest.len() > 1);
    }
    Some(sample)
}

/// The latest draw among the pages that the store has: which pages match may change with the answers. In a store of
/// merged shards these may be several, one of each shard. Without that of one they are not a sample of the whole, and an
/// earlier draw among all pages is.
fn latest_draws<'a>(draws: &[&'a Draw], shard: Option<Shard>) -> Option<Vec<&'a Draw>> {
    let drawn = |draw: &Draw| (draw.record.drawn_at_ms, draw.record.id);
    let latest_of = |shard: Option<Shard>| {
        let of_shard = draws.iter().copied().filter(|draw| draw.record.shard == shard);
        of_shard.max_by_key(|draw| drawn(draw))
    };
    let own = latest_of(shard);
    if shard.is_some() {
        return Some(vec![own?]);
    }
    let of_shards = || {
        let newest = draws.iter().filter(|draw| draw.record.shard.is_some()).max_by_key(|draw| drawn(draw))?;
        let is_latest = own.is_none_or(|own| drawn(own) < drawn(newest));
        let count = newest.record.shard.filter(|_| is_latest)?.count();
        Shard::all(count).map(|shard| latest_of(Some(shard))).collect::<Option<Vec<&Draw>>>()
    };
    of_shards().or_else(|| Some(vec![own?]))
}

/// The sample of pages whose probabilities are stated with their answers, such as imported ones.
fn of_stated(draws: &[Draw], population: u64, decided: &DecidedPages) -> TaskSample {
    let stated: HashMap<PageId, f64> =
        decided.iter().filter_map(|(page, known)| Some((*page, known.stated?))).collect();
    let has_decisions = |draw: &&Draw| decided.values().any(|page| page.draws.contains(&draw.record.id));
    let mut other_selections: Vec<String> =
        draws.iter().filter(has_decisions).filter_map(|draw| draw.record.selection.clone()).collect();
    other_selections.sort();
    other_selections.dedup();
    let mut probabilities: Vec<f64> = stated.values().copied().collect();
    probabilities.sort_by(f64::total_cmp);
    let contradiction = find_contradiction(&probabilities, population);
    let pages = (!stated.is_empty()).then_some(stated);
    TaskSample { pages, contradiction, other_selections, ..TaskSample::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vocabulary::DrawRule;

    /// A draw of a shard, such as `0/2`, or of all pages (`-`); its number is when it was made.
    fn draw(text: &str, at: i64) -> Draw {
        let shard =
            text.split_once('/').and_then(|(index, count)| Shard::new(index.parse().ok()?, count.parse().ok()?));
        let record = DrawRecord {
            id: DrawId(at),
            tasks: Vec::new(),
            selection: Some("kind = 'form'".into()),
            rule: DrawRule::ALL[0],
            size: 1,
            population: 1,
            drawn_at_ms: at,
            shard,
        };
        Draw { record, pages: Vec::new(), last: Digest::compute(b"") }
    }

    /// The numbers of the draws that are the latest.
    fn latest(draws: &str, shard: Option<Shard>) -> Option<Vec<i64>> {
        let draws: Vec<Draw> = draws.split(' ').zip(1..).map(|(text, at)| draw(text, at)).collect();
        let found = latest_draws(&draws.iter().collect::<Vec<_>>(), shard)?;
        Some(found.iter().map(|draw| draw.record.drawn_at_ms).collect())
    }

    #[test]
    fn of_draws_among_matching_rows_the_latest_of_all_pages_counts() {
        for (draws, expected) in [
            ("-", Some(vec![1])),
            ("- -", Some(vec![2])),
            ("0/2 1/2", Some(vec![1, 2])),
            ("1/2 0/2 1/2", Some(vec![2, 3])),
            ("0/2", None),
            ("0/2 1/2 -", Some(vec![3])),
            // An older draw among all pages, and newer ones of the shards.
            ("- 0/2 1/2", Some(vec![2, 3])),
            ("0/2 - 1/2", Some(vec![1, 3])),
            // Not all shards have one: the older draw is the latest of all pages.
            ("- 0/2", Some(vec![1])),
            ("- 0/3 1/3 0/2 1/2", Some(vec![4, 5])),
        ] {
            assert_eq!(latest(draws, None), expected, "{draws}");
        }
        let own = Shard::new(1, 2);
        assert_eq!(latest("1/2 - 0/2", own), Some(vec![1]));
        assert_eq!(latest("- 0/2", own), None);
    }
}
