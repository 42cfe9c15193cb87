//! Rows, report and outcome.

pub(crate) mod finalize;
