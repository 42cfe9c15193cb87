//! What reviewers have seen of the model's answers.

use super::pages::find_or_add_page;
use crate::store::error::StoreError;
use crate::store::records::shown_answers::ShownAnswer;
use rusqlite::{Connection, params};

/// Notes that answers are shown. What a reviewer has seen first of a task of a page stays.
pub(crate) fn put(db: &Connection, shown: &[ShownAnswer]) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO shown_answers (page_id, job, reviewer, task, question, answer, shown_at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM shown_answers
           WHERE page_id = ?1 AND job = ?2 AND reviewer = ?3 AND task = ?4 AND question IS ?5)",
    )?;
    for one in shown {
        let ShownAnswer { page, job, reviewer, task, question, answer, shown_at_ms } = one;
        let (page, _) = find_or_add_page(db, page)?;
        insert.execute(params![page, job, reviewer, task, question, answer, shown_at_ms])?;
    }
    Ok(())
}
