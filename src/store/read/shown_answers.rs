//! What reviewers have seen of the model's answers.

use crate::base::ids::PageId;
use crate::store::error::StoreError;
use crate::store::records::shown_answers::ShownAnswer;
use crate::store::sqlite::cells::Cells;
use rusqlite::{Connection, Row, params};

/// What a reviewer has seen of the answers to a page, for a job of this name.
pub(crate) fn shown_answers(
    db: &Connection,
    job: &str,
    reviewer: &str,
    page: &PageId,
) -> Result<Vec<ShownAnswer>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT s.id, s.task, s.question, s.answer, s.shown_at FROM shown_answers s JOIN pages p ON p.id = s.page_id
         WHERE p.content = ?1 AND p.page = ?2 AND s.job = ?3 AND s.reviewer = ?4 ORDER BY s.id",
    )?;
    let shown = |row: &Row<'_>| -> Result<ShownAnswer, StoreError> {
        let id: i64 = row.get(0)?;
        let cells = Cells::new(row, "shown_answers", || format!("row {id}"));
        Ok(ShownAnswer {
            page: *page,
            job: job.to_owned(),
            reviewer: reviewer.to_owned(),
            task: cells.get(1)?,
            question: cells.get(2)?,
            answer: cells.get(3)?,
            shown_at_ms: cells.get(4)?,
        })
    };
    find.query_and_then(params![page.content, page.page, job, reviewer], shown)?.collect()
}
