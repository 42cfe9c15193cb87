//! Which stores were merged into the united store.

use super::merged_job::MergedJob;
use super::source::SourceStore;
use crate::base::digest::Digest;
use crate::store::error::StoreError;
use rusqlite::{Connection, params};

/// A store that was merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MergeMark {
    /// The shard that it stands for, and the number of shards.
    pub(crate) number: (u32, u32),
    /// When its newest run began, and that run's id.
    pub(crate) newest: (i64, String),
}

/// The stores that were merged.
///
/// # Errors
/// When the united store can't be read.
pub(crate) fn read_marks(db: &Connection) -> Result<Vec<MergeMark>, StoreError> {
    let mut find = db.prepare("SELECT number, shards, started_at, run_id FROM main.merges")?;
    let marks = find.query_map([], |row| {
        Ok(MergeMark { number: (row.get(0)?, row.get(1)?), newest: (row.get(2)?, row.get(3)?) })
    })?;
    Ok(marks.collect::<Result<_, _>>()?)
}

/// Whether a store was merged as it is.
///
/// # Errors
/// When the united store can't be read.
pub(crate) fn is_merged(db: &Connection, store: &SourceStore) -> Result<bool, StoreError> {
    let mut find = db.prepare("SELECT 1 FROM main.merges WHERE fingerprint = ?1")?;
    Ok(find.exists([store.fingerprint])?)
}

/// Records that a store was merged.
///
/// # Errors
/// When the united store can't be written.
pub(crate) fn put_mark(db: &Connection, store: &SourceStore) -> Result<(), StoreError> {
    let ((number, shards), (started_ms, run)) = (store.number_of(), &store.newest);
    db.execute(
        "INSERT OR IGNORE INTO main.merges (fingerprint, number, shards, run_id, started_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![store.fingerprint, number, shards, run, started_ms],
    )?;
    Ok(())
}

/// Records what the united store held before anything was merged into it: files that runs of the whole input found.
/// Those that a shard has not found later are gone.
///
/// # Errors
/// When the united store can't be written.
pub(crate) fn mark_own_files(db: &Connection, job: &MergedJob) -> Result<(), StoreError> {
    db.execute(
        "INSERT OR IGNORE INTO main.merges (fingerprint, number, shards, run_id, started_at)
           SELECT ?1, 0, 1, run_id, started_at FROM main.runs WHERE shard IS NULL AND is_trial = 0 AND EXISTS (SELECT 1 FROM main.entries)
             AND NOT EXISTS (SELECT 1 FROM main.merges) ORDER BY started_at DESC, run_id DESC LIMIT 1",
        [Digest::compute_json(&serde_json::json!(["own", job.name]))],
    )?;
    Ok(())
}
