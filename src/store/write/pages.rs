//! Pages, their faults and features, and near duplicates.

use crate::base::decoder_version::DECODER_VERSION;
use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId, Revision};
use crate::store::error::StoreError;
use crate::store::read::pages::page_key;
use crate::store::records::pages::{FeaturesRecord, NearDuplicate, PageFaultRecord, RereadFile};
use crate::store::sqlite::values::PageKey;
use rusqlite::{Connection, params};

/// The row of a page, and whether it was created: then nothing else refers to it yet.
pub(crate) fn find_or_add_page(db: &Connection, page: &PageId) -> Result<(PageKey, bool), StoreError> {
    if let Some(key) = page_key(db, page)? {
        return Ok((key, false));
    }
    db.prepare_cached("INSERT INTO pages (content, page, decoder) VALUES (?1, ?2, ?3)")?.execute(params![
        page.content,
        page.page,
        DECODER_VERSION
    ])?;
    Ok((PageKey(db.last_insert_rowid()), true))
}

/// Stores why a page cannot be decoded. Entries that were done with other renderers are looked at again: their page may
/// have had an answer then.
pub(crate) fn put_fault(db: &Connection, page: &PageId, fault: &PageFaultRecord) -> Result<(), StoreError> {
    let (key, _) = find_or_add_page(db, page)?;
    let PageFaultRecord { fault, decoder, renderers } = fault;
    db.prepare_cached(
        "INSERT OR REPLACE INTO page_faults (page_id, decoder_version, kind, message, renderers) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![key, decoder, fault.kind, fault.message, renderers])?;
    db.prepare_cached(
        "UPDATE entries SET settled_set = NULL
         WHERE job_id IN (SELECT id FROM jobs) AND content = ?1 AND settled_set IS NOT NULL",
    )?
    .execute([page.content])?;
    Ok(())
}

/// Stores what has drawn a page.
pub(crate) fn put_renderer(db: &Connection, page: &PageId, renderer: &str) -> Result<(), StoreError> {
    let (key, _) = find_or_add_page(db, page)?;
    db.prepare_cached("UPDATE pages SET renderer = ?2 WHERE id = ?1 AND renderer IS NOT ?2")?
        .execute(params![key, renderer])?;
    Ok(())
}

/// Brings the pages of a file that an earlier decoder has read up to date, in one step: their numbers,
/// which of them had a wrong picture, and that the current decoder has read them.
pub(crate) fn put_reread(db: &Connection, revision: Revision, file: &RereadFile) -> Result<(), StoreError> {
    let RereadFile { content, page_count, repeats, numbers, numbered_since, redrawn, faults, drops_blank } = file;
    let mut find = db.prepare_cached("SELECT id, page FROM pages WHERE content = ?1 AND decoder < ?2")?;
    let mut pages_before = |version: u32| -> Result<Vec<(PageKey, u32)>, StoreError> {
        let pages = find.query_map(params![content, version], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(pages.collect::<Result<_, _>>()?)
    };
    let outdated = pages_before(DECODER_VERSION)?;
    if let Some(numbers) = numbers {
        let outdated = pages_before(*numbered_since)?;
        renumber(db, content, &outdated, numbers)?;
    }
    // Pages that another process has brought up to date meanwhile may have been asked again since.
    let mut redraw = db.prepare_cached(
        "UPDATE pages SET redrawn = ?3, redrawn_reason = ?4 WHERE content = ?1 AND page = ?2 AND decoder < ?5",
    )?;
    for (page, reason) in redrawn {
        redraw.execute(params![content, page, revision, reason, DECODER_VERSION])?;
    }
    for (page, fault) in faults {
        put_fault(db, &PageId { content: *content, page: *page }, fault)?;
    }
    let mut mark = db.prepare_cached("UPDATE pages SET decoder = ?2 WHERE id = ?1")?;
    let mut drop = db.prepare_cached("DELETE FROM marks WHERE page_id = ?1 AND blank")?;
    for (key, _) in &outdated {
        mark.execute(params![key, DECODER_VERSION])?;
        if *drops_blank {
            drop.execute([key])?;
        }
    }
    if outdated.is_empty() {
        return Ok(());
    }
    // The pages moved for every entry with this content. Only the job knows which of them it selects.
    let repeats = (!repeats.is_empty()).then(|| serde_json::json!(repeats).to_string());
    db.prepare_cached(
        "UPDATE entries SET page_count = ?2, repeats = ?3, settled_set = NULL,
           decoder = CASE WHEN selected IS NULL THEN ?4 ELSE decoder END
         WHERE job_id IN (SELECT id FROM jobs) AND content = ?1 AND page_count > 0 AND decoder < ?4",
    )?
    .execute(params![content, page_count, repeats, DECODER_VERSION])?;
    Ok(())
}

/// Gives pages of a file their current numbers. Their stored data moves with them.
fn renumber(db: &Connection, content: &Digest, pages: &[(PageKey, u32)], numbers: &[u32]) -> Result<(), StoreError> {
    let number_now = |page: u32| {
        let place = usize::try_from(page).ok().and_then(|page| page.checked_sub(1));
        place.and_then(|place| numbers.get(place)).copied()
    };
    let moved: Vec<(PageKey, u32)> =
        pages.iter().filter_map(|(key, page)| Some((*key, number_now(*page).filter(|now| now != page)?))).collect();
    // Numbers are unique at every moment: the pages move by way of numbers that no page has.
    let mut away = db.prepare_cached(
        "UPDATE pages SET page = (SELECT max(page) FROM pages WHERE content = ?2) + ?3 WHERE id = ?1",
    )?;
    for (key, _) in &moved {
        away.execute(params![key, content, i64::try_from(numbers.len()).unwrap_or(i64::MAX)])?;
    }
    // Rows of former pages keep such a number, and so do rows whose new number is in use: nothing is deleted.
    let mut put = db.prepare_cached("UPDATE OR IGNORE pages SET page = ?2 WHERE id = ?1")?;
    for (key, now) in moved.iter().filter(|(_, now)| *now > 0) {
        put.execute(params![key, now])?;
    }
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

/// Stores which pages of a job are near duplicates, replacing what was stored before.
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
