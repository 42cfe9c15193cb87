//! Merging stores: those of the shards of a job, or any of the same job.
//!
//! Rows are recognized by natural keys: a page by its content and number, a recipe by its digest, a run by its id,
//! an attempt by its run and its number in it, a decision by all that it contains. So a store may be merged
//! twice, in any order, and a merge that was killed is begun again: each source is one transaction, and a mark states
//! that it is done.
//!
//! - [`merged_job`]: the inputs and the result
//! - [`run_order`]: when runs began, in the order of their store
//! - [`marks`]: which stores were merged, and how far the files of a job in a store have come
//! - [`source`]: a store that is merged: what it holds, and whether it may be
//! - [`scratch`]: a temporary database with the keys of a source and those in the merged store
//! - [`keys`]: finds or makes the keys of jobs, recipes, sets, runs, batches and budgets
//! - [`copy`]: pages, answers, requests, attempts
//! - [`human_answers`]: decisions, the draws that they refer to, and what reviewers have seen
//! - [`entries`]: the files of the input
//! - [`endpoints`]: facts about endpoints
//! - [`mod@merge`]: one source after the other
//! - [`base_store`]: a whole store that supplies a shard with earlier answers
//!
//! Imports go one way, as listed.

pub(crate) mod base_store;
pub(crate) mod copy;
pub(crate) mod endpoints;
pub(crate) mod entries;
pub(crate) mod human_answers;
pub(crate) mod keys;
pub(crate) mod marks;
#[expect(clippy::module_inception, reason = "the file of the function `merge`")]
pub(crate) mod merge;
pub(crate) mod merged_job;
pub(crate) mod run_order;
pub(crate) mod scratch;
pub(crate) mod source;
