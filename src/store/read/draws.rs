//! Draws: samples of pages.

use crate::base::ids::{DrawId, PageId};
use crate::store::error::StoreError;
use crate::store::records::draws::DrawRecord;
use crate::store::sqlite::cells::Cells;
use rusqlite::{Connection, Row};

/// The draws for a job of this name, oldest first.
pub(crate) fn draws(db: &Connection, job: &str) -> Result<Vec<DrawRecord>, StoreError> {
    let mut find = db.prepare_cached(&format!("SELECT {DRAW} FROM draws WHERE job = ?1 ORDER BY id"))?;
    find.query_and_then([job], draw)?.collect()
}

/// The pages of a draw, in the order in which they were drawn.
pub(crate) fn draw_pages(db: &Connection, draw: DrawId) -> Result<Vec<PageId>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT p.content, p.page FROM draw_pages d JOIN pages p ON p.id = d.page_id WHERE d.draw_id = ?1 ORDER BY d.position",
    )?;
    let page = |row: &Row<'_>| -> Result<PageId, StoreError> {
        let cells = Cells::new(row, "draw_pages", || format!("draw {draw}"));
        Ok(PageId { content: cells.get(0)?, page: cells.get(1)? })
    };
    find.query_and_then([draw], page)?.collect()
}

/// The columns that [`draw`] reads.
pub(crate) const DRAW: &str = "id, tasks, selection, rule, size, population, drawn_at, shard";

/// A draw whose columns are [`DRAW`].
pub(crate) fn draw(row: &Row<'_>) -> Result<DrawRecord, StoreError> {
    let id: DrawId = row.get(0)?;
    let cells = Cells::new(row, "draws", || format!("draw {id}"));
    Ok(DrawRecord {
        id,
        tasks: cells.json(1)?,
        selection: cells.get(2)?,
        rule: cells.get(3)?,
        size: cells.count(4)?,
        population: cells.count(5)?,
        drawn_at_ms: cells.get(6)?,
        shard: cells.get(7)?,
    })
}
