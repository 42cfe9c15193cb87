//! Batches and their attempts.

use crate::base::ids::{AttemptId, AttemptName, BatchId, JobId, PageId, RecipeId, RecipeSetId, RunId, RunKey};
use crate::base::vocabulary::{AttemptPurpose, VerdictName};
use crate::store::error::StoreError;
use crate::store::read::pages::page_id;
use crate::store::read::recipes::SetMembers;
use crate::store::read::runs::tasks;
use crate::store::records::batches::{BatchAttempt, BatchProgress, BatchRecord, EarlierAttempts};
use crate::store::sqlite::cells::Cells;
use crate::store::sqlite::values::PageKey;
use rusqlite::{Connection, Row, params};

/// The batches of a run that have not ended, oldest first.
pub(crate) fn batches(db: &Connection, run: RunKey) -> Result<Vec<BatchRecord>, StoreError> {
    let mut find =
        db.prepare_cached(&format!("SELECT {BATCH} FROM batches WHERE run_id = ?1 AND state <> 'ended' ORDER BY id"))?;
    find.query_and_then([run], batch)?.collect()
}

/// The columns that [`batch`] reads.
pub(crate) const BATCH: &str = "id, key, state, requests, bytes, tokens, input_file, remote, price";

/// A batch whose columns are [`BATCH`].
pub(crate) fn batch(row: &Row<'_>) -> Result<BatchRecord, StoreError> {
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
}

/// The open attempts of a batch, in the order of its file.
pub(crate) fn batch_attempts(
    db: &Connection,
    sets: &SetMembers,
    batch: BatchId,
) -> Result<Vec<BatchAttempt>, StoreError> {
    let mut find =
        db.prepare_cached(&format!("SELECT {BATCH_ATTEMPT} WHERE a.batch_id = ?1 AND a.state = 'open' ORDER BY a.id"))?;
    find.query_and_then([batch], |row| batch_attempt(db, sets, row))?.collect()
}

/// The columns that [`batch_attempt`] reads, and their tables.
pub(crate) const BATCH_ATTEMPT: &str =
    "a.id, a.sequence, a.expected, a.reserved, r.set_id, p.content, p.page, runs.run_id, runs.tasks, a.purpose, p.id
 FROM attempts a LEFT JOIN requests r ON r.id = a.request_id LEFT JOIN pages p ON p.id = r.page_id LEFT JOIN runs ON runs.id = r.run_id";

/// An attempt whose columns are [`BATCH_ATTEMPT`].
pub(crate) fn batch_attempt(db: &Connection, sets: &SetMembers, row: &Row<'_>) -> Result<BatchAttempt, StoreError> {
    let attempt: AttemptId = row.get(0)?;
    let cells = |table| Cells::new(row, table, move || format!("of attempt {attempt}"));
    let own = Cells::new(row, "attempts", || format!("attempt {attempt}"));
    let set: RecipeSetId = cells("requests").get(4)?;
    let run: RunId = cells("runs").get(7)?;
    let purpose: Option<AttemptPurpose> = own.get(9)?;
    Ok(BatchAttempt {
        attempt,
        name: own.optional_count(1)?.map(|sequence| AttemptName { run, sequence }),
        // Versions 1 and 2 of the store did not record it.
        purpose: purpose.unwrap_or(AttemptPurpose::Ask),
        earlier: earlier_attempts(db, cells("pages").get(10)?, set)?,
        page: page_id(&cells("pages"), 5, 6)?,
        set,
        recipes: sets.of_set(db, set)?,
        expected: own.get(2)?,
        reserved: own.get(3)?,
        tasks: tasks(&cells("runs"), 8)?,
    })
}

/// The settled attempts of batches at questions of `set` about a page, since the last outcome of any of these.
fn earlier_attempts(db: &Connection, page: PageKey, set: RecipeSetId) -> Result<EarlierAttempts, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT a.purpose, a.verdict FROM requests r JOIN attempts a ON a.request_id = r.id
         WHERE r.page_id = ?1 AND a.batch_id IS NOT NULL AND a.state = 'settled'
           AND r.id > (SELECT ifnull(max(w.request_id), 0) FROM answers w JOIN recipe_set_members m ON m.recipe_id = w.recipe_id
                       WHERE w.page_id = ?1 AND m.set_id = ?2)
           AND EXISTS (SELECT 1 FROM recipe_set_members own JOIN recipe_set_members other ON other.recipe_id = own.recipe_id
                       WHERE own.set_id = ?2 AND other.set_id = r.set_id)",
    )?;
    let attempts = find.query_and_then(params![page, set], |row| {
        let cells = Cells::new(row, "attempts", || format!("of page {}", page.0));
        Ok::<_, StoreError>((cells.get::<Option<AttemptPurpose>>(0)?, cells.get::<Option<VerdictName>>(1)?))
    })?;
    let mut earlier = EarlierAttempts::default();
    for attempt in attempts {
        let (purpose, verdict) = attempt?;
        let has_reply = verdict == Some(VerdictName::Done);
        earlier.replies += u32::from(has_reply);
        earlier.repairs += u32::from(has_reply && purpose == Some(AttemptPurpose::Repair));
        earlier.retries += u32::from(verdict == Some(VerdictName::Retry));
    }
    Ok(earlier)
}

/// The pages of all batches that have not ended, each with a recipe that it is asked there.
pub(crate) fn recipes_in_batches(db: &Connection) -> Result<Vec<(PageId, RecipeId)>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT DISTINCT p.id, p.content, p.page, m.recipe_id FROM attempts a JOIN requests r ON r.id = a.request_id JOIN pages p ON p.id = r.page_id
           JOIN recipe_set_members m ON m.set_id = r.set_id
         WHERE a.batch_id IS NOT NULL AND a.state = 'open'",
    )?;
    let pages = find.query_and_then([], |row| {
        let key: PageKey = row.get(0)?;
        let page = page_id(&Cells::new(row, "pages", || format!("page {}", key.0)), 1, 2)?;
        Ok::<_, StoreError>((page, row.get(3)?))
    })?;
    pages.collect()
}

/// The batches of a job that have not ended, are at other providers, and belong to no active run: by provider, how
/// many.
pub(crate) fn batches_elsewhere(db: &Connection, job: JobId, provider: &str) -> Result<Vec<(String, u64)>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT endpoint, count(*) FROM batches b WHERE job_id = ?1 AND endpoint <> ?2 AND state <> 'ended'
           AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = b.run_id AND r.ended_at IS NULL)
         GROUP BY endpoint ORDER BY endpoint",
    )?;
    let batches = find.query_and_then(params![job, provider], |row| {
        let cells = Cells::new(row, "batches", || format!("of job {job}"));
        Ok::<_, StoreError>((cells.get(0)?, cells.count(1)?))
    })?;
    batches.collect()
}

/// The keys of all batches that have not ended, of any run.
pub(crate) fn batch_keys(db: &Connection) -> Result<Vec<String>, StoreError> {
    let mut find = db.prepare_cached("SELECT key FROM batches WHERE state <> 'ended'")?;
    Ok(find.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}
