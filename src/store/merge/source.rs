//! A store that is merged into another one: what it holds, and whether it may be merged.

use super::marks::{MergeMark, parts_of};
use super::merged_job::MergedJob;
use crate::base::digest::Digest;
use crate::base::ids::{JobId, RunId};
use crate::base::shard::Shard;
use crate::store::error::StoreError;
use crate::store::read::runs::shard;
use crate::store::sqlite::run_lock::is_alive;
use crate::store::sqlite::schema;
use rusqlite::Connection;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Maximum number of names that a message lists.
const MAX_LISTED: usize = 5;

/// A store that may be merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceStore {
    /// Its file.
    pub(crate) path: PathBuf,
    /// The shard that it belongs to.
    pub(crate) shard: Option<Shard>,
    /// What it has of the files of the job, the oldest first. Nothing: the job has never run.
    pub(crate) parts: Vec<MergeMark>,
    /// A digest that changes with the content of the store.
    pub(crate) fingerprint: Digest,
}

impl SourceStore {
    /// Looks at the store at `path`. `ended`: runs that have ended according to another store: this may be an earlier
    /// copy of it.
    ///
    /// # Errors
    /// When it can't be read, is of another version or job, or is in use.
    pub(crate) fn look(path: &Path, job: &MergedJob, ended: &HashSet<RunId>) -> Result<Self, StoreError> {
        let Some(db) = schema::open_current(path)? else {
            return Err(other_version(path));
        };
        check_job(&db, path, job)?;
        check_unused(&db, path, job.at_ms, ended)?;
        let shard = shard(&db)?;
        let parts = match own_job(&source_jobs(&db, "main")?, job) {
            Some(key) => parts_of(&db, "main", (key, shard))?,
            None => Vec::new(),
        };
        Ok(Self { path: path.to_owned(), shard, parts, fingerprint: fingerprint(&db)? })
    }

    /// The stores with their own data. The store of a shard that has never run, which remains if a process dies after
    /// it has taken over a base, adds nothing to another store of that shard.
    ///
    /// # Errors
    /// When it is the only store of its shard.
    pub(crate) fn with_runs(stores: Vec<Self>) -> Result<Vec<Self>, StoreError> {
        let (unrun, run): (Vec<Self>, Vec<Self>) =
            stores.into_iter().partition(|store| store.shard.is_some() && store.parts.is_empty());
        match unrun.iter().find(|store| run.iter().all(|other| other.shard != store.shard)) {
            Some(Self { path, shard: Some(shard), .. }) => Err(refused(
                format!("shard {shard} has never run: its store {} has only what was taken over", path.display()),
                "run the shard, then merge; or leave its store out with --allow-missing",
            )),
            _ => Ok(run),
        }
    }

    /// Checks that the store at `path` has the version of this program, which only reads it.
    ///
    /// # Errors
    /// When it can't be read, or is of another version.
    pub(crate) fn check_version(path: &Path) -> Result<(), StoreError> {
        schema::open_current(path)?.map(drop).ok_or_else(|| other_version(path))
    }

    /// Checks that the store at `path` can supply earlier answers to the job.
    ///
    /// # Errors
    /// When it can't be read, or is of another version or job.
    pub(crate) fn check_base(path: &Path, job: &MergedJob) -> Result<(), StoreError> {
        match schema::open_current(path)? {
            Some(db) => check_job(&db, path, job),
            None => Err(other_version(path)),
        }
    }

    /// Its newest part.
    pub(crate) fn newest(&self) -> Option<&MergeMark> {
        self.parts.last()
    }
}

/// A job of a store.
pub(crate) struct SourceJob {
    /// Its key in the store.
    pub(crate) key: JobId,
    /// Its identity there.
    pub(crate) identity: Digest,
    /// Its name.
    pub(crate) name: String,
    /// Its manifest.
    pub(crate) manifest: String,
    /// When it was stored last (wall time in milliseconds).
    pub(crate) updated_ms: i64,
}

/// The jobs of `database`, the newest last.
///
/// # Errors
/// When it can't be read.
pub(crate) fn source_jobs(db: &Connection, database: &str) -> Result<Vec<SourceJob>, StoreError> {
    let mut find = db.prepare(&format!(
        "SELECT id, identity, name, manifest, updated_at FROM {database}.jobs j
         ORDER BY (SELECT ifnull(max(id), 0) FROM {database}.runs WHERE job_id = j.id), id"
    ))?;
    let jobs = find.query_map([], |row| {
        Ok(SourceJob {
            key: row.get(0)?,
            identity: row.get(1)?,
            name: row.get(2)?,
            manifest: row.get(3)?,
            updated_ms: row.get(4)?,
        })
    })?;
    Ok(jobs.collect::<Result<_, _>>()?)
}

/// Which of these jobs is the one that is merged. On another machine the input may be elsewhere: then the newest one of
/// this name is.
pub(crate) fn own_job(jobs: &[SourceJob], job: &MergedJob) -> Option<JobId> {
    let own = jobs.iter().find(|known| known.identity == job.identity);
    own.or_else(|| jobs.iter().rfind(|known| known.name == job.name)).map(|known| known.key)
}

fn other_version(path: &Path) -> StoreError {
    refused(
        format!("the store {} has another version than this docmill writes", path.display()),
        "use the docmill that has written it; a run with this one brings a store up to date",
    )
}

/// The error of stores that can't be merged.
pub(crate) fn refused(message: String, hint: &str) -> StoreError {
    StoreError::Refused { message, hint: hint.to_owned() }
}

fn check_job(db: &Connection, path: &Path, job: &MergedJob) -> Result<(), StoreError> {
    let mut find = db.prepare("SELECT DISTINCT name FROM jobs ORDER BY name")?;
    let names: Vec<String> = find.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if names.contains(&job.name) {
        return Ok(());
    }
    let known = match names.as_slice() {
        [] => "it has none".to_owned(),
        names => format!("it has: {}", names.iter().take(MAX_LISTED).cloned().collect::<Vec<_>>().join(", ")),
    };
    let message = format!("the store {} has no run of the job `{}`; {known}", path.display(), job.name);
    Err(refused(message, "name the stores of the shards of this job"))
}

/// The runs that have ended, of the stores of this version among `paths`.
///
/// # Errors
/// When a store can't be read.
pub(crate) fn ended_runs<'p>(paths: impl Iterator<Item = &'p Path>) -> Result<HashSet<RunId>, StoreError> {
    let mut ended = HashSet::new();
    for path in paths {
        let Some(db) = schema::open_current(path)? else { continue };
        let mut find = db.prepare("SELECT run_id FROM runs WHERE ended_at IS NOT NULL")?;
        for run in find.query_map([], |row| row.get(0))? {
            ended.insert(run?);
        }
    }
    Ok(ended)
}

/// Checks that no run is using the store, and that no batch is still to be collected.
pub(crate) fn check_unused(
    db: &Connection,
    path: &Path,
    now_ms: i64,
    ended: &HashSet<RunId>,
) -> Result<(), StoreError> {
    let mut find = db.prepare("SELECT run_id, heartbeat FROM runs WHERE ended_at IS NULL")?;
    let unended: Vec<(RunId, i64)> =
        find.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    let is_in_use =
        |(run, heartbeat_ms): &&(RunId, i64)| !ended.contains(run) && is_alive(path, run, *heartbeat_ms, now_ms);
    if let Some((run, _)) = unended.iter().find(is_in_use) {
        return Err(refused(
            format!("the run {run} is using the store {}", path.display()),
            "merge when it has ended; a copy of a store whose run was killed can be merged a minute after its last heartbeat",
        ));
    }
    let batches: i64 = db.query_row("SELECT count(*) FROM batches WHERE state <> 'ended'", [], |row| row.get(0))?;
    if batches > 0 {
        return Err(refused(
            format!("the store {} has {batches} batches that have not ended", path.display()),
            "run the shard again, which collects them, then merge",
        ));
    }
    let unnumbered = "SELECT EXISTS (SELECT 1 FROM attempts WHERE sequence IS NULL)";
    if db.query_row(unnumbered, [], |row| row.get(0))? {
        return Err(refused(
            format!("the store {} has attempts without a number, as a salvage leaves them", path.display()),
            "its answers are kept in it; leave it out of the merge",
        ));
    }
    Ok(())
}

/// A digest of a store's content: its runs and their progress, and the sizes of its tables.
fn fingerprint(db: &Connection) -> Result<Digest, StoreError> {
    let mut runs =
        db.prepare("SELECT run_id || ' ' || heartbeat || ' ' || ifnull(outcome, '') FROM runs ORDER BY run_id")?;
    let runs: Vec<String> = runs.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let counts = [
        "SELECT ifnull(max(last), 0) FROM revisions",
        "SELECT count(*) FROM entries",
        "SELECT count(*) FROM pages",
        "SELECT count(*) FROM answers",
        "SELECT count(*) FROM attempts",
        "SELECT count(*) FROM attempts WHERE state = 'settled'",
        "SELECT count(*) FROM decisions",
        "SELECT count(*) FROM decisions WHERE withdrawn_at IS NOT NULL",
        "SELECT count(*) FROM draws",
        "SELECT count(*) FROM shown_answers",
    ];
    let count = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0));
    let counts: Vec<i64> = counts.into_iter().map(count).collect::<Result<_, _>>()?;
    Ok(Digest::compute_json(&serde_json::json!([runs, counts])))
}
