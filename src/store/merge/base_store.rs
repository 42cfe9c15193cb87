//! A whole store that supplies a shard with earlier answers.

use super::copy::{CopiedPages, Offsets, copy_pages};
use super::entries::{ConflictRule, put_entries};
use super::human_answers::copy_human_answers;
use super::keys::{KeyChoice, map_keys};
use super::merged_job::MergedJob;
use super::scratch::{OTHER_CACHE, ScratchStore};
use super::source::{SourceStore, refused};
use crate::base::digest::Digest;
use crate::base::file_identity::FileIdentity;
use crate::base::ids::{JobId, PageId};
use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::store::error::StoreError;
use crate::store::sqlite::charged::charged_by_run;
use crate::store::sqlite::values::BudgetKey;
use crate::store::write::runs::claim_shard;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A whole store that supplies the store of a shard with earlier answers. It is only read.
///
/// Data that is taken over keeps its natural keys, so that a merge recognizes it. It is not charged to the shard.
pub struct BaseStore {
    scratch: Mutex<ScratchStore>,
    job: MergedJob,
    /// Pages that were taken over one by one.
    taken: Mutex<HashSet<PageId>>,
}

impl BaseStore {
    /// Opens the store at `base` beside the store of a shard at `into`, which is created if there is none.
    ///
    /// # Errors
    /// When one of them can't be read, they are the same, or the base is of another version or job.
    pub fn open(base: &Path, into: &Path, job: MergedJob) -> Result<Self, StoreError> {
        if FileIdentity::of_path(base).is_same(&FileIdentity::of_path(into)) {
            return Err(refused(
                format!("--base {} is the store of the run itself", base.display()),
                "name the store of an earlier merge: it is only read",
            ));
        }
        SourceStore::check_base(base, &job)?;
        let scratch = ScratchStore::open(into, OTHER_CACHE)?;
        scratch.attach_source(base)?;
        Ok(Self { scratch: Mutex::new(scratch), job, taken: Mutex::default() })
    }

    /// Checks that the store at `base` can be read without a migration: a base is never migrated.
    ///
    /// # Errors
    /// When it can't be read, or is of another version.
    pub fn check_version(base: &Path) -> Result<(), StoreError> {
        SourceStore::check_version(base)
    }

    /// Takes over the base's data about the files of a shard, except for files in the shard's store. Does nothing if it
    /// has been done.
    ///
    /// # Errors
    /// When a store can't be read or written, or the other one is not that of the shard.
    pub fn take_over_shard(&self, shard: Option<Shard>) -> Result<(), StoreError> {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        scratch.in_transaction(|db| take_over_files(db, &self.job, shard))?;
        scratch.clear()
    }

    /// Takes over the base's data about a page, such as a page of a file that was renamed since, or is in another
    /// shard. Returns whether the base had an outcome. Revisions of this data are before any run's.
    ///
    /// # Errors
    /// When a store can't be read or written.
    pub fn take_over_page(&self, page: &PageId) -> Result<bool, StoreError> {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let key: Option<i64> = scratch
            .db
            .prepare_cached(
                "SELECT id FROM source.pages p WHERE content = ?1 AND page = ?2
                   AND EXISTS (SELECT 1 FROM source.answers WHERE page_id = p.id)",
            )?
            .query_row(params![page.content, page.page], |row| row.get(0))
            .optional()?;
        let Some(key) = key else { return Ok(false) };
        if !self.taken.lock().unwrap_or_else(PoisonError::into_inner).insert(*page) {
            return Ok(false);
        }
        scratch.in_transaction(|db| {
            db.execute("INSERT INTO scratch.wanted (src) VALUES (?1)", [key])?;
            let offsets = Offsets::read(db)?.before_any_run();
            map_keys(db, &self.job, KeyChoice { revision: offsets.revision, is_part: true })?;
            copy_pages(db, CopiedPages::Wanted, offsets)
        })?;
        scratch.clear()?;
        Ok(true)
    }

    /// The spend and the reservations in the scope of a budget of the base.
    ///
    /// # Errors
    /// When the base can't be read.
    pub fn budget(&self, scope: &str) -> Result<BaseBudget, StoreError> {
        let scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let find = "SELECT id, spent + reserved FROM source.budget WHERE scope = ?1";
        let found: Option<(BudgetKey, Pico)> =
            scratch.db.query_row(find, [scope], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let Some((budget, spent)) = found else { return Ok(BaseBudget::default()) };
        // Runs that were taken over have no shard.
        let own = "SELECT b.id FROM source.runs b JOIN main.runs o ON o.run_id = b.run_id AND o.shard IS NOT NULL";
        if !scratch.db.prepare(own)?.exists([])? {
            return Ok(BaseBudget { spent, own: Pico::ZERO });
        }
        let by_run = charged_by_run("source", &format!("budget_id = ?1 AND run_id IN ({own})"));
        let sum = format!("SELECT ifnull(sum(spent), 0) FROM ({by_run})");
        Ok(BaseBudget { spent, own: scratch.db.query_row(&sum, [budget], |row| row.get(0))? })
    }
}

/// A budget in a base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BaseBudget {
    /// The spend and the reservations.
    pub spent: Pico,
    /// The part of it that runs of the shard's own store have spent, which counts there, too.
    pub own: Pico,
}

fn take_over_files(db: &Connection, job: &MergedJob, shard: Option<Shard>) -> Result<(), StoreError> {
    claim_shard(db, shard)?;
    let mark = base_mark(db)?;
    if db.prepare("SELECT 1 FROM main.merges WHERE fingerprint = ?1")?.exists([mark])? {
        return Ok(());
    }
    choose_files(db, job, shard)?;
    let offsets = Offsets::read(db)?;
    map_keys(db, job, KeyChoice { revision: offsets.revision, is_part: true })?;
    copy_pages(db, CopiedPages::Wanted, offsets)?;
    copy_human_answers(db, offsets)?;
    let mut jobs = db.prepare("SELECT src, dst FROM scratch.jobs")?;
    let jobs: Vec<(JobId, JobId)> =
        jobs.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for job in jobs {
        put_entries(db, job, "e.id IN (SELECT entry FROM scratch.files)", ConflictRule::Keep)?;
    }
    db.execute_batch(
            "INSERT OR IGNORE INTO main.endpoints (id, capabilities, calibration) SELECT id, capabilities, calibration FROM source.endpoints;
             UPDATE main.revisions SET last = last + 1 + (SELECT ifnull(max(last), 0) FROM source.revisions);",
        )?;
    db.execute(
        "INSERT INTO main.merges (fingerprint, number, shards, run_id, started_at) VALUES (?1, 0, 1, '', 0)",
        [mark],
    )?;
    Ok(())
}

/// Chooses the files of the job that a shard has, and their pages.
fn choose_files(db: &Connection, job: &MergedJob, shard: Option<Shard>) -> Result<(), StoreError> {
    let mut find = db.prepare(
        "SELECT e.id, e.path, e.content FROM source.entries e JOIN source.jobs j ON j.id = e.job_id WHERE j.name = ?1",
    )?;
    let mut file = db.prepare("INSERT INTO scratch.files (entry) VALUES (?1)")?;
    let mut pages =
        db.prepare("INSERT OR IGNORE INTO scratch.wanted (src) SELECT id FROM source.pages WHERE content = ?1")?;
    let mut rows = find.query([&job.name])?;
    while let Some(row) = rows.next()? {
        let path: Vec<u8> = row.get(1)?;
        if shard.is_some_and(|shard| !shard.has(&path)) {
            continue;
        }
        file.execute([row.get::<_, i64>(0)?])?;
        let content: Option<Digest> = row.get(2)?;
        if let Some(content) = content {
            pages.execute([content])?;
        }
    }
    Ok(())
}

/// A digest of the base's content. The store of a shard uses it to detect that it has taken the base over.
fn base_mark(db: &Connection) -> Result<Digest, StoreError> {
    let state: (i64, i64, i64, String, i64, i64) = db.query_row(
        "SELECT (SELECT ifnull(max(last), 0) FROM source.revisions), (SELECT ifnull(max(id), 0) FROM source.attempts),
           (SELECT count(*) FROM source.runs), (SELECT ifnull(max(run_id), '') FROM source.runs),
           (SELECT count(*) FROM source.draws), (SELECT count(*) FROM source.shown_answers)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)),
    )?;
    Ok(Digest::compute_json(&serde_json::json!(["base", state])))
}
