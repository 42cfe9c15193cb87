//! What the latest walk of a job found.

use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId, RecipeSetId};
use crate::store::error::StoreError;
use crate::store::records::pages::{
    EntryChange, EntryRecord, FaultRecord, FeaturesRecord, MOST_RUNS, NearRecord, Versions,
};
use rusqlite::{Connection, OptionalExtension, params};

pub(crate) fn change(db: &Connection, job: JobId, changes: Vec<EntryChange>) -> Result<(), StoreError> {
    for change in changes {
        match change {
            EntryChange::Put(entry) => put(db, job, &entry, "")?,
            EntryChange::Listed(entry) => {
                put(
                    db,
                    job,
                    &entry,
                    " WHERE entries.size <> excluded.size OR entries.ctime <> excluded.ctime OR entries.inode <> excluded.inode",
                )?;
                // What the list says of it is known without a look at it.
                db.prepare_cached(
                    "UPDATE entries SET carried = ?4, set_id = ?5 WHERE job_id = ?1 AND line = ?2 AND path = ?3",
                )?
                .execute(params![job, as_signed(entry.line), entry.path, entry.carried, entry.set])?;
            }
            EntryChange::Gone(line, path) => {
                db.prepare_cached("DELETE FROM entries WHERE job_id = ?1 AND line = ?2 AND path = ?3")?
                    .execute(params![job, as_signed(line), path])?;
            }
            EntryChange::PageFault(page, version, fault) => put_fault(db, &page, version, &fault)?,
            EntryChange::Features(page, version, marks) => put_marks(db, &page, version, &marks)?,
        }
    }
    Ok(())
}

/// Says which pages of the job are like others, in place of what was said before.
pub(crate) fn put_near(db: &Connection, job: JobId, near: &[NearRecord]) -> Result<(), StoreError> {
    db.execute("DELETE FROM near WHERE job_id = ?1", [job])?;
    let mut insert =
        db.prepare_cached("INSERT OR REPLACE INTO near (job_id, page_id, like_id, distance) VALUES (?1, ?2, ?3, ?4)")?;
    for NearRecord { page, like, distance } in near {
        insert.execute(params![job, page_id(db, page)?, page_id(db, like)?, distance])?;
    }
    Ok(())
}

fn put(db: &Connection, job: JobId, entry: &EntryRecord, only: &str) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(&format!(
        "INSERT INTO entries (job_id, line, path, size, mtime, ctime, inode, content, page_count, selected, fault, message, carried, set_id, settled_set)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
         ON CONFLICT (job_id, line, path) DO UPDATE SET size = excluded.size, mtime = excluded.mtime, ctime = excluded.ctime,
           inode = excluded.inode, content = excluded.content, page_count = excluded.page_count, selected = excluded.selected,
           fault = excluded.fault, message = excluded.message, carried = excluded.carried, set_id = excluded.set_id,
           settled_set = excluded.settled_set{only}",
    ))?;
    let fault = entry.fault.as_ref();
    insert.execute(params![
        job,
        as_signed(entry.line),
        entry.path,
        as_signed(entry.size),
        entry.modified_ns,
        entry.changed_ns,
        as_signed(entry.inode),
        entry.content.as_ref().map(|content| content.as_bytes().as_slice()),
        entry.page_count,
        entry.selected.as_ref().map(|pages| serde_json::json!(pages).to_string()),
        fault.map(|fault| fault.kind),
        fault.map(|fault| &fault.message),
        entry.carried,
        entry.set,
        entry.settled_set,
    ])?;
    Ok(())
}

fn put_fault(db: &Connection, page: &PageId, decoder_version: u32, fault: &FaultRecord) -> Result<(), StoreError> {
    let id = page_id(db, page)?;
    db.prepare_cached(
        "INSERT OR REPLACE INTO page_faults (page_id, decoder_version, kind, message) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![id, decoder_version, fault.kind, fault.message])?;
    Ok(())
}

fn put_marks(db: &Connection, page: &PageId, version: u32, marks: &FeaturesRecord) -> Result<(), StoreError> {
    let id = page_id(db, page)?;
    db.prepare_cached("INSERT OR REPLACE INTO marks (page_id, version, blank, fingerprint) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, version, marks.is_blank, marks.fingerprint])?;
    Ok(())
}

/// The page's key, made when it is new.
pub(crate) fn page_id(db: &Connection, page: &PageId) -> Result<i64, StoreError> {
    Ok(find_or_add_page(db, page)?.0)
}

/// The page's key, and whether it is new: then nothing else knows of it yet.
pub(crate) fn find_or_add_page(db: &Connection, page: &PageId) -> Result<(i64, bool), StoreError> {
    if let Some(id) = find_page(db, page)? {
        return Ok((id, false));
    }
    db.prepare_cached("INSERT INTO pages (content, page) VALUES (?1, ?2)")?
        .execute(params![page.content.as_bytes(), page.page])?;
    Ok((db.last_insert_rowid(), true))
}

pub(crate) fn find_page(db: &Connection, page: &PageId) -> Result<Option<i64>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM pages WHERE content = ?1 AND page = ?2")?;
    Ok(find.query_row(params![page.content.as_bytes(), page.page], |row| row.get(0)).optional()?)
}

pub(crate) fn find_page_by_id(db: &Connection, id: i64) -> Result<Option<PageId>, StoreError> {
    let mut find = db.prepare_cached("SELECT content, page FROM pages WHERE id = ?1")?;
    let row = find.query_row([id], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))).optional()?;
    Ok(row.and_then(|(content, page)| Some(PageId { content: Digest::from_slice(&content)?, page })))
}

/// What settles a page besides its outcomes.
#[derive(Clone, Copy, Debug)]
pub struct Settling {
    /// The set of all recipes of the job.
    pub set: RecipeSetId,
    /// Faults and marks under these versions count.
    pub versions: Versions,
    /// Whether blank pages are left out.
    pub skips_blank: bool,
    /// Whether pages that are like others are left out.
    pub skips_near: bool,
}

/// Marks entries of which every page that is meant has a final outcome under every recipe
/// of its set, or a fault under this decoder, or is left out.
pub(crate) fn settle(db: &Connection, job: JobId, settling: Settling) -> Result<(), StoreError> {
    let set = "ifnull(entries.set_id, ?2)";
    let recipes = format!("SELECT recipe_id FROM recipe_set_members WHERE set_id = {set}");
    let fault = "EXISTS (SELECT 1 FROM page_faults f WHERE f.page_id = p.id AND f.decoder_version = ?3)";
    let is_blank = "EXISTS (SELECT 1 FROM marks m WHERE m.page_id = p.id AND m.version = ?4 AND m.blank = 1)";
    let is_near = format!(
        "EXISTS (SELECT 1 FROM near n WHERE n.job_id = ?1 AND n.page_id = p.id)
         AND NOT EXISTS (SELECT 1 FROM answers a WHERE a.page_id = p.id AND a.recipe_id IN ({recipes}))"
    );
    let statement = format!(
        "UPDATE entries SET settled_set = {set}
         WHERE job_id = ?1 AND content IS NOT NULL AND settled_set IS NOT {set} AND (
           (page_count = 0 AND EXISTS (SELECT 1 FROM pages p WHERE p.content = entries.content AND p.page = 0 AND {fault}))
           OR (page_count > 0 AND ifnull(json_array_length(selected), page_count) = (
             SELECT count(*) FROM pages p
             WHERE p.content = entries.content AND p.page BETWEEN 1 AND entries.page_count
               AND (entries.selected IS NULL OR p.page IN (SELECT value FROM json_each(entries.selected)))
               AND ({fault} OR ?5 AND {is_blank} OR ?6 AND {is_near} OR (
                 SELECT count(*) FROM answers a WHERE a.page_id = p.id AND a.sample = 0 AND a.recipe_id IN ({recipes})
                   AND (a.passing = 0 OR a.runs >= {MOST_RUNS})
               ) = (SELECT count(DISTINCT recipe_id) FROM recipe_set_members WHERE set_id = {set})))))",
    );
    let Settling { set, versions, skips_blank, skips_near } = settling;
    db.execute(&statement, params![job, set, versions.decoder, versions.marks, skips_blank, skips_near])?;
    Ok(())
}

/// SQLite's integers are signed; sizes and inodes are stored bit for bit.
pub(crate) fn as_signed(value: u64) -> i64 {
    value.cast_signed()
}
