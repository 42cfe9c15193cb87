//! URLs of a list that differ only in their secrets.

use super::redacted_url::Redacted;
use super::redaction::redact;
use crate::base::unicode::trim_blanks;
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// URLs that are equal except for their tokens: the tokens distinguish their files.
#[derive(Debug, Default)]
pub(crate) struct TokenClashes(HashSet<u64>);

impl TokenClashes {
    /// Finds them among the URLs of a list. Needs some 20 bytes for each URL with a token.
    pub(crate) fn find(urls: impl Iterator<Item = Vec<u8>>) -> Self {
        let mut known: HashMap<u64, u64> = HashMap::new();
        let mut clashes = HashSet::new();
        for redacted in urls.filter_map(|url| redact(trim_blanks(&url))).filter(Redacted::has_tokens) {
            let (path, with_digests) = (hash(&redacted.path), hash(&redacted.with_digests));
            if *known.entry(path).or_insert(with_digests) != with_digests {
                clashes.insert(path);
            }
        }
        Self(clashes)
    }

    /// The path of the entry of a URL.
    pub(crate) fn path_of(&self, redacted: &Redacted) -> Vec<u8> {
        let is_clash = self.0.contains(&hash(&redacted.path));
        if is_clash { redacted.with_digests.clone() } else { redacted.path.clone() }
    }
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
