//! The web server of a review: loopback only, one program, its owner's browsers.
//!
//! - [`listen`]: connections; [`routes`]: the replies
//! - [`guard`]: who may ask: host, origin, token and cookie; [`response`]: bodies and headers
//! - [`assets`]: the page itself

pub(crate) mod assets;
pub(crate) mod guard;
pub(crate) mod listen;
pub(crate) mod response;
pub(crate) mod routes;
