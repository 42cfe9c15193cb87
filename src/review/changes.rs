//! What reviewers change: decisions, withdrawals, pages that they skip.

use super::api_error::ApiError;
use super::page_json::name_of;
use super::page_name::parse_page_name;
use super::state::Review;
use crate::base::digest::canonical;
use crate::store::NewDecision;
use crate::task::check_value;
use serde_json::{Value, json};
use std::sync::Arc;

/// Most decisions and pages in one request.
const MAX_CHANGES: usize = 1000;

/// Stores decisions: `{"decisions": [{"page", "task", "value"}], "view"}`. All of them are durable when this returns,
/// or none is stored. `is_random`: they were made in the order in which pages were drawn. Pages that were picked by what
/// is known of them are no sample, even if they were drawn before.
///
/// # Errors
/// When one is wrong, or they can't be stored.
pub(crate) fn decide(review: &Arc<Review>, is_random: bool, body: &Value) -> Result<Value, ApiError> {
    let wanted = list(body, "decisions")?;
    let selection = review.selection();
    let is_drawn = |at: u32| selection.drawn.contains(&at);
    let mut new = Vec::with_capacity(wanted.len());
    let at_ms = next_ms(review);
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
            sampled_with: selection.probability.filter(|_| is_random && !review.is_filtered() && is_drawn(at)),
            shown: review.seen().answers.get(&(at, task)).cloned(),
        });
    }
    let ids = review.store.put_decisions(new)?;
    drop(review.decisions()?);
    Ok(json!({"at": at_ms, "ids": ids.iter().map(|id| id.0).collect::<Vec<_>>()}))
}

/// Withdraws the reviewer's own decisions that were made at a time: `{"at": ms}`.
///
/// # Errors
/// When there are none, or they can't be withdrawn.
pub(crate) fn undo(review: &Arc<Review>, body: &Value) -> Result<Value, ApiError> {
    let at_ms = body.get("at").and_then(Value::as_i64);
    let at_ms = at_ms.ok_or_else(|| ApiError::Wrong("`at` is missing".into()))?;
    let own = review.decisions()?.own_at(at_ms);
    if own.is_empty() {
        return Err(ApiError::NotFound("there is no such decision any more".into()));
    }
    let now_ms = review.clock.wall_ms();
    let mut undone = Vec::with_capacity(own.len());
    for (page, id, task) in own {
        review.store.withdraw_decision(id, now_ms)?;
        review.decisions()?.withdraw(&page, id);
        let name = review.tasks.get(task).map(|task| task.name.as_str());
        undone.push(json!({"page": name_of(review, &page), "task": name}));
    }
    Ok(json!({ "undone": undone }))
}

/// Notes pages as skipped, or not: `{"pages": [..], "is_skipped": true}`. It is not stored.
///
/// # Errors
/// When a page is wrong.
pub(crate) fn skip(review: &Arc<Review>, body: &Value) -> Result<Value, ApiError> {
    let pages = list(body, "pages")?.iter().map(|page| page_of(review, Some(page)));
    let pages: Vec<u32> = pages.collect::<Result<_, _>>()?;
    let is_skipped = body.get("is_skipped").and_then(Value::as_bool).unwrap_or(true);
    let mut seen = review.seen();
    for at in pages {
        if is_skipped {
            seen.skipped.insert(at)
        } else {
            seen.skipped.remove(&at)
        };
    }
    Ok(json!({"skipped": seen.skipped.len()}))
}

/// The time of decisions that are made now: no two groups have the same.
fn next_ms(review: &Review) -> i64 {
    let mut seen = review.seen();
    seen.last_ms = review.clock.wall_ms().max(seen.last_ms + 1);
    seen.last_ms
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
