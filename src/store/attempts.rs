//! Attempts: opened with what they may cost, settled with what they did, or lost.

use super::entries::page_id;
use super::error::StoreError;
use super::records::{BudgetLine, OpenAttempt, Opened, Outcome, OutcomeStatus, Settlement};
use super::runs::set_id;
use crate::money::Pico;
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn open(db: &Connection, open: &OpenAttempt) -> Result<Opened, StoreError> {
    let page = page_id(db, &open.page)?;
    for (recipe, seen_ms) in &open.recipes {
        if outcome_time(db, page, *recipe)? != *seen_ms {
            return Ok(Opened::Changed);
        }
    }
    if is_asked_elsewhere(db, page, &open.recipes)? {
        return Ok(Opened::Elsewhere);
    }
    let budget = match reserve(db, &open.budget, open.reserved)? {
        Reserved::On(id) => id,
        Reserved::NoRoom(refusal) => return Ok(refusal),
    };
    let request = match open.request {
        Some(request) => request,
        None => {
            let recipes: Vec<i64> = open.recipes.iter().map(|(recipe, _)| *recipe).collect();
            let set = set_id(db, &recipes)?;
            db.prepare_cached("INSERT INTO requests (run_id, page_id, set_id) VALUES (?1, ?2, ?3)")?
                .execute(params![open.run, page, set])?;
            db.last_insert_rowid()
        }
    };
    db.prepare_cached("INSERT INTO attempts (request_id, run_id, state, budget_id, reserved, opened_at) VALUES (?1, ?2, 'open', ?3, ?4, ?5)")?
        .execute(params![request, open.run, budget, open.reserved.map(|pico| pico.0), open.at_ms])?;
    Ok(Opened::Granted { request, attempt: db.last_insert_rowid() })
}

fn outcome_time(db: &Connection, page: i64, recipe: i64) -> Result<Option<i64>, StoreError> {
    let mut find = db.prepare_cached("SELECT at FROM answers WHERE page_id = ?1 AND recipe_id = ?2 AND sample = 0")?;
    Ok(find.query_row([page, recipe], |row| row.get(0)).optional()?)
}

/// Whether an open attempt, of whichever run, asks one of these recipes of this page.
/// The attempts of dead runs are not open any more.
fn is_asked_elsewhere(db: &Connection, page: i64, recipes: &[(i64, Option<i64>)]) -> Result<bool, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT m.recipe_id FROM requests r JOIN attempts a ON a.request_id = r.id JOIN recipe_set_members m ON m.set_id = r.set_id
         WHERE r.page_id = ?1 AND a.state = 'open'",
    )?;
    let mut rows = find.query([page])?;
    while let Some(row) = rows.next()? {
        let recipe: i64 = row.get(0)?;
        if recipes.iter().any(|(wanted, _)| *wanted == recipe) {
            return Ok(true);
        }
    }
    Ok(false)
}

enum Reserved {
    On(i64),
    NoRoom(Opened),
}

fn reserve(db: &Connection, line: &BudgetLine, amount: Option<Pico>) -> Result<Reserved, StoreError> {
    let mut find = db.prepare_cached("SELECT id, spent, reserved FROM budget WHERE scope = ?1")?;
    let found = find.query_row([&line.scope], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    let (id, spent, reserved): (i64, i64, i64) = match found {
        Some(found) => found,
        None => {
            db.execute("INSERT INTO budget (scope, spent, reserved) VALUES (?1, 0, 0)", [&line.scope])?;
            (db.last_insert_rowid(), 0, 0)
        }
    };
    let amount = amount.unwrap_or(Pico::ZERO);
    if line.limit.is_some_and(|limit| Pico(spent) + Pico(reserved) + amount > limit) {
        return Ok(Reserved::NoRoom(Opened::OverBudget { is_reserved: reserved > 0, spent: Pico(spent) }));
    }
    db.prepare_cached("UPDATE budget SET reserved = reserved + ?2 WHERE id = ?1")?.execute([id, amount.0])?;
    Ok(Reserved::On(id))
}

/// Moves an attempt's reservation to what is spent.
fn charge(db: &Connection, attempt: i64, spent: Pico) -> Result<(), StoreError> {
    db.prepare_cached(
        "UPDATE budget SET spent = spent + ?2, reserved = reserved - (SELECT ifnull(reserved, 0) FROM attempts WHERE id = ?1)
         WHERE id = (SELECT budget_id FROM attempts WHERE id = ?1)",
    )?
    .execute(params![attempt, spent.0])?;
    Ok(())
}

pub(super) fn settle(db: &Connection, settlement: &Settlement) -> Result<(), StoreError> {
    let is_open = db
        .prepare_cached("SELECT request_id FROM attempts WHERE id = ?1 AND state = 'open'")?
        .query_row([settlement.attempt], |row| row.get::<_, i64>(0))
        .optional()?;
    // Declared lost meanwhile: its reservation is spent already; the answers still count.
    let request = match is_open {
        Some(request) => {
            charge(db, settlement.attempt, settlement.charge.budget)?;
            request
        }
        None => {
            db.query_row("SELECT request_id FROM attempts WHERE id = ?1", [settlement.attempt], |row| row.get(0))?
        }
    };
    let charged = &settlement.charge;
    let fault = settlement.fault.as_ref();
    db.prepare_cached(
        "UPDATE attempts SET state = 'settled', input_tokens = ?2, cached_input_tokens = ?3, output_tokens = ?4, usage_source = ?5,
           cost = ?6, verdict = ?7, error_kind = ?8, message = ?9, http_status = ?10, server_request_id = ?11, latency_ms = ?12, settled_at = ?13
         WHERE id = ?1",
    )?
    .execute(params![
        settlement.attempt,
        count(charged.tokens.input),
        count(charged.tokens.cached_input),
        count(charged.tokens.output),
        if charged.is_estimated { "estimated" } else { "reported" },
        charged.cost.map(|pico| pico.0),
        settlement.verdict,
        fault.map(|fault| &fault.kind),
        fault.map(|fault| &fault.message),
        settlement.http_status,
        settlement.server_request_id,
        count(settlement.latency_ms),
        settlement.at_ms,
    ])?;
    let page: i64 =
        db.prepare_cached("SELECT page_id FROM requests WHERE id = ?1")?.query_row([request], |row| row.get(0))?;
    put_outcomes(db, page, Some(request), &settlement.outcomes)
}

/// Stores outcomes. A valid answer is never replaced by a failure to ask again.
pub(super) fn put_outcomes(
    db: &Connection,
    page: i64,
    request: Option<i64>,
    outcomes: &[(i64, Outcome)],
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
            outcome.status.name(),
            outcome.value,
            fault.map(|fault| &fault.kind),
            fault.map(|fault| &fault.message),
            outcome.is_passing,
            outcome.runs,
            request,
            outcome.at_ms,
        ])?;
    }
    Ok(())
}

/// Declares the open attempts of a run lost: spent at their reservation.
pub(super) fn lose(db: &Connection, run: i64, at_ms: i64) -> Result<u64, StoreError> {
    let mut find =
        db.prepare_cached("SELECT id, ifnull(reserved, 0) FROM attempts WHERE run_id = ?1 AND state = 'open'")?;
    let open: Vec<(i64, i64)> =
        find.query_map([run], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (attempt, reserved) in &open {
        charge(db, *attempt, Pico(*reserved))?;
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
