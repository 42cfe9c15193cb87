//! The writer thread and the commands that it executes.

pub(crate) mod batches;
pub(crate) mod command;
pub(crate) mod thread;
