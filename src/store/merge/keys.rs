//! The keys of jobs, recipes, recipe sets, runs with their settings, batches and budgets of a source in the merged store:
//! found by their natural keys, or new.

use super::marks::has_ended;
use super::merged_job::MergedJob;
use super::run_order::begun_runs;
use super::source::{own_job, source_jobs};
use crate::base::digest::Digest;
use crate::base::ids::{RecipeId, RecipeSetId, RunId, RunKey};
use crate::base::vocabulary::RunOutcomeName;
use crate::store::error::StoreError;
use crate::store::read::recipes::set_hash;
use crate::store::read::runs::job_id;
use crate::store::write::recipe_sets::find_or_add_set;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// The policy of sets that were made under an unknown one. Entries that are done under such a set are looked at
/// again, at no cost.
const UNKNOWN_POLICY: &str = "merged";

/// Which keys are mapped, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyChoice {
    /// The offset of revisions of the source.
    pub(crate) revision: i64,
    /// Only the rows that the requested pages and files need. Runs are not those of the shard whose store this is.
    pub(crate) is_part: bool,
}

/// Finds or makes all of them.
///
/// # Errors
/// When a store can't be read or written, or the source is damaged.
pub(crate) fn map_keys(db: &Connection, job: &MergedJob, choice: KeyChoice) -> Result<(), StoreError> {
    map_jobs(db, job)?;
    db.execute_batch(
        "INSERT OR IGNORE INTO main.recipes (hash, body) SELECT hash, body FROM source.recipes ORDER BY id;
         INSERT INTO scratch.recipes SELECT s.id, t.id FROM source.recipes s JOIN main.recipes t ON t.hash = s.hash;
         INSERT OR IGNORE INTO main.settings (hash, body) SELECT hash, body FROM source.settings ORDER BY id;",
    )?;
    map_sets(db, &job.policy, choice.is_part)?;
    map_runs(db, job, choice)?;
    db.execute_batch(
        "INSERT OR IGNORE INTO main.batches (key, run_id, job_id, endpoint, state, requests, bytes, tokens, input_file, remote, message, price, made_at, ended_at)
           SELECT b.key, r.dst, j.dst, b.endpoint, b.state, b.requests, b.bytes, b.tokens, b.input_file, b.remote, b.message, b.price, b.made_at, b.ended_at
           FROM source.batches b JOIN scratch.runs r ON r.src = b.run_id JOIN scratch.jobs j ON j.src = b.job_id ORDER BY b.id;
         INSERT INTO scratch.batches SELECT s.id, t.id FROM source.batches s JOIN main.batches t ON t.key = s.key;
         INSERT OR IGNORE INTO main.budget (scope, spent, reserved) SELECT scope, 0, 0 FROM source.budget;
         INSERT INTO scratch.budgets SELECT s.id, t.id FROM source.budget s JOIN main.budget t ON t.scope = s.scope;",
    )?;
    Ok(())
}

fn map_jobs(db: &Connection, job: &MergedJob) -> Result<(), StoreError> {
    let jobs = source_jobs(db, "source")?;
    let own = own_job(&jobs, job);
    for known in &jobs {
        let is_own = Some(known.key) == own;
        let identity = if is_own { job.identity } else { known.identity };
        let manifest = if is_own { &job.manifest } else { &known.manifest };
        db.execute(
            "INSERT INTO main.jobs (identity, name, manifest, updated_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (identity) DO UPDATE SET manifest = excluded.manifest, updated_at = excluded.updated_at
             WHERE excluded.updated_at > jobs.updated_at OR ?5",
            params![identity, known.name, manifest, known.updated_ms, is_own],
        )?;
        let key = job_id(db, &identity)?.ok_or_else(|| StoreError::Damaged("jobs: a row is not found".into()))?;
        db.execute("INSERT INTO scratch.jobs (src, dst) VALUES (?1, ?2)", params![known.key, key])?;
    }
    Ok(())
}

/// Sets are known by the keys of their recipes, which differ from store to store, and by a policy.
fn map_sets(db: &Connection, policy: &str, is_part: bool) -> Result<(), StoreError> {
    let mut sets = db.prepare(
        "SELECT id, hash FROM source.recipe_sets WHERE NOT ?1 OR id IN (SELECT set_id FROM source.runs)
           OR id IN (SELECT q.set_id FROM scratch.wanted w CROSS JOIN source.requests q ON q.page_id = w.src)
           OR id IN (SELECT e.set_id FROM scratch.files f CROSS JOIN source.entries e ON e.id = f.entry)
           OR id IN (SELECT e.settled_set FROM scratch.files f CROSS JOIN source.entries e ON e.id = f.entry)
         ORDER BY id",
    )?;
    let mut members = db.prepare(
        "SELECT m.recipe_id, r.dst FROM source.recipe_set_members m LEFT JOIN scratch.recipes r ON r.src = m.recipe_id
         WHERE m.set_id = ?1 ORDER BY m.position",
    )?;
    let mut put = db.prepare("INSERT INTO scratch.sets (src, dst) VALUES (?1, ?2)")?;
    let mut rows = sets.query([is_part])?;
    while let Some(row) = rows.next()? {
        let (set, hash): (RecipeSetId, Digest) = (row.get(0)?, row.get(1)?);
        let pairs = members.query_map([set], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let pairs: Vec<(RecipeId, Option<RecipeId>)> = pairs.collect::<Result<_, _>>()?;
        let own: Vec<RecipeId> = pairs.iter().map(|(own, _)| *own).collect();
        let Some(merged) = pairs.iter().map(|(_, merged)| *merged).collect::<Option<Vec<RecipeId>>>() else {
            return Err(StoreError::Damaged(format!("recipe_set_members, set {set}: an unknown recipe")));
        };
        let known = ["", policy].into_iter().find(|policy| set_hash(&own, policy) == hash);
        put.execute(params![set, find_or_add_set(db, &merged, known.unwrap_or(UNKNOWN_POLICY))?])?;
    }
    Ok(())
}

/// Runs of the job that came with the merge of another job belong to the identity that the job has on the other machine.
const TAKEN_OVER_RUNS: &str = "
UPDATE main.runs AS t SET job_id = j.dst
  FROM scratch.runs m JOIN source.runs r ON r.id = m.src JOIN scratch.jobs j ON j.src = r.job_id JOIN source.jobs s ON s.id = j.src
    JOIN main.jobs o ON o.id = j.dst JOIN main.jobs k ON k.identity = s.identity
  WHERE t.id = m.dst AND t.job_id = k.id AND t.job_id <> j.dst AND o.identity = ?1";

/// Runs that died are recorded as such here, because no other code does it. Their times are in the order of their
/// store.
fn map_runs(db: &Connection, job: &MergedJob, KeyChoice { revision, is_part }: KeyChoice) -> Result<(), StoreError> {
    let recipes: HashMap<i64, i64> = db
        .prepare("SELECT src, dst FROM scratch.recipes")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let begun = begun_runs("source");
    let mut find = db.prepare(&format!(
        "SELECT r.id, r.run_id, r.tasks, b.begun - r.started_at FROM source.runs r JOIN {begun} AS b ON b.id = r.id
         WHERE NOT ?1
           OR r.id IN (SELECT q.run_id FROM scratch.wanted w CROSS JOIN source.requests q ON q.page_id = w.src)
           OR r.id IN (SELECT a.run_id FROM scratch.wanted w CROSS JOIN source.requests q ON q.page_id = w.src
             CROSS JOIN source.attempts a ON a.request_id = q.id)
         ORDER BY r.id",
    ))?;
    let mut known = db.prepare("SELECT id FROM main.runs WHERE run_id = ?1")?;
    let mut insert = db.prepare(
        "INSERT INTO main.runs (run_id, job_id, set_id, model, tasks, started_at, heartbeat, first_attempt, ended_at, outcome, exit_code, since, attempt_timeout_ms, shard,
           settings_id, is_trial)
         SELECT r.run_id, ifnull(j.dst, 0), ifnull(s.dst, 0), r.model, ?2, r.started_at + ?6, r.heartbeat + ?6, (SELECT ifnull(max(id), 0) + 1 FROM main.attempts),
           ifnull(r.ended_at, r.heartbeat) + ?6, ifnull(r.outcome, ?3), CASE WHEN r.outcome IS NULL THEN NULL ELSE r.exit_code END, r.since + ?4, r.attempt_timeout_ms, CASE WHEN ?5 THEN NULL ELSE r.shard END,
           (SELECT t.id FROM source.settings o JOIN main.settings t ON t.hash = o.hash WHERE o.id = r.settings_id), r.is_trial
         FROM source.runs r LEFT JOIN scratch.jobs j ON j.src = r.job_id LEFT JOIN scratch.sets s ON s.src = r.set_id
         WHERE r.id = ?1 AND (r.job_id = 0 OR j.dst IS NOT NULL) AND (r.set_id = 0 OR s.dst IS NOT NULL)",
    )?;
    // An earlier copy of the store may have been merged while the run was going on.
    let (new_ended, known_ended) = (has_ended("r"), has_ended("t"));
    let mut update = db.prepare(&format!(
        "UPDATE main.runs AS t SET started_at = r.started_at + ?4, heartbeat = r.heartbeat + ?4, ended_at = ifnull(r.ended_at, r.heartbeat) + ?4,
           outcome = ifnull(r.outcome, ?3), exit_code = CASE WHEN r.outcome IS NULL THEN NULL ELSE r.exit_code END
         FROM source.runs r WHERE r.id = ?1 AND t.id = ?2 AND ({new_ended}, r.heartbeat + ?4) > ({known_ended}, t.heartbeat)"
    ))?;
    let mut put = db.prepare("INSERT INTO scratch.runs (src, dst, is_new) VALUES (?1, ?2, ?3)")?;
    let mut rows = find.query([is_part])?;
    while let Some(row) = rows.next()? {
        let (run, run_id, tasks): (RunKey, RunId, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let moved_ms: i64 = row.get(3)?;
        let found: Option<RunKey> = known.query_row([&run_id], |row| row.get(0)).optional()?;
        if let Some(found) = found {
            update.execute(params![run, found, RunOutcomeName::Died, moved_ms])?;
            put.execute(params![run, found, false])?;
            continue;
        }
        let tasks: Vec<(String, i64)> = serde_json::from_str(&tasks)
            .map_err(|error| StoreError::Damaged(format!("runs, run {run}: tasks: {error}")))?;
        // A task of a recipe that a salvage has lost has none.
        let tasks: Vec<(&str, i64)> =
            tasks.iter().map(|(task, recipe)| (task.as_str(), recipes.get(recipe).copied().unwrap_or(0))).collect();
        let tasks = serde_json::json!(tasks).to_string();
        if insert.execute(params![run, tasks, RunOutcomeName::Died, revision, is_part, moved_ms])? == 0 {
            return Err(StoreError::Damaged(format!("runs, run {run}: its job or its recipe set is missing")));
        }
        put.execute(params![run, db.last_insert_rowid(), true])?;
    }
    if !is_part {
        db.execute(TAKEN_OVER_RUNS, [job.identity])?;
    }
    Ok(())
}
