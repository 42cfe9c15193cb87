//! Human answers as files: what `docmill answers export` and `docmill answers import` do.
//!
//! - [`answer_line`]: a human answer as a line of a file; [`fault`]: its faults
//! - [`cell`]: the value of an answer as text; [`exact_json`]: JSON whose numbers keep their digits
//! - [`csv_form`], [`label_studio`]: the formats
//! - [`locator`]: which page a line is about
//! - [`mod@export`]: human answers to a file; [`mod@import`]: and from a file

pub(crate) mod answer_line;
pub(crate) mod cell;
pub(crate) mod csv_form;
pub(crate) mod exact_json;
pub(crate) mod export;
pub(crate) mod fault;
pub(crate) mod import;
pub(crate) mod label_studio;
pub(crate) mod locator;
