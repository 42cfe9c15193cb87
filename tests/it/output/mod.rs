//! Rows and the files that hold them.

mod outputs;
mod rows;
