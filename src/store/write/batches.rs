//! Batches: many attempts in one file of the provider. The attempts of a batch that was
//! submitted outlive their run: the next run collects them.

use super::attempts;
use super::ledger::Ledger;
use crate::base::ids::{AttemptId, BatchId, RunId, RunKey};
use crate::base::money::Pico;
use crate::base::vocabulary::BatchState;
use crate::store::error::StoreError;
use crate::store::records::attempts::Settlement;
use crate::store::records::batches::{BatchChange, BatchStart};
use crate::store::sqlite::values::{BudgetKey, count};
use rusqlite::{Connection, params};

/// Begins a batch, in the state `filling`.
pub(crate) fn begin(db: &Connection, start: &BatchStart) -> Result<BatchId, StoreError> {
    db.execute(
        "INSERT INTO batches (key, run_id, job_id, endpoint, state, price, made_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![start.key, start.run, start.job, start.provider, BatchState::Filling, start.price, start.at_ms],
    )?;
    Ok(BatchId(db.last_insert_rowid()))
}

/// Records the state of a batch. Attempts that are still open when it ends are lost: otherwise
/// their reservations would be held indefinitely.
pub(crate) fn change(db: &Connection, ledger: &mut Ledger, change: &BatchChange) -> Result<(), StoreError> {
    let BatchChange { progress, message, at_ms } = change;
    let has_ended = progress.state == BatchState::Ended;
    if has_ended {
        for open in open_attempts(db, progress.batch)? {
            attempts::mark_one_lost(db, ledger, open.attempt, (open.budget, open.reserved), *at_ms)?;
        }
    }
    db.execute(
        "UPDATE batches SET state = ?2, requests = ?3, bytes = ?4, tokens = ?5, input_file = ?6, remote = ?7, message = ?8, ended_at = ?9 WHERE id = ?1",
        params![
            progress.batch,
            progress.state,
            count(progress.requests),
            count(progress.bytes),
            count(progress.tokens),
            progress.input_file,
            progress.remote,
            message,
            has_ended.then_some(at_ms),
        ],
    )?;
    Ok(())
}

/// An open attempt and its reservation.
struct Reservation {
    attempt: AttemptId,
    budget: BudgetKey,
    reserved: Pico,
}

fn open_attempts(db: &Connection, batch: BatchId) -> Result<Vec<Reservation>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT id, budget_id, ifnull(reserved, 0) FROM attempts WHERE batch_id = ?1 AND state = 'open'",
    )?;
    let rows = find.query_map([batch], |row| {
        Ok(Reservation { attempt: row.get(0)?, budget: row.get(1)?, reserved: row.get(2)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Deletes a batch that was never submitted, and returns its reservations: no part of it was sent.
pub(crate) fn withdraw(db: &Connection, ledger: &mut Ledger, batch: BatchId) -> Result<(), StoreError> {
    for open in open_attempts(db, batch)? {
        ledger.charge(db, open.budget, open.reserved, Pico::ZERO)?;
        // The row stays. SQLite would reuse its id, and then the attempts of a run would no longer be a range of ids.
        db.prepare_cached("UPDATE attempts SET state = 'withdrawn', reserved = 0, batch_id = NULL WHERE id = ?1")?
            .execute([open.attempt])?;
    }
    db.execute("DELETE FROM batches WHERE id = ?1", [batch])?;
    Ok(())
}

/// Withdraws the batch that a run was filling when it ended.
pub(crate) fn withdraw_filling(db: &Connection, ledger: &mut Ledger, run: RunKey) -> Result<(), StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM batches WHERE run_id = ?1 AND state = 'filling'")?;
    let filling: Vec<BatchId> = find.query_map([run], |row| row.get(0))?.collect::<Result<_, _>>()?;
    filling.into_iter().try_for_each(|batch| withdraw(db, ledger, batch))
}

/// Gives a run the batches of a provider, of any job, that have not ended, unless another live
/// run has them. Of live runs that are `stalled` it gets the submitted ones: a process that continues after all finds
/// them collected.
pub(crate) fn take_over(db: &Connection, run: RunKey, provider: &str, stalled: &[RunId]) -> Result<(), StoreError> {
    let stalled = serde_json::json!(stalled.iter().map(RunId::as_str).collect::<Vec<_>>()).to_string();
    db.execute(
        "UPDATE batches SET run_id = ?1 WHERE endpoint = ?2 AND state <> 'ended' AND run_id <> ?1
           AND (NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = batches.run_id AND runs.ended_at IS NULL)
             OR state = 'submitted' AND run_id IN (SELECT id FROM runs WHERE runs.run_id IN (SELECT value FROM json_each(?3))))",
        params![run, provider, stalled],
    )?;
    // The run that collects the attempts is charged for them.
    db.execute(
        "UPDATE attempts SET run_id = ?1 WHERE state = 'open' AND batch_id IN (SELECT id FROM batches WHERE run_id = ?1 AND state <> 'ended')",
        [run],
    )?;
    db.execute(
        "UPDATE runs SET first_attempt = min(first_attempt, ifnull(
           (SELECT min(a.id) FROM attempts a JOIN batches b ON b.id = a.batch_id WHERE b.run_id = ?1 AND a.state = 'open'), first_attempt)) WHERE id = ?1",
        [run],
    )?;
    Ok(())
}

/// Settles attempts of a batch. Settled attempts are unchanged.
pub(crate) fn settle(db: &Connection, ledger: &mut Ledger, settlements: &[Settlement]) -> Result<(), StoreError> {
    for settlement in settlements {
        let is_open = db
            .prepare_cached("SELECT 1 FROM attempts WHERE id = ?1 AND state = 'open'")?
            .exists([settlement.attempt])?;
        if is_open {
            attempts::settle(db, ledger, settlement)?;
        }
    }
    Ok(())
}
