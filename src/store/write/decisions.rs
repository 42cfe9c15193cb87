//! Decisions: human answers.

use super::ledger::Ledger;
use super::pages::find_or_add_page;
use crate::base::ids::DecisionId;
use crate::store::error::StoreError;
use crate::store::records::decisions::NewDecision;
use rusqlite::{Connection, OptionalExtension, params};

/// Stores decisions; their ids, in the same order. One that is stored already, with the same value by the same
/// reviewer at the same time, and with or without an answer that was shown, is not stored again. `is_group`: they were made together.
pub(crate) fn put(
    db: &Connection,
    ledger: &mut Ledger,
    decisions: &[NewDecision],
    is_group: bool,
) -> Result<Vec<DecisionId>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT id FROM decisions WHERE page_id = ?1 AND job = ?2 AND task = ?3 AND question IS ?4 AND value = ?5
         AND reviewer = ?6 AND decided_at = ?7 AND (shown IS NULL) = (?8 IS NULL) AND withdrawn_at IS NULL",
    )?;
    let mut insert = db.prepare_cached(
        "INSERT INTO decisions (id, page_id, job, task, question, value, reviewer, decided_at, sampled_with, shown, revision,
           draw_id, group_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    // Above every id that a decision or a group has, so that no later group gets the id of an earlier one.
    let mut next: i64 = db.query_row("SELECT ifnull(max(id), 0) + 1 FROM decisions", [], |row| row.get(0))?;
    let first = next;
    let mut ids = Vec::with_capacity(decisions.len());
    for decision in decisions {
        let NewDecision { page, job, task, question, value, reviewer, decided_at_ms, sampled_with, draw, shown } =
            decision;
        let (page, _) = find_or_add_page(db, page)?;
        let key = params![page, job, task, question, value, reviewer, decided_at_ms, shown];
        if let Some(known) = find.query_row(key, |row| row.get(0)).optional()? {
            ids.push(known);
            continue;
        }
        let revision = ledger.revision(db)?;
        let group = if is_group { first } else { next };
        insert.execute(params![
            next,
            page,
            job,
            task,
            question,
            value,
            reviewer,
            decided_at_ms,
            sampled_with,
            shown,
            revision,
            draw,
            group
        ])?;
        ids.push(DecisionId(next));
        next += 1;
    }
    Ok(ids)
}

/// Withdraws the decisions of a group that were not withdrawn before: their ids.
pub(crate) fn withdraw_group(
    db: &Connection,
    ledger: &mut Ledger,
    group: DecisionId,
    at_ms: i64,
) -> Result<Vec<DecisionId>, StoreError> {
    let revision = ledger.revision(db)?;
    let mut withdraw = db.prepare_cached(
        "UPDATE decisions SET withdrawn_at = ?2, revision = ?3 WHERE group_id = ?1 AND withdrawn_at IS NULL RETURNING id",
    )?;
    let ids = withdraw.query_map(params![group, at_ms, revision], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}
