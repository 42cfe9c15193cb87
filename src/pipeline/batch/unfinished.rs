//! Pages that their batch did not finish, and how far they have come.

use crate::base::ids::{PageId, RecipeSetId};
use crate::pipeline::asking::page_state::PageState;
use crate::pipeline::model::ready_page::ReadyPage;
use std::collections::HashMap;

/// A page with its questions.
pub(crate) type AskedPage = (PageId, RecipeSetId);

/// How far pages have come that were not finished by the batch they were in. Their images are not
/// kept: the next pass over the input prepares them again.
#[derive(Default)]
pub(crate) struct UnfinishedPages {
    /// Of this pass.
    current: HashMap<AskedPage, PageState>,
    /// Those of the previous pass that this one has not reached.
    previous: HashMap<AskedPage, PageState>,
}

impl UnfinishedPages {
    /// A new pass begins. A page that the previous pass did not reach is gone from the input.
    pub(crate) fn begin_pass(&mut self) {
        self.previous = std::mem::take(&mut self.current);
    }

    /// Adds a page.
    pub(crate) fn insert(&mut self, page: AskedPage, state: PageState) {
        self.current.insert(page, state);
    }

    /// Takes the state of a page, when exactly its tasks are open.
    pub(crate) fn remove(&mut self, page: &ReadyPage) -> Option<PageState> {
        let key = (page.page, page.questions.id);
        let state = self.current.remove(&key).or_else(|| self.previous.remove(&key))?;
        state.has_open(&page.tasks).then_some(state)
    }

    /// Whether the pass before left this page.
    pub(crate) fn is_of_previous(&self, page: &AskedPage) -> bool {
        self.previous.contains_key(page)
    }

    /// Whether this pass has reached every page that the previous pass left.
    pub(crate) fn has_met_all(&self) -> bool {
        self.previous.is_empty()
    }

    /// The number of pages that this pass leaves.
    pub(crate) fn len(&self) -> u64 {
        self.current.len() as u64
    }
}
