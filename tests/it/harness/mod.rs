//! What tests run: a folder with pages, a simulator and the built program.

pub(crate) mod bench;
pub(crate) mod http_server;
pub(crate) mod recording_server;
pub(crate) mod skip;
#[cfg(unix)]
pub(crate) mod stopped;
