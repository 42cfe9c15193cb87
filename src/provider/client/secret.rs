//! A text that is never printed.

use std::fmt;

/// A key or another header value that must not appear in logs, reports or the store.
#[derive(Clone)]
pub struct Secret(String);

/// Shortest secret that is redacted, in bytes: a shorter one would match ordinary text.
const MIN_REDACTED_BYTES: usize = 4;

impl Secret {
    /// Wraps a secret. Surrounding white space, which files and shells add, is removed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// Whether the secret is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` with every occurrence of the secret replaced by `***`. A secret of less than
    /// 4 bytes is left in place.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        if self.0.len() < MIN_REDACTED_BYTES { text.to_owned() } else { text.replace(&self.0, "***") }
    }

    /// The secret itself, for a header.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_removed_from_text_and_never_printed() {
        let secret = Secret::new(" sk-1234\n");
        assert_eq!(secret.redact("key sk-1234, again sk-1234"), "key ***, again ***");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(Secret::new("abc").redact("abc"), "abc");
        assert!(Secret::new(" \n").is_empty());
    }
}
