//! The questions that a page is asked: the same for every page, unless questions name columns of
//! the list.

use super::recipe::recipes;
use crate::base::ids::{RecipeId, RecipeSetId};
use crate::base::json_text::JsonText;
use crate::manifest::Job;
use crate::media::DECODER_VERSION;
use crate::prepare::{DecoderCommand, PageFeatures};
use crate::store::{Reader, RunKeys, SkipRule, Store, StoreError, Versions};
use crate::task::Question;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The versions of decoding and of page features that this program has.
pub(crate) const VERSIONS: Versions = Versions { decoder: DECODER_VERSION, features: PageFeatures::VERSION };

/// All questions of a page.
#[derive(Debug)]
pub(crate) struct QuestionSet {
    /// One per task, in manifest order.
    pub(crate) questions: Arc<[Question]>,
    /// The recipes of the questions, in the same order.
    pub(crate) recipes: Vec<RecipeId>,
    /// The set of these recipes.
    pub(crate) id: RecipeSetId,
    /// Whether this is not the job's own set, because questions name columns of the list.
    pub(crate) is_rendered: bool,
}

impl QuestionSet {
    /// The job's own set.
    pub(crate) fn of_job(questions: &Arc<[Question]>, keys: &RunKeys) -> Self {
        let recipes = keys.tasks.iter().map(|task| task.recipe_id).collect();
        Self { questions: questions.clone(), recipes, id: keys.set, is_rendered: false }
    }
}

/// The question sets of a job, by entry.
pub(crate) struct QuestionSets {
    job: Arc<Job>,
    store: Store,
    common: Arc<QuestionSet>,
    has_templates: bool,
    renderers: String,
    /// Rendered sets by the hashes of their recipes.
    rendered: Mutex<HashMap<String, Arc<QuestionSet>>>,
}

/// Rendered sets that are kept in memory: lists often repeat a few values.
const MAX_KEPT: usize = 4096;

impl QuestionSets {
    /// The sets of a job; `common` is the job's own.
    pub(crate) fn new(job: Arc<Job>, common: QuestionSet, store: Store, renderers: String) -> Self {
        let has_templates = common.questions.iter().any(Question::is_template);
        Self { job, store, common: Arc::new(common), has_templates, renderers, rendered: Mutex::default() }
    }

    /// Whether questions name columns of the list, so that entries have their own sets.
    pub(crate) fn has_templates(&self) -> bool {
        self.has_templates
    }

    /// The set of an entry that carries these values.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) fn for_entry(
        &self,
        carried: Option<&JsonText>,
        reader: &Reader,
    ) -> Result<Arc<QuestionSet>, StoreError> {
        if !self.has_templates {
            return Ok(self.common.clone());
        }
        let questions = rendered_questions(&self.common.questions, carried);
        let recipes = recipes(&self.job, &questions);
        let key: String = recipes.iter().map(|recipe| recipe.hash.to_string()).collect();
        if let Some(known) = self.rendered.lock().ok().and_then(|kept| kept.get(&key).cloned()) {
            return Ok(known);
        }
        // Only a new set costs a commit.
        let policy = policy(&self.job, &self.renderers);
        let (id, recipes) = match reader.known_set(&recipes, &policy)? {
            Some(known) => known,
            None => {
                let (id, tasks) = self.store.define_recipes(recipes, policy)?;
                (id, tasks.into_iter().map(|task| task.recipe_id).collect())
            }
        };
        let set = Arc::new(QuestionSet { questions, recipes, id, is_rendered: true });
        if let Ok(mut kept) = self.rendered.lock() {
            if kept.len() >= MAX_KEPT {
                kept.clear();
            }
            kept.insert(key, set.clone());
        }
        Ok(set)
    }
}

/// The questions with the values that an entry carries.
pub(crate) fn rendered_questions(questions: &[Question], carried: Option<&JsonText>) -> Arc<[Question]> {
    let values = carried.map(JsonText::members).unwrap_or_default();
    questions.iter().map(|question| question.rendered(&values)).collect()
}

/// What determines, in addition to the recipes, whether an entry is done: when it changes, the next walk looks at
/// every file again, and nothing is paid for. Its text is part of keys in the store. `renderers`: those that are
/// installed.
pub(crate) fn policy(job: &Job, renderers: &str) -> String {
    let input = &job.input;
    let (decoder, marks) = (VERSIONS.decoder, VERSIONS.features);
    format!(
        "Versions {{ decoder: {decoder}, marks: {marks} }} {:?} {} {:?} {renderers}",
        input.pages, input.skip_blank, input.near_duplicates
    )
}

/// As [`policy`], with the renderers that `decoder` has now.
pub(crate) fn policy_now(job: &Job, decoder: &DecoderCommand) -> String {
    policy(job, &decoder.renderer_fingerprint(job.image.pdf_renderer))
}

/// Which pages the job skips.
pub(crate) fn skip_rule(job: &Job) -> SkipRule {
    SkipRule { blank: job.input.skip_blank, near_duplicates: job.input.near_duplicates.is_some() }
}
