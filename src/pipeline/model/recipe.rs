//! The recipes of a job as the store records them, and which of them it has.

use crate::base::ids::RecipeId;
use crate::manifest::Job;
use crate::store::{Reader, RecipeRecord, StoreError, TaskKey};
use crate::task;
use crate::task::Question;
use serde_json::Value;

/// The recipes of a job's tasks, in manifest order.
pub(crate) fn recipes(job: &Job, questions: &[Question]) -> Vec<RecipeRecord> {
    let record = |recipe: task::Recipe| RecipeRecord { task: recipe.task, hash: recipe.hash, body: recipe.body };
    task::recipes(job, questions).into_iter().map(record).collect()
}

/// A job's tasks with the recipes that the store has for them; [`RecipeId::UNSTORED`] for new ones.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn known_recipes(reader: &Reader, job: &Job, questions: &[Question]) -> Result<Vec<TaskKey>, StoreError> {
    let key = |recipe: RecipeRecord| {
        let recipe_id = reader.recipe_id(&recipe.hash)?.unwrap_or(RecipeId::UNSTORED);
        Ok(TaskKey { recipe_id, task: recipe.task })
    };
    recipes(job, questions).into_iter().map(key).collect()
}

/// The names of a job's tasks and their recipes.
pub(crate) fn recipe_bodies(job: &Job, questions: &[Question]) -> Vec<(String, Value)> {
    recipes(job, questions).into_iter().map(|recipe| (recipe.task, recipe.body.value())).collect()
}
