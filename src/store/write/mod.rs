//! What commands change, each within a transaction of the writer.
//!
//! - [`ledger`]: budgets, recipe sets and sequence numbers of one transaction, in memory
//! - [`runs`]: begin and end of runs; [`dead_runs`]: the end of runs that died
//! - [`recipe_sets`]: recipes and their sets; [`endpoints`]: learned facts
//! - [`entries`]: what the walk found; [`pages`]: faults, features and near duplicates;
//!   [`done_entries`]: which entries are done
//! - [`attempts`]: open, settle, mark lost; [`outcomes`]: answers and failures
//! - [`batches`]: the life cycle of batches
//! - [`decisions`]: human answers; [`draws`]: samples of pages; [`shown_answers`]: what reviewers have seen

pub(crate) mod attempts;
pub(crate) mod batches;
pub(crate) mod dead_runs;
pub(crate) mod decisions;
pub(crate) mod done_entries;
pub(crate) mod draws;
pub(crate) mod endpoints;
pub(crate) mod entries;
pub(crate) mod ledger;
pub(crate) mod outcomes;
pub(crate) mod pages;
pub(crate) mod recipe_sets;
pub(crate) mod runs;
pub(crate) mod shown_answers;
