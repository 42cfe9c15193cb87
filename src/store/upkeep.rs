//! Keeping a store: a copy of it, what can be read of a damaged one, and less of it.

use super::alive::is_alive;
use super::error::StoreError;
use super::schema;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params, params_from_iter};
use std::path::{Path, PathBuf};

/// Copies the store at `path` to `to`, as it is at one moment, also while runs write.
/// Whole and on the disk when this returns.
///
/// # Errors
/// When `to` is there already, or either can't be read or written.
pub fn back_up(path: &Path, to: &Path) -> Result<(), StoreError> {
    let db = schema::open_to_read(path)?;
    let unfinished = new_beside(to)?;
    let copied = db
        .execute("VACUUM INTO ?1", [unfinished.to_string_lossy()])
        .map_err(|error| StoreError::Failed(error.to_string()))
        .and_then(|_| finish(&unfinished, to));
    if copied.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    copied
}

/// The name of a file that becomes `to` when it is whole.
fn new_beside(to: &Path) -> Result<PathBuf, StoreError> {
    if to.exists() {
        return Err(StoreError::Failed(format!("{} is there already", to.display())));
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let unfinished = to.with_file_name(name);
    let _ = std::fs::remove_file(&unfinished);
    Ok(unfinished)
}

fn finish(unfinished: &Path, to: &Path) -> Result<(), StoreError> {
    crate::atomic::adopt(unfinished, to)
        .map_err(|error| StoreError::Failed(format!("can't write {}: {error}", to.display())))
}

/// Tables, and the columns that tell a row from others where there is no row number.
const TABLES: &[(&str, &str)] = &[
    ("jobs", "rowid"),
    ("recipes", "rowid"),
    ("recipe_sets", "rowid"),
    ("recipe_set_members", "set_id, position"),
    ("pages", "rowid"),
    ("answers", "page_id, recipe_id, sample"),
    ("page_faults", "rowid"),
    ("entries", "rowid"),
    ("runs", "rowid"),
    ("requests", "rowid"),
    ("attempts", "rowid"),
    ("budget", "rowid"),
    ("endpoints", "id"),
    ("marks", "rowid"),
    ("near", "job_id, page_id"),
    ("batches", "rowid"),
];

/// Copies what can be read of a damaged store to a new one at `to`; by table the rows that
/// were saved. What stands before and after a damaged place of a table is read.
///
/// # Errors
/// When `to` is there already or can't be written, or nothing of the store can be read.
pub fn salvage(path: &Path, to: &Path) -> Result<Vec<(&'static str, u64)>, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing { path: path.to_owned() });
    }
    let from = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| StoreError::open(path, error))?;
    let unfinished = new_beside(to)?;
    let mut into = schema::open(&unfinished)?;
    let mut saved = Vec::new();
    for (table, key) in TABLES {
        let transaction = into.transaction()?;
        // From both ends to the damage.
        let rows = copy(&from, &transaction, table, key, "ASC")? + copy(&from, &transaction, table, key, "DESC")?;
        transaction.commit()?;
        saved.push((*table, rows));
    }
    // What holds on to rows that were lost.
    into.execute_batch(
        "DELETE FROM answers WHERE page_id NOT IN (SELECT id FROM pages) OR recipe_id NOT IN (SELECT id FROM recipes);
         DELETE FROM requests WHERE page_id NOT IN (SELECT id FROM pages);
         DELETE FROM attempts WHERE request_id NOT IN (SELECT id FROM requests) OR run_id NOT IN (SELECT id FROM runs)
           OR budget_id NOT IN (SELECT id FROM budget);
         DELETE FROM entries WHERE job_id NOT IN (SELECT id FROM jobs);
         UPDATE entries SET settled_set = NULL;
         UPDATE budget SET reserved = (SELECT ifnull(sum(reserved), 0) FROM attempts a WHERE a.budget_id = budget.id AND a.state = 'open');
         PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;",
    )?;
    drop(into);
    finish(&unfinished, to)?;
    Ok(saved)
}

/// Copies the rows of a table up to the first that can't be read; how many were new.
fn copy(from: &Connection, into: &Connection, table: &str, key: &str, order: &str) -> Result<u64, StoreError> {
    let keys: Vec<String> = key.split(", ").map(|column| format!("{column} {order}")).collect();
    let Ok(mut read) = from.prepare(&format!("SELECT * FROM {table} ORDER BY {}", keys.join(", "))) else {
        return Ok(0);
    };
    let columns: Vec<String> = read.column_names().map(str::to_owned).collect();
    let places = vec!["?"; columns.len()].join(", ");
    let put = format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({places})", columns.join(", "));
    let mut put = into.prepare(&put)?;
    let Ok(mut rows) = read.query([]) else { return Ok(0) };
    let mut saved = 0;
    while let Ok(Some(row)) = rows.next() {
        let values: Result<Vec<Value>, _> = (0..columns.len()).map(|at| row.get(at)).collect();
        let Ok(values) = values else { break };
        saved += put.execute(params_from_iter(values))? as u64;
    }
    Ok(saved)
}

/// What was pruned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Answers that no job shows.
    pub answers: u64,
    /// Attempts at pages that no job has.
    pub attempts: u64,
    /// Pages that no job has.
    pub pages: u64,
}

/// Answers that no job could show: their page is in no job's latest listing, or their
/// recipe was asked by no run since.
const STALE: &str =
    "at < ?1 AND (page_id NOT IN (SELECT id FROM kept_pages) OR recipe_id NOT IN (SELECT id FROM kept_recipes))";

/// Takes away what is older than `before_ms` (wall time) and no job shows. `is_trial`:
/// only counts.
///
/// # Errors
/// When a run is under way, or the store can't be written.
pub fn prune(path: &Path, before_ms: i64, is_trial: bool, now_ms: i64) -> Result<Pruned, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing { path: path.to_owned() });
    }
    let mut db = schema::open(path)?;
    let transaction = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    if let Some(run) = living(&transaction, path, now_ms)? {
        return Err(StoreError::Failed(format!("the run {run} is under way; prune when it has ended")));
    }
    transaction.execute_batch(
        "CREATE TEMP TABLE kept_pages (id INTEGER PRIMARY KEY); CREATE TEMP TABLE kept_recipes (id INTEGER PRIMARY KEY);
         INSERT INTO kept_pages SELECT p.id FROM pages p WHERE p.content IN (SELECT content FROM entries WHERE content IS NOT NULL);",
    )?;
    transaction.execute(
        "INSERT OR IGNORE INTO kept_recipes SELECT m.recipe_id FROM recipe_set_members m
           WHERE m.set_id IN (SELECT set_id FROM runs WHERE started_at >= ?1 OR ended_at IS NULL OR id IN (SELECT max(id) FROM runs GROUP BY job_id))
              OR m.set_id IN (SELECT set_id FROM entries WHERE set_id IS NOT NULL)",
        [before_ms],
    )?;
    let changed = |count: usize| count as u64;
    let answers = changed(transaction.execute(&format!("DELETE FROM answers WHERE {STALE}"), [before_ms])?);
    // A page that nobody lists and that has no answer and no attempt since.
    let gone = "FROM pages WHERE id NOT IN (SELECT id FROM kept_pages) AND id NOT IN (SELECT page_id FROM answers)
           AND id NOT IN (SELECT r.page_id FROM requests r JOIN attempts a ON a.request_id = r.id WHERE a.opened_at >= ?1 OR a.state = 'open')";
    transaction.execute(&format!("CREATE TEMP TABLE gone AS SELECT id {gone}"), params![before_ms])?;
    let attempts = changed(transaction.execute(
        "DELETE FROM attempts WHERE request_id IN (SELECT id FROM requests WHERE page_id IN (SELECT id FROM gone))",
        [],
    )?);
    transaction.execute("DELETE FROM requests WHERE page_id IN (SELECT id FROM gone)", [])?;
    for table in ["marks", "page_faults", "near"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE page_id IN (SELECT id FROM gone)"), [])?;
    }
    let pages = changed(transaction.execute("DELETE FROM pages WHERE id IN (SELECT id FROM gone)", [])?);
    if is_trial {
        transaction.rollback()?;
    } else {
        transaction.commit()?;
        // Gives the room back to the disk.
        db.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);")?;
    }
    Ok(Pruned { answers, attempts, pages })
}

/// A run that lives.
fn living(db: &Connection, path: &Path, now_ms: i64) -> Result<Option<String>, StoreError> {
    let mut open = db.prepare("SELECT run_id, heartbeat FROM runs WHERE ended_at IS NULL")?;
    let rows = open.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
    let runs: Vec<(String, i64)> = rows.collect::<Result<_, _>>()?;
    Ok(runs.into_iter().find(|(run, heartbeat)| is_alive(path, run, *heartbeat, now_ms)).map(|(run, _)| run))
}
