//! Attempts one by one, for the spend report.

use crate::base::ids::{AttemptId, RecipeId, RunKey};
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::base::vocabulary::{AttemptPurpose, AttemptState, UsageSource};
use crate::store::error::StoreError;
use crate::store::read::recipes::SetMembers;
use crate::store::read::runs::tasks;
use crate::store::records::attempts::{AskedElsewhere, AttemptRecord, BatchHolder, ServedRecord};
use crate::store::sqlite::cells::Cells;
use rusqlite::{Connection, Row, params};
use std::time::Duration;

/// The next attempts of a run after `after`, by id, opened in `[since_ms, until_ms)`. Without
/// attempts that were withdrawn, which were never sent.
pub(crate) fn attempts(
    db: &Connection,
    sets: &SetMembers,
    run: RunKey,
    after: AttemptId,
    (since_ms, until_ms): (i64, i64),
    limit: usize,
) -> Result<Vec<AttemptRecord>, StoreError> {
    let mut find = db.prepare_cached(&format!(
        "SELECT {} FROM runs JOIN attempts a ON a.run_id = runs.id JOIN requests r ON r.id = a.request_id
         WHERE runs.id = ?1 AND a.id >= runs.first_attempt AND a.id > ?2 AND a.opened_at >= ?3 AND a.opened_at < ?4 AND a.state <> 'withdrawn' ORDER BY a.id LIMIT ?5",
        attempt_columns(
            "a.id = (SELECT min(b.id) FROM attempts b WHERE b.request_id = a.request_id)",
            "(SELECT e.path FROM pages p JOIN entries e ON e.job_id = runs.job_id AND e.content = p.content WHERE p.id = r.page_id ORDER BY e.line, e.path LIMIT 1)"
        )
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = find.query_and_then(params![run, after, since_ms, until_ms, limit], |row| attempt(db, sets, row))?;
    let mut attempts: Vec<AttemptRecord> = rows.collect::<Result<_, StoreError>>()?;
    let known = run_recipes(db, run)?;
    for attempt in attempts.iter_mut().filter(|attempt| attempt.recipes.iter().any(|recipe| !known.contains(recipe))) {
        attempt.rendered = rendered_recipes(db, attempt.id)?;
    }
    Ok(attempts)
}

/// The columns that [`attempt`] reads of an attempt `a`, its request `r` and its run `runs`. `is_first` and `path` are
/// expressions for whether it is the first of its request, and for the path of its page.
pub(crate) fn attempt_columns(is_first: &str, path: &str) -> String {
    format!(
        "a.id, {is_first}, a.state, r.set_id, runs.model, a.verdict, a.http_status, a.input_tokens, a.cached_input_tokens, a.output_tokens,
         a.usage_source, a.cost, a.latency_ms, {path}, a.purpose, a.opened_at, a.expected, a.cache_write_tokens, a.saved_by_cache, a.saved_by_size,
         a.error_kind, a.reasoning_tokens, a.reported_cost, a.served_model, a.served_by, a.service_tier, a.reserved IS NOT NULL"
    )
}

/// The recipes of the tasks of a run. Those of questions that name columns are not those that are asked.
fn run_recipes(db: &Connection, run: RunKey) -> Result<Vec<RecipeId>, StoreError> {
    let mut find = db.prepare_cached("SELECT tasks FROM runs WHERE id = ?1")?;
    let mut rows = find.query([run])?;
    let Some(row) = rows.next()? else { return Ok(Vec::new()) };
    let tasks = tasks(&Cells::new(row, "runs", || format!("run {}", run.0)), 0)?;
    Ok(tasks.into_iter().map(|task| task.recipe_id).collect())
}

/// The recipes of the page of an attempt that were rendered for a line of the list, with the places of their tasks.
fn rendered_recipes(db: &Connection, attempt: AttemptId) -> Result<Vec<(RecipeId, usize)>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT DISTINCT m.recipe_id, m.position
         FROM attempts a JOIN requests r ON r.id = a.request_id JOIN runs ON runs.id = a.run_id JOIN pages p ON p.id = r.page_id
           JOIN entries e ON e.job_id = runs.job_id AND e.content = p.content JOIN recipe_set_members m ON m.set_id = e.set_id
         WHERE a.id = ?1",
    )?;
    let members = find.query_map([attempt], |row| Ok((row.get(0)?, row.get::<_, u32>(1)? as usize)))?;
    Ok(members.collect::<Result<_, _>>()?)
}

/// The open attempts of other live runs that hold reservations of a budget, without lines of batches.
pub(crate) fn reserved_elsewhere(db: &Connection, own: RunKey, scope: &str) -> Result<Vec<AskedElsewhere>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT a.id, runs.run_id, runs.attempt_timeout_ms
         FROM runs JOIN attempts a ON a.run_id = runs.id JOIN budget b ON b.id = a.budget_id
         WHERE runs.ended_at IS NULL AND runs.id <> ?1 AND a.id >= runs.first_attempt AND a.state = 'open' AND a.batch_id IS NULL
           AND b.scope = ?2 ORDER BY a.id",
    )?;
    let rows = find.query_and_then(params![own, scope], |row| {
        let attempt: AttemptId = row.get(0)?;
        let cells = Cells::new(row, "runs", || format!("of attempt {attempt}"));
        let timeout = cells.optional_count(2)?.map(Duration::from_millis);
        Ok(AskedElsewhere { attempt, run: cells.get(1)?, timeout, batch: None })
    })?;
    rows.collect()
}

/// The other runs, alive or not, with batches that hold reservations of a budget.
pub(crate) fn batch_holders(db: &Connection, own: RunKey, scope: &str) -> Result<Vec<BatchHolder>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT DISTINCT runs.run_id, runs.heartbeat, runs.attempt_timeout_ms
         FROM batches JOIN runs ON runs.id = batches.run_id
         WHERE batches.state <> 'ended' AND runs.id <> ?1
           AND EXISTS (SELECT 1 FROM attempts a JOIN budget b ON b.id = a.budget_id
                       WHERE a.batch_id = batches.id AND a.state = 'open' AND b.scope = ?2)
         ORDER BY runs.id",
    )?;
    let rows = find.query_and_then(params![own, scope], |row| {
        let cells = Cells::new(row, "runs", || "with a batch".to_owned());
        let timeout = cells.optional_count(2)?.map(Duration::from_millis);
        Ok(BatchHolder { run: cells.get(0)?, heartbeat_ms: cells.get(1)?, timeout })
    })?;
    rows.collect()
}

/// How many pages the attempts of these runs, opened in `[since_ms, until_ms)`, asked.
pub(crate) fn asked_pages(
    db: &Connection,
    runs: &[RunKey],
    (since_ms, until_ms): (i64, i64),
) -> Result<u64, StoreError> {
    let runs = serde_json::json!(runs.iter().map(|run| run.0).collect::<Vec<_>>()).to_string();
    let mut count = db.prepare_cached(
        "SELECT count(DISTINCT r.page_id) FROM attempts a JOIN requests r ON r.id = a.request_id
         WHERE a.run_id IN (SELECT value FROM json_each(?1)) AND a.opened_at >= ?2 AND a.opened_at < ?3 AND a.state <> 'withdrawn'",
    )?;
    let pages: i64 = count.query_row(params![runs, since_ms, until_ms], |row| row.get(0))?;
    Ok(pages.cast_unsigned())
}

/// An attempt whose columns are [`attempt_columns`].
pub(crate) fn attempt(db: &Connection, sets: &SetMembers, row: &Row<'_>) -> Result<AttemptRecord, StoreError> {
    let id: AttemptId = row.get(0)?;
    let cells = Cells::new(row, "attempts", || format!("attempt {id}"));
    let state: AttemptState = cells.get(2)?;
    let usage: Option<UsageSource> = cells.get(10)?;
    if state == AttemptState::Settled && usage.is_none() {
        return Err(cells.damaged(10, "a settled attempt has a usage source"));
    }
    let purpose: Option<AttemptPurpose> = cells.get(14)?;
    let tokens = |index| if state == AttemptState::Settled { cells.known_count(index) } else { cells.count(index) };
    let saved = |index| Ok::<_, StoreError>(cells.get::<Option<Pico>>(index)?.unwrap_or(Pico::ZERO));
    Ok(AttemptRecord {
        id,
        is_first: row.get(1)?,
        state,
        // Versions 1 and 2 of the store did not record it.
        purpose: purpose.unwrap_or(AttemptPurpose::Ask),
        opened_ms: cells.get(15)?,
        recipes: sets.of_set(db, cells.get(3)?)?,
        rendered: Vec::new(),
        model: cells.get(4)?,
        verdict: cells.get(5)?,
        http_status: cells.get(6)?,
        tokens: Usage {
            input: tokens(7)?,
            cached_input: tokens(8)?,
            cache_write: cells.count(17)?,
            output: tokens(9)?,
            reasoning: cells.count(21)?,
        },
        is_estimated: usage == Some(UsageSource::Estimated),
        cost: cells.optional_amount(11)?,
        is_priced: cells.get(26)?,
        reported_cost: cells.optional_amount(22)?,
        served: ServedRecord { model: cells.get(23)?, provider: cells.get(24)?, service_tier: cells.get(25)? },
        expected: cells.get(16)?,
        saved_by_cache: saved(18)?,
        saved_by_size: saved(19)?,
        error_kind: cells.get(20)?,
        latency_ms: cells.optional_count(12)?,
        path: cells.get(13)?,
    })
}
