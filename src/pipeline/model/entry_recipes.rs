//! The recipes of an entry's pages: those of every page, unless questions name columns of the list.

use super::question_set::rendered_questions;
use super::recipe::known_recipes;
use crate::base::digest::Digest;
use crate::base::ids::RecipeId;
use crate::base::json_text::JsonText;
use crate::manifest::Job;
use crate::store::{Reader, RunRecord, StoreError};
use crate::task::{Question, recipe_text_digest, rendered_recipe};
use serde_json::Value;
use std::sync::Arc;

/// Which recipes the pages of an entry have.
#[derive(Clone)]
pub(crate) enum EntryRecipes<'a> {
    /// Those of every page.
    Common,
    /// Those of a job whose questions name columns.
    OfJob(&'a Job, &'a [Question]),
    /// Those of an earlier run, in the order of its tasks: the bodies of their recipes, some of which may name columns.
    OfRun(Arc<[Value]>),
}

/// What the pages of an entry are asked.
pub(crate) struct EntryTasks {
    /// By task: the recipe.
    pub(crate) recipes: Vec<RecipeId>,
    /// By task: the digest of a question whose text differs from line to line. Empty if none does.
    pub(crate) questions: Vec<Option<Digest>>,
}

impl<'a> EntryRecipes<'a> {
    /// Those of a job.
    pub(crate) fn of_job(job: &'a Job, questions: &'a [Question]) -> Self {
        if questions.iter().any(Question::is_template) { Self::OfJob(job, questions) } else { Self::Common }
    }

    /// Those under which a run asked: an entry that carries other values since has no answers under them.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn of_run(reader: &Reader, run: &RunRecord) -> Result<Self, StoreError> {
        let bodies = run.tasks.iter().map(|task| reader.recipe(task.recipe_id));
        Ok(Self::OfRun(bodies.collect::<Result<_, _>>()?))
    }

    /// What the pages of an entry that carries these values are asked. `common`: the recipes of every page.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn of_entry(
        &self,
        reader: &Reader,
        carried: Option<&JsonText>,
        common: &[RecipeId],
    ) -> Result<EntryTasks, StoreError> {
        match self {
            Self::Common => Ok(EntryTasks { recipes: common.to_vec(), questions: Vec::new() }),
            Self::OfJob(job, questions) => {
                let questions = rendered_questions(questions, carried);
                let recipes = known_recipes(reader, job, &questions)?.into_iter().map(|key| key.recipe_id);
                let digests = questions.iter().map(Question::rendered_digest);
                Ok(EntryTasks { recipes: recipes.collect(), questions: digests.collect() })
            }
            Self::OfRun(bodies) => {
                let values = carried.map(JsonText::members).unwrap_or_default();
                let task = |(body, common): (&Value, &RecipeId)| {
                    let Some(task) = body.get("task").and_then(|task| rendered_recipe(task, &values)) else {
                        return Ok((*common, None));
                    };
                    let digest = recipe_text_digest(&task);
                    let mut body = body.clone();
                    body["task"] = task;
                    let recipe = reader.recipe_id(&Digest::compute_json(&body))?;
                    Ok((recipe.unwrap_or(RecipeId::UNSTORED), digest))
                };
                let tasks = bodies.iter().zip(common).map(task).collect::<Result<Vec<_>, StoreError>>()?;
                let (recipes, questions) = tasks.into_iter().unzip();
                Ok(EntryTasks { recipes, questions })
            }
        }
    }
}
