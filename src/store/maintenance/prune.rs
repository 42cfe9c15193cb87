//! Deleting what no job shows.

use crate::base::ids::RunId;
use crate::store::error::StoreError;
use crate::store::sqlite::charged::charged_by_run;
use crate::store::sqlite::run_lock::is_alive;
use crate::store::sqlite::schema;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// The deleted rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// The number of answers that no job shows.
    pub answers: u64,
    /// The number of attempts at pages that no job has. Reports on old runs do not count them any
    /// more.
    pub attempts: u64,
    /// The number of pages that no job has.
    pub pages: u64,
    /// Whether all pages were kept, because files of a job changed and have not been read since:
    /// their pages are not known.
    pub has_held_back: bool,
    /// Whether the file was made smaller.
    pub is_compact: bool,
}

/// The pages to keep: those that the latest walk of a job found (all pages while some of its files have not been read)
/// and those with human answers, and the recipes under which files of a job are done, that a run asked since, or
/// that the latest run of a job and the latest finished one asked. Runs that only tried something count only while they
/// are that new.
const KEPT: &str = "
CREATE TEMP TABLE kept_pages (id INTEGER PRIMARY KEY);
INSERT INTO kept_pages SELECT id FROM pages WHERE content IN (SELECT content FROM entries WHERE content IS NOT NULL)
   OR EXISTS (SELECT 1 FROM entries WHERE content IS NULL)
   OR id IN (SELECT page_id FROM decisions WHERE withdrawn_at IS NULL);
CREATE TEMP TABLE kept_recipes (id INTEGER PRIMARY KEY);
CREATE TEMP TABLE stale (page_id INTEGER, recipe_id INTEGER);
CREATE TEMP TABLE gone (id INTEGER PRIMARY KEY);";

/// Deletes data that is older than `before_ms` (wall time) and that no job shows. A dry run only counts.
///
/// # Errors
/// When a run is in progress, or the store cannot be written.
pub fn prune(path: &Path, before_ms: i64, is_dry_run: bool, now_ms: i64) -> Result<Pruned, StoreError> {
    if !schema::exists(path)? {
        return Err(StoreError::Missing { path: path.to_owned() });
    }
    let mut db = schema::open(path)?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(run) = live_run(&transaction, path, now_ms)? {
        return Err(StoreError::Failed(format!("the run {run} is in progress: prune after it has ended")));
    }
    transaction.execute_batch(KEPT)?;
    transaction.execute(
        "INSERT OR IGNORE INTO kept_recipes SELECT recipe_id FROM recipe_set_members WHERE set_id IN (
           SELECT set_id FROM runs WHERE started_at >= ?1 OR ended_at IS NULL OR id IN (SELECT max(id) FROM runs WHERE NOT is_trial GROUP BY job_id)
             OR id IN (SELECT max(id) FROM runs WHERE outcome IN ('complete', 'failed_pages', 'limited') GROUP BY job_id)
           UNION SELECT set_id FROM entries WHERE set_id IS NOT NULL UNION SELECT settled_set FROM entries WHERE settled_set IS NOT NULL)",
        [before_ms],
    )?;
    transaction.execute(
        "INSERT INTO stale SELECT page_id, recipe_id FROM answers WHERE at < ?1
           AND (page_id NOT IN (SELECT id FROM kept_pages) OR recipe_id NOT IN (SELECT id FROM kept_recipes))",
        [before_ms],
    )?;
    let changed = |count: usize| count as u64;
    let answers = changed(
        transaction
            .execute("DELETE FROM answers WHERE (page_id, recipe_id) IN (SELECT page_id, recipe_id FROM stale)", [])?,
    );
    // Files that were done with them are read again.
    transaction.execute(
        "UPDATE entries SET settled_set = NULL WHERE content IN (SELECT content FROM pages WHERE id IN (SELECT page_id FROM stale))",
        [],
    )?;
    // Pages that no job lists, without an answer and without an attempt since.
    transaction.execute(
        "INSERT INTO gone SELECT id FROM pages WHERE id NOT IN (SELECT id FROM kept_pages) AND id NOT IN (SELECT page_id FROM answers)
           AND id NOT IN (SELECT r.page_id FROM requests r JOIN attempts a ON a.request_id = r.id WHERE a.opened_at >= ?1 OR a.state = 'open')",
        [before_ms],
    )?;
    // The charge remains: a merge combines it run by run.
    let is_pruned = "(run_id, budget_id) IN (SELECT a.run_id, a.budget_id FROM gone g CROSS JOIN requests r ON r.page_id = g.id CROSS JOIN attempts a ON a.request_id = r.id)";
    transaction.execute(
        &format!("INSERT OR REPLACE INTO pruned_runs (run_id, budget_id, spent) {}", charged_by_run("main", is_pruned)),
        [],
    )?;
    let attempts = changed(transaction.execute(
        "DELETE FROM attempts WHERE request_id IN (SELECT id FROM requests WHERE page_id IN (SELECT id FROM gone))",
        [],
    )?);
    for table in ["requests", "marks", "page_faults", "near", "decisions", "draw_pages", "shown_answers"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE page_id IN (SELECT id FROM gone)"), [])?;
    }
    transaction.execute("DELETE FROM near WHERE like_id IN (SELECT id FROM gone)", [])?;
    let pages = changed(transaction.execute("DELETE FROM pages WHERE id IN (SELECT id FROM gone)", [])?);
    let has_held_back: bool =
        transaction.query_row("SELECT EXISTS (SELECT 1 FROM entries WHERE content IS NULL)", [], |row| row.get(0))?;
    if is_dry_run {
        transaction.rollback()?;
    } else {
        transaction.commit()?;
    }
    // On a disk without room for a second copy the file keeps its size.
    let is_compact = is_dry_run || db.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);").is_ok();
    Ok(Pruned { answers, attempts, pages, has_held_back, is_compact })
}

/// A run that is alive.
fn live_run(db: &Connection, path: &Path, now_ms: i64) -> Result<Option<RunId>, StoreError> {
    let mut open = db.prepare("SELECT run_id, heartbeat FROM runs WHERE ended_at IS NULL")?;
    let rows = open.query_map([], |row| Ok((row.get::<_, RunId>(0)?, row.get::<_, i64>(1)?)))?;
    let runs: Vec<(RunId, i64)> = rows.collect::<Result<_, _>>()?;
    Ok(runs.into_iter().find(|(run, heartbeat)| is_alive(path, run, *heartbeat, now_ms)).map(|(run, _)| run))
}
