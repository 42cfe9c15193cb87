//! `--sample`: a sample of pages that stays the same.

use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId};
use crate::base::lowest::Lowest;
use crate::store::{EntryCursor, EntryRecord, Reader, StoreError};
use std::collections::HashSet;

/// The position of a page in the order in which samples are drawn: the first N pages are the sample of N.
pub(crate) fn draw_key(page: &PageId) -> Digest {
    Digest::compute(&[page.content.as_bytes().as_slice(), &page.page.to_be_bytes()].concat())
}

/// The `count` pages of a job with the lowest digests, of those that `is_selected`: the same pages every time.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn sample_pages(
    reader: &Reader,
    job: JobId,
    count: u64,
    is_selected: &mut dyn FnMut(&EntryRecord, PageId) -> Result<bool, StoreError>,
) -> Result<HashSet<PageId>, StoreError> {
    let mut lowest = Lowest::new(count);
    let mut stored = EntryCursor::new(reader, job);
    while let Some(entry) = stored.next()? {
        let Some(content) = entry.content.filter(|_| entry.page_count > 0) else { continue };
        for page in entry.distinct_pages() {
            let page = PageId { content, page };
            let key = draw_key(&page);
            if lowest.has_place_for(&key) && is_selected(&entry, page)? {
                lowest.offer(key, page);
            }
        }
    }
    Ok(lowest.into_things().collect())
}
