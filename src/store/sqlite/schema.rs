//! Opening the file: its identity, its version, its settings, and a check for damage.

use super::filesystem::{FileUse, check_use, warn_of_other_names};
use super::migrations::{MIGRATIONS, latest};
use crate::base::open_databases;
use crate::base::sibling::beside_database;
use crate::store::error::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

/// `docm` in ASCII: distinguishes a store from any other SQLite file.
const APPLICATION_ID: i64 = 0x646f_636d;

/// How long a writer waits for the commit of another process.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Time between two tries of an operation that SQLite does not wait for.
const BUSY_POLL: Duration = Duration::from_millis(20);

/// Stores up to this size, in bytes, are checked for damage whenever they are opened, which
/// takes some milliseconds. Larger ones are checked when a run has died, and by
/// `docmill store check`.
const MAX_CHECKED_ON_OPEN: u64 = 16 << 20;

/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 64;

/// Opens the store at `path` for writing. Creates it if it does not exist, and migrates an older one.
pub(crate) fn open(path: &Path) -> Result<Connection, StoreError> {
    refuse_other_than_file(path)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| StoreError::access(path, &error))?;
    }
    create(path)?;
    // SQLite would open a file that can't be written for reading, and fail later.
    check_use(path, FileUse::Write).map_err(|error| StoreError::access(path, &error))?;
    warn_of_other_names(path);
    open_databases::add(path);
    let connection = Connection::open(path).map_err(|error| StoreError::open(path, error))?;
    prepare(connection, path)
}

/// Creates an empty file, unless there is one. SQLite would not let the group write, whatever the umask; its other
/// files get the mode of this one.
pub(crate) fn create(path: &Path) -> Result<(), StoreError> {
    match File::options().write(true).create_new(true).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(StoreError::access(path, &error)),
        _ => Ok(()),
    }
}

/// Whether there is a file.
///
/// # Errors
/// When that cannot be determined, such as in a folder that may not be entered.
pub(crate) fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(|error| StoreError::access(path, &error))
}

/// Opens the store at `path` for reading. Migrates an older one.
pub(crate) fn open_to_read(path: &Path) -> Result<Connection, StoreError> {
    if !exists(path)? {
        return Err(StoreError::Missing { path: path.to_owned() });
    }
    refuse_other_than_file(path)?;
    let (connection, is_immutable) = connect_to_read(path)?;
    match checked_version(&connection, path)? {
        0 => return Err(StoreError::Missing { path: path.to_owned() }),
        version if version < latest() && is_immutable => {
            let reason =
                "an older docmill has written it: to migrate it, this user needs to write to it and its folder";
            return Err(StoreError::open(path, reason));
        }
        version if version < latest() => {
            drop(connection);
            drop(self::open(path)?);
            return open_to_read(path);
        }
        _ => {}
    }
    connection.execute_batch("PRAGMA cache_size=-1000;")?;
    keep_plans(&connection)?;
    Ok(connection)
}

/// Opens the store at `path` for reading, without a migration; `None`: its version differs from this program's.
pub(crate) fn open_current(path: &Path) -> Result<Option<Connection>, StoreError> {
    if !exists(path)? {
        return Err(StoreError::Missing { path: path.to_owned() });
    }
    refuse_other_than_file(path)?;
    let (connection, _) = connect_to_read(path)?;
    let version = checked_version(&connection, path)?;
    Ok((version == latest()).then_some(connection))
}

/// A connection for reading; and whether the file is opened as one that does not change.
fn connect_to_read(path: &Path) -> Result<(Connection, bool), StoreError> {
    let failed = |error: rusqlite::Error| StoreError::open(path, error);
    open_databases::add(path);
    let open = |mode| Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX);
    // Not read-only if that is possible: a reader may have to recover the WAL.
    let connection =
        open(OpenFlags::SQLITE_OPEN_READ_WRITE).or_else(|_| open(OpenFlags::SQLITE_OPEN_READ_ONLY)).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Even a reader needs the file `-shm`, which it may not be able to create (sqlite.org/wal.html, section 5).
    let is_blocked = match connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())) {
        Err(error) => matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)),
        Ok(()) => false,
    };
    if !is_blocked {
        return Ok((connection, false));
    }
    check_use(path, FileUse::Read).map_err(|error| StoreError::open(path, error))?;
    // There may be too many open files.
    File::open(if cfg!(unix) { Path::new("/dev/null") } else { path })
        .map_err(|error| StoreError::open(path, error))?;
    let wal = beside_database(path, "-wal");
    if std::fs::metadata(&wal).is_ok_and(|metadata| metadata.len() > 0) {
        let reason = format!(
            "this user cannot create files beside it, and its latest changes are still in {}: run as a user who can, or copy both files",
            wal.display()
        );
        return Err(StoreError::open(path, reason));
    }
    // Its last user has closed it, and this process can't block others.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(immutable_uri(path), flags).map_err(failed)?;
    Ok((connection, true))
}

/// The URI of a file that is read without locks and without other files (sqlite.org/uri.html).
fn immutable_uri(path: &Path) -> String {
    let escaped = path.as_os_str().as_encoded_bytes().iter().map(|byte| match byte {
        b'/' | b'.' | b'-' | b'_' => char::from(*byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    format!("file:{}?immutable=1", escaped.collect::<String>())
}

/// Checks the file for damage.
pub(crate) fn quick_check(connection: &Connection) -> Result<(), StoreError> {
    let finding: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if finding == "ok" { Ok(()) } else { Err(StoreError::Damaged(finding)) }
}

/// Opening a pipe would block indefinitely, and SQLite does not report why a file can't be read.
fn refuse_other_than_file(path: &Path) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(StoreError::Foreign { path: path.to_owned() }),
        Ok(_) => match check_use(path, FileUse::Read) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(StoreError::access(path, &error)),
            _ => Ok(()),
        },
        Err(_) => Ok(()),
    }
}

fn prepare(mut connection: Connection, path: &Path) -> Result<Connection, StoreError> {
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Foreign { path: path.to_owned() },
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged(error.to_string()),
        _ => StoreError::open(path, error),
    };
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    // Before anything is written: a newer or foreign file stays unchanged.
    let version = checked_version(&connection, path)?;
    let pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4000; PRAGMA wal_autocheckpoint=4000;";
    retry_while_busy(|| connection.execute_batch(pragmas)).map_err(failed)?;
    if version < latest() {
        retry_while_busy(|| migrate(&mut connection)).map_err(failed)?;
    }
    keep_plans(&connection).map_err(failed)?;
    if version > 0 && std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= MAX_CHECKED_ON_OPEN) {
        quick_check(&connection)?;
    }
    Ok(connection)
}

/// Retries what SQLite refuses at once while another process prepares the same file: the busy
/// timeout does not cover the change to WAL.
#[expect(clippy::disallowed_methods, reason = "a store is opened before there is a clock to wait on")]
fn retry_while_busy(mut work: impl FnMut() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let is_busy = |error: &rusqlite::Error| {
        matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    };
    for _ in 0..BUSY_TIMEOUT.as_millis() / BUSY_POLL.as_millis() {
        match work() {
            Err(error) if is_busy(&error) => std::thread::sleep(BUSY_POLL),
            done => return done,
        }
    }
    work()
}

/// Keeps prepared statements and their plans. Without the query planner stability guarantee
/// SQLite plans a statement anew for every bound value, which costs more than running it.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

/// The version of the file; 0 for an empty one.
fn checked_version(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    // One statement reads one snapshot: another process may be creating the tables.
    let found = connection.query_row(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    );
    let (application, version, tables): (i64, i64, i64) = match found {
        Ok(found) => found,
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            return Err(StoreError::Foreign { path: path.to_owned() });
        }
        Err(error) => return Err(StoreError::open(path, error)),
    };
    let is_empty = tables == 0 && application == 0 && version == 0;
    if !is_empty && (application != APPLICATION_ID || version < 0 || version == 0 && tables > 0) {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    if version > latest() {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known: latest() });
    }
    Ok(version)
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let done: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(done).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", latest())?;
    transaction.commit()
}
