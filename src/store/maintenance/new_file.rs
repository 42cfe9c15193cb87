//! A database file that appears under its name only when it is complete.

use crate::base::atomic_file;
use crate::base::sibling::{database_files, is_beside_database, temporary_beside};
use crate::store::error::StoreError;
use std::path::{Path, PathBuf};

/// A file that becomes `target` when it is complete. Dropped before, it is removed.
#[derive(Debug)]
pub(crate) struct NewFile {
    target: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Chooses a name beside `target`, which must not exist.
    pub(crate) fn beside(target: &Path) -> Result<Self, StoreError> {
        if target.exists() {
            return Err(StoreError::Failed(format!("{} exists already", target.display())));
        }
        if is_beside_database(target) {
            let message = "is the name of a file that SQLite keeps beside a store, and would be lost with it";
            return Err(StoreError::Failed(format!("{} {message}", target.display())));
        }
        Ok(Self { target: target.to_owned(), path: temporary_beside(target) })
    }

    /// The file that is being written.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the complete file its name, durably.
    pub(crate) fn finish(self) -> Result<(), StoreError> {
        atomic_file::sync_and_rename(&self.path, &self.target).map_err(|error| StoreError::write(&self.target, error))
    }

    fn remove(&self) {
        for file in database_files(&self.path) {
            let _ = std::fs::remove_file(file);
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        self.remove();
    }
}
