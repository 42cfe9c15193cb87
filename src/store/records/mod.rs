//! The inputs and outputs of the store. No type of another stage appears here.
//!
//! - [`runs`]: runs, recipes, endpoints
//! - [`entries`]: files and lines of lists, and how they change
//! - [`pages`]: faults, features, near duplicates and outcomes of pages
//! - [`attempts`]: attempts, from their reservation to their settlement
//! - [`budgets`]: what budgets count
//! - [`reservation_multiples`]: how much of a budget has to be free for attempts at the same time
//! - [`batches`]: batches and their attempts
//! - [`decisions`]: human answers; [`draws`]: samples of pages; [`shown_answers`]: what reviewers have seen
//! - [`rows`]: what the rows of an output are made of

pub(crate) mod attempts;
pub(crate) mod batches;
pub(crate) mod budgets;
pub(crate) mod decisions;
pub(crate) mod draws;
pub(crate) mod entries;
pub(crate) mod pages;
pub(crate) mod reservation_multiples;
pub(crate) mod rows;
pub(crate) mod runs;
pub(crate) mod shown_answers;
