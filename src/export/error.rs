//! Why an output could not be written.

use std::path::PathBuf;

/// Why an output could not be written.
#[derive(Debug, thiserror::Error)]
#[error("can't write {}: {reason}", path.display())]
pub struct ExportError {
    /// Path of the output.
    pub path: PathBuf,
    /// Message of the system or of the format's library.
    pub reason: String,
}
