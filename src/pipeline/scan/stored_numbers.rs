//! Under which numbers the store has the pages of a file.

use crate::base::digest::Digest;
use crate::media::PageLayout;
use crate::store::{Reader, StoreError};
use std::collections::HashMap;

/// The numbers under which the store has the pages of a file: those of an earlier version of the decoder, until this one
/// reads the file again. By default those of today.
#[derive(Default)]
pub(crate) struct StoredNumbers {
    /// By the numbers of today; `None`: they are the same.
    earlier: Option<HashMap<u32, u32>>,
}

impl StoredNumbers {
    /// The numbers of the file with this content and layout.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn find(reader: &Reader, content: &Digest, layout: &PageLayout) -> Result<Self, StoreError> {
        let is_outdated = reader.has_earlier_numbers(content, layout.numbered_since)?;
        Ok(Self { earlier: if is_outdated { layout.numbers_before() } else { None } })
    }

    /// The number under which the store has a page; `None`: an earlier version did not list it.
    pub(crate) fn find_number(&self, page: u32) -> Option<u32> {
        self.earlier.as_ref().map_or(Some(page), |earlier| earlier.get(&page).copied())
    }
}
