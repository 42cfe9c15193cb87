//! The entries of a job.

use crate::base::digest::Digest;
use crate::base::ids::{JobId, RecipeSetId};
use crate::base::json_text::JsonText;
use crate::store::error::StoreError;
use crate::store::read::pages::fault;
use crate::store::records::entries::EntryRecord;
use crate::store::sqlite::cells::Cells;
use crate::store::sqlite::values::as_signed;
use rusqlite::{Connection, Row, params};

/// The columns that [`entry`] reads.
pub(crate) const ENTRY: &str = "line, path, size, mtime, ctime, inode, content, page_count, selected, fault, message, carried, set_id, settled_set, id, repeats, decoder";

/// The next entries of a job after `after` (line, path), in their order.
pub(crate) fn entries(
    db: &Connection,
    job: JobId,
    after: (u64, &[u8]),
    limit: usize,
) -> Result<Vec<EntryRecord>, StoreError> {
    let mut find = db.prepare_cached(&format!(
        "SELECT {ENTRY} FROM entries WHERE job_id = ?1 AND (line, path) > (?2, ?3) ORDER BY line, path LIMIT ?4"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    find.query_and_then(params![job, as_signed(after.0), after.1, limit], entry)?.collect()
}

/// A readable entry of a job with this path, on any line.
pub(crate) fn entry_with_path(db: &Connection, job: JobId, path: &[u8]) -> Result<Option<EntryRecord>, StoreError> {
    let mut find = db.prepare_cached(&format!(
        "SELECT {ENTRY} FROM entries WHERE job_id = ?1 AND path = ?2 AND content IS NOT NULL LIMIT 1"
    ))?;
    find.query_and_then(params![job, path], entry)?.next().transpose()
}

/// The entry of a job on this line with this path.
pub(crate) fn entry_at(db: &Connection, job: JobId, position: (u64, &[u8])) -> Result<Option<EntryRecord>, StoreError> {
    let mut find =
        db.prepare_cached(&format!("SELECT {ENTRY} FROM entries WHERE job_id = ?1 AND line = ?2 AND path = ?3"))?;
    find.query_and_then(params![job, as_signed(position.0), position.1], entry)?.next().transpose()
}

/// The readable entries of a job with this path, at most `limit`, in their order: several lines of a list may
/// have one path.
pub(crate) fn entries_with_path(
    db: &Connection,
    job: JobId,
    path: &[u8],
    limit: usize,
) -> Result<Vec<EntryRecord>, StoreError> {
    let mut find = db.prepare_cached(&format!(
        "SELECT {ENTRY} FROM entries WHERE job_id = ?1 AND path = ?2 AND content IS NOT NULL ORDER BY +line LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    find.query_and_then(params![job, path, limit], entry)?.collect()
}

/// The entries of a job with this content, at most `limit`, in their order.
pub(crate) fn entries_with_content(
    db: &Connection,
    job: JobId,
    content: &Digest,
    limit: usize,
) -> Result<Vec<EntryRecord>, StoreError> {
    let mut find = db.prepare_cached(&format!(
        "SELECT {ENTRY} FROM entries WHERE job_id = ?1 AND content = ?2 ORDER BY line, path LIMIT ?3"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    find.query_and_then(params![job, content, limit], entry)?.collect()
}

/// Whether a job has an entry with this path, readable or not.
pub(crate) fn has_path(db: &Connection, job: JobId, path: &[u8]) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM entries WHERE job_id = ?1 AND path = ?2)")?;
    Ok(find.query_row(params![job, path], |row| row.get(0))?)
}

/// The path of the first entry of a job with this content.
pub(crate) fn path_of_content(db: &Connection, job: JobId, content: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let mut find =
        db.prepare_cached("SELECT path FROM entries WHERE job_id = ?1 AND content = ?2 ORDER BY line, path LIMIT 1")?;
    Ok(find.query_map(params![job, content], |row| row.get(0))?.next().transpose()?)
}

/// The number of a job's entries that are done under `set`; `None`: under any set.
pub(crate) fn done_entries(db: &Connection, job: JobId, set: Option<RecipeSetId>) -> Result<u64, StoreError> {
    let mut count = db.prepare_cached(
        "SELECT count(*) FROM entries WHERE job_id = ?1 AND settled_set IS NOT NULL AND settled_set = ifnull(?2, settled_set)",
    )?;
    let entries: i64 = count.query_row(params![job, set], |row| row.get(0))?;
    Ok(entries.cast_unsigned())
}

/// An entry whose columns are [`ENTRY`].
pub(crate) fn entry(row: &Row<'_>) -> Result<EntryRecord, StoreError> {
    let id: i64 = row.get(14)?;
    let cells = Cells::new(row, "entries", || format!("entry {id}"));
    let carried: Option<JsonText> = cells.get(11)?;
    if carried.as_ref().is_some_and(|text| !text.is_object()) {
        return Err(cells.damaged(11, "not a JSON object"));
    }
    Ok(EntryRecord {
        line: cells.get::<i64>(0)?.cast_unsigned(),
        path: cells.get(1)?,
        size: cells.get::<i64>(2)?.cast_unsigned(),
        modified_ns: cells.get(3)?,
        changed_ns: cells.get(4)?,
        inode: cells.get::<i64>(5)?.cast_unsigned(),
        content: cells.get(6)?,
        page_count: cells.get(7)?,
        repeats: cells.optional_json(15)?.unwrap_or_default(),
        decoder: cells.get(16)?,
        selected: cells.optional_json(8)?,
        fault: fault(&cells, 9, 10)?,
        carried,
        set: cells.get(12)?,
        settled_set: cells.get(13)?,
    })
}

/// The number of entries of a job.
pub(crate) fn entry_count(db: &Connection, job: JobId) -> Result<u64, StoreError> {
    let mut find = db.prepare_cached("SELECT count(*) FROM entries WHERE job_id = ?1")?;
    let count: i64 = find.query_row([job], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}
