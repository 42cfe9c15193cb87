//! A URL with secrets, and what is left of it without them.

use std::fmt;

/// The URL that is fetched: it may hold secrets, and is never shown or stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The address that is this URL.
    pub(crate) fn new(url: String) -> Self {
        Self(url)
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// A URL with secrets, without them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redacted {
    /// The URL without its secrets.
    pub(crate) path: Vec<u8>,
    /// As `path`, with a digest in place of each token.
    pub(crate) with_digests: Vec<u8>,
    /// The URL itself, if it is text.
    pub(crate) address: Option<Address>,
}

impl Redacted {
    /// Whether there are tokens, which may be the only difference between two files.
    pub(crate) fn has_tokens(&self) -> bool {
        self.path != self.with_digests
    }
}
