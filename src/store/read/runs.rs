//! Jobs, runs, budgets, endpoints.

use crate::base::digest::Digest;
use crate::base::ids::{JobId, RecipeId, RecipeSetId, Revision, RunId, RunKey, SettingsId};
use crate::base::json_text::JsonText;
use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::base::vocabulary::RunOutcomeName;
use crate::store::error::StoreError;
use crate::store::records::budgets::BudgetRecord;
use crate::store::records::runs::{DIED_END, RunRecord, TaskKey};
use crate::store::sqlite::cells::Cells;
use rusqlite::{Connection, OptionalExtension, Row, params};

pub(crate) fn job_id(db: &Connection, identity: &Digest) -> Result<Option<JobId>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM jobs WHERE identity = ?1")?;
    Ok(find.query_row([identity], |row| row.get(0)).optional()?)
}

/// The job with this identity, if it was stored for this manifest.
pub(crate) fn job_of_manifest(db: &Connection, identity: &Digest, manifest: &str) -> Result<Option<JobId>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM jobs WHERE identity = ?1 AND manifest = ?2")?;
    Ok(find.query_row(params![identity, manifest], |row| row.get(0)).optional()?)
}

/// Runs, newest first: of one job, or of all.
pub(crate) fn runs(db: &Connection, job: Option<JobId>) -> Result<Vec<RunRecord>, StoreError> {
    let mut find = db.prepare_cached(&format!("SELECT {RUN} WHERE ?1 IS NULL OR r.job_id = ?1 ORDER BY r.id DESC"))?;
    find.query_and_then([job], run)?.collect()
}

/// The columns that [`run`] reads, and their tables.
pub(crate) const RUN: &str =
    "r.id, r.run_id, r.job_id, j.name, r.model, r.started_at, r.ended_at, r.outcome, r.exit_code, r.tasks, r.heartbeat, r.settings_id,
 r.is_trial, r.shard FROM runs r JOIN jobs j ON j.id = r.job_id";

/// A run whose columns are [`RUN`].
pub(crate) fn run(row: &Row<'_>) -> Result<RunRecord, StoreError> {
    let run: RunKey = row.get(0)?;
    let cells = Cells::new(row, "runs", || format!("run {run}"));
    let outcome: Option<RunOutcomeName> = cells.get(7)?;
    let exit_code: Option<u8> = cells.get(8)?;
    let outcome = match (outcome, exit_code) {
        (None, _) => None,
        (Some(outcome), Some(exit_code)) => Some((outcome, exit_code)),
        // Another process recorded its end.
        (Some(RunOutcomeName::Died), None) => Some(DIED_END),
        (Some(_), None) => return Err(cells.damaged(8, "a run that ended has an exit code")),
    };
    let ended_ms: Option<i64> = cells.get(6)?;
    if outcome.is_some() != ended_ms.is_some() {
        return Err(cells.damaged(6, "a run has ended when it has an outcome"));
    }
    let is_try = cells.flag(12)?;
    if outcome.is_some_and(|(outcome, _)| outcome == RunOutcomeName::Try) && !is_try {
        return Err(cells.damaged(12, "a run that ended as a trial is one"));
    }
    Ok(RunRecord {
        run,
        run_id: cells.get(1)?,
        job: cells.get(2)?,
        job_name: cells.get(3)?,
        model: cells.get(4)?,
        started_ms: cells.get(5)?,
        ended_ms,
        heartbeat_ms: cells.get(10)?,
        outcome,
        tasks: tasks(&cells, 9)?,
        settings: cells.get(11)?,
        is_try,
        shard: cells.get(13)?,
    })
}

/// The shard that the store belongs to; `None`: its runs are of the whole input.
pub(crate) fn shard(db: &Connection) -> Result<Option<Shard>, StoreError> {
    let mut find = db.prepare_cached("SELECT number, shards FROM shard")?;
    let mut rows = find.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let cells = Cells::new(row, "shard", || "row 1".to_owned());
    Shard::new(cells.get(0)?, cells.get(1)?).map(Some).ok_or_else(|| cells.damaged(0, "not below the number of shards"))
}

/// The settings of a run as canonical JSON.
pub(crate) fn settings_body(db: &Connection, id: SettingsId) -> Result<Option<JsonText>, StoreError> {
    let mut find = db.prepare_cached("SELECT body FROM settings WHERE id = ?1")?;
    let mut rows = find.query([id])?;
    match rows.next()? {
        Some(row) => Cells::new(row, "settings", || format!("settings {id}")).get(0),
        None => Ok(None),
    }
}

/// The tasks of a run, as [`tasks_to_json`] stored them.
pub(crate) fn tasks<F: Fn() -> String>(cells: &Cells<'_, F>, index: usize) -> Result<Vec<TaskKey>, StoreError> {
    let pairs: Vec<(String, i64)> = cells.json(index)?;
    Ok(pairs.into_iter().map(|(task, recipe_id)| TaskKey { task, recipe_id: RecipeId(recipe_id) }).collect())
}

/// The tasks of a run as a JSON array of name and recipe.
pub(crate) fn tasks_to_json(tasks: &[TaskKey]) -> String {
    let pairs: Vec<(&str, i64)> = tasks.iter().map(|task| (task.task.as_str(), task.recipe_id.0)).collect();
    serde_json::json!(pairs).to_string()
}

/// The page counts that the run just before `run` stored, if it was of the same job and set
/// and neither another run nor a decision came between.
pub(crate) fn page_counts_before(
    db: &Connection,
    run: RunKey,
    job: JobId,
    set: RecipeSetId,
) -> Result<Option<String>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT pages FROM runs WHERE id = ?1 - 1 AND job_id = ?2 AND set_id = ?3 AND ended_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM runs WHERE id > ?1 OR (ended_at IS NULL AND id <> ?1))
         AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.job = (SELECT name FROM jobs WHERE id = ?2) AND d.revision > runs.since)",
    )?;
    let mut rows = find.query(params![run, job, set])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let cells = Cells::new(row, "runs", || format!("before run {run}"));
    Ok(cells.get::<Option<JsonText>>(0)?.map(String::from))
}

/// The mean latency of the latest replies of a model to a job, in milliseconds, and their
/// number, at most 1000, of the last 100,000 attempts of all jobs: others may have made millions.
/// The scope of a budget, as `BudgetCounter` writes it, shows whether its attempts were simulated.
pub(crate) fn mean_latency(
    db: &Connection,
    job: JobId,
    model: &str,
    is_simulated: bool,
) -> Result<Option<(u64, u64)>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT avg(latency_ms), count(*) FROM (SELECT a.latency_ms FROM attempts a JOIN runs r ON r.id = a.run_id
           JOIN budget b ON b.id = a.budget_id
           WHERE r.job_id = ?1 AND r.model = ?2 AND (substr(b.scope, instr(b.scope, '/') + 1) GLOB 'simulated/*') = ?3
           AND a.verdict = 'done' AND a.batch_id IS NULL
           AND a.id > (SELECT max(id) FROM attempts) - 100000 ORDER BY a.id DESC LIMIT 1000)",
    )?;
    let (mean, count): (Option<f64>, i64) =
        find.query_row(params![job, model, is_simulated], |row| Ok((row.get(0)?, row.get(1)?)))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds")]
    Ok(mean.map(|mean| (mean.round() as u64, count.cast_unsigned())))
}

/// The run that a new run of a job with this selection continues: the last one with the same
/// selection and recipes, unless it was finished. With it the revision from which its outcomes count.
pub(crate) fn unfinished_run(
    db: &Connection,
    job: JobId,
    set: RecipeSetId,
    selection: &str,
) -> Result<Option<(RunId, Revision)>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT id, run_id, since FROM runs WHERE job_id = ?1 AND selection = ?2 AND set_id = ?3 ORDER BY id DESC LIMIT 1",
    )?;
    let mut rows = find.query(params![job, selection, set])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let run: RunKey = row.get(0)?;
    let cells = Cells::new(row, "runs", || format!("run {run}"));
    Ok(Some((cells.get(1)?, cells.get(2)?)))
}

/// The runs of a job with this selection and recipes that were not finished: those that a new one continues.
pub(crate) fn unfinished_runs(
    db: &Connection,
    job: JobId,
    set: RecipeSetId,
    selection: &str,
) -> Result<Vec<RunKey>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM runs WHERE job_id = ?1 AND selection = ?2 AND set_id = ?3")?;
    Ok(find.query_map(params![job, selection, set], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// The spend plus the reservations in the scope of a budget.
pub(crate) fn budget_used(db: &Connection, scope: &str) -> Result<Pico, StoreError> {
    let mut find = db.prepare_cached("SELECT spent, reserved FROM budget WHERE scope = ?1")?;
    let mut rows = find.query([scope])?;
    let Some(row) = rows.next()? else { return Ok(Pico::ZERO) };
    let cells = Cells::new(row, "budget", || format!("`{scope}`"));
    Ok(cells.amount(0)? + cells.amount(1)?)
}

/// All budgets, in the order of their scopes.
pub(crate) fn budgets(db: &Connection) -> Result<Vec<BudgetRecord>, StoreError> {
    let mut find = db.prepare_cached("SELECT scope, spent, reserved FROM budget ORDER BY scope")?;
    find.query_and_then([], budget_record)?.collect()
}

/// A budget whose columns are its scope, its spend and its reservations.
pub(crate) fn budget_record(row: &Row<'_>) -> Result<BudgetRecord, StoreError> {
    let scope: String = row.get(0)?;
    let cells = Cells::new(row, "budget", || format!("`{scope}`"));
    Ok(BudgetRecord { scope: scope.clone(), spent: cells.amount(1)?, reserved: cells.amount(2)? })
}

/// The facts about an endpoint, as JSON: its capabilities, its calibration.
pub(crate) fn endpoint(db: &Connection, id: &str) -> Result<(Option<String>, Option<String>), StoreError> {
    let mut find = db.prepare_cached("SELECT capabilities, calibration FROM endpoints WHERE id = ?1")?;
    let mut rows = find.query([id])?;
    let Some(row) = rows.next()? else { return Ok((None, None)) };
    let cells = Cells::new(row, "endpoints", || format!("endpoint `{id}`"));
    let text = |index| Ok::<_, StoreError>(cells.get::<Option<JsonText>>(index)?.map(String::from));
    Ok((text(0)?, text(1)?))
}
