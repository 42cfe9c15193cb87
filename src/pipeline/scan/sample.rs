//! A sample of pages that stays the same.

use super::diff::Stored;
use crate::base::digest::Digest;
use crate::store::{JobId, PageId, Reader, StoreError};
use std::collections::{BTreeMap, HashSet};

/// The pages whose digests are lowest: a sample that stays the same.
pub(crate) fn lowest(reader: &Reader, job: JobId, count: u64) -> Result<HashSet<PageId>, StoreError> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut lowest: BTreeMap<Digest, PageId> = BTreeMap::new();
    let mut stored = Stored::new(reader, job);
    while let Some(entry) = stored.next()? {
        let Some(content) = entry.content.filter(|_| entry.page_count > 0) else { continue };
        for page in entry.pages() {
            let digest = Digest::of(&[content.as_bytes().as_slice(), &page.to_be_bytes()].concat());
            lowest.insert(digest, PageId { content, page });
            if lowest.len() > count {
                lowest.pop_last();
            }
        }
    }
    Ok(lowest.into_values().collect())
}
