//! Reading: a connection of its own, short reads, cursors in pages.

use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId, RecipeId, RecipeSetId, RunKey};
use crate::base::money::Pico;
use crate::base::vocabulary::{ErrorKind, RunOutcomeName};
use crate::store::error::StoreError;
use crate::store::records::pages::{
    EntryRecord, FaultRecord, FeaturesRecord, RecipeRecord, RunRecord, Standing, TaskOutcome, Versions,
};
use crate::store::sqlite::schema;
use crate::store::write::entries::{as_signed, find_page};
use crate::store::write::runs::{set_hash, tasks_from_json};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

/// A read connection. Sees what was committed when each call begins.
pub struct Reader {
    pub(crate) db: Connection,
    /// Members of recipe sets, which never change.
    pub(crate) sets: RefCell<HashMap<RecipeSetId, Vec<RecipeId>>>,
}

impl Reader {
    /// Opens the store at `path` for reading.
    ///
    /// # Errors
    /// When there is no store, it is foreign or newer, or can't be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { db: schema::open_to_read(path)?, sets: RefCell::default() })
    }

    /// The key of the job with this identity.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn job(&self, identity: &Digest) -> Result<Option<JobId>, StoreError> {
        let mut find = self.db.prepare_cached("SELECT id FROM jobs WHERE identity = ?1")?;
        Ok(find.query_row([identity.as_bytes()], |row| row.get(0)).optional()?)
    }

    /// The mean time of the latest replies of a model to a job, in milliseconds, and how
    /// many there were.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn mean_latency(&self, job: JobId, model: &str) -> Result<Option<(u64, u64)>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT avg(latency_ms), count(*) FROM (SELECT a.latency_ms FROM attempts a JOIN runs r ON r.id = a.run_id
               WHERE r.job_id = ?1 AND r.model = ?2 AND a.verdict = 'done' AND a.batch_id IS NULL ORDER BY a.id DESC LIMIT 1000)",
        )?;
        let row = |row: &Row<'_>| Ok((row.get::<_, Option<f64>>(0)?, row.get::<_, i64>(1)?));
        let (mean, count) = find.query_row(params![job, model], row)?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds")]
        Ok(mean.map(|mean| (mean.round() as u64, count.cast_unsigned())))
    }

    /// What is spent and set aside on a line of the budget.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn budget(&self, scope: &str) -> Result<Pico, StoreError> {
        let mut find = self.db.prepare_cached("SELECT spent + reserved FROM budget WHERE scope = ?1")?;
        Ok(Pico(find.query_row([scope], |row| row.get(0)).optional()?.unwrap_or(0)))
    }

    /// What an endpoint was seen to bill, as JSON.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn calibration(&self, endpoint: &str) -> Result<Option<String>, StoreError> {
        Ok(crate::store::write::runs::endpoint(&self.db, endpoint)?.1)
    }

    /// The key of the recipe with this digest.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn recipe(&self, hash: &Digest) -> Result<Option<RecipeId>, StoreError> {
        let mut find = self.db.prepare_cached("SELECT id FROM recipes WHERE hash = ?1")?;
        Ok(find.query_row([hash.as_bytes()], |row| row.get(0)).optional()?)
    }

    /// The set of these recipes under a policy, and their keys, when all of that is known.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn known_set(
        &self,
        recipes: &[RecipeRecord],
        policy: &str,
    ) -> Result<Option<(RecipeSetId, Vec<RecipeId>)>, StoreError> {
        let mut keys = Vec::with_capacity(recipes.len());
        for recipe in recipes {
            let Some(key) = self.recipe(&recipe.hash)? else { return Ok(None) };
            keys.push(key);
        }
        let mut find = self.db.prepare_cached("SELECT id FROM recipe_sets WHERE hash = ?1")?;
        let set = find.query_row([set_hash(&keys, policy).as_bytes()], |row| row.get(0)).optional()?;
        Ok(set.map(|set| (set, keys)))
    }

    /// The canonical JSON of a recipe.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn recipe_body(&self, id: RecipeId) -> Result<Option<String>, StoreError> {
        let mut find = self.db.prepare_cached("SELECT body FROM recipes WHERE id = ?1")?;
        Ok(find.query_row([id], |row| row.get(0)).optional()?)
    }

    /// The recipes under which a page has valid answers.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn answered_recipes(&self, page: &PageId) -> Result<Vec<RecipeId>, StoreError> {
        let Some(id) = find_page(&self.db, page)? else {
            return Ok(Vec::new());
        };
        let mut find = self
            .db
            .prepare_cached("SELECT recipe_id FROM answers WHERE page_id = ?1 AND status = 'ok' ORDER BY at DESC")?;
        Ok(find.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// How a page stands under these recipes.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn standing(&self, page: &PageId, recipes: &[RecipeId], versions: Versions) -> Result<Standing, StoreError> {
        let Some(id) = find_page(&self.db, page)? else {
            return Ok(Standing { outcomes: vec![None; recipes.len()], ..Standing::default() });
        };
        Ok(Standing {
            fault: self.page_fault(id, versions.decoder)?,
            marks: self.marks(id, versions.marks)?,
            outcomes: self.outcomes(id, recipes)?,
        })
    }

    /// Whether an open attempt asks one of these recipes of this page.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn is_being_asked(&self, page: &PageId, recipes: &[RecipeId]) -> Result<bool, StoreError> {
        let Some(id) = find_page(&self.db, page)? else { return Ok(false) };
        let mut find = self.db.prepare_cached(
            "SELECT m.recipe_id FROM requests r JOIN attempts a ON a.request_id = r.id JOIN recipe_set_members m ON m.set_id = r.set_id
             WHERE r.page_id = ?1 AND a.state = 'open'",
        )?;
        let mut rows = find.query([id])?;
        while let Some(row) = rows.next()? {
            let recipe: RecipeId = row.get(0)?;
            if recipes.contains(&recipe) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a page of the job was found to be like another.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn is_near(&self, job: JobId, page: &PageId) -> Result<bool, StoreError> {
        let Some(id) = find_page(&self.db, page)? else { return Ok(false) };
        let mut find = self.db.prepare_cached("SELECT 1 FROM near WHERE job_id = ?1 AND page_id = ?2")?;
        Ok(find.exists(params![job, id])?)
    }

    pub(crate) fn page_fault(&self, page: i64, decoder_version: u32) -> Result<Option<FaultRecord>, StoreError> {
        let mut find = self
            .db
            .prepare_cached("SELECT kind, message FROM page_faults WHERE page_id = ?1 AND decoder_version = ?2")?;
        Ok(find.query_row(params![page, decoder_version], fault_of).optional()?)
    }

    pub(crate) fn marks(&self, page: i64, version: u32) -> Result<Option<FeaturesRecord>, StoreError> {
        let mut find =
            self.db.prepare_cached("SELECT blank, fingerprint FROM marks WHERE page_id = ?1 AND version = ?2")?;
        let marks = |row: &Row<'_>| Ok(FeaturesRecord { is_blank: row.get(0)?, fingerprint: row.get(1)? });
        Ok(find.query_row(params![page, version], marks).optional()?)
    }

    /// The fingerprints of a job's pages that have answers under these recipes.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn answered_marks(
        &self,
        job: JobId,
        recipes: &[RecipeId],
        version: u32,
        mut take: impl FnMut(PageId, [u8; 32]),
    ) -> Result<(), StoreError> {
        let Some(first) = recipes.first() else { return Ok(()) };
        let mut find = self.db.prepare_cached(
            "SELECT DISTINCT p.content, p.page, m.fingerprint FROM entries e JOIN pages p ON p.content = e.content
             JOIN marks m ON m.page_id = p.id AND m.version = ?2 JOIN answers a ON a.page_id = p.id AND a.recipe_id = ?3 AND a.status = 'ok'
             WHERE e.job_id = ?1 ORDER BY e.line, e.path, p.page",
        )?;
        let mut rows = find.query(params![job, version, first])?;
        while let Some(row) = rows.next()? {
            if let Some(content) = Digest::from_slice(&row.get::<_, Vec<u8>>(0)?) {
                take(PageId { content, page: row.get(1)? }, row.get(2)?);
            }
        }
        Ok(())
    }

    pub(crate) fn outcomes(&self, page: i64, recipes: &[RecipeId]) -> Result<Vec<Option<TaskOutcome>>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT recipe_id, status, value, reason, message, passing, runs, at FROM answers WHERE page_id = ?1 AND sample = 0",
        )?;
        let mut outcomes = vec![None; recipes.len()];
        let mut rows = find.query([page])?;
        while let Some(row) = rows.next()? {
            let recipe: RecipeId = row.get(0)?;
            for (at, wanted) in recipes.iter().enumerate() {
                if *wanted == recipe {
                    outcomes[at] = Some(outcome_of(row)?);
                }
            }
        }
        Ok(outcomes)
    }

    /// The next entries of a job after `after` (line, path), in their order.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn entries(&self, job: JobId, after: (u64, &[u8]), limit: usize) -> Result<Vec<EntryRecord>, StoreError> {
        let mut find = self.db.prepare_cached(&format!(
            "SELECT {ENTRY} FROM entries WHERE job_id = ?1 AND (line, path) > (?2, ?3) ORDER BY line, path LIMIT ?4"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = find.query_map(params![job, as_signed(after.0), after.1, limit], entry_of)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// An entry of a job with this path, on whichever line.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn entry(&self, job: JobId, path: &[u8]) -> Result<Option<EntryRecord>, StoreError> {
        let mut find = self.db.prepare_cached(&format!(
            "SELECT {ENTRY} FROM entries WHERE job_id = ?1 AND path = ?2 AND content IS NOT NULL LIMIT 1"
        ))?;
        Ok(find.query_row(params![job, path], entry_of).optional()?)
    }

    /// Pages by status as the run just before `run` left them, when that was of the same
    /// job and set and no other run came between.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn pages_before(&self, run: RunKey, job: JobId, set: RecipeSetId) -> Result<Option<String>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT pages FROM runs WHERE id = ?1 - 1 AND job_id = ?2 AND set_id = ?3 AND ended_at IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM runs WHERE id > ?1 OR (ended_at IS NULL AND id <> ?1))",
        )?;
        Ok(find.query_row(params![run, job, set], |row| row.get(0)).optional()?.flatten())
    }

    /// Runs, newest first: of one job, or of all.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn runs(&self, job: Option<JobId>) -> Result<Vec<RunRecord>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT r.id, r.run_id, r.job_id, j.name, r.model, r.started_at, r.ended_at, r.outcome, r.exit_code, r.tasks
             FROM runs r JOIN jobs j ON j.id = r.job_id WHERE ?1 IS NULL OR r.job_id = ?1 ORDER BY r.id DESC",
        )?;
        let rows = find.query_map([job], |row| {
            let outcome: Option<RunOutcomeName> = row.get(7)?;
            let exit_code: Option<i32> = row.get(8)?;
            Ok(RunRecord {
                run: row.get(0)?,
                run_id: row.get(1)?,
                job: row.get(2)?,
                job_name: row.get(3)?,
                model: row.get(4)?,
                started_ms: row.get(5)?,
                ended_ms: row.get(6)?,
                outcome: outcome.map(|outcome| (outcome, exit_code.unwrap_or(1))),
                tasks: tasks_from_json(&row.get::<_, String>(9)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The columns of [`entry_of`].
const ENTRY: &str = "line, path, size, mtime, ctime, inode, content, page_count, selected, fault, message, carried, set_id, settled_set";

fn entry_of(row: &Row<'_>) -> rusqlite::Result<EntryRecord> {
    let content: Option<Vec<u8>> = row.get(6)?;
    let selected: Option<String> = row.get(8)?;
    let kind: Option<ErrorKind> = row.get(9)?;
    let message: Option<String> = row.get(10)?;
    Ok(EntryRecord {
        line: row.get::<_, i64>(0)?.cast_unsigned(),
        path: row.get(1)?,
        size: row.get::<_, i64>(2)?.cast_unsigned(),
        modified_ns: row.get(3)?,
        changed_ns: row.get(4)?,
        inode: row.get::<_, i64>(5)?.cast_unsigned(),
        content: content.as_deref().and_then(Digest::from_slice),
        page_count: row.get(7)?,
        selected: selected.and_then(|pages| serde_json::from_str(&pages).ok()),
        fault: kind.map(|kind| FaultRecord { kind, message: message.unwrap_or_default() }),
        carried: row.get(11)?,
        set: row.get(12)?,
        settled_set: row.get(13)?,
    })
}

pub(crate) fn fault_of(row: &Row<'_>) -> rusqlite::Result<FaultRecord> {
    Ok(FaultRecord { kind: row.get(0)?, message: row.get(1)? })
}

fn outcome_of(row: &Row<'_>) -> rusqlite::Result<TaskOutcome> {
    let kind: Option<ErrorKind> = row.get(3)?;
    let message: Option<String> = row.get(4)?;
    Ok(TaskOutcome {
        status: row.get(1)?,
        value: row.get(2)?,
        fault: kind.map(|kind| FaultRecord { kind, message: message.unwrap_or_default() }),
        is_passing: row.get(5)?,
        runs: row.get(6)?,
        at_ms: row.get(7)?,
    })
}
