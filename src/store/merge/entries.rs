//! The files of the input: those that the newest store of a shard has found.

use super::marks::MergeMark;
use super::source::SourceStore;
use crate::base::ids::JobId;
use crate::base::shard::Shard;
use crate::store::error::StoreError;
use rusqlite::{Connection, params};

/// Rows that are copied at once.
const ROWS_AT_ONCE: i64 = 2000;

/// Copies the files that a source has found. `marks`: what was merged before. A store that is older than one that was
/// merged has nothing to say of files.
///
/// # Errors
/// When a store can't be read or written.
pub(crate) fn copy_entries(db: &Connection, store: &SourceStore, marks: &[MergeMark]) -> Result<(), StoreError> {
    let (number, shards) = store.number_of();
    // Shards of the same number have different files.
    let overlaps = |mark: &&MergeMark| mark.number.1 != shards || mark.number.0 == number;
    let overlapping: Vec<&MergeMark> = marks.iter().filter(overlaps).collect();
    if overlapping.iter().any(|mark| mark.newest > store.newest) {
        return Ok(());
    }
    let mut jobs = db.prepare("SELECT src, dst FROM scratch.jobs")?;
    let jobs: Vec<(JobId, JobId)> =
        jobs.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (own, united) in jobs {
        if !overlapping.is_empty() {
            remove_gone(db, (own, united), Shard::new(number, shards))?;
        }
        put_entries(db, (own, united), "1", ConflictRule::Replace)?;
    }
    Ok(())
}

/// Replaces an entry.
const REPLACE: &str = "UPDATE SET size = excluded.size, mtime = excluded.mtime, ctime = excluded.ctime,
               inode = excluded.inode, content = excluded.content, page_count = excluded.page_count, selected = excluded.selected,
               fault = excluded.fault, message = excluded.message, carried = excluded.carried, set_id = excluded.set_id,
               settled_set = excluded.settled_set, repeats = excluded.repeats, decoder = excluded.decoder";

/// What becomes of an entry that both stores have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConflictRule {
    /// That of the source replaces it.
    Replace,
    /// It stays.
    Keep,
}

/// Copies the entries of a job that meet a condition on `e`.
///
/// # Errors
/// When a store can't be read or written.
pub(crate) fn put_entries(
    db: &Connection,
    (own, united): (JobId, JobId),
    condition: &str,
    conflict: ConflictRule,
) -> Result<(), StoreError> {
    let action = match conflict {
        ConflictRule::Replace => REPLACE,
        ConflictRule::Keep => "NOTHING",
    };
    // A statement that may fail half-way keeps what it changes in memory, and the index by content is changed at random
    // places: so a few rows at a time.
    let mut put = db.prepare(
        &format!(
            "INSERT INTO main.entries (job_id, line, path, size, mtime, ctime, inode, content, page_count, selected, fault, message, carried, set_id, settled_set, repeats, decoder)
               SELECT ?2, e.line, e.path, e.size, e.mtime, e.ctime, e.inode, e.content, e.page_count, e.selected, e.fault, e.message, e.carried,
                 (SELECT dst FROM scratch.sets WHERE src = e.set_id), (SELECT dst FROM scratch.sets WHERE src = e.settled_set), e.repeats, e.decoder
               FROM source.entries e WHERE +e.job_id = ?1 AND e.id BETWEEN ?3 AND ?4 AND {condition}
             ON CONFLICT (job_id, line, path) DO {action}"
        ),
    )?;
    let range = "SELECT ifnull(min(id), 0), ifnull(max(id), -1) FROM source.entries";
    let (mut from, last): (i64, i64) = db.query_row(range, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    while from <= last {
        put.execute(params![own, united, from, from + ROWS_AT_ONCE - 1])?;
        from += ROWS_AT_ONCE;
    }
    Ok(())
}

/// Removes the files of a shard that its newest store has not found.
fn remove_gone(db: &Connection, (own, united): (JobId, JobId), shard: Option<Shard>) -> Result<(), StoreError> {
    let mut find = db.prepare(
        "SELECT t.id, t.path FROM main.entries t WHERE t.job_id = ?1
           AND NOT EXISTS (SELECT 1 FROM source.entries e WHERE e.job_id = ?2 AND e.line = t.line AND e.path = t.path)",
    )?;
    let mut put = db.prepare("INSERT OR IGNORE INTO scratch.gone (entry) VALUES (?1)")?;
    let mut rows = find.query([united, own])?;
    while let Some(row) = rows.next()? {
        let (entry, path): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        if shard.is_none_or(|shard| shard.has(&path)) {
            put.execute([entry])?;
        }
    }
    db.execute_batch(
        "DELETE FROM main.entries WHERE id IN (SELECT entry FROM scratch.gone); DELETE FROM scratch.gone;",
    )?;
    Ok(())
}
