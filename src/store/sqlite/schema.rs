//! Tables and migrations. `user_version` counts migrations; a migration is never edited
//! after a release, only followed by another.

use crate::store::error::StoreError;
use rusqlite::Connection;
use std::path::Path;

/// `docm` in ASCII: tells a store from any other SQLite file.
const APPLICATION_ID: i64 = 0x646f_636d;

/// In their order.
const MIGRATIONS: &[&str] = &[
    "
CREATE TABLE jobs (id INTEGER PRIMARY KEY, identity BLOB NOT NULL UNIQUE, name TEXT NOT NULL, manifest TEXT NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE recipes (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE recipe_sets (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
CREATE TABLE recipe_set_members (set_id INTEGER NOT NULL, position INTEGER NOT NULL, recipe_id INTEGER NOT NULL, PRIMARY KEY (set_id, position)) WITHOUT ROWID;
CREATE TABLE pages (id INTEGER PRIMARY KEY, content BLOB NOT NULL, page INTEGER NOT NULL, UNIQUE (content, page));
CREATE TABLE answers (
  page_id INTEGER NOT NULL, recipe_id INTEGER NOT NULL, sample INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL, value TEXT, reason TEXT, message TEXT, passing INTEGER NOT NULL, runs INTEGER NOT NULL,
  request_id INTEGER, at INTEGER NOT NULL, PRIMARY KEY (page_id, recipe_id, sample)) WITHOUT ROWID;
CREATE TABLE page_faults (page_id INTEGER PRIMARY KEY, decoder_version INTEGER NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
  ctime INTEGER NOT NULL, inode INTEGER NOT NULL, content BLOB, page_count INTEGER NOT NULL, fault TEXT, message TEXT,
  carried TEXT, settled_set INTEGER, UNIQUE (job_id, path));
CREATE INDEX entries_by_content ON entries (job_id, content, path);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, job_id INTEGER NOT NULL, set_id INTEGER NOT NULL, model TEXT NOT NULL,
  tasks TEXT NOT NULL, started_at INTEGER NOT NULL, heartbeat INTEGER NOT NULL, first_attempt INTEGER NOT NULL, ended_at INTEGER, outcome TEXT, exit_code INTEGER, pages TEXT);
CREATE INDEX runs_by_job ON runs (job_id, id);
CREATE TABLE requests (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, page_id INTEGER NOT NULL, set_id INTEGER NOT NULL);
CREATE INDEX requests_by_page ON requests (page_id);
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, request_id INTEGER NOT NULL, run_id INTEGER NOT NULL, state TEXT NOT NULL, budget_id INTEGER NOT NULL,
  reserved INTEGER, input_tokens INTEGER, cached_input_tokens INTEGER, output_tokens INTEGER, usage_source TEXT, cost INTEGER,
  verdict TEXT, error_kind TEXT, message TEXT, http_status INTEGER, server_request_id TEXT, latency_ms INTEGER,
  opened_at INTEGER NOT NULL, settled_at INTEGER);
CREATE INDEX attempts_by_request ON attempts (request_id);
CREATE TABLE budget (id INTEGER PRIMARY KEY, scope TEXT NOT NULL UNIQUE, spent INTEGER NOT NULL, reserved INTEGER NOT NULL);
CREATE TABLE endpoints (id TEXT PRIMARY KEY, capabilities TEXT, calibration TEXT, limits TEXT) WITHOUT ROWID;
",
    // Files count as changed, because a TIFF has had one page so far.
    // Lists: an entry is a line, with the columns that it carries and questions of its own.
    // Files of several pages: which of them are meant. What a look at a page told.
    "
CREATE TABLE lined_entries (
  id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, line INTEGER NOT NULL DEFAULT 0, path BLOB NOT NULL, size INTEGER NOT NULL,
  mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, inode INTEGER NOT NULL, content BLOB, page_count INTEGER NOT NULL, selected TEXT,
  fault TEXT, message TEXT, carried TEXT, set_id INTEGER, settled_set INTEGER, UNIQUE (job_id, line, path));
INSERT INTO lined_entries (job_id, path, size, mtime, ctime, inode, content, page_count, fault, message)
  SELECT job_id, path, size, 0, ctime, inode, content, page_count, fault, message FROM entries;
DROP TABLE entries;
ALTER TABLE lined_entries RENAME TO entries;
CREATE INDEX entries_by_content ON entries (job_id, content, line, path);
CREATE INDEX entries_by_path ON entries (job_id, path);
CREATE TABLE marks (page_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, blank INTEGER NOT NULL, fingerprint BLOB NOT NULL);
CREATE TABLE near (job_id INTEGER NOT NULL, page_id INTEGER NOT NULL, like_id INTEGER NOT NULL, distance INTEGER NOT NULL,
  PRIMARY KEY (job_id, page_id)) WITHOUT ROWID;
",
    // What an attempt was expected to cost, why it was made, what was saved on it; batches.
    "
ALTER TABLE attempts ADD COLUMN purpose TEXT;
ALTER TABLE attempts ADD COLUMN expected INTEGER;
ALTER TABLE attempts ADD COLUMN cache_write_tokens INTEGER;
ALTER TABLE attempts ADD COLUMN saved_by_cache INTEGER;
ALTER TABLE attempts ADD COLUMN saved_by_size INTEGER;
ALTER TABLE attempts ADD COLUMN batch_id INTEGER;
CREATE INDEX attempts_by_batch ON attempts (batch_id) WHERE batch_id IS NOT NULL;
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, run_id INTEGER NOT NULL, job_id INTEGER NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
  requests INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0,
  input_file TEXT, remote TEXT, message TEXT, price TEXT, made_at INTEGER NOT NULL, ended_at INTEGER);
CREATE INDEX batches_by_endpoint ON batches (endpoint, state);
",
];

/// How long a writer waits for another process's commit, in milliseconds.
const BUSY_MS: u32 = 30_000;

/// A pipe would be waited for, without an end.
fn refuse_what_is_no_file(path: &Path) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(StoreError::Foreign { path: path.to_owned() }),
        _ => Ok(()),
    }
}

pub(crate) fn open(path: &Path) -> Result<Connection, StoreError> {
    refuse_what_is_no_file(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder).map_err(|error| StoreError::open(path, error))?;
    }
    let connection = Connection::open(path).map_err(|error| StoreError::open(path, error))?;
    prepare(connection, path)
}

fn prepare(mut connection: Connection, path: &Path) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StoreError::Foreign { path: path.to_owned() },
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => StoreError::Damaged(error.to_string()),
        _ => StoreError::open(path, error),
    };
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS.into())).map_err(failed)?;
    // Looked at before anything is written: a newer or foreign file stays untouched.
    let version = checked_version(&connection, path)?;
    let pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4000; PRAGMA wal_autocheckpoint=4000;";
    patiently(|| connection.execute_batch(pragmas)).map_err(failed)?;
    if version < latest() {
        patiently(|| migrate(&mut connection)).map_err(failed)?;
    }
    keep_plans(&connection).map_err(failed)?;
    if version > 0 && std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= LOOKED_THROUGH) {
        look_through(&connection)?;
    }
    Ok(connection)
}

/// Stores up to this size, in bytes, are looked through whenever they are opened: it takes
/// some milliseconds. Larger ones when a run has died, and by `docmill store check`.
const LOOKED_THROUGH: u64 = 16 << 20;

/// Looks for damage in the file.
pub(crate) fn look_through(connection: &Connection) -> Result<(), StoreError> {
    let finding: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if finding == "ok" { Ok(()) } else { Err(StoreError::Damaged(finding)) }
}

pub(crate) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing { path: path.to_owned() });
    }
    refuse_what_is_no_file(path)?;
    // Not opened read-only: a reader of a WAL file may have to recover it.
    let connection = Connection::open_with_flags(
        path,
        rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .or_else(|_| {
        Connection::open_with_flags(
            path,
            rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
    })
    .map_err(|error| StoreError::open(path, error))?;
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MS.into()))?;
    match checked_version(&connection, path)? {
        0 => return Err(StoreError::Missing { path: path.to_owned() }),
        version if version < latest() => {
            // What an older docmill wrote is brought up to date by whoever comes first.
            drop(connection);
            drop(open(path)?);
            return open_to_read(path);
        }
        _ => {}
    }
    connection.execute_batch("PRAGMA cache_size=-1000;")?;
    keep_plans(&connection)?;
    Ok(connection)
}

/// Does what SQLite refuses at once while another process makes the same file ready: its
/// own waiting does not cover the change to WAL.
#[expect(clippy::disallowed_methods, reason = "before there is a run, there is no clock to wait on")]
fn patiently(mut work: impl FnMut() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let is_busy = |error: &rusqlite::Error| {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
        matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
    };
    for _ in 0..BUSY_MS / 20 {
        match work() {
            Err(error) if is_busy(&error) => std::thread::sleep(std::time::Duration::from_millis(20)),
            done => return done,
        }
    }
    work()
}

/// Statements are prepared once. Without the planner's stability guarantee SQLite plans a
/// statement anew for every bound value, which cost more than running it.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

fn latest() -> i64 {
    MIGRATIONS.len() as i64
}

/// The version of the file; 0 for an empty one.
fn checked_version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    // One statement, one snapshot: another process may be making the tables right now.
    let found = connection.query_row(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    );
    let (application, version, tables): (i64, i64, i64) = match found {
        Ok(found) => found,
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(StoreError::Foreign { path: path.to_owned() });
        }
        Err(error) => return Err(StoreError::open(path, error)),
    };
    if application != APPLICATION_ID && (tables > 0 || application != 0) {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    if version < 0 || (version == 0 && tables > 0) {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    if version > latest() {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known: latest() });
    }
    Ok(version)
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let done: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", latest())?;
    transaction.commit()
}
