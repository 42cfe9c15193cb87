//! What the rows of an output are made of.

use super::decisions::DecisionRecord;
use super::pages::{FaultRecord, SkipRule, TaskOutcome, Versions};
use crate::base::digest::Digest;
use crate::base::ids::{PageId, RecipeId, RunKey};
use crate::base::json_text::JsonText;
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::store::page_status::PageStatus;

/// A page of a job, with everything that its row shows.
#[derive(Clone, Debug)]
pub struct PageRecord {
    /// The path below the input folder, or as written in the list.
    pub path: Vec<u8>,
    /// The number of the page, from 1; 0 if the file could not be opened as pages.
    pub page: u32,
    /// The values of the other columns of the list, as a JSON object.
    pub carried: Option<JsonText>,
    /// The digest of the file; `None` if it could not be read.
    pub content: Option<Digest>,
    /// The page under which it is asked and decided on: of pages that are in a file twice, the first.
    /// `None` if the file could not be read.
    pub id: Option<PageId>,
    /// What a run without options would do for the page with the renderers that its faults were found with. The status for a near duplicate that
    /// shows the answers of another page is that for the other page.
    pub status: PageStatus,
    /// Why the page cannot be read; only with [`PageStatus::Faulty`].
    pub fault: Option<FaultRecord>,
    /// The fault of the picture of an outcome; `None`: no known fault.
    pub wrong_picture: Option<String>,
    /// The first path with the same content if that is another one, or the path of the page
    /// that this one is a near duplicate of.
    pub duplicate_of: Option<Vec<u8>>,
    /// The number of bits in which it differs from the page that it is a near duplicate of.
    pub distance: Option<u32>,
    /// The recipes of its outcomes.
    pub recipes: Vec<RecipeId>,
    /// By recipe.
    pub outcomes: Vec<Option<TaskOutcome>>,
    /// Settled attempts for this page under any of these recipes, oldest first.
    pub spend: Vec<SpendRecord>,
    /// The decisions on this page under the job's name that were not withdrawn, oldest first, whatever their
    /// task. Those on the page that a near duplicate shows the answers of follow its own; they have
    /// the other page's [`NewDecision::page`](super::decisions::NewDecision::page).
    pub decisions: Vec<DecisionRecord>,
}

/// How rows are read.
#[derive(Clone, Copy, Debug)]
pub struct RowOptions {
    /// The versions of faults and features that are valid.
    pub versions: Versions,
    /// Which pages are skipped. Near duplicates show the answers of the other page.
    pub skip: SkipRule,
    /// Whether decisions are read. Without decisions of the job ([`Reader::has_decisions`]) that would be a
    /// look-up for nothing in each page.
    ///
    /// [`Reader::has_decisions`]: crate::store::Reader::has_decisions
    pub with_decisions: bool,
}

/// The cost of one settled attempt for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendRecord {
    /// The run that is charged for it.
    pub run: RunKey,
    /// The recipes that it asked, in their order.
    pub recipes: Vec<RecipeId>,
    /// The tokens.
    pub tokens: Usage,
    /// The cost; `None` if the price was unknown.
    pub cost: Option<Pico>,
    /// The time from sending to the end of the reply, in milliseconds; `None` for attempts of
    /// batches.
    pub latency_ms: Option<u64>,
    /// Whether there was a reply.
    pub is_done: bool,
}
