//! Errors that end the listing of an input, or leave out a part of it.

use std::path::{Path, PathBuf};

/// The input can't be listed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The folder is missing or unreadable.
    #[error("the input folder {} does not exist or can't be read: {reason}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The operating system's message.
        reason: String,
    },
    /// The list can't be read, or its columns don't fit the job.
    #[error("the list {name}: {reason}")]
    List {
        /// The list's path.
        name: String,
        /// A lower-case fragment.
        reason: String,
    },
    /// A glob doesn't compile.
    #[error("{0}")]
    Glob(String),
}

impl SourceError {
    /// Whether the input itself is not there, or can't be read.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Folder { .. } => true,
            Self::List { name, .. } => !Path::new(name).exists(),
            Self::Glob(_) => false,
        }
    }
}

/// A part of the input that can't be listed.
#[derive(Debug, thiserror::Error)]
#[error("can't read {}: {reason}", path.display())]
pub struct WalkFault {
    /// The file or folder.
    pub path: PathBuf,
    /// A lower-case fragment.
    pub reason: String,
    /// Whether listing ends here: nothing behind a damaged row of a list can be read.
    pub is_end: bool,
    /// Whether there may be files of the input that were not looked at, such as those of a folder that can't be
    /// read. Not after a link that leads nowhere.
    pub hides_files: bool,
}

impl From<globset::Error> for SourceError {
    fn from(error: globset::Error) -> Self {
        Self::Glob(error.to_string())
    }
}
