//! The end of runs that died, recorded by the process that finds them.

use super::ledger::Ledger;
use super::{attempts, batches};
use crate::base::ids::{RunId, RunKey};
use crate::base::vocabulary::RunOutcomeName;
use crate::store::error::StoreError;
use crate::store::sqlite::run_lock::is_alive;
use rusqlite::{Connection, params};
use std::path::Path;

/// Runs that died.
#[derive(Debug, Default)]
pub(crate) struct DeadRuns {
    /// The number of their attempts that were marked lost.
    pub(crate) lost: u64,
    /// Their ids.
    pub(crate) runs: Vec<RunId>,
}

/// Records the end of runs that died, except for `own`: marks their open attempts lost, and
/// withdraws the batches that they were filling. Once this is durable, the lock files of these
/// runs are to be removed.
pub(crate) fn reap_dead_runs(
    db: &Connection,
    ledger: &mut Ledger,
    store: &Path,
    own: Option<RunKey>,
    at_ms: i64,
) -> Result<DeadRuns, StoreError> {
    let mut find = db.prepare_cached("SELECT id, run_id, heartbeat FROM runs WHERE ended_at IS NULL")?;
    let rows = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let unended: Vec<(RunKey, RunId, i64)> = rows.collect::<Result<_, _>>()?;
    let mut dead = DeadRuns::default();
    for (run, run_id, heartbeat_ms) in unended {
        if Some(run) == own || is_alive(store, &run_id, heartbeat_ms, at_ms) {
            continue;
        }
        dead.lost += attempts::mark_lost(db, ledger, run, at_ms)?;
        batches::withdraw_filling(db, ledger, run)?;
        db.execute(
            "UPDATE runs SET ended_at = heartbeat, outcome = ?2, exit_code = NULL WHERE id = ?1",
            params![run, RunOutcomeName::Died],
        )?;
        dead.runs.push(run_id);
    }
    Ok(dead)
}
