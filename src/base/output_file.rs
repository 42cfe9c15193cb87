//! A file of rows that was written, as reports name it.

use std::path::PathBuf;

/// A file of rows that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its format: `csv`, `parquet` or `jsonl`.
    pub format: &'static str,
    /// Its absolute path.
    pub path: PathBuf,
    /// Whether pages are pending, so that it does not replace the last complete file.
    pub is_partial: bool,
}
