//! Runs, their recipes, and the end of those that died.

use super::attempts;
use super::batches;
use super::ledger::Ledger;
use crate::base::digest::Digest;
use crate::base::ids::{JobId, RecipeId, RecipeSetId, RunId, RunKey};
use crate::store::error::StoreError;
use crate::store::records::pages::{EndpointFact, RecipeRecord, RunEnd, RunKeys, RunStart, TaskKey};
use crate::store::sqlite::run_lock::is_alive;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

pub(crate) fn begin(
    db: &Connection,
    ledger: &mut Ledger,
    store: &Path,
    start: &RunStart,
) -> Result<RunKeys, StoreError> {
    let Buried { lost, runs: dead } = bury_the_dead(db, ledger, store, None, start.at_ms)?;
    let job = job_id(db, start)?;
    let (set, tasks) = define(db, &start.recipes, &start.policy)?;
    db.execute(
        "INSERT INTO runs (run_id, job_id, set_id, model, tasks, started_at, heartbeat, first_attempt)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, (SELECT ifnull(max(id), 0) + 1 FROM attempts))",
        params![start.run_id, job, set, start.model, tasks_to_json(&tasks), start.at_ms],
    )?;
    let run = RunKey(db.last_insert_rowid());
    batches::adopt(db, run, &start.provider)?;
    let (capabilities, calibration) = endpoint(db, &start.endpoint)?;
    Ok(RunKeys { run, job, set, tasks, capabilities, calibration, lost, dead })
}

/// Defines recipes; their set under this policy, and their keys.
pub(crate) fn define(
    db: &Connection,
    recipes: &[RecipeRecord],
    policy: &str,
) -> Result<(RecipeSetId, Vec<TaskKey>), StoreError> {
    let tasks = recipes.iter().map(|recipe| task_key(db, recipe)).collect::<Result<Vec<_>, _>>()?;
    let set = set_id(db, &tasks.iter().map(|task| task.recipe_id).collect::<Vec<_>>(), policy)?;
    Ok((set, tasks))
}

fn job_id(db: &Connection, start: &RunStart) -> Result<JobId, StoreError> {
    db.execute(
        "INSERT INTO jobs (identity, name, manifest, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (identity) DO UPDATE SET name = excluded.name, manifest = excluded.manifest, updated_at = excluded.updated_at",
        params![start.job.as_bytes(), start.job_name, start.manifest, start.at_ms],
    )?;
    Ok(db.query_row("SELECT id FROM jobs WHERE identity = ?1", [start.job.as_bytes()], |row| row.get(0))?)
}

fn task_key(db: &Connection, recipe: &RecipeRecord) -> Result<TaskKey, StoreError> {
    db.execute(
        "INSERT OR IGNORE INTO recipes (hash, body) VALUES (?1, ?2)",
        params![recipe.hash.as_bytes(), recipe.body],
    )?;
    let recipe_id =
        db.query_row("SELECT id FROM recipes WHERE hash = ?1", [recipe.hash.as_bytes()], |row| row.get(0))?;
    Ok(TaskKey { task: recipe.task.clone(), recipe_id })
}

/// What tells a set from others.
pub(crate) fn set_hash(recipes: &[RecipeId], policy: &str) -> Digest {
    let bytes: Vec<u8> = recipes.iter().flat_map(|id| id.0.to_be_bytes()).chain(policy.bytes()).collect();
    Digest::compute(&bytes)
}

/// The set of these recipes, made when it is new. Order matters: a shared cost's
/// remainder goes to the first. Another policy makes another set.
pub(crate) fn set_id(db: &Connection, recipes: &[RecipeId], policy: &str) -> Result<RecipeSetId, StoreError> {
    let hash = set_hash(recipes, policy);
    let known = db
        .prepare_cached("SELECT id FROM recipe_sets WHERE hash = ?1")?
        .query_row([hash.as_bytes()], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    db.execute("INSERT INTO recipe_sets (hash) VALUES (?1)", [hash.as_bytes()])?;
    let id = RecipeSetId(db.last_insert_rowid());
    for (position, recipe) in recipes.iter().enumerate() {
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        db.execute(
            "INSERT INTO recipe_set_members (set_id, position, recipe_id) VALUES (?1, ?2, ?3)",
            params![id, position, recipe],
        )?;
    }
    Ok(id)
}

pub(crate) fn end(db: &Connection, end: &RunEnd) -> Result<(), StoreError> {
    db.execute(
        "UPDATE runs SET ended_at = ?2, heartbeat = ?2, outcome = ?3, exit_code = ?4, pages = ?5 WHERE id = ?1",
        params![end.run, end.at_ms, end.outcome, end.exit_code, end.pages],
    )?;
    Ok(())
}

pub(crate) fn beat(db: &Connection, run: RunKey, at_ms: i64) -> Result<(), StoreError> {
    db.execute("UPDATE runs SET heartbeat = ?2 WHERE id = ?1", params![run, at_ms])?;
    Ok(())
}

/// What was found of runs that died.
#[derive(Debug, Default)]
pub(crate) struct Buried {
    /// Attempts that were declared lost.
    pub(crate) lost: u64,
    /// The runs' ids.
    pub(crate) runs: Vec<RunId>,
}

/// Ends the runs that died and declares their open attempts lost. Once that is durable,
/// their locks are to be forgotten.
pub(crate) fn bury_the_dead(
    db: &Connection,
    ledger: &mut Ledger,
    store: &Path,
    own: Option<RunKey>,
    at_ms: i64,
) -> Result<Buried, StoreError> {
    let mut open = db.prepare_cached("SELECT id, run_id, heartbeat FROM runs WHERE ended_at IS NULL")?;
    let rows = open.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let unended: Vec<(RunKey, RunId, i64)> = rows.collect::<Result<_, _>>()?;
    let mut buried = Buried::default();
    for (run, run_id, heartbeat) in unended {
        if Some(run) != own && !is_alive(store, &run_id, heartbeat, at_ms) {
            buried.lost += attempts::lose(db, ledger, run, at_ms)?;
            batches::withdraw_filling(db, ledger, run)?;
            db.execute(
                "UPDATE runs SET ended_at = heartbeat, outcome = 'died', exit_code = NULL WHERE id = ?1",
                [run],
            )?;
            buried.runs.push(run_id);
        }
    }
    Ok(buried)
}

/// What is remembered of an endpoint: its capabilities, its calibration.
pub(crate) fn endpoint(db: &Connection, id: &str) -> Result<(Option<String>, Option<String>), StoreError> {
    let mut find = db.prepare_cached("SELECT capabilities, calibration FROM endpoints WHERE id = ?1")?;
    Ok(find.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?.unwrap_or_default())
}

pub(crate) fn remember(db: &Connection, endpoint: &str, fact: &EndpointFact) -> Result<(), StoreError> {
    let (column, value) = match fact {
        EndpointFact::Capabilities(json) => ("capabilities", json),
        EndpointFact::Calibration(json) => ("calibration", json),
    };
    let put = format!(
        "INSERT INTO endpoints (id, {column}) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET {column} = excluded.{column}"
    );
    db.prepare_cached(&put)?.execute([endpoint, value])?;
    Ok(())
}

fn tasks_to_json(tasks: &[TaskKey]) -> String {
    let pairs: Vec<(&str, i64)> = tasks.iter().map(|task| (task.task.as_str(), task.recipe_id.0)).collect();
    serde_json::to_string(&pairs).unwrap_or_default()
}

pub(crate) fn tasks_from_json(text: &str) -> Vec<TaskKey> {
    let pairs: Vec<(String, i64)> = serde_json::from_str(text).unwrap_or_default();
    pairs.into_iter().map(|(task, recipe_id)| TaskKey { task, recipe_id: RecipeId(recipe_id) }).collect()
}
