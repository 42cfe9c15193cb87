//! What can be read of a damaged store.

use super::content_rules::ContentRules;
use super::new_file::NewFile;
use super::row_checks::row_checks;
use super::value_rules::value_rules;
use crate::base::open_databases;
use crate::store::error::StoreError;
use crate::store::sqlite::migrations::MERGE_BUDGETS;
use crate::store::sqlite::schema;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use std::path::Path;

/// The tables, and the columns that identify a row.
const TABLES: &[(&str, &str)] = &[
    ("jobs", "rowid"),
    ("recipes", "rowid"),
    ("recipe_sets", "rowid"),
    ("recipe_set_members", "set_id, position"),
    ("pages", "rowid"),
    ("answers", "page_id, recipe_id, sample"),
    ("page_faults", "rowid"),
    ("entries", "rowid"),
    ("settings", "rowid"),
    ("runs", "rowid"),
    ("requests", "rowid"),
    ("attempts", "rowid"),
    ("budget", "rowid"),
    ("pruned_runs", "run_id, budget_id"),
    ("endpoints", "id"),
    ("marks", "rowid"),
    ("near", "job_id, page_id"),
    ("batches", "rowid"),
    ("notices", "rowid"),
    ("decisions", "rowid"),
    ("shard", "rowid"),
    ("merges", "fingerprint"),
    ("draws", "rowid"),
    ("draw_pages", "draw_id, position"),
    ("shown_answers", "rowid"),
];

/// Repairs in the new store, after those of its values: no row refers to a lost row. The ledger stays, because charges
/// remain, whatever run or budget they belonged to. A recipe set that lost members gets an identity that no job looks
/// for. A store that had no sequence numbers gets them, and the next revision is later than all that are left.
const REPAIRS: &str = "
DELETE FROM answers WHERE page_id NOT IN (SELECT id FROM pages) OR recipe_id NOT IN (SELECT id FROM recipes);
DELETE FROM marks WHERE page_id NOT IN (SELECT id FROM pages);
DELETE FROM page_faults WHERE page_id NOT IN (SELECT id FROM pages);
DELETE FROM near WHERE page_id NOT IN (SELECT id FROM pages) OR like_id NOT IN (SELECT id FROM pages);
DELETE FROM decisions WHERE page_id NOT IN (SELECT id FROM pages);
UPDATE decisions SET draw_id = NULL WHERE draw_id IS NOT NULL AND draw_id NOT IN (SELECT id FROM draws);
DELETE FROM draw_pages WHERE draw_id NOT IN (SELECT id FROM draws) OR page_id NOT IN (SELECT id FROM pages);
DELETE FROM shown_answers WHERE page_id NOT IN (SELECT id FROM pages);
DELETE FROM recipe_set_members WHERE recipe_id NOT IN (SELECT id FROM recipes);
INSERT OR IGNORE INTO recipe_sets (id, hash) SELECT DISTINCT set_id, randomblob(32) FROM recipe_set_members;
UPDATE recipe_sets SET hash = randomblob(32) WHERE id NOT IN
  (SELECT set_id FROM recipe_set_members GROUP BY set_id HAVING max(position) + 1 = count(*));
DELETE FROM requests WHERE page_id NOT IN (SELECT id FROM pages);
DELETE FROM attempts WHERE request_id NOT IN (SELECT id FROM requests);
INSERT OR IGNORE INTO runs (id, run_id, job_id, set_id, model, tasks, started_at, heartbeat, first_attempt, ended_at, outcome)
  SELECT DISTINCT run_id, 'salvaged-' || run_id, 0, 0, '', '[]', 0, 0, 0, 0, 'died' FROM (SELECT run_id FROM attempts UNION SELECT run_id FROM requests);
UPDATE attempts SET sequence = numbered.sequence FROM (
  SELECT a.id, row_number() OVER (PARTITION BY r.run_id ORDER BY a.id) AS sequence
  FROM attempts a JOIN requests r ON r.id = a.request_id WHERE NOT EXISTS (SELECT 1 FROM attempts WHERE sequence IS NOT NULL)) AS numbered
WHERE numbered.id = attempts.id;
INSERT OR IGNORE INTO budget (id, scope, spent, reserved)
  SELECT budget_id, 'salvaged-' || budget_id, sum(max(ifnull(cost, 0), ifnull(reported_cost, 0))), 0 FROM attempts GROUP BY budget_id;
UPDATE revisions SET last = (SELECT max(ifnull((SELECT max(revision) FROM answers), 0), ifnull((SELECT max(since) FROM runs), 0),
  ifnull((SELECT max(revision) FROM decisions), 0)));
UPDATE runs SET is_trial = 1 WHERE outcome = 'try';
UPDATE runs SET job_id = 0 WHERE job_id NOT IN (SELECT id FROM jobs);
UPDATE runs SET set_id = 0 WHERE set_id NOT IN (SELECT id FROM recipe_sets);
UPDATE runs SET settings_id = NULL WHERE settings_id NOT IN (SELECT id FROM settings);
DELETE FROM entries WHERE job_id NOT IN (SELECT id FROM jobs);
UPDATE entries SET settled_set = NULL;
UPDATE entries SET set_id = NULL WHERE set_id NOT IN (SELECT id FROM recipe_sets);
UPDATE budget SET reserved = (SELECT ifnull(sum(reserved), 0) FROM attempts a WHERE a.budget_id = budget.id AND a.state = 'open');
";

/// The part of a damaged store that was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// By table: the number of rows in the new store.
    pub rows: Vec<(&'static str, u64)>,
    /// The number of budgets that were lost: their limits count from zero again.
    pub lost_budgets: u64,
}

/// Copies what can be read of a damaged store to a new one at `to`: of each table the rows before
/// and after a damaged place. `content`: how values are read that other stages write.
///
/// # Errors
/// When `to` exists or cannot be written, or no part of the store can be read.
pub fn salvage(path: &Path, to: &Path, content: &ContentRules) -> Result<Salvaged, StoreError> {
    if !schema::exists(path)? {
        return Err(StoreError::Missing { path: path.to_owned() });
    }
    if !path.is_file() {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    open_databases::add(path);
    let from = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(|error| StoreError::open(path, error))?;
    from.busy_timeout(schema::BUSY_TIMEOUT)?;
    let new = NewFile::beside(to)?;
    let salvaged = copy(&from, new.path(), content)?;
    if salvaged.rows.iter().all(|(_, rows)| *rows == 0) {
        return Err(StoreError::Failed(format!("nothing can be read from {}", path.display())));
    }
    new.finish()?;
    Ok(salvaged)
}

fn copy(from: &Connection, to: &Path, content: &ContentRules) -> Result<Salvaged, StoreError> {
    let mut into = schema::open(to)?;
    for (table, key) in TABLES {
        let transaction = into.transaction()?;
        // From both ends to the damaged place.
        copy_table(from, &transaction, table, key, "ASC")?;
        copy_table(from, &transaction, table, key, "DESC")?;
        transaction.commit()?;
    }
    let transaction = into.transaction()?;
    repair(&transaction, content)?;
    transaction.commit()?;
    into.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;")?;
    let count = |query: &str| -> Result<u64, StoreError> {
        Ok(into.query_row(query, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
    };
    let rows = TABLES.iter().map(|(table, _)| Ok((*table, count(&format!("SELECT count(*) FROM {table}"))?)));
    let rows = rows.collect::<Result<_, StoreError>>()?;
    Ok(Salvaged { rows, lost_budgets: count("SELECT count(*) FROM budget WHERE scope LIKE 'salvaged-%'")? })
}

/// Repairs the copy: first values, then references.
pub(crate) fn repair(db: &Connection, content: &ContentRules) -> Result<(), StoreError> {
    for rule in value_rules() {
        db.execute(&rule.repair(), [])?;
    }
    for check in row_checks() {
        check.repair(db, content)?;
    }
    db.execute_batch(MERGE_BUDGETS)?;
    Ok(db.execute_batch(REPAIRS)?)
}

/// Copies the rows of a table up to the first one that cannot be read.
fn copy_table(from: &Connection, into: &Connection, table: &str, key: &str, order: &str) -> Result<(), StoreError> {
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
