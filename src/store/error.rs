//! Why the store can't be used.

use std::path::{Path, PathBuf};

/// Why the store can't be used. Cloned to everybody whose command shared a commit.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The file can't be opened or made.
    #[error("can't open the store {}: {reason}", path.display())]
    Open {
        /// The store's file.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The file is no store of docmill.
    #[error("{} is not a docmill store", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer docmill.
    #[error("the store {} is of version {found}; this docmill knows up to {known}", path.display())]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// There is no store yet.
    #[error("there is no store at {}", path.display())]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// What the file says contradicts itself.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Reading or writing failed: a full disk, a removed folder, a damaged file.
    #[error("the store failed: {0}")]
    Failed(String),
    /// The writer has ended.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn open(path: &Path, reason: impl ToString) -> Self {
        Self::Open { path: path.to_owned(), reason: reason.to_string() }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DatabaseCorrupt) => Self::Damaged(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}
