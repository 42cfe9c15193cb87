//! Why an output can't be written.

use std::path::PathBuf;

/// Why an output can't be written.
#[derive(Debug, thiserror::Error)]
#[error("can't write {}: {reason}", path.display())]
pub struct ExportError {
    /// The output.
    pub path: PathBuf,
    /// The system's or the library's words.
    pub reason: String,
}
