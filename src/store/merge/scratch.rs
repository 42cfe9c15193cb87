//! A temporary database beside the merged store, with the keys that rows have in a source and in the merged store.
//! It is not in memory, which would grow with the number of pages, nor where the system keeps temporary files, which
//! may not be writable.

use crate::base::open_databases;
use crate::base::sibling::{beside_database, database_files, folder_of, is_temporary_of, temporary_beside};
use crate::store::error::StoreError;
use crate::store::sqlite::schema;
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};

/// Its tables. `src` is a key in the source, `dst` the key in the merged store.
const TABLES: &str = "
CREATE TABLE scratch.jobs (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL);
CREATE TABLE scratch.recipes (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL);
CREATE TABLE scratch.sets (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL);
CREATE TABLE scratch.runs (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL UNIQUE, is_new INTEGER NOT NULL);
CREATE TABLE scratch.batches (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL);
CREATE TABLE scratch.budgets (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL);
CREATE TABLE scratch.wanted (src INTEGER PRIMARY KEY);
CREATE TABLE scratch.pages (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL);
CREATE TABLE scratch.known (run INTEGER NOT NULL, sequence INTEGER NOT NULL, attempt INTEGER NOT NULL, request INTEGER NOT NULL,
  PRIMARY KEY (run, sequence)) WITHOUT ROWID;
CREATE TABLE scratch.requests (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL);
CREATE TABLE scratch.draws (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL);
CREATE TABLE scratch.groups (src INTEGER PRIMARY KEY, dst INTEGER NOT NULL);
CREATE TABLE scratch.files (entry INTEGER PRIMARY KEY);
CREATE TABLE scratch.gone (entry INTEGER PRIMARY KEY);
";

/// What it holds of a source is deleted before the next one.
const CLEAR: &str = "
DELETE FROM scratch.jobs; DELETE FROM scratch.recipes; DELETE FROM scratch.sets; DELETE FROM scratch.runs; DELETE FROM scratch.batches;
DELETE FROM scratch.budgets; DELETE FROM scratch.wanted; DELETE FROM scratch.pages; DELETE FROM scratch.known; DELETE FROM scratch.requests;
DELETE FROM scratch.draws; DELETE FROM scratch.groups; DELETE FROM scratch.files; DELETE FROM scratch.gone;";

/// Pages of a database in memory, in KiB: of a merged store, whose indexes are written at random places, and of
/// others.
pub(crate) const MERGED_CACHE: u32 = 64 << 10;
pub(crate) const OTHER_CACHE: u32 = 8 << 10;

/// A connection to the merged store with the temporary database, which is removed with it.
pub(crate) struct ScratchStore {
    /// The connection. `main` is the merged store.
    pub(crate) db: Connection,
    file: PathBuf,
}

impl ScratchStore {
    /// Opens the merged store at `path`, with `cache` KiB kept in memory. Creates it if it does not exist.
    ///
    /// # Errors
    /// When one of the files can't be opened.
    pub(crate) fn open(path: &Path, cache: u32) -> Result<Self, StoreError> {
        let db = schema::open(path)?;
        let path = beside_database(path, "");
        remove_abandoned(&path);
        let file = temporary_beside(&path);
        let scratch = Self { db, file };
        attach(&scratch.db, &scratch.file, "scratch", "mode=rwc")?;
        scratch.db.execute_batch("PRAGMA scratch.journal_mode=OFF; PRAGMA scratch.synchronous=OFF;")?;
        scratch.set_cache("main", cache)?;
        scratch.set_cache("scratch", OTHER_CACHE)?;
        scratch.db.execute_batch(TABLES)?;
        Ok(scratch)
    }

    /// Attaches a store as `source` for reading.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) fn attach_source(&self, path: &Path) -> Result<(), StoreError> {
        attach_to_read(&self.db, path)?;
        self.set_cache("source", OTHER_CACHE)?;
        self.clear()
    }

    /// Forgets the keys of the source.
    ///
    /// # Errors
    /// When the temporary database can't be written.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        Ok(self.db.execute_batch(CLEAR)?)
    }

    /// Does work in one transaction of the merged store.
    ///
    /// # Errors
    /// When the work fails, or the store can't be written: then nothing has changed.
    pub(crate) fn in_transaction<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Detaches the source.
    ///
    /// # Errors
    /// When it is still in use.
    pub(crate) fn detach_source(&self) -> Result<(), StoreError> {
        self.db.flush_prepared_statement_cache();
        Ok(self.db.execute_batch("DETACH source")?)
    }

    fn set_cache(&self, database: &str, kilobytes: u32) -> Result<(), StoreError> {
        Ok(self.db.execute_batch(&format!("PRAGMA {database}.cache_size=-{kilobytes}"))?)
    }
}

impl Drop for ScratchStore {
    fn drop(&mut self) {
        let _ = self.db.execute_batch("DETACH scratch");
        database_files(&self.file).iter().for_each(|file| _ = std::fs::remove_file(file));
    }
}

/// Attaches a store as `source`. Where its folder can't be written, it is read without its locks, which is safe as
/// long as nothing writes it.
fn attach_to_read(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let can_read = |options: &str| {
        attach(db, path, "source", options)?;
        let read = db.query_row("SELECT count(*) FROM source.sqlite_schema", [], |row| row.get::<_, i64>(0));
        if read.is_err() {
            let _ = db.execute_batch("DETACH source");
        }
        read.map_err(|error| StoreError::open(path, error))
    };
    let read = can_read("mode=rw");
    let [_, log, _] = database_files(path);
    match read {
        Err(_) if !log.exists() => can_read("immutable=1").map(|_| ()),
        read => read.map(|_| ()),
    }
}

fn attach(db: &Connection, path: &Path, name: &str, options: &str) -> Result<(), StoreError> {
    let whole = std::path::absolute(path).map_err(|error| StoreError::open(path, error))?;
    let Some(text) = whole.to_str() else {
        return Err(StoreError::Failed(format!("the path {} is not valid UTF-8", path.display())));
    };
    open_databases::add(path);
    // https://sqlite.org/uri.html
    let text = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let uri = format!("file:{text}?{options}");
    db.execute(&format!("ATTACH ?1 AS {name}"), [uri]).map_err(|error| StoreError::open(path, error))?;
    Ok(())
}

/// Removes what merges have left that were killed.
fn remove_abandoned(path: &Path) {
    for entry in std::fs::read_dir(folder_of(path)).into_iter().flatten().flatten() {
        if is_temporary_of(&entry.file_name().to_string_lossy(), path) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
