//! The runs that a report is about, by shard: the report of a merge is the sum of those of its shards.

use crate::base::ids::{PageId, RunKey};
use crate::base::shard::Shard;
use crate::store::{PageRecord, Reader, RunRecord, StoreError};
use std::collections::HashSet;

/// The runs that a report is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct AskedRuns {
    keys: Vec<RunKey>,
    /// By the index of their shard, if they are of several shards. Empty: each may have asked every page.
    by_shard: Vec<Vec<RunKey>>,
    /// Pages with several rows that a shard has asked.
    counted: HashSet<(PageId, Shard)>,
}

impl AskedRuns {
    /// These runs.
    pub(crate) fn new(runs: &[RunRecord]) -> Self {
        let keys: Vec<RunKey> = runs.iter().map(|run| run.run).collect();
        let count = runs.first().and_then(|run| run.shard).map_or(0, Shard::count);
        let are_of_shards = count > 1 && runs.iter().all(|run| run.shard.is_some_and(|shard| shard.count() == count));
        let of_shard = |shard: Shard| runs.iter().filter(|run| run.shard == Some(shard)).map(|run| run.run).collect();
        let by_shard = Shard::all(if are_of_shards { count } else { 0 }).map(of_shard).collect();
        Self { keys, by_shard, counted: HashSet::new() }
    }

    /// A run alone.
    pub(crate) fn of_run(run: RunKey) -> Self {
        Self { keys: vec![run], ..Self::default() }
    }

    /// How many pages they have asked with attempts that were opened in `[since_ms, until_ms)`. A page that several
    /// shards have asked counts for each of them.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn count_pages(&self, reader: &Reader, since_ms: i64, until_ms: i64) -> Result<u64, StoreError> {
        let whole = self.by_shard.is_empty().then_some(&self.keys);
        whole.into_iter().chain(&self.by_shard).map(|runs| reader.asked_pages(runs, since_ms, until_ms)).sum()
    }

    /// The runs that could ask the page of a row, and the row as they see it: the first of its page in its shard is a
    /// duplicate of none.
    pub(crate) fn of_row(&mut self, record: PageRecord) -> (&[RunKey], PageRecord) {
        let count = u32::try_from(self.by_shard.len()).unwrap_or(0);
        let Some(shard) = Shard::of_path(&record.path, count) else { return (&self.keys, record) };
        let own = self.by_shard.get(shard.index() as usize).map_or(&[][..], Vec::as_slice);
        let is_elsewhere =
            record.duplicate_of.as_ref().is_some_and(|first| !shard.has(first)) && record.distance.is_none();
        let is_first = is_elsewhere
            && record.spend.iter().any(|spend| own.contains(&spend.run))
            && record.id.is_some_and(|page| self.counted.insert((page, shard)));
        let duplicate_of = record.duplicate_of.filter(|_| !is_first);
        (own, PageRecord { duplicate_of, ..record })
    }
}
