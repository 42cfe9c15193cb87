//! Rows that were written, as reports name them.

use std::path::PathBuf;

/// A file of rows that was written, or a folder of partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its format: `csv`, `parquet` or `jsonl`.
    pub format: &'static str,
    /// Its absolute path; of partitions, that of their folder.
    pub path: PathBuf,
    /// Whether pages are pending, so that it does not replace the last complete file.
    pub is_partial: bool,
    /// Number of partitions; `None`: one file.
    pub partitions: Option<usize>,
}
