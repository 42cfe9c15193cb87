//! Pages as the page's script gets them.

use super::api_error::ApiError;
use super::decisions::{Decision, Decisions};
use super::index::IndexedPage;
use super::page_name::page_name;
use super::state::Review;
use super::view::ViewQuery;
use crate::base::digest::Digest;
use crate::base::ids::PageId;
use crate::base::json_text::JsonText;
use crate::export::Row;
use crate::pipeline::JobPage;
use crate::store::ShownAnswer;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Longest text of a carried value or a message, in characters: the page shows no more.
const MAX_CHARS: usize = 2000;

/// The pages of a view from the requested position.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn window_json(review: &Arc<Review>, view: &ViewQuery) -> Result<Value, ApiError> {
    let window = review.window(view)?;
    let mut shown = Vec::new();
    let pages: Vec<Value> = if view.only_names {
        let names = window.pages.iter().filter_map(|at| review.subject.index.get(*at));
        names.map(|page| json!({"page": page_name(&page.key())})).collect()
    } else {
        let pages = window.pages.iter().map(|at| page_json(review, view, *at, &mut shown));
        pages.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
    };
    // Durable before it is shown: a decision after a restart must not be taken for blind.
    if !shown.is_empty() {
        review.store.put_shown(shown)?;
    }
    Ok(json!({"total": window.total, "undecided": window.undecided, "first": window.first, "pages": pages}))
}

/// A page; `None`: the job no longer has it. Answers that it shows are added to `new`, unless they are known to have
/// been shown.
fn page_json(
    review: &Arc<Review>,
    view: &ViewQuery,
    at: u32,
    new: &mut Vec<ShownAnswer>,
) -> Result<Option<Value>, ApiError> {
    let Some(indexed) = review.subject.index.get(at) else { return Ok(None) };
    let known = review.shown_answers(&indexed.id)?;
    let Some((page, decisions)) = review.page_with_decisions(indexed)? else { return Ok(None) };
    let mut tasks = Map::new();
    let (mut hides_answers, mut is_skipped) = (false, false);
    for task in &view.tasks {
        let Some(name) = review.subject.tasks.get(*task).map(|task| task.name.clone()) else { continue };
        let question = review.subject.index.question(indexed, *task);
        let was_shown = known.iter().any(|shown| shown.task == name && shown.question == question);
        let is_decided = decisions.own(&indexed.id, *task, question).is_some();
        let is_visible = review.reveals_answers(view, *task) || was_shown || is_decided;
        is_skipped |= !is_decided && review.skips().tasks().contains(&(at, *task));
        let value = task_json(indexed, (*task, question), is_visible, &page, &decisions);
        if is_visible && !was_shown {
            let answer = page.model_row.answers.get(*task).cloned().unwrap_or_default();
            new.push(ShownAnswer {
                page: indexed.id,
                job: review.subject.job.name.clone(),
                reviewer: review.options.reviewer.clone(),
                task: name.clone(),
                question,
                answer: JsonText::canonical(&answer),
                shown_at_ms: review.clock.wall_ms(),
            });
        }
        hides_answers |= !is_visible;
        tasks.insert(name, value);
    }
    let JobPage { model_row, record, .. } = &page;
    let Row { path, page: number, status, error_kind, error, duplicate_of, .. } = model_row;
    let carried = review.subject.columns.iter().zip(&model_row.carried);
    let carried: Map<String, Value> = carried.map(|(name, value)| (name.clone(), shortened(value))).collect();
    // The message of an invalid reply may quote the answer.
    let error = error.as_ref().filter(|_| !hides_answers).map(|text| shortened(&Value::String(text.clone())));
    Ok(Some(json!({
        "page": page_name(&indexed.key()), "path": path, "number": number, "status": status.name(),
        "error_kind": error_kind.map(|kind| kind.name()), "error": error, "carried": carried,
        "duplicate_of": duplicate_of, "wrong_picture": record.wrong_picture,
        "is_skipped": is_skipped, "tasks": tasks,
    })))
}

/// The facts about a task of a page. `is_visible`: with the answers of the model and of others.
fn task_json(
    indexed: &IndexedPage,
    (task, question): (usize, Option<Digest>),
    is_visible: bool,
    page: &JobPage,
    decisions: &Decisions,
) -> Value {
    let mut json = Map::new();
    if let Some(own) = decisions.own(&indexed.id, task, question) {
        json.insert("own".into(), decision_json(own));
    }
    let unfit = decisions.unfit(&indexed.id, task).filter(|unfit| is_visible || decisions.is_own(unfit));
    let unfit: Vec<Value> = unfit.map(decision_json).collect();
    if !unfit.is_empty() {
        json.insert("unfit".into(), unfit.into());
    }
    if is_visible {
        let answer = page.model_row.answers.get(task).cloned().unwrap_or_default();
        // An answer of null and no answer look alike in a row.
        let outcome = page.record.outcomes.get(task).and_then(Option::as_ref);
        let has_answer = outcome.is_some_and(|outcome| outcome.value.is_some());
        let others: Vec<Value> = decisions.others(&indexed.id, task, question).into_iter().map(decision_json).collect();
        json.insert("answer".into(), json!({"value": answer, "is_given": has_answer}));
        json.insert("others".into(), others.into());
    }
    Value::Object(json)
}

fn decision_json(decision: &Decision) -> Value {
    json!({"value": decision.value.value(), "reviewer": decision.reviewer, "at": decision.at_ms, "is_shown": decision.is_shown})
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
    let at = review.subject.index.first(page)?;
    Some(page_name(&review.subject.index.get(at)?.key()))
}
