//! The begin, the heartbeat and the end of runs.

use super::dead_runs::{DeadRuns, reap_dead_runs};
use super::ledger::Ledger;
use super::{attempts, batches, recipe_sets};
use crate::base::digest::Digest;
use crate::base::ids::{JobId, RunKey, SettingsId};
use crate::base::shard::Shard;
use crate::store::error::StoreError;
use crate::store::page_status::RunBegin;
use crate::store::read::runs::{endpoint, job_id, shard as stored_shard, tasks_to_json, unfinished_run};
use crate::store::records::runs::{RunEnd, RunKeys, RunStart};
use rusqlite::{Connection, params};
use std::path::Path;

/// Begins a run of the store at `store`: reaps dead runs, stores the job and its recipes,
/// takes over the batches that no live run has.
pub(crate) fn begin(
    db: &Connection,
    ledger: &mut Ledger,
    store: &Path,
    start: &RunStart,
) -> Result<RunKeys, StoreError> {
    claim_shard(db, start.shard)?;
    let DeadRuns { lost, runs: dead } = reap_dead_runs(db, ledger, store, None, start.at_ms)?;
    let job = put_job(db, start)?;
    let (set, tasks) = recipe_sets::define(db, &start.recipes, &start.policy)?;
    let unfinished = match &start.selection {
        Some(selection) => unfinished_run(db, job, set, selection)?,
        None => None,
    };
    let own = ledger.revision(db)?;
    let (since, continues) = match unfinished {
        Some((run, since)) => (since, Some(run)),
        None => (own, None),
    };
    let settings = find_or_add_settings(db, &start.settings)?;
    db.execute(
        "INSERT INTO runs (run_id, job_id, set_id, model, tasks, started_at, heartbeat, first_attempt, selection, since, attempt_timeout_ms,
           settings_id, is_trial, shard)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, (SELECT ifnull(max(id), 0) + 1 FROM attempts), ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            start.run_id,
            job,
            set,
            start.model,
            tasks_to_json(&tasks),
            start.at_ms,
            start.selection,
            since,
            i64::try_from(start.attempt_timeout.as_millis()).unwrap_or(i64::MAX),
            settings,
            start.is_try,
            start.shard,
        ],
    )?;
    let run = RunKey(db.last_insert_rowid());
    ledger.begin_sequence(run);
    batches::take_over(db, run, &start.provider, &[])?;
    let (capabilities, calibration) = endpoint(db, &start.endpoint)?;
    let notices = if start.shows_notices { take_notices(db)? } else { Vec::new() };
    let begin = RunBegin { own, since };
    Ok(RunKeys { run, job, set, tasks, begin, continues, notices, capabilities, calibration, lost, dead })
}

/// Records the shard that the store belongs to, with its first run. A store holds one shard, or the whole input:
/// otherwise files of other shards would be taken for deleted.
pub(crate) fn claim_shard(db: &Connection, shard: Option<Shard>) -> Result<(), StoreError> {
    let known = stored_shard(db)?;
    if known == shard {
        return Ok(());
    }
    let refused = |message: String, hint: &str| Err(StoreError::Refused { message, hint: hint.to_owned() });
    match (known, shard) {
        (Some(known), Some(shard)) => refused(
            format!("the store is that of shard {known}, and this is a run of shard {shard}"),
            "each shard has its own store: name another one with --store, or leave it out",
        ),
        (Some(known), None) => refused(
            format!("the store is that of shard {known}, and this is a run of the whole input"),
            "give --shard, or name another store with --store; `docmill merge` merges the stores of shards",
        ),
        (None, Some(shard)) => {
            if db.prepare_cached("SELECT 1 FROM entries")?.exists([])? {
                return refused(
                    format!("the store holds the whole input, and this is a run of shard {shard}"),
                    "each shard has its own store: leave --store out, or name a new file; --base reads the answers of a whole store",
                );
            }
            db.execute(
                "INSERT INTO shard (id, number, shards) VALUES (1, ?1, ?2)",
                params![shard.index(), shard.count()],
            )?;
            Ok(())
        }
        (None, None) => Ok(()),
    }
}

/// The row of these settings. Created if they are new.
fn find_or_add_settings(db: &Connection, body: &str) -> Result<SettingsId, StoreError> {
    let hash = Digest::compute(body.as_bytes());
    db.execute("INSERT OR IGNORE INTO settings (hash, body) VALUES (?1, ?2)", params![hash, body])?;
    Ok(db.query_row("SELECT id FROM settings WHERE hash = ?1", [hash], |row| row.get(0))?)
}

/// Removes the messages of migrations, and returns them.
fn take_notices(db: &Connection) -> Result<Vec<String>, StoreError> {
    let mut take = db.prepare_cached("DELETE FROM notices RETURNING message")?;
    Ok(take.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn put_job(db: &Connection, start: &RunStart) -> Result<JobId, StoreError> {
    if let Some(former) = start.former
        && job_id(db, &start.job)?.is_none()
    {
        db.execute(
            "UPDATE jobs SET identity = ?1 WHERE identity = ?2 AND manifest = ?3",
            params![start.job, former, start.manifest],
        )?;
    }
    let identity = free_identity(db, start)?;
    db.execute(
        "INSERT INTO jobs (identity, name, manifest, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (identity) DO UPDATE SET name = excluded.name, manifest = excluded.manifest, updated_at = excluded.updated_at
           WHERE NOT ?5",
        params![identity, start.job_name, start.manifest, start.at_ms, start.is_try],
    )?;
    job_id(db, &identity)?.ok_or_else(|| StoreError::Damaged("jobs: a row is not found in its index".into()))
}

/// The first identity of the job that no live run has. Dead runs have been reaped.
fn free_identity(db: &Connection, start: &RunStart) -> Result<Digest, StoreError> {
    let mut find = db.prepare_cached("SELECT EXISTS (SELECT 1 FROM runs WHERE job_id = ?1 AND ended_at IS NULL)")?;
    if start.slots.is_empty() {
        return Ok(start.job);
    }
    for identity in std::iter::once(start.job).chain(start.slots.iter().copied()) {
        let is_used = match job_id(db, &identity)? {
            Some(job) => find.query_row([job], |row| row.get(0))?,
            None => false,
        };
        if !is_used {
            return Ok(identity);
        }
    }
    let runs = start.slots.len() + 1;
    Err(StoreError::Failed(format!("{runs} runs of the job read standard input already; wait for one to end")))
}

/// Records that a run is alive.
pub(crate) fn beat(db: &Connection, run: RunKey, at_ms: i64) -> Result<(), StoreError> {
    db.execute("UPDATE runs SET heartbeat = ?2 WHERE id = ?1", params![run, at_ms])?;
    Ok(())
}

/// Ends a run. Its open attempts are lost, and the batch that it was filling is withdrawn:
/// otherwise their reservations would be held indefinitely.
pub(crate) fn end(db: &Connection, ledger: &mut Ledger, end: &RunEnd) -> Result<(), StoreError> {
    attempts::mark_lost(db, ledger, end.run, end.at_ms)?;
    batches::withdraw_filling(db, ledger, end.run)?;
    db.execute(
        "UPDATE runs SET ended_at = ?2, heartbeat = ?2, outcome = ?3, exit_code = ?4, pages = ?5 WHERE id = ?1",
        params![end.run, end.at_ms, end.outcome, end.exit_code, end.pages],
    )?;
    if end.is_finished {
        // Of this run, and of those that it continued.
        db.execute(
            "UPDATE runs SET selection = NULL WHERE job_id = (SELECT job_id FROM runs WHERE id = ?1)
               AND selection = (SELECT selection FROM runs WHERE id = ?1)",
            [end.run],
        )?;
    }
    Ok(())
}
