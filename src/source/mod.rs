//! Where pages come from: a folder's files, in the order of their paths. No bytes are read.
//!
//! - [`select`]: which files are meant
//! - [`walk`]: the search, as [`Entry`] values

mod select;
mod walk;

pub use select::{ENDINGS, Selection};
pub use walk::{Entry, SourceError, Walk, WalkFault, relative_bytes};
