//! How far the files of a job in a store have come: by shard, which run has found them. The merged store keeps a mark of
//! each store and job that was merged.
//!
//! The job of a mark is that of its run, and so is the outcome of the run: both are in the table `runs`.

use super::run_order::begun_runs;
use crate::base::digest::Digest;
use crate::base::ids::JobId;
use crate::base::shard::Shard;
use crate::base::vocabulary::RunOutcomeName;
use crate::store::error::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

/// A run that has found files.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileRun {
    /// When it began in the order of its store (wall time in milliseconds), and its id; time 0: nothing has run.
    pub(crate) begun: (i64, String),
    /// Whether its end is recorded. An earlier copy of a store may have been made before.
    has_ended: bool,
    /// Its last heartbeat. An earlier copy of a store has an earlier one.
    heartbeat_ms: i64,
}

/// The newest run that has found the files of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MergeMark {
    /// The shard, and the number of shards: the whole input is the only one of one.
    pub(crate) number: (u32, u32),
    /// The run.
    pub(crate) newest: FileRun,
    /// Whether the run has found all of these files: one that died may have found some.
    pub(crate) is_listed: bool,
}

/// The data of `database` (`main` or `source`) about the files of a job, the oldest first: merged data, and a later run
/// of the whole input.
///
/// # Errors
/// When it can't be read.
pub(crate) fn read_marks(db: &Connection, database: &str, job: JobId) -> Result<Vec<MergeMark>, StoreError> {
    // Earlier versions marked a merged store as one of the whole input, with the run of a shard.
    let (listed, ended) = (outcomes_with_list(), has_ended("r"));
    let mut find = db.prepare(&format!(
        "SELECT m.number, m.shards, r.started_at, r.run_id, r.heartbeat, ifnull(r.outcome IN ({listed}), 0), {ended} FROM {database}.merges m JOIN {database}.runs r ON r.run_id = m.run_id
         WHERE r.job_id = ?1 AND (m.shards > 1 OR ifnull(r.shard, '0/1') = '0/1') ORDER BY r.started_at, r.run_id, m.shards, m.number"
    ))?;
    let marks = find.query_map([job], |row| {
        let newest = FileRun { begun: (row.get(2)?, row.get(3)?), has_ended: row.get(6)?, heartbeat_ms: row.get(4)? };
        Ok(MergeMark { number: (row.get(0)?, row.get(1)?), newest, is_listed: row.get(5)? })
    })?;
    let mut marks: Vec<MergeMark> = marks.collect::<Result<_, _>>()?;
    // Runs that a shard has taken over from a base have no shard, either, and are older than what was merged with them.
    let whole = format!(
        "shard IS NULL AND outcome IN ({listed}) AND EXISTS (SELECT 1 FROM {database}.entries e WHERE e.job_id = r.job_id)"
    );
    let own = newest_run(db, database, job, &whole)?;
    marks.extend(own.filter(|own| marks.iter().all(|mark| mark.newest < own.0)).map(MergeMark::whole));
    Ok(marks)
}

/// What a store has of the files of a job, as [`read_marks`], even if it is that of a shard. `None`: the job has no run.
///
/// # Errors
/// When it can't be read.
pub(crate) fn parts_of(
    db: &Connection,
    database: &str,
    (job, shard): (JobId, Option<Shard>),
) -> Result<Vec<MergeMark>, StoreError> {
    if let Some(shard) = shard {
        // Runs that a shard has taken over from a base are not its own.
        let newest = newest_run(db, database, job, &format!("shard = '{shard}'"))?;
        let number = (shard.index(), shard.count());
        return Ok(newest.map(|run| MergeMark { number, ..MergeMark::whole(run) }).into_iter().collect());
    }
    let marks = read_marks(db, database, job)?;
    if marks.is_empty() {
        return Ok(newest_run(db, database, job, "true")?.map(MergeMark::whole).into_iter().collect());
    }
    Ok(marks)
}

/// The newest run of a job that meets a condition on `r`, except for trials, and whether it has found all files.
fn newest_run(
    db: &Connection,
    database: &str,
    job: JobId,
    condition: &str,
) -> Result<Option<(FileRun, bool)>, StoreError> {
    let (listed, ended, begun) = (outcomes_with_list(), has_ended("r"), begun_runs(database));
    let mut find = db.prepare(&format!(
        "SELECT b.begun, r.run_id, r.heartbeat + b.begun - r.started_at, ifnull(r.outcome IN ({listed}), 0), {ended}
         FROM {database}.runs r JOIN {begun} AS b ON b.id = r.id WHERE r.job_id = ?1 AND r.is_trial = 0 AND {condition}
         ORDER BY b.begun DESC, r.run_id DESC LIMIT 1"
    ))?;
    let found = find.query_row([job], |row| {
        let begun = (row.get(0)?, row.get(1)?);
        Ok((FileRun { begun, has_ended: row.get(4)?, heartbeat_ms: row.get(2)? }, row.get(3)?))
    });
    Ok(found.optional()?)
}

/// The outcomes of runs that have found all files, as a list of SQL.
fn outcomes_with_list() -> String {
    let listed = RunOutcomeName::ALL.iter().filter(|outcome| outcome.has_listed_input());
    let listed: Vec<String> = listed.map(|outcome| format!("'{outcome}'")).collect();
    listed.join(", ")
}

/// Whether the end of the run `{run}` is recorded, in SQL. An earlier copy of its store may not know it, and then it seems
/// to have died.
pub(crate) fn has_ended(run: &str) -> String {
    format!("ifnull({run}.outcome, '{died}') <> '{died}'", died = RunOutcomeName::Died)
}

/// Whether the store with this fingerprint was merged for the job with this identity.
///
/// # Errors
/// When the merged store can't be read.
pub(crate) fn is_merged(db: &Connection, store: &Digest, job: &Digest) -> Result<bool, StoreError> {
    let mut find = db.prepare("SELECT 1 FROM main.merges WHERE fingerprint = ?1")?;
    Ok(find.exists([key(store, job, None)])?)
}

/// Records that the store with this fingerprint was merged for the job with this identity.
///
/// # Errors
/// When the merged store can't be written.
pub(crate) fn put_store(db: &Connection, store: &Digest, job: &Digest) -> Result<(), StoreError> {
    // It represents only the store: its data about files has separate marks.
    put(db, key(store, job, None), &MergeMark::whole((FileRun::default(), false)))
}

/// Records what the merged store has of the files of a job.
///
/// # Errors
/// When the merged store can't be written.
pub(crate) fn put_marks(db: &Connection, job: &Digest, marks: &[MergeMark]) -> Result<(), StoreError> {
    let kind = Digest::compute(b"files");
    marks.iter().try_for_each(|mark| put(db, key(&kind, job, Some(mark)), mark))
}

/// Records what the merged store held before anything was merged into it, or since: files that runs of the whole input
/// have found.
///
/// # Errors
/// When the merged store can't be read or written.
pub(crate) fn mark_own_files(db: &Connection) -> Result<(), StoreError> {
    let mut find = db.prepare("SELECT id, identity FROM main.jobs")?;
    let jobs = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let jobs: Vec<(JobId, Digest)> = jobs.collect::<Result<_, _>>()?;
    jobs.into_iter().try_for_each(|(job, identity)| put_marks(db, &identity, &read_marks(db, "main", job)?))
}

/// The key of a mark. Its column has the name `fingerprint`, because earlier versions kept one mark of each store.
fn key(kind: &Digest, job: &Digest, mark: Option<&MergeMark>) -> Digest {
    let place = mark.map(|mark| (mark.number, &mark.newest.begun.1));
    Digest::compute_json(&serde_json::json!([kind.to_string(), job.to_string(), place]))
}

fn put(db: &Connection, key: Digest, mark: &MergeMark) -> Result<(), StoreError> {
    let ((number, shards), (started_ms, run)) = (mark.number, &mark.newest.begun);
    db.execute(
        "INSERT OR IGNORE INTO main.merges (fingerprint, number, shards, run_id, started_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![key, number, shards, run, started_ms],
    )?;
    Ok(())
}

impl MergeMark {
    /// That of the whole input.
    fn whole((newest, is_listed): (FileRun, bool)) -> Self {
        Self { number: (0, 1), newest, is_listed }
    }

    /// Whether files of one may be files of the other: shards of the same number have different files.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.number.1 != other.number.1 || self.number.0 == other.number.0
    }
}
