//! Recipes as the store records them.

use crate::manifest::Job;
use crate::store::RecipeRecord;
use crate::task;
use crate::task::Question;

/// The recipes of a job's tasks, in manifest order.
pub(crate) fn recipes(job: &Job, questions: &[Question]) -> Vec<RecipeRecord> {
    let record = |recipe: task::Recipe| RecipeRecord { task: recipe.task, hash: recipe.hash, body: recipe.body };
    task::recipes(job, questions).into_iter().map(record).collect()
}
