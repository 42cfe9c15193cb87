//! What reviewers change: decisions, withdrawals, pages that they skip.

use super::api_error::ApiError;
use super::index::IndexedPage;
use super::page_json::name_of;
use super::page_name::parse_page_name;
use super::state::Review;
use super::view::ViewQuery;
use crate::base::digest::canonical;
use crate::base::ids::DecisionId;
use crate::store::NewDecision;
use crate::task::check_value;
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;

/// Most decisions and pages in one request.
const MAX_CHANGES: usize = 1000;

/// Stores decisions: `{"decisions": [{"page", "task", "value"}], "view"}`. All of them are durable when this returns,
/// or none is stored. `view`: what they were made in. Pages that were picked by what is known of them are not decided
/// as a part of a draw, even if they were drawn before.
///
/// # Errors
/// When one is wrong, or they can't be stored.
pub(crate) fn decide(review: &Arc<Review>, view: &ViewQuery, body: &Value) -> Result<Value, ApiError> {
    let wanted = list(body, "decisions")?;
    let selection = review.selection();
    let draw = selection.draw.as_ref().filter(|_| view.is_random());
    let drawn: HashSet<u32> = draw.iter().flat_map(|_| selection.drawn.iter().copied()).collect();
    let mut new = Vec::with_capacity(wanted.len());
    // Nobody else decides meanwhile: the times of one reviewer's decisions are in the order of the decisions.
    let decisions = review.decisions()?;
    let at_ms = review.clock.wall_ms().max(decisions.last_own_ms() + 1);
    for one in wanted {
        let at = page_of(review, one.get("page"))?;
        let indexed = review.index.get(at).ok_or_else(no_page)?;
        let name = one.get("task").and_then(Value::as_str).unwrap_or_default();
        let task = review.tasks.iter().position(|task| task.name == name);
        let task = task.ok_or_else(|| ApiError::Wrong(format!("there is no task `{name}`")))?;
        let value = one.get("value").unwrap_or(&Value::Null);
        let value = check_value(&review.tasks[task].shape, value)
            .map_err(|fault| ApiError::Wrong(format!("{name}: {}", fault.message)))?;
        new.push(NewDecision {
            page: indexed.id,
            job: review.job.name.clone(),
            task: name.to_owned(),
            question: review.index.question(indexed, task),
            value: canonical(&value),
            reviewer: review.options.reviewer.clone(),
            decided_at_ms: at_ms,
            sampled_with: draw.filter(|_| drawn.contains(&at)).and_then(|draw| draw.stated),
            draw: draw.filter(|_| drawn.contains(&at)).map(|draw| draw.id),
            shown: shown_answer(review, view, indexed, task)?,
        });
    }
    let ids = review.store.put_group(new)?;
    drop(decisions);
    drop(review.decisions()?);
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    Ok(json!({"group": ids.first(), "at": at_ms, "ids": ids}))
}

/// The model's answer to a task of a page that the reviewer has seen, as JSON; `None`: nothing was shown.
fn shown_answer(
    review: &Review,
    view: &ViewQuery,
    page: &IndexedPage,
    task: usize,
) -> Result<Option<String>, ApiError> {
    let name = review.tasks.get(task).map(|task| task.name.as_str());
    let question = review.index.question(page, task);
    let known = review.shown_answers(&page.id)?;
    let known = known.into_iter().find(|shown| Some(shown.task.as_str()) == name && shown.question == question);
    if let Some(known) = known {
        return Ok(Some(known.answer));
    }
    // Whoever decides in a view that tells answers has seen them, also if another server has shown it.
    if !review.reveals_answers(view) {
        return Ok(None);
    }
    let found = review.page(page)?;
    let answer = found.and_then(|found| found.model_row.answers.get(task).cloned()).unwrap_or_default();
    Ok(Some(canonical(&answer)))
}

/// Withdraws a group of the reviewer's own decisions: `{"group": id}`. All of them are withdrawn, or none.
///
/// # Errors
/// When there are none, or they can't be withdrawn.
pub(crate) fn undo(review: &Arc<Review>, body: &Value) -> Result<Value, ApiError> {
    let group = body.get("group").and_then(Value::as_i64).map(DecisionId);
    let group = group.ok_or_else(|| ApiError::Wrong("`group` is missing".into()))?;
    let mut decisions = review.decisions()?;
    let own = decisions.own_of(group);
    let none = || ApiError::NotFound("there is no such decision any more".into());
    if own.is_empty() {
        return Err(none());
    }
    let withdrawn = review.store.withdraw_group(group, review.clock.wall_ms())?;
    let mut undone = Vec::with_capacity(own.len());
    for (page, id, task) in own {
        decisions.withdraw(&page, id);
        let name = review.tasks.get(task).map(|task| task.name.as_str());
        undone.push(json!({"page": name_of(review, &page), "task": name}));
    }
    // Another server of the same reviewer may have been faster.
    if withdrawn.is_empty() { Err(none()) } else { Ok(json!({ "undone": undone })) }
}

/// Notes pages as skipped, or not: `{"pages": [..], "is_skipped": true}`. It is not stored.
///
/// # Errors
/// When a page is wrong.
pub(crate) fn skip(review: &Arc<Review>, body: &Value) -> Result<Value, ApiError> {
    let pages = list(body, "pages")?.iter().map(|page| page_of(review, Some(page)));
    let pages: Vec<u32> = pages.collect::<Result<_, _>>()?;
    let is_skipped = body.get("is_skipped").and_then(Value::as_bool).unwrap_or(true);
    let mut skipped = review.skipped();
    for at in pages {
        if is_skipped {
            skipped.insert(at)
        } else {
            skipped.remove(&at)
        };
    }
    Ok(json!({"skipped": skipped.len()}))
}

fn list<'a>(body: &'a Value, name: &str) -> Result<&'a [Value], ApiError> {
    let list = body.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    match list.len() {
        1..=MAX_CHANGES => Ok(list),
        _ => Err(ApiError::Wrong(format!("`{name}` has to have between 1 and {MAX_CHANGES} items"))),
    }
}

fn page_of(review: &Review, name: Option<&Value>) -> Result<u32, ApiError> {
    let key = name.and_then(Value::as_str).and_then(parse_page_name);
    key.and_then(|key| review.index.find(&key)).ok_or_else(no_page)
}

fn no_page() -> ApiError {
    ApiError::NotFound("there is no such page".into())
}
