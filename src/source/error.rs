//! Why the input, or a place in it, can't be read.

use std::path::PathBuf;

/// Why the input can't be searched at all.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no such folder.
    #[error("the input folder {} does not exist or can't be read: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A list can't be read, or has not the columns that it needs.
    #[error("the list {name}: {reason}")]
    List {
        /// The file, or `-`.
        name: String,
        /// Why.
        reason: String,
    },
    /// A glob can't be compiled.
    #[error("{0}")]
    Glob(String),
}

/// A place that the search could not read.
#[derive(Debug, thiserror::Error)]
#[error("can't read {}: {reason}", path.display())]
pub struct WalkFault {
    /// The place.
    pub path: PathBuf,
    /// The system's words.
    pub reason: String,
    /// Whether what would have followed can't be read either: a damaged list.
    pub is_end: bool,
}
