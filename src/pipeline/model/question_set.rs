//! What is asked of an entry: the same of all, unless questions name columns of the list.

use super::recipe::recipes;
use crate::manifest::Job;
use crate::media::DECODER_VERSION;
use crate::prepare::PageFeatures;
use crate::store::{Reader, RecipeId, RecipeSetId, RunKeys, SkipRule, Store, StoreError, Versions};
use crate::task::Question;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// What is asked of an entry's pages.
#[derive(Debug)]
pub(crate) struct Asking {
    /// All tasks.
    pub(crate) questions: Arc<[Question]>,
    /// The keys of their recipes, in the same order.
    pub(crate) recipes: Vec<RecipeId>,
    /// The set of these recipes.
    pub(crate) set: RecipeSetId,
    /// Whether the set is not the job's.
    pub(crate) is_own: bool,
}

/// What is asked, by entry.
pub(crate) struct Askings {
    job: Arc<Job>,
    store: Store,
    common: Arc<Asking>,
    has_templates: bool,
    /// By the words of all questions.
    rendered: Mutex<HashMap<String, Arc<Asking>>>,
}

/// Rendered questions that are kept: lists often repeat a few values.
const KEPT: usize = 4096;

impl Askings {
    pub(crate) fn new(job: Arc<Job>, questions: Arc<[Question]>, keys: &RunKeys, store: Store) -> Self {
        let has_templates = questions.iter().any(Question::is_template);
        let recipes = keys.tasks.iter().map(|task| task.recipe_id).collect();
        let common = Arc::new(Asking { questions, recipes, set: keys.set, is_own: false });
        Self { job, store, common, has_templates, rendered: Mutex::default() }
    }

    /// What is asked of an entry that carries these values.
    pub(crate) fn of(&self, carried: Option<&str>, reader: &Reader) -> Result<Arc<Asking>, StoreError> {
        if !self.has_templates {
            return Ok(self.common.clone());
        }
        let questions = rendered(&self.common.questions, carried);
        let recipes = recipes(&self.job, &questions);
        let key: String = recipes.iter().map(|recipe| recipe.hash.to_string()).collect();
        if let Some(known) = self.rendered.lock().ok().and_then(|kept| kept.get(&key).cloned()) {
            return Ok(known);
        }
        // Only what is new is a commit of its own.
        let policy = policy(&self.job);
        let (set, recipes) = match reader.known_set(&recipes, &policy)? {
            Some(known) => known,
            None => {
                let (set, tasks) = self.store.define_recipes(recipes, policy)?;
                (set, tasks.into_iter().map(|task| task.recipe_id).collect())
            }
        };
        let asking = Arc::new(Asking { questions, recipes, set, is_own: true });
        if let Ok(mut kept) = self.rendered.lock() {
            if kept.len() >= KEPT {
                kept.clear();
            }
            kept.insert(key, asking.clone());
        }
        Ok(asking)
    }
}

/// The questions with the values that an entry carries.
pub(crate) fn rendered(questions: &[Question], carried: Option<&str>) -> Arc<[Question]> {
    let values: Map<String, Value> = carried.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    questions.iter().map(|question| question.rendered(&values)).collect()
}

/// What, beside recipes, decides whether an entry is settled.
pub(crate) fn policy(job: &Job) -> String {
    let (input, Versions { decoder, features }) = (&job.input, VERSIONS);
    // The text is part of the identity of stored recipe sets: it stays as it is.
    let versions = format!("Versions {{ decoder: {decoder}, marks: {features} }}");
    format!("{versions} {:?} {} {:?}", input.pages, input.skip_blank, input.near_duplicates)
}

/// Which pages the job skips.
pub(crate) fn skip_rule(job: &Job) -> SkipRule {
    SkipRule { blank: job.input.skip_blank, near_duplicates: job.input.near_duplicates.is_some() }
}

/// The versions of this program.
pub(crate) const VERSIONS: Versions = Versions { decoder: DECODER_VERSION, features: PageFeatures::VERSION };
