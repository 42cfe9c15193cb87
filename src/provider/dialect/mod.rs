//! Dialects: how an API spells requests, replies, errors and limits. A dialect is pure: it
//! describes calls and reads replies, and never touches the network.
//!
//! - [`interface`]: what a dialect provides
//! - [`openai`]: the OpenAI-compatible dialect
//! - [`name`]: chooses a dialect

pub(crate) mod interface;
pub(crate) mod name;
pub(crate) mod openai;
