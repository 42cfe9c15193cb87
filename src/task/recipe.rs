//! Recipes: the part of an answer's key that is not the page.
//!
//! A recipe contains what determines the meaning of an answer: provider, model, sampling,
//! settings of the image, prompt version, task. It does not contain paths, names, limits,
//! `max_tokens`, retries, outputs, `stream` or the encoder, nor docmill's built-in and learned facts about a model,
//! which change from release to release. A change of the recipes that a manifest leads to makes every user pay for
//! every page again.

use super::prompt::PROMPT_VERSION;
use super::question::Question;
use crate::base::digest::Digest;
use crate::base::json_text::JsonText;
use crate::manifest::{EFFORT_MEMBER, Job, PICTURE_VERSION, Request};
use serde_json::{Map, Value, json};

/// The recipe of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Name of the task in this job. Not part of the recipe.
    pub task: String,
    /// Digest of `body`: the part of the key.
    pub hash: Digest,
    /// The recipe in canonical form.
    pub body: JsonText,
}

/// The recipes of a job's questions, in the same order.
#[must_use]
pub fn recipes(job: &Job, questions: &[Question]) -> Vec<Recipe> {
    questions.iter().map(|question| recipe(job, question)).collect()
}

fn recipe(job: &Job, question: &Question) -> Recipe {
    let body = json!({
        "provider": job.provider.id,
        "revision": job.provider.revision,
        "model": job.provider.model,
        "sampling": {"temperature": job.request.temperature, "top_p": job.request.top_p},
        "extra": extra(&job.request),
        "picture": {
            "version": PICTURE_VERSION,
            "detail": job.image.detail.name(),
            "size": job.image.size.name(),
            "rule": job.image_intent.rule.name(),
            "max_side": job.image_intent.max_side,
            "min_side": job.image.min_side,
        },
        "prompt": PROMPT_VERSION,
        "task": question.recipe,
    });
    Recipe { task: question.name.clone(), hash: Digest::compute_json(&body), body: JsonText::canonical(&body) }
}

/// Additional members of the request body. A stated reasoning effort has the key that it has as a
/// member of `request.extra`: moving it from there costs nothing.
fn extra(request: &Request) -> Map<String, Value> {
    let mut extra = request.extra.clone();
    if let Some(effort) = request.reasoning_effort {
        extra.insert(EFFORT_MEMBER.to_owned(), effort.name().into());
    }
    extra
}

/// Names of the members that differ between a recipe and a stored one. `None` if they belong to different kinds of
/// tasks. What of the picture follows from another model is not named.
#[must_use]
pub fn recipe_difference(ours: &JsonText, theirs: &Value) -> Option<Vec<String>> {
    let ours = ours.members();
    let nothing = Map::new();
    let theirs = theirs.as_object().unwrap_or(&nothing);
    let kind = |recipe: &Map<String, Value>| {
        let task = recipe.get("task")?.as_object()?;
        ["classify", "tag", "extract", "question"].into_iter().find(|kind| task.contains_key(*kind))
    };
    let is_other_model = ours.get("model") != theirs.get("model");
    let is_same = |name: &str, value: &Value| match theirs.get(name) {
        Some(other) if name == PICTURE && is_other_model => stated_picture(value) == stated_picture(other),
        other => other == Some(value),
    };
    let differs = ours.iter().filter(|(name, value)| !is_same(name, value)).map(|(name, _)| name.clone());
    (kind(&ours) == kind(theirs)).then(|| differs.collect())
}

/// The member for the settings of the image.
const PICTURE: &str = "picture";

/// The settings of the image without those that follow from the model if the manifest does not state them.
fn stated_picture(picture: &Value) -> Map<String, Value> {
    let mut members = picture.as_object().cloned().unwrap_or_default();
    members.retain(|name, _| !["rule", "max_side"].contains(&name.as_str()));
    members
}

#[cfg(test)]
mod tests;
