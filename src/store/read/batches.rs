//! Batches and their attempts.

use crate::base::ids::{AttemptId, AttemptName, BatchId, PageId, RecipeSetId, RunId, RunKey};
use crate::store::error::StoreError;
use crate::store::read::pages::page_id;
use crate::store::read::recipes::SetMembers;
use crate::store::read::runs::tasks;
use crate::store::records::batches::{BatchAttempt, BatchProgress, BatchRecord};
use crate::store::sqlite::cells::Cells;
use crate::store::sqlite::values::PageKey;
use rusqlite::{Connection, Row};

/// The batches of a run that have not ended, oldest first.
pub(crate) fn batches(db: &Connection, run: RunKey) -> Result<Vec<BatchRecord>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT id, key, state, requests, bytes, tokens, input_file, remote, price FROM batches WHERE run_id = ?1 AND state <> 'ended' ORDER BY id",
    )?;
    let batches = find.query_and_then([run], |row| {
        let batch: BatchId = row.get(0)?;
        let cells = Cells::new(row, "batches", || format!("batch {batch}"));
        let progress = BatchProgress {
            batch,
            state: cells.get(2)?,
            requests: cells.count(3)?,
            bytes: cells.count(4)?,
            tokens: cells.count(5)?,
            input_file: cells.get(6)?,
            remote: cells.get(7)?,
        };
        Ok(BatchRecord { progress, key: cells.get(1)?, price: cells.get(8)? })
    })?;
    batches.collect()
}

/// The open attempts of a batch, in the order of its file.
pub(crate) fn batch_attempts(
    db: &Connection,
    sets: &SetMembers,
    batch: BatchId,
) -> Result<Vec<BatchAttempt>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT a.id, a.sequence, a.expected, a.reserved, r.set_id, p.content, p.page, runs.run_id, runs.tasks
         FROM attempts a LEFT JOIN requests r ON r.id = a.request_id LEFT JOIN pages p ON p.id = r.page_id LEFT JOIN runs ON runs.id = r.run_id
         WHERE a.batch_id = ?1 AND a.state = 'open' ORDER BY a.id",
    )?;
    find.query_and_then([batch], |row| batch_attempt(db, sets, row))?.collect()
}

fn batch_attempt(db: &Connection, sets: &SetMembers, row: &Row<'_>) -> Result<BatchAttempt, StoreError> {
    let attempt: AttemptId = row.get(0)?;
    let cells = |table| Cells::new(row, table, move || format!("of attempt {attempt}"));
    let own = Cells::new(row, "attempts", || format!("attempt {attempt}"));
    let set: RecipeSetId = cells("requests").get(4)?;
    let run: RunId = cells("runs").get(7)?;
    Ok(BatchAttempt {
        attempt,
        name: own.optional_count(1)?.map(|sequence| AttemptName { run, sequence }),
        page: page_id(&cells("pages"), 5, 6)?,
        set,
        recipes: sets.of_set(db, set)?,
        expected: own.get(2)?,
        reserved: own.get(3)?,
        tasks: tasks(&cells("runs"), 8)?,
    })
}

/// The pages of all batches that have not ended.
pub(crate) fn pages_in_batches(db: &Connection) -> Result<Vec<PageId>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT DISTINCT p.id, p.content, p.page FROM attempts a JOIN requests r ON r.id = a.request_id JOIN pages p ON p.id = r.page_id
         WHERE a.batch_id IS NOT NULL AND a.state = 'open'",
    )?;
    let pages = find.query_and_then([], |row| {
        let key: PageKey = row.get(0)?;
        page_id(&Cells::new(row, "pages", || format!("page {}", key.0)), 1, 2)
    })?;
    pages.collect()
}

/// The keys of all batches that have not ended, of any run.
pub(crate) fn batch_keys(db: &Connection) -> Result<Vec<String>, StoreError> {
    let mut find = db.prepare_cached("SELECT key FROM batches WHERE state <> 'ended'")?;
    Ok(find.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}
