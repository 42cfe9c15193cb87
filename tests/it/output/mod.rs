//! Rows and the files that hold them.

mod demo;
mod outputs;
pub(crate) mod parquet_file;
mod rows;
mod values;
