//! Attempts: opened with what they may cost, settled with what they did, or lost.

use super::entries::find_or_add_page;
use super::ledger::Ledger;
use crate::base::ids::{AttemptId, RecipeId, RequestId, RunKey};
use crate::base::money::Pico;
use crate::base::vocabulary::{AttemptState, OutcomeStatus, UsageSource};
use crate::store::error::StoreError;
use crate::store::records::attempts::{OpenAttempt, Opened, Settlement};
use crate::store::records::pages::TaskOutcome;
use rusqlite::{Connection, OptionalExtension, params};

pub(crate) fn open(db: &Connection, ledger: &mut Ledger, open: &OpenAttempt) -> Result<Opened, StoreError> {
    let (page, is_new) = find_or_add_page(db, &open.page)?;
    if !is_new {
        for (recipe, seen_ms) in &open.recipes {
            if outcome_time(db, page, *recipe)? != *seen_ms {
                return Ok(Opened::Changed);
            }
        }
        if is_asked_elsewhere(db, page, &open.recipes)? {
            return Ok(Opened::Elsewhere);
        }
    }
    let reserved = open.reserved.unwrap_or_default();
    let line = ledger.line(db, &open.budget.scope)?;
    if open.budget.limit.is_some_and(|limit| line.spent + line.reserved + reserved > limit) {
        return Ok(Opened::OverBudget { is_reserved: line.reserved > Pico::ZERO, spent: line.spent });
    }
    line.reserved += reserved;
    let budget = line.id;
    let request = match open.request {
        Some(request) => request,
        None => {
            let recipes: Vec<RecipeId> = open.recipes.iter().map(|(recipe, _)| *recipe).collect();
            let set = ledger.set(db, &recipes)?;
            db.prepare_cached("INSERT INTO requests (run_id, page_id, set_id) VALUES (?1, ?2, ?3)")?
                .execute(params![open.run, page, set])?;
            RequestId(db.last_insert_rowid())
        }
    };
    db.prepare_cached(
        "INSERT INTO attempts (request_id, run_id, state, budget_id, reserved, purpose, expected, opened_at, batch_id)
         VALUES (?1, ?2, 'open', ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        request,
        open.run,
        budget,
        open.reserved.map(|pico| pico.0),
        open.purpose,
        open.expected.map(|pico| pico.0),
        open.at_ms,
        open.batch
    ])?;
    Ok(Opened::Granted { request, attempt: AttemptId(db.last_insert_rowid()) })
}

fn outcome_time(db: &Connection, page: i64, recipe: RecipeId) -> Result<Option<i64>, StoreError> {
    let mut find = db.prepare_cached("SELECT at FROM answers WHERE page_id = ?1 AND recipe_id = ?2 AND sample = 0")?;
    Ok(find.query_row(params![page, recipe], |row| row.get(0)).optional()?)
}

/// Whether an open attempt, of whichever run, asks one of these recipes of this page.
/// The attempts of dead runs are not open any more.
fn is_asked_elsewhere(db: &Connection, page: i64, recipes: &[(RecipeId, Option<i64>)]) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT m.recipe_id FROM requests r JOIN attempts a ON a.request_id = r.id JOIN recipe_set_members m ON m.set_id = r.set_id
         WHERE r.page_id = ?1 AND a.state = 'open'",
    )?;
    let mut rows = find.query([page])?;
    while let Some(row) = rows.next()? {
        let recipe: RecipeId = row.get(0)?;
        if recipes.iter().any(|(wanted, _)| *wanted == recipe) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) fn settle(db: &Connection, ledger: &mut Ledger, settlement: &Settlement) -> Result<(), StoreError> {
    let mut find = db.prepare_cached(
        "SELECT a.state, a.budget_id, ifnull(a.reserved, 0), r.id, r.page_id
         FROM attempts a JOIN requests r ON r.id = a.request_id WHERE a.id = ?1",
    )?;
    let (state, budget, reserved, request, page): (AttemptState, i64, i64, RequestId, i64) = find
        .query_row([settlement.attempt], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    // One that was declared lost meanwhile is spent already; its answers still count.
    if state == AttemptState::Open {
        ledger.spend(db, budget, Pico(reserved), settlement.charge.budget)?;
    }
    let charged = &settlement.charge;
    let fault = settlement.fault.as_ref();
    db.prepare_cached(
        "UPDATE attempts SET state = 'settled', input_tokens = ?2, cached_input_tokens = ?3, output_tokens = ?4, usage_source = ?5,
           cost = ?6, verdict = ?7, error_kind = ?8, message = ?9, http_status = ?10, server_request_id = ?11, latency_ms = CASE WHEN batch_id IS NULL THEN ?12 END, settled_at = ?13,
           cache_write_tokens = ?14, saved_by_cache = ?15, saved_by_size = ?16
         WHERE id = ?1",
    )?
    .execute(params![
        settlement.attempt,
        count(charged.tokens.input),
        count(charged.tokens.cached_input),
        count(charged.tokens.output),
        if charged.is_estimated { UsageSource::Estimated } else { UsageSource::Reported },
        charged.cost.map(|pico| pico.0),
        settlement.verdict,
        fault.map(|fault| fault.kind),
        fault.map(|fault| &fault.message),
        settlement.http_status,
        settlement.server_request_id,
        count(settlement.latency_ms),
        settlement.at_ms,
        count(charged.tokens.cache_write),
        charged.saved_by_cache.0,
        charged.saved_by_size.0,
    ])?;
    put_outcomes(db, page, Some(request), &settlement.outcomes)
}

/// Stores outcomes. A valid answer is never replaced by a failure to ask again.
pub(crate) fn put_outcomes(
    db: &Connection,
    page: i64,
    request: Option<RequestId>,
    outcomes: &[(RecipeId, TaskOutcome)],
) -> Result<(), StoreError> {
    let mut put = db.prepare_cached(
        "INSERT INTO answers (page_id, recipe_id, sample, status, value, reason, message, passing, runs, request_id, at)
         VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (page_id, recipe_id, sample) DO UPDATE SET status = excluded.status, value = excluded.value, reason = excluded.reason,
           message = excluded.message, passing = excluded.passing, request_id = excluded.request_id, at = excluded.at,
           runs = CASE WHEN answers.passing = 1 AND excluded.passing = 1 THEN answers.runs + 1 ELSE excluded.runs END
         WHERE excluded.status = 'ok' OR answers.status <> 'ok'",
    )?;
    for (recipe, outcome) in outcomes {
        debug_assert!(outcome.status != OutcomeStatus::Ok || outcome.value.is_some(), "an answer has a value");
        let fault = outcome.fault.as_ref();
        put.execute(params![
            page,
            recipe,
            outcome.status,
            outcome.value,
            fault.map(|fault| fault.kind),
            fault.map(|fault| &fault.message),
            outcome.is_passing,
            outcome.runs,
            request,
            outcome.at_ms,
        ])?;
    }
    Ok(())
}

/// Declares the open attempts of a run lost: spent at their reservation. Those of batches
/// go on at the provider, and are collected by the next run.
pub(crate) fn lose(db: &Connection, ledger: &mut Ledger, run: RunKey, at_ms: i64) -> Result<u64, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT a.id, a.budget_id, ifnull(a.reserved, 0) FROM runs JOIN attempts a ON a.run_id = runs.id
         WHERE runs.id = ?1 AND a.id >= runs.first_attempt AND a.state = 'open' AND a.batch_id IS NULL",
    )?;
    let rows = find.query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let open: Vec<(AttemptId, i64, i64)> = rows.collect::<Result<_, _>>()?;
    for (attempt, budget, reserved) in &open {
        ledger.spend(db, *budget, Pico(*reserved), Pico(*reserved))?;
        db.execute(
            "UPDATE attempts SET state = 'lost', cost = reserved, settled_at = ?2 WHERE id = ?1",
            params![attempt, at_ms],
        )?;
    }
    Ok(open.len() as u64)
}

fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
