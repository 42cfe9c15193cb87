//! An attempt that an earlier run made: read from the store, to be settled by this one.

use crate::base::usage::Usage;
use crate::catalog::Price;
use crate::pipeline::asking::attempt::Attempt;
use crate::pipeline::asking::charge::Before;
use crate::pipeline::asking::page_state::{PageState, Step};
use crate::pipeline::model::question_set::Asking;
use crate::provider::{Estimate, Wanted};
use crate::store::{BatchAttempt, Purpose, Reader, StoreError};
use crate::task::{Question, question_from_recipe};
use std::sync::Arc;

/// What an earlier run asked: its questions are those of the stored recipes, also when
/// the job has others by now.
pub(crate) fn adopted(reader: &Reader, price: Option<Price>, stored: BatchAttempt) -> Result<Attempt, StoreError> {
    let mut questions: Vec<Question> = Vec::new();
    let mut recipes = Vec::new();
    let same_length = stored.recipes.len() == stored.tasks.len();
    for (at, recipe) in stored.recipes.iter().enumerate() {
        let known = stored.tasks.iter().find(|task| task.recipe_id == *recipe);
        // Recipes of questions that name columns are no task's: their order tells.
        let task = known.or_else(|| stored.tasks.get(at).filter(|_| same_length));
        let body = reader.recipe_body(*recipe)?.unwrap_or_default();
        let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let question = task.and_then(|task| question_from_recipe(&task.task, body.get("task")?));
        if let Some(question) = question {
            questions.push(question);
            recipes.push(*recipe);
        }
    }
    let names: Vec<String> = questions.iter().map(|question| question.name.clone()).collect();
    let asking = Arc::new(Asking { questions: questions.into(), recipes, set: stored.set, is_own: true });
    let tasks: Vec<usize> = (0..names.len()).collect();
    let state = PageState::new(names.into_iter().enumerate().map(|(at, name)| (at, name, None)));
    // Of what it may have cost only the money is known: as many prompt tokens.
    let per_token = price.map_or(0, |price| price.input.0);
    let input = stored.expected.filter(|_| per_token > 0).map_or(0, |cost| cost.0 / per_token);
    let expected = Usage { input: u64::try_from(input).unwrap_or(0), ..Usage::default() };
    let estimate = Estimate { admission_tokens: 0, worst: expected, expected };
    Ok(Attempt {
        page: stored.page,
        wanted: Wanted { questions: asking.questions.clone(), tasks, is_lengthened: false, page: 0, repair: None },
        asking,
        state,
        step: Step::Ask { is_lengthened: false, repair: None },
        purpose: Purpose::Ask,
        before: Before { estimate, price, expected: stored.expected, reserved: stored.reserved, smaller: 0 },
        size: None,
        capabilities: None,
    })
}
