//! `--sample`: a sample of pages that stays the same.

use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId};
use crate::store::{EntryCursor, EntryRecord, Reader, StoreError};
use std::collections::{BTreeMap, HashSet};

/// The place of a page in the order in which samples are drawn: the first N pages are the sample of N.
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
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut lowest: BTreeMap<Digest, PageId> = BTreeMap::new();
    let mut stored = EntryCursor::new(reader, job);
    while let Some(entry) = stored.next()? {
        let Some(content) = entry.content.filter(|_| entry.page_count > 0) else { continue };
        for page in entry.distinct_pages() {
            let page = PageId { content, page };
            let digest = draw_key(&page);
            let may_be_lowest = lowest.len() < count || lowest.last_key_value().is_some_and(|(last, _)| digest < *last);
            if !may_be_lowest || !is_selected(&entry, page)? {
                continue;
            }
            lowest.insert(digest, page);
            if lowest.len() > count {
                lowest.pop_last();
            }
        }
    }
    Ok(lowest.into_values().collect())
}
