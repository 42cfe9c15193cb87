//! Pages, their faults and features, and near duplicates.

use crate::base::ids::{JobId, PageId};
use crate::store::error::StoreError;
use crate::store::read::pages::page_key;
use crate::store::records::pages::{FaultRecord, FeaturesRecord, NearDuplicate};
use crate::store::sqlite::values::PageKey;
use rusqlite::{Connection, params};

/// The row of a page, and whether it was created: then nothing else refers to it yet.
pub(crate) fn find_or_add_page(db: &Connection, page: &PageId) -> Result<(PageKey, bool), StoreError> {
    if let Some(key) = page_key(db, page)? {
        return Ok((key, false));
    }
    db.prepare_cached("INSERT INTO pages (content, page) VALUES (?1, ?2)")?
        .execute(params![page.content, page.page])?;
    Ok((PageKey(db.last_insert_rowid()), true))
}

/// Stores why a page cannot be decoded by this version of the decoder.
pub(crate) fn put_fault(
    db: &Connection,
    page: &PageId,
    decoder_version: u32,
    fault: &FaultRecord,
) -> Result<(), StoreError> {
    let (key, _) = find_or_add_page(db, page)?;
    db.prepare_cached(
        "INSERT OR REPLACE INTO page_faults (page_id, decoder_version, kind, message) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![key, decoder_version, fault.kind, fault.message])?;
    Ok(())
}

/// Stores the features of a page, of this version.
pub(crate) fn put_features(
    db: &Connection,
    page: &PageId,
    version: u32,
    features: &FeaturesRecord,
) -> Result<(), StoreError> {
    let (key, _) = find_or_add_page(db, page)?;
    db.prepare_cached("INSERT OR REPLACE INTO marks (page_id, version, blank, fingerprint) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![key, version, features.is_blank, features.fingerprint])?;
    Ok(())
}

/// Stores which pages of a job are near duplicates, in place of what was stored before.
pub(crate) fn put_near_duplicates(db: &Connection, job: JobId, near: &[NearDuplicate]) -> Result<(), StoreError> {
    db.execute("DELETE FROM near WHERE job_id = ?1", [job])?;
    let mut insert =
        db.prepare_cached("INSERT OR REPLACE INTO near (job_id, page_id, like_id, distance) VALUES (?1, ?2, ?3, ?4)")?;
    for NearDuplicate { page, like, distance } in near {
        let (page, like) = (find_or_add_page(db, page)?.0, find_or_add_page(db, like)?.0);
        insert.execute(params![job, page, like, distance])?;
    }
    Ok(())
}
