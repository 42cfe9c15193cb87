//! Labels that can be trusted: how good the stored answers are, and what a change of the manifest changes.
//!
//! - [`history`]: the runs of a job, and what changed between them

pub(crate) mod history;
