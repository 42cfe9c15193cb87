//! Two sets of answers to the same pages: what a change of the manifest changes.
//!
//! - [`compared`]: the result; [`compare_tasks`]: which tasks, and whether two answers are the same
//! - [`mod@compare`]: one pass over the pages
//! - [`paired`]: both against truth
//! - [`text`], [`json`], [`html`]: its forms

pub(crate) mod compare;
pub(crate) mod compare_tasks;
pub(crate) mod compared;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod paired;
pub(crate) mod text;

pub(crate) use compare::{CompareOptions, compare};
pub(crate) use compared::{ChangedPage, Comparison};
pub(crate) use html::render_html;
pub(crate) use json::render_json;
pub(crate) use text::render_text;
