//! What tests run: a folder with pages, a simulator and the built program.

pub(crate) mod bench;
pub(crate) mod cases;
pub(crate) mod closed_port;
#[cfg(unix)]
pub(crate) mod executable;
pub(crate) mod http_server;
pub(crate) mod recording_server;
pub(crate) mod refusals;
#[cfg(unix)]
pub(crate) mod signal;
pub(crate) mod skip;
#[cfg(unix)]
pub(crate) mod stopped;
pub(crate) mod wait;
