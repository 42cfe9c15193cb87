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
    let mut find = db.prepare_cached(&format!(
        "SELECT {SHOWN_ANSWER} FROM shown_answers s JOIN pages p ON p.id = s.page_id
         WHERE p.content = ?1 AND p.page = ?2 AND s.job = ?3 AND s.reviewer = ?4 ORDER BY s.id"
    ))?;
    find.query_and_then(params![page.content, page.page, job, reviewer], |row| shown_answer(*page, row))?.collect()
}

/// The columns of a shown answer `s` and its page `p`.
pub(crate) const SHOWN_ANSWER: &str =
    "s.id, s.task, s.question, s.answer, s.shown_at, s.job, s.reviewer, p.id, p.content, p.page";

/// What a reviewer has seen of an answer to a page, whose columns are [`SHOWN_ANSWER`].
pub(crate) fn shown_answer(page: PageId, row: &Row<'_>) -> Result<ShownAnswer, StoreError> {
    let id: i64 = row.get(0)?;
    let cells = Cells::new(row, "shown_answers", || format!("row {id}"));
    Ok(ShownAnswer {
        page,
        job: cells.get(5)?,
        reviewer: cells.get(6)?,
        task: cells.get(1)?,
        question: cells.get(2)?,
        answer: cells.get(3)?,
        shown_at_ms: cells.get(4)?,
    })
}
