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
    /// The list can't be read.
    #[error("the list {name}: {reason}")]
    List {
        /// The list's path.
        name: String,
        /// A lower-case fragment.
        reason: String,
    },
    /// The columns of the list don't fit the job.
    #[error("{}", faults.iter().map(|fault| format!("the list {name}: {}", fault.message)).collect::<Vec<_>>().join("\n"))]
    Columns {
        /// The list's path.
        name: String,
        /// All faults.
        faults: Vec<ListFault>,
    },
    /// A glob doesn't compile.
    #[error("{0}")]
    Glob(String),
}

/// Faults of the columns of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFault {
    /// The setting that it is about: a JSON Pointer into the manifest.
    pub pointer: String,
    /// A lower-case fragment.
    pub message: String,
    /// How to fix it. May be empty.
    pub allowed: String,
}

impl SourceError {
    /// Whether the input itself is not there, or can't be read.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Folder { .. } => true,
            Self::List { name, .. } => !Path::new(name).exists(),
            Self::Columns { .. } | Self::Glob(_) => false,
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
    /// Whether listing ends here: rows after a damaged row of a list can't be read.
    pub is_end: bool,
    /// Whether there may be files of the input that were not looked at, such as those of a folder that can't be
    /// read. Not after a dangling link.
    pub hides_files: bool,
}

impl From<globset::Error> for SourceError {
    fn from(error: globset::Error) -> Self {
        Self::Glob(error.to_string())
    }
}
