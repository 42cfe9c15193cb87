//! Recipes: the half of an answer's key that is not the page.
//!
//! In it: what an answer means. Not in it: paths, names, limits, `max_tokens`, retries,
//! outputs, `stream`, the encoder. A change here asks every page of every user again.

use crate::base::digest::{Digest, canonical};
use crate::manifest::Job;
use crate::prepare::PICTURE_VERSION;
use crate::store::RecipeRecord;
use crate::task::{PROMPT_VERSION, Question};
use serde_json::json;

/// The recipes of a job's tasks, in manifest order.
pub(crate) fn recipes(job: &Job, questions: &[Question]) -> Vec<RecipeRecord> {
    questions.iter().map(|question| recipe(job, question)).collect()
}

fn recipe(job: &Job, question: &Question) -> RecipeRecord {
    let body = json!({
        "provider": job.provider.id,
        "revision": job.provider.revision,
        "model": job.provider.model,
        "sampling": {"temperature": job.request.temperature, "top_p": job.request.top_p},
        "extra": job.request.extra,
        "picture": {
            "version": PICTURE_VERSION,
            "detail": job.image.detail.name(),
            "size": job.image.size.name(),
            "rule": job.image.rule.family().name(),
            "max_side": job.image.max_side,
            "min_side": job.image.min_side,
        },
        "prompt": PROMPT_VERSION,
        "task": question.recipe,
    });
    RecipeRecord { task: question.name.clone(), hash: Digest::compute_json(&body), body: canonical(&body) }
}

/// Members in which two recipes differ, for people; `None` when they ask different kinds
/// of things.
pub(crate) fn difference(ours: &str, theirs: &str) -> Option<Vec<String>> {
    let parse = |text: &str| serde_json::from_str::<serde_json::Map<_, _>>(text).unwrap_or_default();
    let (ours, theirs) = (parse(ours), parse(theirs));
    let kind = |recipe: &serde_json::Map<String, serde_json::Value>| {
        let task = recipe.get("task")?.as_object()?;
        ["classify", "tag", "extract", "question"].into_iter().find(|kind| task.contains_key(*kind))
    };
    let differs = ours.iter().filter(|(name, value)| theirs.get(*name) != Some(value)).map(|(name, _)| name.clone());
    (kind(&ours) == kind(&theirs)).then(|| differs.collect())
}
