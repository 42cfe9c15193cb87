//! Batches: many attempts in one file of the provider's. The attempts of one that was
//! submitted outlive their run: the next one collects them.

use super::attempts;
use super::entries::find_page_by_id;
use super::ledger::Ledger;
use super::runs::tasks_from_json;
use crate::base::ids::{AttemptId, BatchId, PageId, RunKey};
use crate::base::money::Pico;
use crate::base::vocabulary::BatchState;
use crate::store::error::StoreError;
use crate::store::read::reader::Reader;
use crate::store::records::attempts::Settlement;
use crate::store::records::batches::{BatchAttempt, BatchChange, BatchProgress, BatchRecord, BatchStart};
use rusqlite::{Connection, params};

/// Begins a batch; its key.
pub(crate) fn begin(db: &Connection, start: &BatchStart) -> Result<BatchId, StoreError> {
    db.execute(
        "INSERT INTO batches (key, run_id, job_id, endpoint, state, price, made_at) VALUES (?1, ?2, ?3, ?4, 'filling', ?5, ?6)",
        params![start.key, start.run, start.job, start.provider, start.price, start.at_ms],
    )?;
    Ok(BatchId(db.last_insert_rowid()))
}

pub(crate) fn change(db: &Connection, ledger: &mut Ledger, change: &BatchChange) -> Result<(), StoreError> {
    let BatchChange { progress, message, at_ms } = change;
    if progress.state == BatchState::Ended {
        // A batch that has ended has nothing open: it would be held for ever.
        for open in open_of(db, progress.batch)? {
            ledger.spend(db, open.budget, open.reserved, open.reserved)?;
            db.prepare_cached("UPDATE attempts SET state = 'lost', cost = reserved, settled_at = ?2 WHERE id = ?1")?
                .execute(params![open.attempt, at_ms])?;
        }
    }
    db.execute(
        "UPDATE batches SET state = ?2, requests = ?3, bytes = ?4, tokens = ?5, input_file = ?6, remote = ?7, message = ?8,
           ended_at = CASE WHEN ?2 = 'ended' THEN ?9 END WHERE id = ?1",
        params![
            progress.batch,
            progress.state,
            signed(progress.requests),
            signed(progress.bytes),
            signed(progress.tokens),
            progress.input_file,
            progress.remote,
            message,
            at_ms
        ],
    )?;
    Ok(())
}

/// An attempt that is open, and what is set aside for it.
struct Open {
    attempt: AttemptId,
    budget: i64,
    reserved: Pico,
}

fn open_of(db: &Connection, batch: BatchId) -> Result<Vec<Open>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT id, budget_id, ifnull(reserved, 0) FROM attempts WHERE batch_id = ?1 AND state = 'open'",
    )?;
    let rows = find.query_map([batch], |row| {
        Ok(Open { attempt: row.get(0)?, budget: row.get(1)?, reserved: Pico(row.get(2)?) })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Forgets a batch that was never submitted: nothing of it was sent.
pub(crate) fn withdraw(db: &Connection, ledger: &mut Ledger, batch: BatchId) -> Result<(), StoreError> {
    for open in open_of(db, batch)? {
        ledger.spend(db, open.budget, open.reserved, Pico::ZERO)?;
        // Not deleted: a key that is given again would stand in another run's range.
        db.prepare_cached("UPDATE attempts SET state = 'withdrawn', reserved = 0, batch_id = NULL WHERE id = ?1")?
            .execute([open.attempt])?;
    }
    db.execute("DELETE FROM batches WHERE id = ?1", [batch])?;
    Ok(())
}

/// Withdraws what a run that is over was still filling.
pub(crate) fn withdraw_filling(db: &Connection, ledger: &mut Ledger, run: RunKey) -> Result<(), StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM batches WHERE run_id = ?1 AND state = 'filling'")?;
    let filling: Vec<BatchId> = find.query_map([run], |row| row.get(0))?.collect::<Result<_, _>>()?;
    filling.into_iter().try_for_each(|batch| withdraw(db, ledger, batch))
}

/// Makes the batches of a provider that have not ended those of a run, of whichever job,
/// unless another run that lives has them.
pub(crate) fn adopt(db: &Connection, run: RunKey, provider: &str) -> Result<(), StoreError> {
    db.execute(
        "UPDATE batches SET run_id = ?1 WHERE endpoint = ?2 AND state <> 'ended'
           AND NOT EXISTS (SELECT 1 FROM runs WHERE runs.id = batches.run_id AND runs.ended_at IS NULL)",
        params![run, provider],
    )?;
    // What its attempts cost is the spend of the run that collects them.
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

/// Settles attempts of a batch; those that are settled already stay as they are.
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

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Reader {
    /// The batches of a run that have not ended, oldest first.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn batches(&self, run: RunKey) -> Result<Vec<BatchRecord>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT id, key, state, requests, bytes, tokens, input_file, remote, price FROM batches WHERE run_id = ?1 AND state <> 'ended' ORDER BY id",
        )?;
        let rows = find.query_map([run], |row| {
            let progress = BatchProgress {
                batch: row.get(0)?,
                state: row.get(2)?,
                requests: row.get::<_, i64>(3)?.cast_unsigned(),
                bytes: row.get::<_, i64>(4)?.cast_unsigned(),
                tokens: row.get::<_, i64>(5)?.cast_unsigned(),
                input_file: row.get(6)?,
                remote: row.get(7)?,
            };
            Ok(BatchRecord { progress, key: row.get(1)?, price: row.get(8)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The attempts of a batch that are open, in the order of its file.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn batch_attempts(&self, batch: BatchId) -> Result<Vec<BatchAttempt>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT a.id, r.page_id, r.set_id, a.expected, a.reserved, runs.tasks
             FROM attempts a JOIN requests r ON r.id = a.request_id JOIN runs ON runs.id = r.run_id
             WHERE a.batch_id = ?1 AND a.state = 'open' ORDER BY a.id",
        )?;
        let mut rows = find.query([batch])?;
        let mut attempts = Vec::new();
        while let Some(row) = rows.next()? {
            let Some(page) = find_page_by_id(&self.db, row.get(1)?)? else { continue };
            attempts.push(BatchAttempt {
                attempt: row.get(0)?,
                page,
                set: row.get(2)?,
                recipes: self.set_members(row.get(2)?)?,
                expected: row.get::<_, Option<i64>>(3)?.map(Pico),
                reserved: row.get::<_, Option<i64>>(4)?.map(Pico),
                tasks: tasks_from_json(&row.get::<_, String>(5)?),
            });
        }
        Ok(attempts)
    }

    /// The pages of all batches that have not ended.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn pages_in_batches(&self) -> Result<Vec<PageId>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT DISTINCT r.page_id FROM attempts a JOIN requests r ON r.id = a.request_id WHERE a.batch_id IS NOT NULL AND a.state = 'open'",
        )?;
        let ids: Vec<i64> = find.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        ids.into_iter().filter_map(|id| find_page_by_id(&self.db, id).transpose()).collect()
    }

    /// The keys of all batches that have not ended, whoever has them.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn batch_keys(&self) -> Result<Vec<String>, StoreError> {
        let mut find = self.db.prepare_cached("SELECT key FROM batches WHERE state <> 'ended'")?;
        Ok(find.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}
