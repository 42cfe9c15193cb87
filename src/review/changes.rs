//! Changes by reviewers: decisions, skips, and their withdrawal.

use super::api_error::ApiError;
use super::decisions::Decisions;
use super::index::IndexedPage;
use super::page_json::name_of;
use super::page_name::parse_page_name;
use super::skips::PageTask;
use super::state::Review;
use super::view::ViewQuery;
use crate::base::ids::{DecisionId, PageId};
use crate::base::json_text::JsonText;
use crate::store::NewDecision;
use crate::task::check_value;
use serde_json::{Value, json};
use std::sync::Arc;

/// Maximum number of decisions and pages in one request.
const MAX_CHANGES: usize = 1000;

/// Stores decisions: `{"decisions": [{"page", "task", "value"}], "skips": [{"page", "task"}], "view"}`. All of them are
/// durable when this returns, or none is stored. `skips`: skips in the same step, taken back with it; may be absent.
/// `changed` in the result: how many differ from a blind answer, which stays the one that `docmill eval` counts.
/// `view`: the view in which they were made. Pages that were selected by their properties are not decided as a part of
/// a draw, even if they were drawn before.
///
/// # Errors
/// When one is wrong, or they can't be stored.
pub(crate) fn decide(review: &Arc<Review>, view: &ViewQuery, body: &Value) -> Result<Value, ApiError> {
    let wanted = list(body, "decisions", 1)?;
    let skips = page_tasks(review, body, 0)?;
    let selection = review.selection();
    let draw = selection.draw.as_ref().filter(|_| view.is_random());
    let (mut new, mut changed) = (Vec::with_capacity(wanted.len()), 0);
    // There are no other decisions meanwhile: the times of one reviewer's decisions are in the order of the decisions.
    let decisions = review.decisions()?;
    let at_ms = next_ms(review, &decisions);
    for one in wanted {
        let at = page_of(review, one.get("page"))?;
        let draw = draw.filter(|_| selection.has(at));
        let indexed = review.subject.index.get(at).ok_or_else(no_page)?;
        let task = task_of(review, one.get("task"))?;
        let name = review.subject.tasks[task].name.as_str();
        let value = one.get("value").unwrap_or(&Value::Null);
        let value = check_value(&review.subject.tasks[task].shape, value)
            .map_err(|fault| ApiError::Wrong(format!("{name}: {}", fault.message)))?;
        let (value, question) = (JsonText::canonical(&value), review.subject.index.question(indexed, task));
        let shown = shown_answer(review, view, indexed, task)?;
        let first = decisions.counted(&indexed.id, task, question).filter(|first| !first.is_shown);
        changed += u64::from(shown.is_some() && first.is_some_and(|first| first.value != value));
        new.push(NewDecision {
            page: indexed.id,
            job: review.subject.job.name.clone(),
            task: name.to_owned(),
            question,
            value,
            reviewer: review.options.reviewer.clone(),
            decided_at_ms: at_ms,
            sampled_with: draw.and_then(|draw| draw.stated),
            draw: draw.map(|draw| draw.id),
            shown,
        });
    }
    let ids = review.store.put_group(new)?;
    review.skips().add(ids.first().copied(), at_ms, skips);
    drop(decisions);
    // Those that were just stored, too: they have the ids and the group that the store gave them.
    review.read_new_decisions()?;
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(json!({"group": ids.first(), "at": at_ms, "ids": ids, "changed": changed}))
}

/// The model's answer to a task of a page that the reviewer has seen, as JSON; `None`: nothing was shown.
fn shown_answer(
    review: &Review,
    view: &ViewQuery,
    page: &IndexedPage,
    task: usize,
) -> Result<Option<JsonText>, ApiError> {
    let name = review.subject.tasks.get(task).map(|task| task.name.as_str());
    let question = review.subject.index.question(page, task);
    let known = review.shown_answers(&page.id)?;
    let known = known.into_iter().find(|shown| Some(shown.task.as_str()) == name && shown.question == question);
    if let Some(known) = known {
        return Ok(Some(known.answer));
    }
    // A decision in a view that reveals answers counts as made with them seen, even if another server showed the page.
    if !review.reveals_answers(view, task) {
        return Ok(None);
    }
    let found = review.page(page)?;
    let answer = found.and_then(|found| found.model_row.answers.get(task).cloned()).unwrap_or_default();
    Ok(Some(JsonText::canonical(&answer)))
}

/// Takes back what the reviewer has done in one step: `{"group": id}` or `{"skip": number}`. A group of their own
/// decisions is withdrawn as a whole or not at all, and what was skipped with it is no longer skipped.
///
/// # Errors
/// When there is no such step, or it can't be taken back.
pub(crate) fn undo(review: &Arc<Review>, body: &Value) -> Result<Value, ApiError> {
    let none = || ApiError::NotFound("the decision no longer exists".into());
    if let Some(number) = body.get("skip").and_then(Value::as_u64) {
        let skips = review.skips().take_back(|step| step.number == number);
        return if skips.is_empty() { Err(none()) } else { Ok(undone_json(review, Vec::new(), &skips)) };
    }
    let group = body.get("group").and_then(Value::as_i64).map(DecisionId);
    let group = group.ok_or_else(|| ApiError::Wrong("`group` is missing".into()))?;
    let mut decisions = review.decisions()?;
    let own = decisions.own_of(group);
    if own.is_empty() {
        return Err(none());
    }
    let withdrawn = review.store.withdraw_group(group, review.clock.wall_ms())?;
    let skips = review.skips().take_back(|step| step.group == Some(group));
    let mut undone = Vec::with_capacity(own.len());
    for (page, id, task) in own {
        decisions.withdraw(&page, id);
        undone.push((page, task));
    }
    // Another server of the same reviewer may have been faster.
    if withdrawn.is_empty() { Err(none()) } else { Ok(undone_json(review, undone, &skips)) }
}

/// The decisions and skips that were taken back.
fn undone_json(review: &Review, decisions: Vec<(PageId, usize)>, skips: &[PageTask]) -> Value {
    let json = |(page, task): (PageId, usize)| {
        let name = review.subject.tasks.get(task).map(|task| task.name.as_str());
        json!({"page": name_of(review, &page), "task": name})
    };
    let skips = skips.iter().filter_map(|(at, task)| Some((review.subject.index.get(*at)?.id, *task)));
    json!({
        "undone": decisions.into_iter().map(json).collect::<Vec<_>>(), "skips": skips.map(json).collect::<Vec<_>>(),
    })
}

/// Skips tasks of pages: `{"skips": [{"page", "task"}]}`. It is not stored.
///
/// # Errors
/// When a page or a task is wrong.
pub(crate) fn skip(review: &Arc<Review>, body: &Value) -> Result<Value, ApiError> {
    let tasks = page_tasks(review, body, 1)?;
    let at_ms = next_ms(review, &*review.decisions()?);
    let mut skips = review.skips();
    let added = skips.add(None, at_ms, tasks);
    Ok(json!({"added": added, "skipped": skips.tasks().len()}))
}

/// The time of the reviewer's next step: steps are taken back in their order, whatever the clock shows.
fn next_ms(review: &Review, decisions: &Decisions) -> i64 {
    review.clock.wall_ms().max(decisions.last_own_ms() + 1).max(review.skips().last_ms() + 1)
}

fn page_tasks(review: &Review, body: &Value, min: usize) -> Result<Vec<PageTask>, ApiError> {
    let one = |one: &Value| Ok((page_of(review, one.get("page"))?, task_of(review, one.get("task"))?));
    list(body, "skips", min)?.iter().map(one).collect()
}

/// A list of at least `min` items.
fn list<'a>(body: &'a Value, name: &str, min: usize) -> Result<&'a [Value], ApiError> {
    let list = body.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if (min..=MAX_CHANGES).contains(&list.len()) {
        return Ok(list);
    }
    Err(ApiError::Wrong(format!("`{name}` has to have between {min} and {MAX_CHANGES} items")))
}

fn task_of(review: &Review, name: Option<&Value>) -> Result<usize, ApiError> {
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let task = review.subject.tasks.iter().position(|task| task.name == name);
    task.ok_or_else(|| ApiError::Wrong(format!("there is no task `{name}`")))
}

fn page_of(review: &Review, name: Option<&Value>) -> Result<u32, ApiError> {
    let key = name.and_then(Value::as_str).and_then(parse_page_name);
    key.and_then(|key| review.subject.index.find(&key)).ok_or_else(no_page)
}

fn no_page() -> ApiError {
    ApiError::NotFound("there is no such page".into())
}
