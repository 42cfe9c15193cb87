//! Reading. The [`reader`] is the face; each of the other files reads one part of the
//! store from a connection, also for the writer.
//!
//! - [`runs`]: jobs, runs, budgets, endpoints
//! - [`recipes`]: recipes and their sets
//! - [`pages`]: pages, their faults, features and outcomes, and whether they are being asked
//! - [`entries`]: the files of a job; [`entry_cursor`]: all of them in their order, in batches
//! - [`rows`]: the rows of an output
//! - [`decisions`]: human answers; [`draws`]: samples of pages; [`shown_answers`]: what reviewers have seen
//! - [`attempts`]: attempts one by one
//! - [`batches`]: batches and their attempts

pub(crate) mod attempts;
pub(crate) mod batches;
pub(crate) mod decisions;
pub(crate) mod draws;
pub(crate) mod entries;
pub(crate) mod entry_cursor;
pub(crate) mod pages;
pub(crate) mod reader;
pub(crate) mod recipes;
pub(crate) mod rows;
pub(crate) mod runs;
pub(crate) mod shown_answers;
