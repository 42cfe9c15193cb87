//! Ids as types, so that they cannot be confused.
//!
//! Three identities are valid everywhere: [`RunId`], [`AttemptName`] and [`PageId`]. Every other
//! id is the integer key of a row and is valid only within the store that assigned it: a
//! [`RunKey`] is the row of a [`RunId`], an [`AttemptId`] the row of an [`AttemptName`].

use super::digest::Digest;
use std::fmt;
use std::sync::Arc;

/// The identity of a run: `20261123T131805-3f9a1c0b7d42`.
///
/// Users, file names, logs and reports know a run by this text. Inside a store the same run
/// is a [`RunKey`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(Arc<str>);

impl RunId {
    /// The id with this text.
    #[must_use]
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(text.as_ref().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({})", self.0)
    }
}

/// The identity of an attempt: its run, and its sequence number in the run.
///
/// The run is the one that opened the attempt, even if a later run collects it from a batch.
/// Inside a store the same attempt is an [`AttemptId`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AttemptName {
    /// The run that opened the attempt.
    pub run: RunId,
    /// The sequence number among the attempts that the run opened, from 1.
    pub sequence: u64,
}

impl fmt::Display for AttemptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.run, self.sequence)
    }
}

/// A page of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId {
    /// The digest of the file's bytes.
    pub content: Digest,
    /// The page's number from 1; 0: the file as a whole.
    pub page: u32,
}

impl PageId {
    /// A number that tells pages apart while a run lasts: two pages hardly ever have the same.
    #[must_use]
    pub fn number(&self) -> u64 {
        let first = self.content.as_bytes().first_chunk().copied();
        u64::from_be_bytes(first.unwrap_or_default()) ^ u64::from(self.page)
    }
}

/// A row's integer key.
macro_rules! row_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )+ };
}

row_ids! {
    /// A run, as a row of its store. Its identity outside the store is a [`RunId`].
    RunKey,
    /// A job.
    JobId,
    /// A recipe: everything about an answer except the page.
    RecipeId,
    /// An ordered set of recipes.
    RecipeSetId,
    /// The settings of a manifest, as a run used them.
    SettingsId,
    /// A request: one or more attempts for the same page and the same recipes.
    RequestId,
    /// An attempt, as a row of its store. Its identity outside the store is an [`AttemptName`].
    AttemptId,
    /// A batch.
    BatchId,
    /// A decision: a human answer to one task of one page.
    DecisionId,
    /// A draw: a sample of pages.
    DrawId,
    /// A point in the history of a store. Every transaction that stores outcomes or begins a run has
    /// a higher one than those before it, whatever the clocks of the processes show.
    Revision,
}

impl JobId {
    /// The id of no stored job: it matches no entry.
    pub const UNSTORED: Self = Self(0);
}

impl RecipeId {
    /// The id of no stored recipe: it matches no answer.
    pub const UNSTORED: Self = Self(0);
}

impl Revision {
    /// Before everything that a store holds.
    pub const NONE: Self = Self(0);
    /// After everything that a store holds.
    pub const END: Self = Self(i64::MAX);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_attempt_is_its_run_and_number() {
        let name = AttemptName { run: RunId::new("20261123T131805-3f9a1c"), sequence: 17 };
        assert_eq!(name.to_string(), "20261123T131805-3f9a1c-17");
    }

    #[test]
    fn pages_are_told_apart_by_their_numbers() {
        let page = |content: &[u8], page| PageId { content: Digest::compute(content), page }.number();
        assert_ne!(page(b"a", 1), page(b"a", 2));
        assert_ne!(page(b"a", 1), page(b"b", 1));
        assert_eq!(page(b"a", 1), page(b"a", 1));
    }
}
