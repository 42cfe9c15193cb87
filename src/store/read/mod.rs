//! What is read.

pub(crate) mod attempt_reader;
pub(crate) mod entry_cursor;
pub(crate) mod reader;
pub(crate) mod rows;
