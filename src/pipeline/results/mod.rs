//! Rows, reports and outcomes, made from the store alone.
//!
//! - [`asked_runs`]: the runs that a report is about; [`job_rows`]: the rows of a job, [`row_choice`]: which of them are read,
//!   [`row_columns`]: their columns; [`billing`]: how its endpoint bills images
//! - [`preflight`]: whether the outputs can be written, before anything is paid for
//! - [`finalize`]: the end of a run
//! - [`merged`]: the end of a merge of stores; [`merged_runs`]: which runs of it are one
//! - [`mod@pages`]: the pages of a job, for measuring and reviewing answers
//! - [`page_pairs`]: pages under two sets of recipes
//! - [`shown_rows`]: what `docmill rows` shows
//! - [`commands`]: what `docmill export` and `docmill report` do

pub(crate) mod asked_runs;
pub(crate) mod billing;
pub(crate) mod commands;
pub(crate) mod finalize;
pub(crate) mod job_rows;
pub(crate) mod merged;
pub(crate) mod merged_runs;
pub(crate) mod page_pairs;
pub(crate) mod pages;
pub(crate) mod preflight;
pub(crate) mod row_choice;
pub(crate) mod row_columns;
pub(crate) mod shown_rows;
