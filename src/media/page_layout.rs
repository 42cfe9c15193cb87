//! How the pages of a document are numbered.

use crate::base::decoder_version::PAGE_TREE_VERSION;
use crate::base::page_repeats::first_of;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

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
    /// The version of the decoder since which the pages have these numbers.
    #[serde(default = "page_tree_version")]
    pub numbered_since: u32,
}

fn page_tree_version() -> u32 {
    PAGE_TREE_VERSION
}

impl PageLayout {
    /// The layout of `count` different pages whose numbers have not changed.
    #[must_use]
    pub fn of_count(count: u32) -> Self {
        Self { count, repeats: Vec::new(), earlier_numbers: None, numbered_since: PAGE_TREE_VERSION }
    }

    /// The first page that is the same as this one.
    #[must_use]
    pub fn first_of(&self, page: u32) -> u32 {
        first_of(&self.repeats, page)
    }

    /// The numbers that earlier versions gave the pages that they listed, by today's numbers; `None`: no
    /// number has changed.
    #[must_use]
    pub fn numbers_before(&self) -> Option<HashMap<u32, u32>> {
        let mut before = HashMap::new();
        for (number, now) in (1..).zip(self.earlier_numbers.as_ref()?) {
            before.entry(*now).or_insert(number);
        }
        before.remove(&0);
        Some(before)
    }

    /// The number of a page that had the number `earlier` (from 1); 0 if the page no longer exists.
    #[must_use]
    pub fn number_now(&self, earlier: u32) -> u32 {
        let place = usize::try_from(earlier).ok().and_then(|number| number.checked_sub(1));
        place
            .zip(self.earlier_numbers.as_ref())
            .and_then(|(place, numbers)| numbers.get(place))
            .map_or(earlier, |now| *now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_numbers_are_found_by_those_of_today_and_back() {
        let layout = PageLayout { earlier_numbers: Some(vec![3, 0, 1, 5]), ..PageLayout::of_count(5) };
        let before = layout.numbers_before().unwrap();
        assert_eq!(
            [1, 2, 3, 4, 5, 0].map(|page| before.get(&page).copied()),
            [Some(3), None, Some(1), None, Some(4), None]
        );
        assert!(before.iter().all(|(now, before)| layout.number_now(*before) == *now));
        assert_eq!(PageLayout::of_count(5).numbers_before(), None);
    }
}
