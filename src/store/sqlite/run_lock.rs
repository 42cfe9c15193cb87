//! Which runs are alive.
//!
//! Each run holds an advisory lock on its own file beside the store. The operating system releases the lock however the
//! process ends. Where the lock cannot be tested, because the file is gone or the file system has no locks, the
//! heartbeat decides.

use crate::base::ids::RunId;
use crate::base::sibling::beside_database;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// A run whose heartbeat is older than this is dead, in milliseconds.
const DEAD_AFTER_MS: i64 = 60_000;

/// The lock of a run of this process.
#[derive(Debug)]
pub(crate) struct RunLock {
    path: PathBuf,
    /// Locked while it is open.
    file: File,
}

impl RunLock {
    /// Takes the lock of a run of the store at `store`.
    pub(crate) fn acquire(store: &Path, run: &RunId) -> std::io::Result<Self> {
        let path = lock_path(store, run);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
        // On a file system without locks the heartbeat decides.
        let _ = file.try_lock();
        Ok(Self { path, file })
    }

    /// Releases the lock and removes its file, once the end of the run is durable. Dropped
    /// instead, the file stays unlocked, which shows others that the run died.
    pub(crate) fn release(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Drop for RunLock {
    /// A process that is being started at this moment has the open file, too, and closing it here would leave it locked.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

/// Removes the lock file of a dead run, once its end is durable. Before that, the unlocked file
/// shows that the run is dead.
pub(crate) fn remove(store: &Path, run: &RunId) {
    let _ = std::fs::remove_file(lock_path(store, run));
}

/// Whether a run with this heartbeat is alive.
pub(crate) fn is_alive(store: &Path, run: &RunId, heartbeat_ms: i64, now_ms: i64) -> bool {
    let is_recent = now_ms - heartbeat_ms < DEAD_AFTER_MS;
    let Ok(file) = File::open(lock_path(store, run)) else {
        return is_recent;
    };
    // A shared lock: another process that tests at the same time would mistake an exclusive one for the run's.
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => true,
        Ok(()) => {
            // As for a run's own lock.
            let _ = file.unlock();
            false
        }
        Err(TryLockError::Error(_)) => is_recent,
    }
}

fn lock_path(store: &Path, run: &RunId) -> PathBuf {
    beside_database(store, &format!(".{run}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_shows_who_is_alive_and_without_one_the_heartbeat_does() {
        let folder = tempfile::tempdir().unwrap();
        let (store, run) = (folder.path().join("store.db"), RunId::new("r"));
        let (old, recent) = (0, 1_000_000);
        let is_alive = |heartbeat_ms| is_alive(&store, &run, heartbeat_ms, recent);
        assert!(!is_alive(old) && is_alive(recent), "no lock file");
        let lock = RunLock::acquire(&store, &run).unwrap();
        assert!(is_alive(old) && is_alive(recent), "locked");
        drop(lock);
        let asks = File::open(lock_path(&store, &run)).unwrap();
        asks.try_lock_shared().unwrap();
        assert!(!is_alive(old) && !is_alive(recent), "the file of a process that died");
        remove(&store, &run);
        assert!(!is_alive(recent - DEAD_AFTER_MS) && is_alive(recent - DEAD_AFTER_MS + 1));
        RunLock::acquire(&store, &run).unwrap().release();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
