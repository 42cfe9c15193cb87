//! Rows and the files that hold them.

mod demo;
mod layouts;
mod outputs;
mod overwriting;
pub(crate) mod parquet_file;
mod partial;
mod rows;
mod together;
mod values;
