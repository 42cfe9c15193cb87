//! HTTP to one server, without knowledge of any dialect.
//!
//! - [`secret`]: a text that is never printed; [`encoded_secret`]: the same as a part of encoded text
//! - [`call`]: one HTTP call, as data
//! - [`failure`]: how a call fails without a complete reply
//! - [`http_client`]: the client: headers, timeouts, redaction
//! - [`connector`]: connects, perhaps through a proxy; [`tls`]: encrypts; [`server_verifier`]: which
//!   certificates are trusted; [`common_name`]: the name in old ones
//! - [`guarded_stream`]: a connection that refuses bytes that are not a reply
//! - [`connection_pool`]: connections that can be used again
//! - [`reply_body`]: the body of a reply, which holds its connection
//! - [`body_reader`]: reads a reply within bounds of size and time; [`body_text`]: its text
//! - [`upload`]: a file as a streamed form

pub(crate) mod body_reader;
pub(crate) mod body_text;
pub(crate) mod call;
pub(crate) mod common_name;
pub(crate) mod connection_pool;
pub(crate) mod connector;
pub(crate) mod encoded_secret;
pub(crate) mod failure;
pub(crate) mod guarded_stream;
pub(crate) mod http_client;
pub(crate) mod reply_body;
pub(crate) mod secret;
pub(crate) mod server_verifier;
pub(crate) mod tls;
pub(crate) mod upload;
