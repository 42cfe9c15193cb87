//! Pages as the page's script gets them.

use super::api_error::ApiError;
use super::decisions::{Decision, Decisions};
use super::index::IndexedPage;
use super::page_name::page_name;
use super::state::Review;
use super::view::ViewQuery;
use crate::base::digest::canonical;
use crate::base::ids::PageId;
use crate::export::Row;
use crate::pipeline::JobPage;
use crate::select::Filter;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Longest text of a carried value or a message, in characters: the page shows no more.
const MAX_CHARS: usize = 2000;

/// The pages of a view from where they are wanted.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn window_json(review: &Arc<Review>, view: &ViewQuery) -> Result<Value, ApiError> {
    let facts = review.known_facts();
    let skipped = review.seen().skipped.clone();
    let window = {
        let decisions = review.decisions()?;
        view.window(&review.index, &review.selection().drawn, facts, &decisions, &skipped)
    };
    let pages = window.pages.iter().map(|at| page_json(review, view, *at));
    let pages: Vec<Value> = pages.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    Ok(json!({"total": window.total, "undecided": window.undecided, "first": window.first, "pages": pages}))
}

/// A page; `None`: the job does not have it any more.
fn page_json(review: &Arc<Review>, view: &ViewQuery, at: u32) -> Result<Option<Value>, ApiError> {
    let Some(indexed) = review.index.get(at) else { return Ok(None) };
    let Some(page) = review.page(indexed)? else { return Ok(None) };
    let mut decisions = review.decisions()?;
    decisions.set_page(&indexed.id, page.record.decisions.clone());
    let mut tasks = Map::new();
    let mut hides_answers = false;
    for task in &view.tasks {
        let Some(name) = review.tasks.get(*task).map(|task| task.name.clone()) else { continue };
        let (value, is_hidden) = task_json(review, view, (at, indexed, *task), &page, &decisions);
        hides_answers |= is_hidden;
        tasks.insert(name, value);
    }
    let JobPage { model_row, record, .. } = &page;
    let Row { path, page: number, status, error_kind, error, duplicate_of, .. } = model_row;
    let carried = review.columns.iter().zip(&model_row.carried);
    let carried: Map<String, Value> = carried.map(|(name, value)| (name.clone(), shortened(value))).collect();
    // The message of an invalid reply may quote the answer.
    let error = error.as_ref().filter(|_| !hides_answers).map(|text| shortened(&Value::String(text.clone())));
    Ok(Some(json!({
        "page": page_name(&indexed.key()), "path": path, "number": number, "status": status.name(),
        "error_kind": error_kind.map(|kind| kind.name()), "error": error, "carried": carried,
        "duplicate_of": duplicate_of, "wrong_picture": record.wrong_picture,
        "is_skipped": review.seen().skipped.contains(&at), "tasks": tasks,
    })))
}

/// What is known of a task of a page, and whether the model's answer is hidden.
fn task_json(
    review: &Review,
    view: &ViewQuery,
    (at, indexed, task): (u32, &IndexedPage, usize),
    page: &JobPage,
    decisions: &Decisions,
) -> (Value, bool) {
    let question = review.index.question(indexed, task);
    let own = decisions.own(&indexed.id, task, question);
    let mut json = Map::new();
    if let Some(own) = own {
        json.insert("own".into(), decision_json(own));
    }
    let unfit: Vec<Value> = decisions.unfit(&indexed.id, task).map(decision_json).collect();
    if !unfit.is_empty() {
        json.insert("unfit".into(), unfit.into());
    }
    let mut seen = review.seen();
    let is_visible = review.options.shows_answers
        || view.reveals_answers()
        || review.options.filter.as_ref().is_some_and(Filter::names_answers)
        || own.is_some()
        || seen.answers.contains_key(&(at, task));
    if is_visible {
        let answer = page.model_row.answers.get(task).cloned().unwrap_or_default();
        // An answer of null and no answer look alike in a row.
        let outcome = page.record.outcomes.get(task).and_then(Option::as_ref);
        let has_answer = outcome.is_some_and(|outcome| outcome.value.is_some());
        seen.answers.entry((at, task)).or_insert_with(|| canonical(&answer));
        let others: Vec<Value> = decisions.others(&indexed.id, task, question).into_iter().map(decision_json).collect();
        json.insert("answer".into(), json!({"value": answer, "is_given": has_answer}));
        json.insert("others".into(), others.into());
    }
    (Value::Object(json), !is_visible)
}

fn decision_json(decision: &Decision) -> Value {
    let value: Value = serde_json::from_str(&decision.value).unwrap_or_default();
    json!({"value": value, "reviewer": decision.reviewer, "at": decision.at_ms, "is_shown": decision.is_shown})
}

fn shortened(value: &Value) -> Value {
    match value {
        Value::String(text) if text.chars().nth(MAX_CHARS).is_some() => {
            Value::String(text.chars().take(MAX_CHARS).chain(['…']).collect())
        }
        value => value.clone(),
    }
}

/// The name of the first page with this content.
pub(crate) fn name_of(review: &Review, page: &PageId) -> Option<String> {
    let at = review.index.first(page)?;
    Some(page_name(&review.index.get(at)?.key()))
}
