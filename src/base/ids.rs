//! Ids as types, so that one cannot stand in the place of another.
//!
//! Two ids are valid everywhere: [`RunId`] and [`PageId`]. Every other id is the integer key
//! of a row and is valid only within the store that assigned it. [`RunKey`] is the row of a
//! [`RunId`] in a store.

use super::digest::Digest;
use std::fmt;
use std::sync::Arc;

/// The identity of a run: `20261123T131805-3f9a1c`.
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

/// A page of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId {
    /// The digest of the file's bytes.
    pub content: Digest,
    /// The page's number from 1; 0: the file as a whole.
    pub page: u32,
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
    /// A request: one or more attempts for the same page and the same recipes.
    RequestId,
    /// An attempt. Its identity outside the store is the run's [`RunId`] and the attempt's
    /// sequence number in that run.
    AttemptId,
    /// A batch.
    BatchId,
}

impl RecipeId {
    /// The id of no stored recipe: it matches no answer.
    pub const UNSTORED: Self = Self(0);
}
