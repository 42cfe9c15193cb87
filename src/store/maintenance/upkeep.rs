//! Keeping a store: a copy of it, what can be read of a damaged one, and less of it.

use crate::base::ids::RunId;
use crate::store::error::StoreError;
use crate::store::sqlite::run_lock::is_alive;
use crate::store::sqlite::schema;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use std::path::{Path, PathBuf};

/// Copies the store at `path` to `to`, as it is at one moment, also while runs write.
/// Whole and on the disk when this returns.
///
/// # Errors
/// When `to` is there already, or either can't be read or written.
pub fn back_up(path: &Path, to: &Path) -> Result<(), StoreError> {
    let db = schema::open_to_read(path)?;
    let unfinished = new_beside(to)?;
    let name = unfinished.to_str().ok_or_else(|| StoreError::Failed(format!("{} is no UTF-8", to.display())))?;
    let copied = db
        .execute("VACUUM INTO ?1", [name])
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
    crate::base::atomic_file::sync_and_rename(unfinished, to)
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

/// What is mended after a salvage: nothing holds on to rows that were lost. The ledger stays:
/// what was paid was paid, whichever run or budget it was. A set that lost members is none that
/// a job would find again.
const MENDED: &str = "
DELETE FROM answers WHERE page_id NOT IN (SELECT id FROM pages) OR recipe_id NOT IN (SELECT id FROM recipes);
DELETE FROM marks WHERE page_id NOT IN (SELECT id FROM pages);
DELETE FROM page_faults WHERE page_id NOT IN (SELECT id FROM pages);
DELETE FROM near WHERE page_id NOT IN (SELECT id FROM pages) OR like_id NOT IN (SELECT id FROM pages);
DELETE FROM recipe_set_members WHERE recipe_id NOT IN (SELECT id FROM recipes);
INSERT OR IGNORE INTO recipe_sets (id, hash) SELECT DISTINCT set_id, randomblob(32) FROM recipe_set_members;
UPDATE recipe_sets SET hash = randomblob(32) WHERE id NOT IN
  (SELECT set_id FROM recipe_set_members GROUP BY set_id HAVING max(position) + 1 = count(*));
DELETE FROM requests WHERE page_id NOT IN (SELECT id FROM pages);
DELETE FROM attempts WHERE request_id NOT IN (SELECT id FROM requests);
INSERT OR IGNORE INTO runs (id, run_id, job_id, set_id, model, tasks, started_at, heartbeat, first_attempt, ended_at, outcome)
  SELECT DISTINCT run_id, 'salvaged-' || run_id, 0, 0, '', '[]', 0, 0, 0, 0, 'died' FROM attempts;
INSERT OR IGNORE INTO budget (id, scope, spent, reserved)
  SELECT budget_id, 'salvaged-' || budget_id, sum(ifnull(cost, 0)), 0 FROM attempts GROUP BY budget_id;
DELETE FROM entries WHERE job_id NOT IN (SELECT id FROM jobs);
UPDATE entries SET settled_set = NULL;
UPDATE entries SET set_id = NULL WHERE set_id NOT IN (SELECT id FROM recipe_sets);
UPDATE budget SET reserved = (SELECT ifnull(sum(reserved), 0) FROM attempts a WHERE a.budget_id = budget.id AND a.state = 'open');
PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;";

/// What was saved of a damaged store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// By table: the rows that are there now.
    pub rows: Vec<(&'static str, u64)>,
    /// Budgets of attempts whose line was lost: budgets count anew.
    pub lost_budgets: u64,
}

/// Copies what can be read of a damaged store to a new one at `to`. What stands before and
/// after a damaged place of a table is read.
///
/// # Errors
/// When `to` is there already or can't be written, or nothing of the store can be read.
pub fn salvage(path: &Path, to: &Path) -> Result<Salvaged, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing { path: path.to_owned() });
    }
    if !path.is_file() {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let from = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| StoreError::open(path, error))?;
    from.busy_timeout(std::time::Duration::from_secs(30))?;
    let unfinished = new_beside(to)?;
    let salvaged = save(&from, &unfinished).and_then(|salvaged| {
        if salvaged.rows.iter().all(|(_, rows)| *rows == 0) {
            return Err(StoreError::Failed(format!("nothing of {} can be read", path.display())));
        }
        finish(&unfinished, to)?;
        Ok(salvaged)
    });
    if salvaged.is_err() {
        for ending in ["", "-wal", "-shm"] {
            let mut name = unfinished.clone().into_os_string();
            name.push(ending);
            let _ = std::fs::remove_file(name);
        }
    }
    salvaged
}

fn save(from: &Connection, unfinished: &Path) -> Result<Salvaged, StoreError> {
    let mut into = schema::open(unfinished)?;
    for (table, key) in TABLES {
        let transaction = into.transaction()?;
        // From both ends to the damage.
        copy(from, &transaction, table, key, "ASC")?;
        copy(from, &transaction, table, key, "DESC")?;
        transaction.commit()?;
    }
    into.execute_batch(MENDED)?;
    let count = |query: &str| -> Result<u64, StoreError> {
        Ok(into.query_row(query, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
    };
    let rows = TABLES.iter().map(|(table, _)| Ok((*table, count(&format!("SELECT count(*) FROM {table}"))?)));
    let rows = rows.collect::<Result<_, StoreError>>()?;
    Ok(Salvaged { rows, lost_budgets: count("SELECT count(*) FROM budget WHERE scope LIKE 'salvaged-%'")? })
}

/// Copies the rows of a table up to the first that can't be read.
fn copy(from: &Connection, into: &Connection, table: &str, key: &str, order: &str) -> Result<(), StoreError> {
    let keys: Vec<String> = key.split(", ").map(|column| format!("{column} {order}")).collect();
    let Ok(mut read) = from.prepare(&format!("SELECT * FROM {table} ORDER BY {}", keys.join(", "))) else {
        return Ok(());
    };
    let columns: Vec<String> = read.column_names().map(str::to_owned).collect();
    let places = vec!["?"; columns.len()].join(", ");
    let put = format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({places})", columns.join(", "));
    let mut put = into.prepare(&put)?;
    let Ok(mut rows) = read.query([]) else { return Ok(()) };
    while let Ok(Some(row)) = rows.next() {
        let values: Result<Vec<Value>, _> = (0..columns.len()).map(|at| row.get(at)).collect();
        let Ok(values) = values else { break };
        put.execute(params_from_iter(values))?;
    }
    Ok(())
}

/// What was pruned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Answers that no job shows.
    pub answers: u64,
    /// Attempts at pages that no job has; the report on old runs is without them.
    pub attempts: u64,
    /// Pages that no job has.
    pub pages: u64,
    /// Pages were kept, because files of a job have not been read since they changed: which
    /// pages they have is not known.
    pub has_held_back: bool,
    /// Whether the room was given back to the disk.
    pub is_compact: bool,
}

/// What stays: pages that a job's latest walk found, all of them while some of its files
/// have not been read; recipes under which a job's files are settled, that any run has asked
/// since, or that the latest run of a job asks, and the latest that came to its end.
const KEPT: &str = "
CREATE TEMP TABLE kept_pages (id INTEGER PRIMARY KEY);
INSERT INTO kept_pages SELECT id FROM pages WHERE content IN (SELECT content FROM entries WHERE content IS NOT NULL)
   OR EXISTS (SELECT 1 FROM entries WHERE content IS NULL);
CREATE TEMP TABLE kept_recipes (id INTEGER PRIMARY KEY);
CREATE TEMP TABLE stale (page_id INTEGER, recipe_id INTEGER);
CREATE TEMP TABLE gone (id INTEGER PRIMARY KEY);";

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
    transaction.execute_batch(KEPT)?;
    transaction.execute(
        "INSERT OR IGNORE INTO kept_recipes SELECT recipe_id FROM recipe_set_members WHERE set_id IN (
           SELECT set_id FROM runs WHERE started_at >= ?1 OR ended_at IS NULL OR id IN (SELECT max(id) FROM runs GROUP BY job_id)
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
    // Whatever was settled with them is looked at again.
    transaction.execute(
        "UPDATE entries SET settled_set = NULL WHERE content IN (SELECT content FROM pages WHERE id IN (SELECT page_id FROM stale))",
        [],
    )?;
    // A page that nobody lists and that has no answer and no attempt since.
    transaction.execute(
        "INSERT INTO gone SELECT id FROM pages WHERE id NOT IN (SELECT id FROM kept_pages) AND id NOT IN (SELECT page_id FROM answers)
           AND id NOT IN (SELECT r.page_id FROM requests r JOIN attempts a ON a.request_id = r.id WHERE a.opened_at >= ?1 OR a.state = 'open')",
        [before_ms],
    )?;
    let attempts = changed(transaction.execute(
        "DELETE FROM attempts WHERE request_id IN (SELECT id FROM requests WHERE page_id IN (SELECT id FROM gone))",
        [],
    )?);
    for table in ["requests", "marks", "page_faults", "near"] {
        transaction.execute(&format!("DELETE FROM {table} WHERE page_id IN (SELECT id FROM gone)"), [])?;
    }
    transaction.execute("DELETE FROM near WHERE like_id IN (SELECT id FROM gone)", [])?;
    let pages = changed(transaction.execute("DELETE FROM pages WHERE id IN (SELECT id FROM gone)", [])?);
    let has_held_back: bool =
        transaction.query_row("SELECT EXISTS (SELECT 1 FROM entries WHERE content IS NULL)", [], |row| row.get(0))?;
    if is_trial {
        transaction.rollback()?;
    } else {
        transaction.commit()?;
    }
    // A disk without room for a second copy keeps the file as long as it is.
    let is_compact = is_trial || db.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE);").is_ok();
    Ok(Pruned { answers, attempts, pages, has_held_back, is_compact })
}

/// A run that lives.
fn living(db: &Connection, path: &Path, now_ms: i64) -> Result<Option<RunId>, StoreError> {
    let mut open = db.prepare("SELECT run_id, heartbeat FROM runs WHERE ended_at IS NULL")?;
    let rows = open.query_map([], |row| Ok((row.get::<_, RunId>(0)?, row.get::<_, i64>(1)?)))?;
    let runs: Vec<(RunId, i64)> = rows.collect::<Result<_, _>>()?;
    Ok(runs.into_iter().find(|(run, heartbeat)| is_alive(path, run, *heartbeat, now_ms)).map(|(run, _)| run))
}
