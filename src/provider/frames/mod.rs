//! What the requests for the same questions have in common.
//!
//! - [`frame_builder`]: builds it; [`frame_cache`]: keeps it
//! - [`outgoing`]: a request in the form in which it is sent

pub(crate) mod frame_builder;
pub(crate) mod frame_cache;
pub(crate) mod outgoing;
