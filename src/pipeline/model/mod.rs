//! Values that the stages of a run pass to one another.
//!
//! - [`calibrations`]: what an endpoint bills, as the store keeps it
//! - [`entry_recipes`]: which recipes the pages of an entry have
//! - [`recipe`]: the stored form of a recipe, the half of an answer's key that is not the page
//! - [`question_set`]: all questions of a page
//! - [`ready_page`]: a page to prepare, a page that is ready, how a page ended
//! - [`stored_capabilities`]: what an endpoint accepts, as the store keeps it

pub(crate) mod calibrations;
pub(crate) mod entry_recipes;
pub(crate) mod question_set;
pub(crate) mod ready_page;
pub(crate) mod recipe;
pub(crate) mod stored_capabilities;
