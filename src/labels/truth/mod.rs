//! What people know of the pages of a job.
//!
//! - [`leaf`]: the values of an answer that are compared one by one; [`task_spec`]: a task with them
//! - [`cell`]: the value of a cell, by the shape of a task; [`cell_truth`]: what it states about a task;
//!   [`page_truth`]: the truth of one page
//! - [`spellings`]: labels that the manifest does not have, in one spelling
//! - [`fault`]: what can't be used of it, with the line
//! - [`columns`]: the columns of a truth file; [`mod@file`]: its rows; [`index`]: which page a row is about

pub(crate) mod cell;
pub(crate) mod cell_truth;
pub(crate) mod columns;
pub(crate) mod fault;
pub(crate) mod file;
pub(crate) mod index;
pub(crate) mod leaf;
pub(crate) mod page_truth;
pub(crate) mod spellings;
pub(crate) mod task_spec;
