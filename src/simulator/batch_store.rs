//! Files and batches by their ids.

use super::batch::{Batch, BatchResults};
use crate::base::random::mix;
use std::collections::BTreeMap;

/// How a download of a file fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailedDownload {
    /// With an error of a gateway.
    Error,
    /// As a file without content.
    Empty,
}

/// The files and batches of the endpoint.
#[derive(Debug, Default)]
pub(crate) struct BatchStore {
    files: BTreeMap<String, Vec<u8>>,
    batches: BTreeMap<String, Batch>,
    /// Files that can't be read at the first try.
    unreadable: BTreeMap<String, FailedDownload>,
    /// Number of ids.
    ids: u64,
}

impl BatchStore {
    /// Adds a file. Returns its id.
    pub(crate) fn add_file(&mut self, bytes: Vec<u8>) -> String {
        let id = format!("file-{:016x}", self.next_id());
        self.files.insert(id.clone(), bytes);
        id
    }

    pub(crate) fn file(&self, id: &str) -> Option<&[u8]> {
        self.files.get(id).map(Vec::as_slice)
    }

    /// Makes the next download of a file fail.
    pub(crate) fn make_unreadable(&mut self, id: String, download: FailedDownload) {
        self.unreadable.insert(id, download);
    }

    /// How this download of a file fails, if it does.
    pub(crate) fn take_unreadable(&mut self, id: &str) -> Option<FailedDownload> {
        self.unreadable.remove(id)
    }

    /// Adds a batch. Returns its id.
    pub(crate) fn add_batch(&mut self, batch: Batch) -> String {
        let id = format!("batch_{:016x}", self.next_id());
        self.batches.insert(id.clone(), batch);
        id
    }

    pub(crate) fn batch(&self, id: &str) -> Option<&Batch> {
        self.batches.get(id)
    }

    /// Stores the results of a batch.
    pub(crate) fn finish_batch(&mut self, id: &str, results: BatchResults) {
        if let Some(batch) = self.batches.get_mut(id) {
            batch.results = Some(results);
        }
    }

    /// At most `limit` batches whose ids follow `after`, and whether there are more.
    pub(crate) fn list(&self, after: &str, limit: usize) -> (Vec<(&str, &Batch)>, bool) {
        let mut later = self.batches.iter().filter(|(id, _)| id.as_str() > after);
        let page = later.by_ref().take(limit).map(|(id, batch)| (id.as_str(), batch)).collect();
        (page, later.next().is_some())
    }

    /// Prompt tokens of the batches that have not ended.
    pub(crate) fn queued_tokens(&self) -> u64 {
        self.batches.values().filter(|batch| !batch.has_ended()).map(|batch| batch.queued_tokens).sum()
    }

    fn next_id(&mut self) -> u64 {
        self.ids += 1;
        mix(self.ids)
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::tests::batch;
    use super::*;

    #[test]
    fn files_are_read_back_and_may_fail_once() {
        let mut store = BatchStore::default();
        let (one, other) = (store.add_file(b"one".to_vec()), store.add_file(b"other".to_vec()));
        assert_ne!(one, other);
        assert_eq!((store.file(&one), store.file(&other)), (Some(&b"one"[..]), Some(&b"other"[..])));
        assert_eq!(store.file("file-unknown"), None);
        store.make_unreadable(one.clone(), FailedDownload::Empty);
        assert_eq!([store.take_unreadable(&one), store.take_unreadable(&one)], [Some(FailedDownload::Empty), None]);
        assert_eq!(store.take_unreadable(&other), None);
    }

    #[test]
    fn pages_of_a_list_have_every_batch_once() {
        let mut store = BatchStore::default();
        let mut ids: Vec<String> = (0..7).map(|_| store.add_batch(batch())).collect();
        ids.sort();
        for limit in [1, 2, 3, 7, 20] {
            let (mut found, mut after) = (Vec::new(), String::new());
            loop {
                let (page, has_more) = store.list(&after, limit);
                found.extend(page.iter().map(|(id, _)| (*id).to_owned()));
                if !has_more {
                    break;
                }
                after.clone_from(found.last().unwrap());
            }
            assert_eq!(found, ids, "pages of {limit}");
        }
        assert!(!store.list(&ids[6], 20).1);
    }

    #[test]
    fn the_queue_is_freed_when_a_batch_ends() {
        let mut store = BatchStore::default();
        let ids = [store.add_batch(batch()), store.add_batch(batch())];
        let results = Some(BatchResults::default());
        store.add_batch(Batch { failure: Some("full".into()), results, ..batch() });
        assert_eq!(store.queued_tokens(), 200);
        store.finish_batch(&ids[0], BatchResults::default());
        assert_eq!(store.queued_tokens(), 100);
        assert!(store.batch(&ids[0]).unwrap().has_ended() && !store.batch(&ids[1]).unwrap().has_ended());
    }
}
