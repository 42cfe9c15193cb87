//! Input files compared with the store, read and prepared.

pub(crate) mod diff;
pub(crate) mod near_duplicates;
pub(crate) mod preparer;
pub(crate) mod queue;
pub(crate) mod reader;
pub(crate) mod sample;
pub(crate) mod threads;
