//! The common part of requests for the same questions.
//!
//! - [`frame_builder`]: builds it; [`frame_cache`]: keeps it; [`endpoint_frames`]: those of one endpoint
//! - [`outgoing`]: a request in the form that is sent

pub(crate) mod endpoint_frames;
pub(crate) mod frame_builder;
pub(crate) mod frame_cache;
pub(crate) mod outgoing;
