//! The inputs and the result of a merge.

use crate::base::digest::Digest;

/// The job whose stores are merged.
#[derive(Clone, Debug)]
pub struct MergedJob {
    /// Its identity here. Shards may have found the input at other places.
    pub identity: Digest,
    /// Its name, which the stores have to have.
    pub name: String,
    /// The manifest as written.
    pub manifest: String,
    /// The policy of its recipe sets here.
    pub policy: String,
    /// Wall time in milliseconds.
    pub at_ms: i64,
}

/// The result of a merge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The number of shards of the input.
    pub shards: u32,
    /// Shards without a store.
    pub missing: Vec<u32>,
    /// Stores that were merged before, unchanged.
    pub known: usize,
}

impl Merged {
    /// That shards are missing, and which, human-readable.
    #[must_use]
    pub fn missing_shards(&self) -> String {
        let names: Vec<String> = self.missing.iter().map(|index| format!("{index}/{}", self.shards)).collect();
        let (noun, verb) = if names.len() == 1 { ("shard", "is") } else { ("shards", "are") };
        format!("{noun} {} {verb} missing", names.join(", "))
    }
}
