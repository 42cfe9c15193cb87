//! The pages of a document and their numbers.

use crate::base::page_repeats::first_of;
use serde::{Deserialize, Serialize};

/// The pages of a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLayout {
    /// The number of pages.
    pub count: u32,
    /// Pages that are the same as an earlier one: the page, and the first that is the same; ascending.
    pub repeats: Vec<(u32, u32)>,
    /// By the number (from 1) that versions of docmill before decoder version 3 gave a page: its number
    /// now. `None` if no number has changed.
    pub earlier_numbers: Option<Vec<u32>>,
}

impl PageLayout {
    /// A document of `count` different pages.
    #[must_use]
    pub fn plain(count: u32) -> Self {
        Self { count, ..Self::default() }
    }

    /// The first page that is the same as this one.
    #[must_use]
    pub fn first_of(&self, page: u32) -> u32 {
        first_of(&self.repeats, page)
    }

    /// The number of a page that had the number `earlier` (from 1).
    #[must_use]
    pub fn number_now(&self, earlier: u32) -> u32 {
        let place = usize::try_from(earlier).ok().and_then(|number| number.checked_sub(1));
        place
            .zip(self.earlier_numbers.as_ref())
            .and_then(|(place, numbers)| numbers.get(place))
            .map_or(earlier, |now| *now)
    }
}
