//! Waiting for the write lock of the store, which another process may hold.

use crate::base::clock::Clock;
use crate::base::units::human_duration;
use crate::store::error::StoreError;
use crate::store::sqlite::lock_holder::LockHolder;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// How long SQLite waits for the lock before it is tried again.
const TRY: Duration = Duration::from_millis(500);

/// From this time on the wait is logged, and then at this interval. A commit takes milliseconds, on a
/// slow disk a second.
const FIRST_LINE: Duration = Duration::from_secs(5);
const LINE_INTERVAL: Duration = Duration::from_secs(30);

/// Maximum wait. Nothing is lost meanwhile: replies that have arrived are stored when the lock is free.
const MAX_WAIT: Duration = Duration::from_secs(600);

/// Begins transactions that write.
pub(crate) struct WriteLock {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    /// The lock did not become free: the run ends, and what it still has to write does not wait as long once more.
    is_given_up: bool,
}

impl WriteLock {
    /// The lock of the store at `path`. Sets how long `connection` waits for it.
    pub(crate) fn new(path: &Path, connection: &Connection, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        connection.busy_timeout(TRY)?;
        Ok(Self { path: path.to_owned(), clock, is_given_up: false })
    }

    /// Whether the wait for the lock has failed.
    pub(crate) fn is_given_up(&self) -> bool {
        self.is_given_up
    }

    /// Begins a transaction, as soon as no other process writes.
    ///
    /// # Errors
    /// When another process does so for 10 minutes, or the file cannot be written.
    pub(crate) fn begin<'a>(&mut self, connection: &'a Connection) -> Result<Transaction<'a>, StoreError> {
        let began = self.clock.now();
        let mut next_line = FIRST_LINE;
        loop {
            let waited = match try_begin(connection) {
                Ok(Some(transaction)) => {
                    if next_line > FIRST_LINE {
                        tracing::info!("the store can be written again");
                    }
                    self.is_given_up = false;
                    return Ok(transaction);
                }
                Ok(None) => self.clock.now().saturating_sub(began),
                Err(error) => return Err(error.into()),
            };
            if self.is_given_up || waited >= MAX_WAIT {
                self.is_given_up = true;
                return Err(StoreError::Failed(self.explain(waited)));
            }
            if waited >= next_line {
                next_line = waited + LINE_INTERVAL;
                let max_wait = MAX_WAIT.as_secs() / 60;
                tracing::warn!("{}; waiting for up to {max_wait} min, nothing is lost", self.explain(waited));
            }
        }
    }

    /// What holds the lock, as far as it can be known.
    fn explain(&self, waited: Duration) -> String {
        let (store, waited) = (self.path.display(), human_duration(waited));
        match LockHolder::find(&self.path) {
            Some(LockHolder { process, is_stopped: true }) => format!(
                "process {process} holds the lock of the store {store} for {waited} already; it is stopped: continue it (kill -CONT {process}) or end it"
            ),
            Some(LockHolder { process, is_stopped: false }) => {
                format!("process {process} holds the lock of the store {store} for {waited} already")
            }
            None => {
                format!("another process holds the lock of the store {store} for {waited} already; it may be stopped")
            }
        }
    }
}

/// Begins a transaction that writes; `None`: another process holds the lock.
pub(crate) fn try_begin(connection: &Connection) -> rusqlite::Result<Option<Transaction<'_>>> {
    match Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
        Ok(transaction) => Ok(Some(transaction)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Sleep;
    use crate::store::sqlite::schema;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// A clock that shows four minutes more each time.
    #[derive(Default)]
    struct LeapingClock(AtomicU64);

    impl Clock for LeapingClock {
        fn now(&self) -> Duration {
            Duration::from_secs(self.0.fetch_add(240, Ordering::Relaxed))
        }

        fn wall_ms(&self) -> i64 {
            0
        }

        fn sleep(&self, _duration: Duration) -> Sleep<'_> {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn a_lock_that_is_never_free_is_waited_for_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let holder = schema::open(&path).unwrap();
        let connection = schema::open(&path).unwrap();
        let clock = Arc::new(LeapingClock::default());
        let mut lock = WriteLock::new(&path, &connection, clock.clone()).unwrap();
        holder.execute_batch("BEGIN IMMEDIATE").unwrap();
        let tries = |clock: &LeapingClock| clock.0.load(Ordering::Relaxed) / 240;
        let error = lock.begin(&connection).unwrap_err().to_string();
        let expected = if cfg!(target_os = "linux") {
            // A process's own locks are listed, too.
            format!("process {} holds the lock of the store", std::process::id())
        } else {
            "another process holds the lock of the store".to_owned()
        };
        assert!(error.contains(&expected) && error.contains("12 m 0 s"), "{error}");
        assert!(lock.is_given_up());
        let before = tries(&clock);
        assert!(lock.begin(&connection).is_err());
        assert_eq!(tries(&clock) - before, 2, "one try");
        holder.execute_batch("ROLLBACK").unwrap();
        assert!(lock.begin(&connection).is_ok() && !lock.is_given_up());
    }
}
