//! Batches that earlier runs have left: read from the store, to be finished by this run.

use super::lifecycle::Batch;
use super::lines::{BatchAttempts, line_id};
use crate::base::ids::{BatchId, RecipeId};
use crate::base::sanitize;
use crate::base::usage::Usage;
use crate::base::vocabulary::BatchState;
use crate::catalog::{PriceTable, RequestPrice, ServiceTier};
use crate::pipeline::asking::attempt::Attempt;
use crate::pipeline::asking::charge::KnownBefore;
use crate::pipeline::asking::page_state::{AskStep, PageState};
use crate::pipeline::asking::stage::Asking;
use crate::pipeline::model::question_set::QuestionSet;
use crate::provider::{Estimate, PageRequest};
use crate::store::{BatchAttempt, Reader, ReservationMultiples, RunKeys, StoreError};
use crate::task::{Question, question_from_recipe};
use std::sync::Arc;
use tokio::fs::remove_file;

/// The batches of this run that it does not know yet, which earlier runs have left. A batch whose file is gone was
/// never uploaded according to the store: its pages are sent again.
///
/// # Errors
/// When the store can't be read.
pub(crate) async fn resume_batches(asking: &Asking<'_>, known: &[BatchId]) -> Result<Vec<Batch>, StoreError> {
    let (run, reader) = (asking.run, &asking.reader);
    let mut batches = Vec::new();
    for record in reader.batches(run.identity.keys.run)? {
        if record.progress.state == BatchState::Filling || known.contains(&record.progress.batch) {
            continue;
        }
        let path = run.store.batch_file(&record.key);
        if record.progress.state == BatchState::Submitted {
            // The provider has it.
            let _ = remove_file(&path).await;
        }
        let price = match record.price.as_deref() {
            Some(text) => {
                let table = PriceTable::from_text(text);
                let damaged = || StoreError::Damaged(format!("table batches, column price: `{text}`"));
                // The stored price is that of the date on which the batch was filled.
                Some(RequestPrice { table: table.ok_or_else(damaged)?, tier: ServiceTier::Standard, sent_ms: 0 })
            }
            None => None,
        };
        let mut attempts = BatchAttempts::default();
        for stored in reader.batch_attempts(record.progress.batch)? {
            let line = stored.name.as_ref().map(|name| line_id(&name.run, name.sequence));
            let id = stored.attempt;
            attempts.push_resumed(line, id, resume_attempt((reader, &run.identity.keys), price, stored)?);
        }
        batches.push(Batch::resumed(record.progress, record.key, path, attempts));
    }
    Ok(batches)
}

/// What an earlier run asked. Its questions are those of the stored recipes, even when the job has
/// other questions by now.
fn resume_attempt(
    (reader, keys): (&Reader, &RunKeys),
    price: Option<RequestPrice>,
    stored: BatchAttempt,
) -> Result<Attempt, StoreError> {
    let mut questions: Vec<Question> = Vec::new();
    let mut recipes = Vec::new();
    // The job's own set, if it has these questions: a pass over the input knows its pages by that.
    let position = |recipe: &RecipeId| keys.tasks.iter().position(|task| task.recipe_id == *recipe);
    let positions: Option<Vec<usize>> = stored.recipes.iter().map(position).collect();
    let own: Vec<RecipeId> = keys.tasks.iter().map(|task| task.recipe_id).collect();
    let (set, asked, known_tasks) = match positions {
        Some(_) => (keys.set, &own, &keys.tasks),
        None => (stored.set, &stored.recipes, &stored.tasks),
    };
    let same_length = asked.len() == known_tasks.len();
    for (at, recipe) in asked.iter().enumerate() {
        let known = known_tasks.iter().find(|task| task.recipe_id == *recipe);
        // Recipes of questions that name columns belong to no task: they are matched by order.
        let task = known.or_else(|| known_tasks.get(at).filter(|_| same_length));
        let body = reader.recipe(*recipe)?;
        let damaged = |reason: &str| StoreError::Damaged(format!("table recipes, row {recipe}: {reason}"));
        let stored_task = body.get("task").ok_or_else(|| damaged("the task is missing"))?;
        if let Some(task) = task {
            let question = question_from_recipe(&task.task, stored_task);
            questions.push(question.ok_or_else(|| damaged("the task can't be read"))?);
            recipes.push(*recipe);
        }
    }
    let is_rendered = positions.is_none();
    let tasks: Vec<usize> = positions.unwrap_or_else(|| (0..questions.len()).collect());
    let questions = Arc::new(QuestionSet { questions: questions.into(), recipes, id: set, is_rendered });
    let open = tasks.iter().filter_map(|at| Some((*at, questions.questions.get(*at)?.name.clone(), None)));
    let state = PageState::resumed(open, stored.purpose, stored.earlier);
    let variation = state.variation();
    // Only the money was stored; it is converted to prompt tokens.
    let per_token = price.map_or(0, |price| price.expected().input.0);
    let input = stored.expected.filter(|_| per_token > 0).map_or(0, |cost| cost.0 / per_token);
    let expected = Usage { input: u64::try_from(input).unwrap_or(0), ..Usage::default() };
    let estimate = Estimate { admission_tokens: 0, worst: expected, is_bounded: true, expected, unseen_output: 0 };
    let request = PageRequest {
        questions: questions.questions.clone(),
        tasks,
        variation,
        page: stored.page.number(),
        repair: None,
    };
    let path = reader.path_of_content(keys.job, &stored.page.content)?;
    Ok(Attempt {
        page: stored.page,
        path: path.map(|path| sanitize::path(&path).into()),
        request,
        questions,
        state,
        step: AskStep { variation, repair: None },
        purpose: stored.purpose,
        before: KnownBefore {
            estimate,
            price,
            expected: stored.expected,
            reserved: stored.reserved,
            multiples: ReservationMultiples::NONE,
            saved_tokens: 0,
        },
        sent: None,
    })
}
