//! The writer: one thread that owns the write connection.
//!
//! - [`command`]: the messages to it and its replies
//! - [`thread`]: takes commands, commits them in groups, replies once they are durable
//! - [`executor`]: executes commands within one transaction
//! - [`write_lock`]: waits until no other process writes

pub(crate) mod command;
pub(crate) mod executor;
pub(crate) mod thread;
pub(crate) mod write_lock;
