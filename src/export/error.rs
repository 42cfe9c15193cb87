//! Why an output could not be written.

use std::path::{Path, PathBuf};

/// Why an output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("can't write {}: {reason}", path.display())]
pub struct ExportError {
    /// Path of the output.
    pub path: PathBuf,
    /// Message of the system or of the format's library.
    pub reason: String,
    /// Whether `output.partition_by` is the cause, not the file system.
    pub is_of_partitions: bool,
}

impl ExportError {
    /// The error of the output at `path`.
    pub(crate) fn new(path: &Path, reason: impl ToString) -> Self {
        Self { path: path.to_owned(), reason: reason.to_string(), is_of_partitions: false }
    }

    /// The error of the output at `path`, whose rows can't be partitioned like this.
    pub(crate) fn of_partitions(path: &Path, reason: impl ToString) -> Self {
        Self { is_of_partitions: true, ..Self::new(path, reason) }
    }
}
