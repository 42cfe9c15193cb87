//! URLs with secrets in them, such as signed links to an object store. The path of an entry is the URL
//! without its secrets: they change every day, and must not reach rows, logs or the store.
//!
//! - [`redacted_url`]: a URL with secrets, and what is left of it
//! - [`scheme`]: where a URL begins; [`path`], [`query`]: the secrets in its parts; [`parameter_digest`]: digests in their
//!   place
//! - [`redaction`]: a URL without its secrets; [`text`]: texts with URLs in them
//! - [`token_clashes`]: URLs of a list that differ only in their secrets

pub(crate) mod parameter_digest;
pub(crate) mod path;
pub(crate) mod query;
pub(crate) mod redacted_url;
pub(crate) mod redaction;
pub(crate) mod scheme;
pub(crate) mod text;
pub(crate) mod token_clashes;

pub(crate) use redacted_url::{Address, Redacted};
pub(crate) use redaction::redact;
pub(crate) use text::{not_a_url_without_secrets, without_secrets};
pub(crate) use token_clashes::TokenClashes;

#[cfg(test)]
mod tests;
