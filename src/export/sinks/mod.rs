//! File formats of rows. A format is one file that implements [`row_sink::RowSink`].
//!
//! - [`row_sink`]: the interface
//! - [`mod@format`]: the formats by name
//! - [`csv`], [`jsonl`], [`parquet`]: the formats
//! - [`shred`]: nested values as Parquet columns

pub(crate) mod csv;
pub(crate) mod format;
pub(crate) mod jsonl;
pub(crate) mod parquet;
pub(crate) mod row_sink;
mod shred;

#[cfg(test)]
mod tests;
