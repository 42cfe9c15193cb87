//! A page that waits in a batch for its answer.

use super::super::asking::Asking;
use super::super::charge::Before;
use super::super::next::{PageState, Step};
use super::super::page::{Context, Ready, page_number, purpose};
use super::Key;
use crate::ask::{Capabilities, Estimate, Wanted};
use crate::catalog::Price;
use crate::store::{BatchAttempt, OpenAttempt, Reader, StoreError, StoredPage};
use crate::task::{Question, of_recipe};
use crate::usage::Usage;
use bytes::Bytes;
use std::sync::Arc;

/// A page that waits for its answer.
pub(super) struct Item {
    pub(super) page: StoredPage,
    pub(super) asking: Arc<Asking>,
    pub(super) state: PageState,
    pub(super) step: Step,
    pub(super) wanted: Wanted,
    pub(super) before: Before,
    /// Pixels that are sent; `None`: another run sent them.
    pub(super) size: Option<(u32, u32)>,
    /// What the endpoint was taken to take when the request was written.
    pub(super) capabilities: Option<Capabilities>,
}

impl Item {
    /// A page that is to be asked, and the body of its request; `None` when there is
    /// nothing to ask.
    pub(super) fn new(context: &Context<'_>, ready: &Ready, state: PageState, step: Step) -> Option<(Self, Bytes)> {
        let Step::Ask { is_lengthened, repair } = &step else { return None };
        let wanted = Wanted {
            questions: ready.asking.questions.clone(),
            tasks: state.tasks(),
            is_lengthened: *is_lengthened,
            page: page_number(&ready.page),
            repair: repair.clone(),
        };
        let estimate = context.asker.estimate(&wanted, &ready.prepared);
        let price = context.job.price();
        let before = Before {
            estimate,
            price,
            reserved: price.map(|price| price.cost(estimate.worst)),
            smaller: context.asker.smaller(&ready.prepared),
        };
        let body = context.asker.body(&wanted, &ready.prepared);
        let size = Some((ready.prepared.width, ready.prepared.height));
        let capabilities = Some(context.asker.capabilities());
        let (page, asking) = (ready.page, ready.asking.clone());
        Some((Self { page, asking, state, step, wanted, before, size, capabilities }, body))
    }

    pub(super) fn key(&self) -> Key {
        (self.page, self.asking.set)
    }

    /// Prompt tokens, as the provider's queue counts them.
    pub(super) fn tokens(&self) -> u64 {
        self.before.estimate.expected.input
    }

    pub(super) fn open(&self, context: &Context<'_>, batch: i64) -> OpenAttempt {
        let recipe = |index: usize| self.asking.recipes.get(index).copied().unwrap_or(0);
        OpenAttempt {
            run: context.run,
            page: self.page,
            recipes: self.state.open.iter().map(|task| (recipe(task.index), task.seen_ms)).collect(),
            request: self.state.request,
            batch: Some(batch),
            purpose: purpose(&self.step, self.state.request.is_some()),
            expected: self.before.price.map(|price| price.cost(self.before.estimate.expected)),
            reserved: self.before.reserved,
            budget: context.budget_line(),
            at_ms: context.clock.wall_ms(),
        }
    }

    /// What an earlier run asked: its questions are those of the stored recipes, also when
    /// the job has others by now.
    pub(super) fn adopted(reader: &Reader, price: Option<Price>, stored: BatchAttempt) -> Result<Self, StoreError> {
        let mut questions: Vec<Question> = Vec::new();
        let mut recipes = Vec::new();
        let same_length = stored.recipes.len() == stored.tasks.len();
        for (at, recipe) in stored.recipes.iter().enumerate() {
            let known = stored.tasks.iter().find(|task| task.recipe_id == *recipe);
            // Recipes of questions that name columns are no task's: their order tells.
            let task = known.or_else(|| stored.tasks.get(at).filter(|_| same_length));
            let body = reader.recipe_body(*recipe)?.unwrap_or_default();
            let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
            let question = task.and_then(|task| of_recipe(&task.task, body.get("task")?));
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
        Ok(Self {
            page: stored.page,
            wanted: Wanted { questions: asking.questions.clone(), tasks, is_lengthened: false, page: 0, repair: None },
            asking,
            state,
            step: Step::Ask { is_lengthened: false, repair: None },
            before: Before { estimate, price, reserved: stored.reserved, smaller: 0 },
            size: None,
            capabilities: None,
        })
    }
}
