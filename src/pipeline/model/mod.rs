//! Values that the stages of a run pass to each other.
//!
//! - [`calibrations`]: what an endpoint bills, as the store keeps it; [`endpoint_facts`]: all that it keeps of an endpoint
//! - [`entry_recipes`]: which recipes the pages of an entry have
//! - [`fault_record`]: faults, as the store keeps them
//! - [`recipe`]: the stored form of a recipe, the half of an answer's key that is not the page
//! - [`question_set`]: all questions of a page
//! - [`ready_page`]: a page to prepare, a page that is ready, how a page ended

pub(crate) mod calibrations;
pub(crate) mod endpoint_facts;
pub(crate) mod entry_recipes;
pub(crate) mod fault_record;
pub(crate) mod question_set;
pub(crate) mod ready_page;
pub(crate) mod recipe;
