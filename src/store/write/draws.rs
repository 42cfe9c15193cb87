//! Draws: samples of pages.

use super::pages::find_or_add_page;
use crate::base::ids::DrawId;
use crate::store::error::StoreError;
use crate::store::read::draws::draw_pages;
use crate::store::read::runs::shard;
use crate::store::records::draws::NewDraw;
use crate::store::sqlite::values::count;
use rusqlite::{Connection, params};

/// Stores a draw; its id. One of the same pages, among as many, keeps the id that it has.
pub(crate) fn put(db: &Connection, draw: &NewDraw) -> Result<DrawId, StoreError> {
    let NewDraw { job, tasks, selection, rule, pages, population, drawn_at_ms } = draw;
    let tasks = serde_json::json!(tasks).to_string();
    let shard = shard(db)?;
    let key = params![job, tasks, selection, rule, count(pages.len() as u64), count(*population), shard];
    let mut find = db.prepare_cached(
        "SELECT id FROM draws WHERE job = ?1 AND tasks = ?2 AND selection IS ?3 AND rule = ?4 AND size = ?5 AND population = ?6
           AND shard IS ?7",
    )?;
    let known: Vec<DrawId> = find.query_map(key, |row| row.get(0))?.collect::<Result<_, _>>()?;
    for known in known {
        if draw_pages(db, known)? == *pages {
            return Ok(known);
        }
    }
    db.prepare_cached(
        "INSERT INTO draws (job, tasks, selection, rule, size, population, drawn_at, shard)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        job,
        tasks,
        selection,
        rule,
        count(pages.len() as u64),
        count(*population),
        drawn_at_ms,
        shard
    ])?;
    let id = DrawId(db.last_insert_rowid());
    let mut insert = db.prepare_cached("INSERT INTO draw_pages (draw_id, position, page_id) VALUES (?1, ?2, ?3)")?;
    for (position, page) in pages.iter().enumerate() {
        let (page, _) = find_or_add_page(db, page)?;
        insert.execute(params![id, count(position as u64), page])?;
    }
    Ok(id)
}
