//! Labels that can be trusted: how good the stored answers are.
//!
//! - [`answers`]: human answers as files

pub(crate) mod answers;
