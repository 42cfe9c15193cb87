//! The files of the input: those that the newest store of a shard has found.

use super::marks::{MergeMark, parts_of, put_marks, read_marks};
use super::source::SourceStore;
use crate::base::digest::Digest;
use crate::base::ids::JobId;
use crate::base::shard::Shard;
use crate::store::error::StoreError;
use rusqlite::{Connection, params};
use std::cmp::Ordering;
use std::collections::HashMap;

/// Rows that are copied at once.
const ROWS_AT_ONCE: i64 = 2000;

/// What the merged store had of the files of its jobs before a source is merged.
pub(crate) type KnownFiles = HashMap<JobId, Vec<MergeMark>>;

/// Reads it.
///
/// # Errors
/// When the merged store can't be read.
pub(crate) fn known_files(db: &Connection) -> Result<KnownFiles, StoreError> {
    let mut find = db.prepare("SELECT id FROM main.jobs")?;
    let jobs: Vec<JobId> = find.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    jobs.into_iter().map(|job| Ok((job, read_marks(db, "main", job)?))).collect()
}

/// Copies the files that a source has found, of each of its jobs. Data that is older than the merged store's data of a
/// shard has nothing to state about which files there are.
///
/// # Errors
/// When a store can't be read or written.
pub(crate) fn copy_entries(db: &Connection, store: &SourceStore, known: &KnownFiles) -> Result<(), StoreError> {
    let mut find =
        db.prepare("SELECT j.src, j.dst, m.identity FROM scratch.jobs j JOIN main.jobs m ON m.id = j.dst")?;
    let jobs = find.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
    let jobs: Vec<((JobId, JobId), Digest)> = jobs.collect::<Result<_, _>>()?;
    for (job, identity) in jobs {
        let parts = parts_of(db, "source", (job.0, store.shard))?;
        let known = known.get(&job.1).map_or(&[][..], Vec::as_slice);
        for part in &parts {
            let newest = known.iter().filter(|mark| mark.overlaps(part)).map(|mark| &mark.newest).max();
            copy_part(db, job, part, newest.map(|newest| part.newest.cmp(newest)), store.shard.is_none())?;
        }
        put_marks(db, &identity, &parts)?;
    }
    Ok(())
}

/// Copies the files of a part of a source. `age`: how it compares with what the merged store has of these files, if it
/// has some. `is_mixed`: the source has files of other shards, too.
fn copy_part(
    db: &Connection,
    job: (JobId, JobId),
    part: &MergeMark,
    age: Option<Ordering>,
    is_mixed: bool,
) -> Result<(), StoreError> {
    let shard = Shard::new(part.number.0, part.number.1).filter(|shard| shard.count() > 1);
    let condition = match shard.filter(|_| is_mixed) {
        Some(shard) => {
            choose_files(db, job.0, shard)?;
            "e.id IN (SELECT entry FROM scratch.files)"
        }
        None => "1",
    };
    let known = "EXISTS (SELECT 1 FROM main.entries t WHERE t.job_id = ?2 AND t.line = e.line AND t.path = e.path)";
    match age {
        None => put_entries(db, job, condition, ConflictRule::Replace),
        Some(Ordering::Greater) => {
            if part.is_listed {
                remove_gone(db, job, shard)?;
            }
            put_entries(db, job, condition, ConflictRule::Replace)
        }
        // One of them may be an earlier copy of the other.
        Some(Ordering::Equal) => put_entries(db, job, condition, ConflictRule::Fill),
        Some(Ordering::Less) => put_entries(db, job, &format!("{condition} AND {known}"), ConflictRule::Fill),
    }
}

/// Chooses the files of a job that a shard has.
fn choose_files(db: &Connection, job: JobId, shard: Shard) -> Result<(), StoreError> {
    db.execute("DELETE FROM scratch.files", [])?;
    let mut find = db.prepare("SELECT id, path FROM source.entries WHERE job_id = ?1")?;
    let mut put = db.prepare("INSERT INTO scratch.files (entry) VALUES (?1)")?;
    let mut rows = find.query([job])?;
    while let Some(row) = rows.next()? {
        let (entry, path): (i64, Vec<u8>) = (row.get(0)?, row.get(1)?);
        if shard.has(&path) {
            put.execute([entry])?;
        }
    }
    Ok(())
}

/// Replaces an entry.
const REPLACE: &str = "UPDATE SET size = excluded.size, mtime = excluded.mtime, ctime = excluded.ctime,
               inode = excluded.inode, content = excluded.content, page_count = excluded.page_count, selected = excluded.selected,
               fault = excluded.fault, message = excluded.message, carried = excluded.carried, set_id = excluded.set_id,
               settled_set = excluded.settled_set, repeats = excluded.repeats, decoder = excluded.decoder";

/// Whether an entry has nothing but what its folder or list states, and the file seems to be the same.
const UNOPENED: &str = "entries.content IS NULL AND entries.fault IS NULL AND entries.size = excluded.size";

/// Whether the entry that would replace one has nothing but that, as a run leaves it that ends early.
const NOTHING_NEW: &str = "excluded.content IS NULL AND excluded.fault IS NULL AND entries.size = excluded.size";

/// What becomes of an entry that both stores have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConflictRule {
    /// That of the source replaces it, unless its file was never opened there.
    Replace,
    /// It stays.
    Keep,
    /// It stays, unless its file was never opened.
    Fill,
}

/// Copies the entries of a job that meet a condition on `e`.
///
/// # Errors
/// When a store can't be read or written.
pub(crate) fn put_entries(
    db: &Connection,
    (own, merged): (JobId, JobId),
    condition: &str,
    conflict: ConflictRule,
) -> Result<(), StoreError> {
    let action = match conflict {
        ConflictRule::Replace => format!("{REPLACE} WHERE NOT ({NOTHING_NEW})"),
        ConflictRule::Keep => "NOTHING".to_owned(),
        ConflictRule::Fill => format!("{REPLACE} WHERE {UNOPENED}"),
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
        put.execute(params![own, merged, from, from + ROWS_AT_ONCE - 1])?;
        from += ROWS_AT_ONCE;
    }
    Ok(())
}

/// Removes the files of a shard that its newest store has not found.
fn remove_gone(db: &Connection, (own, merged): (JobId, JobId), shard: Option<Shard>) -> Result<(), StoreError> {
    let mut find = db.prepare(
        "SELECT t.id, t.path FROM main.entries t WHERE t.job_id = ?1
           AND NOT EXISTS (SELECT 1 FROM source.entries e WHERE e.job_id = ?2 AND e.line = t.line AND e.path = t.path)",
    )?;
    let mut put = db.prepare("INSERT OR IGNORE INTO scratch.gone (entry) VALUES (?1)")?;
    let mut rows = find.query([merged, own])?;
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
