//! How the pages of a document are numbered.

use serde::{Deserialize, Serialize};

/// The pages of a document: how many there are, which are the same, and how earlier versions of
/// docmill numbered them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLayout {
    /// The number of pages: at least one.
    pub count: u32,
    /// Pages that are the same object as an earlier page of the document, with the first such
    /// page. Ascending.
    pub repeats: Vec<(u32, u32)>,
    /// Today's numbers of the pages, by their numbers (from 1) in earlier versions of docmill,
    /// which skipped unreadable pages and listed a repeated page once. 0: what they listed is
    /// not a page. `None`: no number has changed.
    pub earlier_numbers: Option<Vec<u32>>,
}

impl PageLayout {
    /// The layout of `count` different pages whose numbers have not changed.
    #[must_use]
    pub fn of_count(count: u32) -> Self {
        Self { count, repeats: Vec::new(), earlier_numbers: None }
    }
}
