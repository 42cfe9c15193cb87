//! The file formats of rows, by name.

use super::csv::CsvSink;
use super::jsonl::JsonlSink;
use super::parquet::ParquetSink;
use super::row_sink::{RowSink, SinkError, SinkOptions};
use crate::base::atomic_file::AtomicFile;
use crate::base::open_databases::open_other;
use crate::export::columns::Column;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Bytes at the end of a Parquet file that hold the metadata of the file, unless there are very many
/// columns.
const FOOTER_BYTES: i64 = 64 << 10;

/// A sink that writes to a file.
pub(crate) type FileSink = Box<dyn RowSink<AtomicFile>>;
/// A sink that writes to a stream.
pub(crate) type StreamSink = Box<dyn RowSink<Box<dyn Write + Send>>>;

/// A file format of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// Comma-separated values.
    Csv,
    /// Parquet, which can't be written to a stream: readers look at its end first.
    Parquet,
    /// JSON Lines.
    Jsonl,
}

impl RowFormat {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Jsonl => "jsonl",
        }
    }

    /// Starts a file in this format.
    pub(crate) fn create(
        self,
        file: AtomicFile,
        columns: &[Column],
        options: &SinkOptions,
    ) -> Result<FileSink, SinkError> {
        Ok(match self {
            Self::Csv => Box::new(CsvSink::create(file, columns, options)?),
            Self::Parquet => Box::new(ParquetSink::create(file, columns, options)?),
            Self::Jsonl => Box::new(JsonlSink::create(file, columns, options)?),
        })
    }

    /// Starts a stream in this format.
    pub(crate) fn stream(
        self,
        out: Box<dyn Write + Send>,
        columns: &[Column],
        options: &SinkOptions,
    ) -> Result<StreamSink, SinkError> {
        Ok(match self {
            Self::Csv => Box::new(CsvSink::create(out, columns, options)?),
            Self::Parquet => return Err("parquet can't be written to a stream".into()),
            Self::Jsonl => Box::new(JsonlSink::create(out, columns, options)?),
        })
    }

    /// Whether a file looks like rows that docmill has written in this format.
    pub(crate) fn is_own(self, path: &Path) -> bool {
        let begins_with = |start: &[u8]| {
            let mut beginning = vec![0; start.len()];
            open_other(path).and_then(|mut file| file.read_exact(&mut beginning)).is_ok() && beginning == start
        };
        let end = || -> std::io::Result<Vec<u8>> {
            let (mut file, mut end) = (open_other(path)?, Vec::new());
            let length = i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX);
            file.seek(SeekFrom::End(-length.min(FOOTER_BYTES)))?;
            file.read_to_end(&mut end)?;
            Ok(end)
        };
        match self {
            Self::Csv => begins_with(b"path,page,"),
            Self::Jsonl => begins_with(b"{\"path\":"),
            Self::Parquet => {
                let key = b"docmill.manifest";
                begins_with(b"PAR1") && end().is_ok_and(|end| end.windows(key.len()).any(|window| window == key))
            }
        }
    }
}
