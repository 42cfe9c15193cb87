//! Values that are passed between the stages of a run.

pub(crate) mod page_status;
pub(crate) mod question_set;
pub(crate) mod recipe;
