//! HTTP to one server, without knowledge of any dialect.
//!
//! - [`secret`]: a text that is never printed
//! - [`call`]: one HTTP call, as data
//! - [`failure`]: how a call fails without a complete reply
//! - [`http_client`]: the client: headers, proxy, TLS, timeouts, redaction
//! - [`body_reader`]: reads a reply within bounds of size and time
//! - [`upload`]: a file as a streamed form

pub(crate) mod body_reader;
pub(crate) mod call;
pub(crate) mod failure;
pub(crate) mod http_client;
pub(crate) mod secret;
pub(crate) mod upload;
