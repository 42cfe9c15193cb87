//! Which runs live. Each run holds an advisory lock on a file of its own beside the
//! store; the system releases it however the process ends. Where the lock can't be
//! asked (the file is gone, the file system has none), the heartbeat decides.

use crate::base::ids::RunId;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// A heartbeat older than this is a dead run's, in milliseconds.
const DEAD_AFTER_MS: i64 = 60_000;

/// The lock of a run that lives in this process.
#[derive(Debug)]
pub(crate) struct LifeLine {
    path: PathBuf,
    /// Locked while it is open.
    _file: File,
}

impl LifeLine {
    pub(crate) fn take(store: &Path, run_id: &RunId) -> std::io::Result<Self> {
        let path = lock_path(store, run_id);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        // A file system without locks leaves the decision to the heartbeat.
        let _ = file.try_lock();
        Ok(Self { path, _file: file })
    }

    /// The run's end is durable. Without this the file stays behind, unlocked, and tells
    /// others that the run died.
    pub(crate) fn end(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes what a dead run left, once its death is recorded: before, its lock tells that it
/// is dead.
pub(crate) fn forget(store: &Path, run_id: &RunId) {
    let _ = std::fs::remove_file(lock_path(store, run_id));
}

/// Whether the run with this heartbeat lives.
pub(crate) fn is_alive(store: &Path, run_id: &RunId, heartbeat_ms: i64, now_ms: i64) -> bool {
    let path = lock_path(store, run_id);
    let is_recent = now_ms - heartbeat_ms < DEAD_AFTER_MS;
    let Ok(file) = OpenOptions::new().write(true).open(&path) else {
        return is_recent;
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => true,
        Ok(()) => false,
        Err(TryLockError::Error(_)) => is_recent,
    }
}

fn lock_path(store: &Path, run_id: &RunId) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{run_id}.lock"));
    store.with_file_name(name)
}
