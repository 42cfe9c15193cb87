//! What the latest walk of a job found.

use super::error::StoreError;
use super::records::{EntryChange, EntryRecord, FaultRecord, MOST_RUNS, StoredPage};
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn change(db: &Connection, job: i64, changes: Vec<EntryChange>) -> Result<(), StoreError> {
    for change in changes {
        match change {
            EntryChange::Put(entry, page_fault) => {
                put(db, job, &entry, "")?;
                match (entry.content, page_fault) {
                    (Some(content), Some((page, decoder_version, fault))) => {
                        put_fault(db, &StoredPage { content, page }, decoder_version, &fault)?;
                    }
                    // It was read: what stood in the way is gone.
                    (Some(content), None) => {
                        db.prepare_cached(
                            "DELETE FROM page_faults WHERE page_id IN (SELECT id FROM pages WHERE content = ?1)",
                        )?
                        .execute([content.as_bytes()])?;
                    }
                    (None, _) => {}
                }
            }
            EntryChange::Listed(entry) => put(
                db,
                job,
                &entry,
                " WHERE entries.size <> excluded.size OR entries.ctime <> excluded.ctime OR entries.inode <> excluded.inode",
            )?,
            EntryChange::Gone(path) => {
                db.prepare_cached("DELETE FROM entries WHERE job_id = ?1 AND path = ?2")?
                    .execute(params![job, path])?;
            }
        }
    }
    Ok(())
}

fn put(db: &Connection, job: i64, entry: &EntryRecord, only: &str) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(&format!(
        "INSERT INTO entries (job_id, path, size, mtime, ctime, inode, content, page_count, fault, message, settled_set)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (job_id, path) DO UPDATE SET size = excluded.size, mtime = excluded.mtime, ctime = excluded.ctime,
           inode = excluded.inode, content = excluded.content, page_count = excluded.page_count, fault = excluded.fault,
           message = excluded.message, settled_set = excluded.settled_set{only}",
    ))?;
    let fault = entry.fault.as_ref();
    insert.execute(params![
        job,
        entry.path,
        as_signed(entry.size),
        entry.modified_ns,
        entry.changed_ns,
        as_signed(entry.inode),
        entry.content.as_ref().map(|content| content.as_bytes().as_slice()),
        entry.page_count,
        fault.map(|fault| &fault.kind),
        fault.map(|fault| &fault.message),
        entry.settled_set,
    ])?;
    Ok(())
}

fn put_fault(db: &Connection, page: &StoredPage, decoder_version: u32, fault: &FaultRecord) -> Result<(), StoreError> {
    let id = page_id(db, page)?;
    db.prepare_cached(
        "INSERT OR REPLACE INTO page_faults (page_id, decoder_version, kind, message) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![id, decoder_version, fault.kind, fault.message])?;
    Ok(())
}

/// The page's key, made when it is new.
pub(super) fn page_id(db: &Connection, page: &StoredPage) -> Result<i64, StoreError> {
    Ok(find_or_add_page(db, page)?.0)
}

/// The page's key, and whether it is new: then nothing else knows of it yet.
pub(super) fn find_or_add_page(db: &Connection, page: &StoredPage) -> Result<(i64, bool), StoreError> {
    if let Some(id) = find_page(db, page)? {
        return Ok((id, false));
    }
    db.prepare_cached("INSERT INTO pages (content, page) VALUES (?1, ?2)")?
        .execute(params![page.content.as_bytes(), page.page])?;
    Ok((db.last_insert_rowid(), true))
}

pub(super) fn find_page(db: &Connection, page: &StoredPage) -> Result<Option<i64>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM pages WHERE content = ?1 AND page = ?2")?;
    Ok(find.query_row(params![page.content.as_bytes(), page.page], |row| row.get(0)).optional()?)
}

/// Marks entries whose every page has a final outcome under every recipe of the set, or
/// a fault under this decoder.
pub(super) fn settle(db: &Connection, job: i64, set: i64, decoder_version: u32) -> Result<(), StoreError> {
    let final_outcomes = format!(
        "SELECT count(*) FROM pages p JOIN answers a ON a.page_id = p.id
         WHERE p.content = entries.content AND p.page BETWEEN 1 AND entries.page_count AND a.sample = 0
           AND a.recipe_id IN (SELECT recipe_id FROM recipe_set_members WHERE set_id = ?2)
           AND (a.passing = 0 OR a.runs >= {MOST_RUNS})"
    );
    let wanted = "SELECT count(DISTINCT recipe_id) FROM recipe_set_members WHERE set_id = ?2";
    let faulty = "SELECT 1 FROM pages p JOIN page_faults f ON f.page_id = p.id WHERE p.content = entries.content AND f.decoder_version = ?3";
    db.execute(
        &format!(
            "UPDATE entries SET settled_set = ?2
             WHERE job_id = ?1 AND content IS NOT NULL AND settled_set IS NOT ?2
               AND (EXISTS ({faulty}) OR (page_count > 0 AND ({final_outcomes}) = page_count * ({wanted})))"
        ),
        params![job, set, decoder_version],
    )?;
    Ok(())
}

/// SQLite's integers are signed; sizes and inodes are stored bit for bit.
pub(super) fn as_signed(value: u64) -> i64 {
    value.cast_signed()
}
