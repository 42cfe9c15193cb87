//! Decisions: human answers.

use crate::base::digest::Digest;
use crate::base::ids::{DecisionId, JobId, PageId};
use crate::store::error::StoreError;
use crate::store::records::decisions::{DecisionRecord, NewDecision};
use crate::store::sqlite::cells::Cells;
use crate::store::sqlite::values::PageKey;
use rusqlite::{Connection, Row, params};

/// The columns that [`decision`] reads, and their tables.
pub(crate) const DECISION: &str =
    "d.id, p.content, p.page, d.job, d.task, d.question, d.value, d.reviewer, d.decided_at, d.sampled_with, d.shown,
 d.withdrawn_at IS NOT NULL, d.draw_id, d.group_id FROM decisions d JOIN pages p ON p.id = d.page_id";

/// Whether there is a decision under the name of a job.
pub(crate) fn has_decisions(db: &Connection, job: JobId) -> Result<bool, StoreError> {
    let mut find =
        db.prepare_cached("SELECT EXISTS (SELECT 1 FROM decisions WHERE job = (SELECT name FROM jobs WHERE id = ?1))")?;
    Ok(find.query_row([job], |row| row.get(0))?)
}

/// The decisions on a page under the name of a job that were not withdrawn, oldest first.
pub(crate) fn decisions_of_row(db: &Connection, job: JobId, page: PageKey) -> Result<Vec<DecisionRecord>, StoreError> {
    let mut find = db.prepare_cached(&format!(
        "SELECT {DECISION} WHERE d.page_id = ?1 AND d.job = (SELECT name FROM jobs WHERE id = ?2) AND d.withdrawn_at IS NULL
         ORDER BY d.decided_at, d.reviewer, d.id"
    ))?;
    find.query_and_then(params![page, job], decision)?.collect()
}

/// The decisions on a page for a job of this name that were not withdrawn, oldest first.
pub(crate) fn decisions(db: &Connection, job: &str, page: &PageId) -> Result<Vec<DecisionRecord>, StoreError> {
    let mut find = db.prepare_cached(&format!(
        "SELECT {DECISION} WHERE p.content = ?1 AND p.page = ?2 AND d.job = ?3 AND d.withdrawn_at IS NULL
         ORDER BY d.decided_at, d.reviewer, d.id"
    ))?;
    find.query_and_then(params![page.content, page.page, job], decision)?.collect()
}

/// The next decisions for a job of this name after `after`, in the order in which they were stored, with
/// those that were withdrawn.
pub(crate) fn all_decisions(
    db: &Connection,
    job: &str,
    after: DecisionId,
    limit: usize,
) -> Result<Vec<DecisionRecord>, StoreError> {
    let mut find =
        db.prepare_cached(&format!("SELECT {DECISION} WHERE d.job = ?1 AND d.id > ?2 ORDER BY d.id LIMIT ?3"))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    find.query_and_then(params![job, after, limit], decision)?.collect()
}

/// A decision whose columns are [`DECISION`].
pub(crate) fn decision(row: &Row<'_>) -> Result<DecisionRecord, StoreError> {
    let id: DecisionId = row.get(0)?;
    let cells = Cells::new(row, "decisions", || format!("decision {id}"));
    let sampled_with: Option<f64> = cells.get(9)?;
    if sampled_with.is_some_and(|probability| !(probability > 0.0 && probability <= 1.0)) {
        return Err(cells.damaged(9, "not a probability"));
    }
    let decision = NewDecision {
        page: PageId { content: cells.get::<Digest>(1)?, page: cells.get(2)? },
        job: cells.get(3)?,
        task: cells.get(4)?,
        question: cells.get(5)?,
        value: cells.get(6)?,
        reviewer: cells.get(7)?,
        decided_at_ms: cells.get(8)?,
        sampled_with,
        draw: cells.get(12)?,
        shown: cells.get(10)?,
    };
    Ok(DecisionRecord { id, decision, group: cells.get(13)?, is_withdrawn: cells.get(11)? })
}
