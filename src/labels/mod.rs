//! Labels that can be trusted: how good the stored answers are, and what people decide.
//!
//! - [`answers`]: human answers as files
//! - [`truth`]: what people know of pages: truth files, carried columns, human answers
//! - [`evaluation`]: answers compared with truth: what `docmill eval` does

pub(crate) mod answers;
pub(crate) mod evaluation;
pub(crate) mod truth;
