//! The interface of a file format.

use crate::export::columns::Column;
use crate::export::row::Row;
use std::error::Error;
use std::io::Write;

/// Why a sink failed: an I/O error, or an error of the format's library.
pub(crate) type SinkError = Box<dyn Error + Send + Sync>;

/// How a sink writes, and the origin that it records in files.
#[derive(Clone, Debug, Default)]
pub(crate) struct SinkOptions {
    /// Whether text that a spreadsheet would run as a formula is written unchanged.
    pub(crate) keep_formulas: bool,
    /// Name of the job.
    pub(crate) job: String,
    /// Digest of the manifest, hexadecimal.
    pub(crate) manifest_hash: String,
}

/// Writes rows to a file in one format. `W` is the unfinished file.
///
/// A sink is created, gets all rows in order, and is finished. The caller then commits the
/// returned file. Dropping a sink aborts: an unfinished [`AtomicFile`] removes itself.
///
/// [`AtomicFile`]: crate::base::atomic_file::AtomicFile
pub(crate) trait RowSink<W: Write> {
    /// Starts a file with these columns and writes its header, if the format has one.
    fn create(file: W, columns: &[Column], options: &SinkOptions) -> Result<Self, SinkError>
    where
        Self: Sized;

    /// Writes one row. `columns` are those of [`RowSink::create`].
    fn write(&mut self, columns: &[Column], row: &Row) -> Result<(), SinkError>;

    /// Writes buffered rows and the footer, and returns the complete file.
    fn finish(self: Box<Self>) -> Result<W, SinkError>;
}
