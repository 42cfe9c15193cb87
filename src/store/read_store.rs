//! A store that is only read.

use super::error::StoreError;
use super::read::reader::Reader;
use super::read::runs::shard as stored_shard;
use super::records::runs::RunRecord;
use super::sqlite::run_lock::is_alive;
use super::sqlite::schema;
use crate::base::shard::Shard;
use std::path::{Path, PathBuf};

/// A store that is only read, for commands that write nothing: reports, exports, plans.
#[derive(Clone, Debug)]
pub struct ReadStore {
    path: PathBuf,
}

impl ReadStore {
    /// Opens the store at `path`. Migrates an older one.
    ///
    /// # Errors
    /// When there is no store, the file is not a store, or a newer docmill wrote it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        schema::open_to_read(path).map(|_| Self { path: path.to_owned() })
    }

    /// Opens the store at `path`. `None`: the store does not exist.
    ///
    /// # Errors
    /// As [`ReadStore::open`], except for a store that does not exist.
    pub fn open_if_exists(path: &Path) -> Result<Option<Self>, StoreError> {
        match Self::open(path) {
            Ok(store) => Ok(Some(store)),
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The shard that the store at `path` belongs to. `None`: it is of the whole input, there is no store, or it
    /// can't be read, which whoever uses it finds out. Changes nothing.
    #[must_use]
    pub fn shard_of(path: &Path) -> Option<Shard> {
        schema::open_current(path).ok().flatten().and_then(|db| stored_shard(&db).ok().flatten())
    }

    /// A new read connection.
    ///
    /// # Errors
    /// As [`ReadStore::open`].
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.path)
    }

    /// Whether a run without an end has died, which no other run has recorded yet. `now_ms`: wall time in
    /// milliseconds.
    #[must_use]
    pub fn has_died(&self, run: &RunRecord, now_ms: i64) -> bool {
        run.outcome.is_none() && !is_alive(&self.path, &run.run_id, run.heartbeat_ms, now_ms)
    }
}
