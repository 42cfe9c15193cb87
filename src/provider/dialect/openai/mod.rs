//! The OpenAI-compatible dialect: Chat Completions and the Batch API.
//!
//! - [`openai_dialect`]: the dialect itself, which only delegates
//! - [`request`]: the body of a request for a page
//! - [`reply`]: a reply, whole or in chunks; [`stream`]: a streamed reply
//! - [`message`]: the text of a message; [`finish`]: why it ended; [`usage`]: tokens and cost; [`lenient_json`]: JSON with
//!   numbers that are too large
//! - [`errors`]: what errors mean
//! - [`rate_limit_headers`]: reads rate limits from headers
//! - [`batch`]: calls and replies of the Batch API; [`batch_line`]: lines of its files

pub(crate) mod batch;
pub(crate) mod batch_line;
pub(crate) mod errors;
pub(crate) mod finish;
pub(crate) mod lenient_json;
pub(crate) mod message;
pub(crate) mod openai_dialect;
pub(crate) mod rate_limit_headers;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod stream;
pub(crate) mod usage;

pub(crate) use openai_dialect::OpenAi;
