//! Decisions: human answers.

use super::ledger::Ledger;
use super::pages::find_or_add_page;
use crate::base::ids::DecisionId;
use crate::store::error::StoreError;
use crate::store::records::decisions::NewDecision;
use rusqlite::{Connection, OptionalExtension, params};

/// Stores decisions; their ids, in the same order. One that is stored already, with the same value by the same
/// reviewer at the same time, is not stored again.
pub(crate) fn put(
    db: &Connection,
    ledger: &mut Ledger,
    decisions: &[NewDecision],
) -> Result<Vec<DecisionId>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT id FROM decisions WHERE page_id = ?1 AND job = ?2 AND task = ?3 AND question IS ?4 AND value = ?5
         AND reviewer = ?6 AND decided_at = ?7 AND withdrawn_at IS NULL",
    )?;
    let mut insert = db.prepare_cached(
        "INSERT INTO decisions (page_id, job, task, question, value, reviewer, decided_at, sampled_with, shown, revision)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let mut ids = Vec::with_capacity(decisions.len());
    for decision in decisions {
        let NewDecision { page, job, task, question, value, reviewer, decided_at_ms, sampled_with, shown } = decision;
        let (page, _) = find_or_add_page(db, page)?;
        let key = params![page, job, task, question, value, reviewer, decided_at_ms];
        if let Some(known) = find.query_row(key, |row| row.get(0)).optional()? {
            ids.push(known);
            continue;
        }
        let revision = ledger.revision(db)?;
        insert.execute(params![
            page,
            job,
            task,
            question,
            value,
            reviewer,
            decided_at_ms,
            sampled_with,
            shown,
            revision
        ])?;
        ids.push(DecisionId(db.last_insert_rowid()));
    }
    Ok(ids)
}

/// Withdraws a decision, unless it was withdrawn before.
pub(crate) fn withdraw(
    db: &Connection,
    ledger: &mut Ledger,
    decision: DecisionId,
    at_ms: i64,
) -> Result<(), StoreError> {
    let revision = ledger.revision(db)?;
    db.prepare_cached("UPDATE decisions SET withdrawn_at = ?2, revision = ?3 WHERE id = ?1 AND withdrawn_at IS NULL")?
        .execute(params![decision, at_ms, revision])?;
    Ok(())
}
