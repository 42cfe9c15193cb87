//! What the page shows around pages: the job, filters, progress, recent decisions.

use super::api_error::ApiError;
use super::decisions::Group;
use super::page_json::name_of;
use super::sample_accuracy::{SampleAccuracy, SampledPage, agreement};
use super::skips::Skip;
use super::state::Review;
use super::view::{ReviewOrder, ViewQuery};
use crate::base::ids::PageId;
use crate::base::json_text::JsonText;
use crate::base::path_text::display_path;
use crate::base::vocabulary::{ErrorKind, RowStatus};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Groups of decisions in the strip.
const RECENT: usize = 20;
/// Maximum number of values of a carried column that can be chosen.
const MAX_VALUES: usize = 200;
/// Minimum number of pages for an interval.
const MIN_REVIEWED: u64 = 1;

/// The job.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn job_json(review: &Arc<Review>) -> Result<Value, ApiError> {
    let options = &review.options;
    let selection = review.selection();
    let tasks: Vec<&Value> = review.subject.tasks.iter().map(|task| task.to_json()).collect();
    let sample = selection.draw.as_ref().map(|draw| {
        let within = options.filter.as_ref().map(ToString::to_string);
        json!({
            "pages": selection.drawn.len(), "of": selection.pages, "probability": draw.probability, "where": within,
        })
    });
    Ok(json!({
        "job": review.subject.job.name, "model": review.subject.job.provider.model, "reviewer": options.reviewer,
        "shows_answers": options.shows_answers, "tasks": tasks, "task": options.task,
        "columns": review.subject.columns, "order": options.order.name(),
        "orders": ReviewOrder::ALL.map(ReviewOrder::name), "sample": sample, "pages": selection.pages,
        "unreadable": review.subject.index.unreadable, "unread": review.subject.index.unread, "orphans": review.decisions()?.orphans(),
        "version": env!("CARGO_PKG_VERSION"),
    }))
}

/// That pages are being read, and how far that is.
pub(crate) fn reading_json(review: &Review) -> Value {
    json!({"reading": {"done": review.facts_done(), "of": review.subject.index.len()}})
}

/// What pages can be filtered by, with how many pages each value has.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn filters_json(review: &Arc<Review>, view: &ViewQuery) -> Result<Value, ApiError> {
    let Some(facts) = review.facts().map_err(ApiError::Failed)? else {
        return Ok(reading_json(review));
    };
    let task = view.tasks.first().copied().unwrap_or(0);
    let mut labels = vec![0_u64; facts.answers.get(task).map_or(0, |known| known.texts.len())];
    let mut undecided = labels.clone();
    let mut columns: Vec<Vec<u64>> = facts.carried.iter().map(|known| vec![0; known.texts.len()]).collect();
    let (mut statuses, mut errors) = (BTreeMap::<RowStatus, u64>::new(), BTreeMap::<&str, u64>::new());
    let decisions = review.decisions()?;
    for at in &review.selection().drawn {
        let Some(page) = facts.pages.get(*at as usize).and_then(Option::as_ref) else { continue };
        let label = page.answers.get(task).map_or(usize::MAX, |number| *number as usize);
        if let Some(count) = labels.get_mut(label) {
            *count += 1;
            let indexed = review.subject.index.get(*at);
            let is_open = indexed.is_some_and(|indexed| {
                decisions.own(&indexed.id, task, review.subject.index.question(indexed, task)).is_none()
            });
            undecided[label] += u64::from(is_open);
        }
        *statuses.entry(page.status).or_default() += 1;
        if let Some(kind) = page.error_kind {
            *errors.entry(ErrorKind::name(kind)).or_default() += 1;
        }
        for (counts, number) in columns.iter_mut().zip(&page.carried) {
            if let Some(count) = counts.get_mut(*number as usize) {
                *count += 1;
            }
        }
    }
    let texts = facts.answers.get(task).map(|known| known.texts.as_slice()).unwrap_or_default();
    let counted = labels.iter().zip(&undecided).zip(texts).filter(|((n, _), _)| **n > 0);
    let labels = counted.map(|((n, undecided), text)| {
        json!({"key": text, "value": serde_json::from_str::<Value>(text).unwrap_or_default(), "n": n, "undecided": undecided})
    });
    let columns = columns.iter().zip(&facts.carried).zip(&review.subject.columns).map(|((counts, known), name)| {
        let mut values: Vec<(&u64, &String)> = counts.iter().zip(&known.texts).filter(|(n, _)| **n > 0).collect();
        values.sort_by(|a, b| b.0.cmp(a.0).then(a.1.cmp(b.1)));
        let json = values.iter().take(MAX_VALUES).map(
            |(n, text)| json!({"key": text, "value": serde_json::from_str::<Value>(text).unwrap_or_default(), "n": n}),
        );
        json!({"name": name, "values": json.collect::<Vec<_>>(), "is_cut": values.len() > MAX_VALUES})
    });
    let named = |(name, n): (&str, u64)| json!({"name": name, "n": n});
    Ok(json!({
        "labels": labels.collect::<Vec<_>>(), "columns": columns.collect::<Vec<_>>(),
        "statuses": statuses.into_iter().map(|(status, n)| named((status.name(), n))).collect::<Vec<_>>(),
        "errors": errors.into_iter().map(named).collect::<Vec<_>>(),
    }))
}

/// How far the review is, and what the decisions show of the accuracy of the model.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn progress_json(review: &Arc<Review>, view: &ViewQuery) -> Result<Value, ApiError> {
    let selection = review.selection();
    // An interval from pages that were chosen by what the model answered would be wrong. Which rows match an
    // expression may change with the decisions, except for a draw.
    let is_random = view.is_random() && (!review.is_filtered() || selection.draw.is_some());
    let mut tasks = Vec::new();
    for task in &view.tasks {
        let decided = review.decided(*task)?;
        let (steps, agreements) = {
            let decisions = review.decisions()?;
            let skips = review.skips();
            let mut steps = Vec::new();
            for at in &selection.drawn {
                let Some(indexed) = review.subject.index.get(*at) else { continue };
                let question = review.subject.index.question(indexed, *task);
                let current = decisions.counted(&indexed.id, *task, question);
                // Pages after the first open one do not count.
                if current.is_none() && !skips.tasks().contains(&(*at, *task)) {
                    break;
                }
                steps.push((*at, current.map(|known| (known.value.clone(), known.is_shown))));
            }
            let pairs = decisions.pairs(*task);
            let agreements: Vec<Value> = pairs.iter().map(|((a, b), values)| agreement(a, b, values)).collect();
            (steps, agreements)
        };
        let mut accuracy = None;
        if is_random {
            let step = |(at, decided): (u32, Option<(JsonText, bool)>)| {
                let Some((value, is_shown)) = decided else { return Ok(Some(SampledPage::Skipped)) };
                let answers = review.model_answers(at)?;
                let step = |answer: &Option<Value>| match (answer, review.subject.tasks.get(*task)) {
                    (Some(answer), Some(task)) => {
                        SampledPage::Decided { is_right: task.is_right(answer, &value.value()), is_shown }
                    }
                    _ => SampledPage::Unanswered,
                };
                Ok::<_, ApiError>(answers.get(*task).map(step))
            };
            let steps = steps.into_iter().map(step).collect::<Result<Vec<_>, _>>()?;
            let known = SampleAccuracy::of_sample(steps.into_iter().flatten(), selection.pages as u64);
            accuracy = (known.reviewed >= MIN_REVIEWED).then(|| known.to_json());
        }
        let name = review.subject.tasks.get(*task).map(|task| task.name.as_str());
        tasks.push(json!({"task": name, "decided": decided, "worth": accuracy, "agreements": agreements}));
    }
    Ok(json!({"pages": selection.drawn.len(), "tasks": tasks}))
}

/// What the reviewer has decided and skipped last, newest first.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn recent_json(review: &Arc<Review>) -> Result<Value, ApiError> {
    let groups: Vec<Group> = review.decisions()?.recent(RECENT);
    let skips = review.skips();
    let mut steps: Vec<(i64, Value)> = Vec::new();
    for group in &groups {
        let skipped = skips.steps().iter().filter(|skip| skip.group == Some(group.id)).map(|skip| skip.tasks.len());
        steps.push((group.at_ms, group_json(review, group, skipped.sum())));
    }
    // Skips that were made together with decisions are taken back with them.
    let alone = skips.steps().iter().rev().filter(|skip| skip.group.is_none()).take(RECENT);
    steps.extend(alone.map(|skip| (skip.at_ms, skip_json(review, skip))));
    steps.sort_by_key(|(at_ms, _)| std::cmp::Reverse(*at_ms));
    Ok(json!({ "groups": steps.into_iter().take(RECENT).map(|(_, step)| step).collect::<Vec<_>>() }))
}

/// Decisions that were made together. `skipped`: how many tasks of pages were skipped with them.
fn group_json(review: &Review, group: &Group, skipped: usize) -> Value {
    let first = group.decisions.first().map(|(page, _)| page);
    let pages: BTreeSet<&PageId> = group.decisions.iter().map(|(page, _)| page).collect();
    let of_first = group.decisions.iter().filter(|(page, _)| Some(page) == first);
    let values: BTreeMap<&str, Value> = of_first
        .filter_map(|(_, known)| {
            let name = review.subject.tasks.get(known.task)?.name.as_str();
            Some((name, known.value.value()))
        })
        .collect();
    let (page, path, number) = place_of(review, first);
    json!({
        "group": group.id.0, "at": group.at_ms, "pages": pages.len(), "skipped": skipped, "page": page, "path": path,
        "number": number, "values": values,
    })
}

/// Tasks of pages that were skipped without a decision.
fn skip_json(review: &Review, skip: &Skip) -> Value {
    let pages: BTreeSet<u32> = skip.tasks.iter().map(|(page, _)| *page).collect();
    let first = pages.first().and_then(|at| review.subject.index.get(*at)).map(|page| page.id);
    let (page, path, number) = place_of(review, first.as_ref());
    json!({
        "skip": skip.number, "at": skip.at_ms, "pages": pages.len(), "page": page, "path": path, "number": number,
        "values": {},
    })
}

/// The name of a page, its path and its number, as far as the job has it.
fn place_of(review: &Review, page: Option<&PageId>) -> (Option<String>, Option<String>, Option<u32>) {
    let indexed = page.and_then(|page| review.subject.index.get(review.subject.index.first(page)?));
    let path = indexed.and_then(|indexed| review.subject.index.place(indexed)).map(|(_, path)| display_path(path));
    (page.and_then(|page| name_of(review, page)), path, page.map(|page| page.page))
}
