//! Labels that can be trusted: how good the stored answers are, what people decide, and what a change of the
//! manifest changes.
//!
//! - [`answers`]: human answers as files
//! - [`sampling`]: what counts as a probability sample
//! - [`truth`]: what people know of pages: truth files, carried columns, human answers
//! - [`evaluation`]: answers compared with truth: what `docmill eval` does
//! - [`probing`]: how stable answers are: what `docmill eval --rotate` and `--repeat` do
//! - [`comparison`]: two sets of answers: what `docmill diff` does
//! - [`history`]: the runs of a job, and what changed between them
//! - [`wording`], [`picture`]: values and pages in texts and HTML pages; [`reviewer_name`]: names of people

pub(crate) mod answers;
pub(crate) mod comparison;
pub(crate) mod evaluation;
pub(crate) mod history;
pub(crate) mod picture;
pub(crate) mod probing;
pub(crate) mod reviewer_name;
pub(crate) mod sampling;
pub(crate) mod truth;
pub(crate) mod wording;
