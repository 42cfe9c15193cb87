//! How stable answers are: pages asked once more, in other ways. What `docmill eval --rotate` and `--repeat` do.
//!
//! - [`kind`]: the ways, and the questions for them; [`mod@plan`]: which pages, and what they cost
//! - [`agreement`]: how often answers agree; [`render`]: as text and JSON

pub(crate) mod agreement;
pub(crate) mod kind;
pub(crate) mod plan;
pub(crate) mod render;
