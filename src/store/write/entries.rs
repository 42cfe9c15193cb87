//! What the latest walk of a job found.

use super::pages::{put_fault, put_features, put_renderer};
use crate::base::ids::{JobId, RunKey};
use crate::store::error::StoreError;
use crate::store::records::entries::{EntryChange, EntryRecord};
use crate::store::sqlite::values::as_signed;
use rusqlite::{Connection, params};

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
                // This comes from the list, whether the file was read or not.
                db.prepare_cached(
                    "UPDATE entries SET carried = ?4, set_id = ?5 WHERE job_id = ?1 AND line = ?2 AND path = ?3",
                )?
                .execute(params![job, as_signed(entry.line), entry.path, entry.carried, entry.set])?;
            }
            EntryChange::Missing(run, entry) => {
                if !has_later_run(db, job, run)? {
                    put(db, job, &entry, "")?;
                }
            }
            EntryChange::Gone(line, path) => {
                db.prepare_cached("DELETE FROM entries WHERE job_id = ?1 AND line = ?2 AND path = ?3")?
                    .execute(params![job, as_signed(line), path])?;
            }
            EntryChange::PageFault(page, fault) => put_fault(db, &page, &fault)?,
            EntryChange::Renderer(page, renderer) => put_renderer(db, &page, &renderer)?,
            EntryChange::Features(page, version, features) => put_features(db, &page, version, &features)?,
        }
    }
    Ok(())
}

/// Whether a run of the job has begun after `run`.
fn has_later_run(db: &Connection, job: JobId, run: RunKey) -> Result<bool, StoreError> {
    Ok(db.prepare_cached("SELECT 1 FROM runs WHERE job_id = ?1 AND id > ?2")?.exists(params![job, run])?)
}

/// Stores an entry. `only` restricts which stored entries are replaced.
fn put(db: &Connection, job: JobId, entry: &EntryRecord, only: &str) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(&format!(
        "INSERT INTO entries (job_id, line, path, size, mtime, ctime, inode, content, page_count, selected, fault, message, carried, set_id, settled_set, repeats, decoder)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
         ON CONFLICT (job_id, line, path) DO UPDATE SET size = excluded.size, mtime = excluded.mtime, ctime = excluded.ctime,
           inode = excluded.inode, content = excluded.content, page_count = excluded.page_count, selected = excluded.selected,
           fault = excluded.fault, message = excluded.message, carried = excluded.carried, set_id = excluded.set_id,
           settled_set = excluded.settled_set, repeats = excluded.repeats, decoder = excluded.decoder{only}",
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
        entry.content,
        entry.page_count,
        entry.selected.as_ref().map(|pages| serde_json::json!(pages).to_string()),
        fault.map(|fault| fault.kind),
        fault.map(|fault| &fault.message),
        entry.carried,
        entry.set,
        entry.settled_set,
        (!entry.repeats.is_empty()).then(|| serde_json::json!(entry.repeats).to_string()),
        entry.decoder,
    ])?;
    Ok(())
}
