//! The OpenAI-compatible dialect.

pub(crate) mod batch;
pub(crate) mod batch_line;
pub(crate) mod errors;
pub(crate) mod rate_limit_headers;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;
