//! The writer: one thread that owns the write connection.
//!
//! - [`command`]: the messages to it and its answers
//! - [`thread`]: takes commands, commits them in groups, answers once they are durable
//! - [`executor`]: executes commands within one transaction

pub(crate) mod command;
pub(crate) mod executor;
pub(crate) mod thread;
