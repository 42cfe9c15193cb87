//! Attempts: opened with a reservation, settled with their cost, or marked lost.

use super::ledger::Ledger;
use super::outcomes::put_outcomes;
use super::pages::find_or_add_page;
use crate::base::ids::{AttemptId, RecipeId, RequestId, Revision, RunKey};
use crate::base::money::Pico;
use crate::base::vocabulary::{AttemptState, UsageSource};
use crate::store::error::StoreError;
use crate::store::read::pages::asked_elsewhere;
use crate::store::records::attempts::{OpenAttempt, Opened, Settlement};
use crate::store::records::reservation_multiples::BudgetUse;
use crate::store::sqlite::cells::Cells;
use crate::store::sqlite::values::{BudgetKey, PageKey, count};
use rusqlite::{Connection, OptionalExtension, params};

/// Opens an attempt, unless the page has changed, is being asked, or the budget is used up.
pub(crate) fn open(db: &Connection, ledger: &mut Ledger, open: &OpenAttempt) -> Result<Opened, StoreError> {
    let (page, is_new) = find_or_add_page(db, &open.page)?;
    if !is_new {
        for (recipe, seen) in &open.recipes {
            if outcome_revision(db, page, *recipe)? != *seen {
                return Ok(Opened::Changed);
            }
        }
        if asked_elsewhere(db, page, open.recipes.iter().map(|(recipe, _)| *recipe))?.is_some() {
            return Ok(Opened::Elsewhere);
        }
    }
    let reserved = open.reserved.unwrap_or_default();
    if let Some((spent, reserved)) = find_over_budget(db, ledger, open, reserved)? {
        return Ok(Opened::OverBudget { spent, reserved });
    }
    let budget = ledger.budget(db, &open.budget.scope)?.reserve(reserved, open.batch.is_some());
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
    let sequence = ledger.next_sequence(db, open.run)?;
    db.prepare_cached(
        "INSERT INTO attempts (request_id, run_id, state, budget_id, reserved, purpose, expected, opened_at, batch_id, sequence)
         VALUES (?1, ?2, 'open', ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        request,
        open.run,
        budget,
        open.reserved,
        open.purpose,
        open.expected,
        open.at_ms,
        open.batch,
        count(sequence),
    ])?;
    Ok(Opened::Granted { request, attempt: AttemptId(db.last_insert_rowid()), sequence })
}

/// The spend and the reservations, if an attempt that reserves `reserved` does not fit into its budget.
fn find_over_budget(
    db: &Connection,
    ledger: &mut Ledger,
    open: &OpenAttempt,
    reserved: Pico,
) -> Result<Option<(Pico, Pico)>, StoreError> {
    let Some(limit) = open.budget.limit else { return Ok(None) };
    let budget = *ledger.budget(db, &open.budget.scope)?;
    let multiples = open.budget.multiples;
    // First as if there were no batches: that needs more, and no query.
    let most = BudgetUse { spent: budget.spent, single: budget.reserved, batch: Pico::ZERO };
    if multiples.single_percent >= multiples.batch_percent && multiples.fits_beside(limit, most, reserved) {
        return Ok(None);
    }
    let batch = ledger.reserved_for_batches(db, budget.key)?;
    let now = BudgetUse { spent: budget.spent, single: budget.reserved - batch, batch };
    let fits = multiples.fits(limit, now, reserved, open.batch.is_some());
    Ok((!fits).then_some((budget.spent, budget.reserved)))
}

fn outcome_revision(db: &Connection, page: PageKey, recipe: RecipeId) -> Result<Option<Revision>, StoreError> {
    let mut find =
        db.prepare_cached("SELECT revision FROM answers WHERE page_id = ?1 AND recipe_id = ?2 AND sample = 0")?;
    Ok(find.query_row(params![page, recipe], |row| row.get(0)).optional()?)
}

/// Settles an attempt and stores its outcomes.
pub(crate) fn settle(db: &Connection, ledger: &mut Ledger, settlement: &Settlement) -> Result<(), StoreError> {
    let attempt = settlement.attempt;
    let Stored { state, budget, reserved, request, page } = stored(db, attempt)?;
    // An attempt that was marked lost in the meantime is charged already; its outcomes count.
    if state == AttemptState::Open {
        ledger.charge(db, budget, reserved, settlement.charge.budget)?;
    }
    let charge = &settlement.charge;
    let fault = settlement.fault.as_ref();
    db.prepare_cached(
        "UPDATE attempts SET state = 'settled', input_tokens = ?2, cached_input_tokens = ?3, output_tokens = ?4, usage_source = ?5,
           cost = ?6, verdict = ?7, error_kind = ?8, message = ?9, http_status = ?10, server_request_id = ?11, latency_ms = CASE WHEN batch_id IS NULL THEN ?12 END, settled_at = ?13,
           cache_write_tokens = ?14, saved_by_cache = ?15, saved_by_size = ?16, reasoning_tokens = ?17, reported_cost = ?18,
           served_model = ?19, served_by = ?20, service_tier = ?21, parameters = ?22
         WHERE id = ?1",
    )?
    .execute(params![
        attempt,
        count(charge.tokens.input),
        count(charge.tokens.cached_input),
        count(charge.tokens.output),
        if charge.is_estimated { UsageSource::Estimated } else { UsageSource::Reported },
        charge.cost,
        settlement.verdict,
        fault.map(|fault| fault.kind),
        fault.map(|fault| &fault.message),
        settlement.http_status,
        settlement.server_request_id,
        count(settlement.latency_ms),
        settlement.at_ms,
        count(charge.tokens.cache_write),
        charge.saved_by_cache,
        charge.saved_by_size,
        count(charge.tokens.reasoning),
        charge.reported_cost,
        settlement.served.model,
        settlement.served.provider,
        settlement.served.service_tier,
        settlement.parameters,
    ])?;
    put_outcomes(db, ledger.revision(db)?, page, Some(request), &settlement.outcomes)
}

/// The row of an attempt in the ledger.
struct Stored {
    state: AttemptState,
    budget: BudgetKey,
    reserved: Pico,
    request: RequestId,
    page: PageKey,
}

fn stored(db: &Connection, attempt: AttemptId) -> Result<Stored, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT a.state, a.budget_id, ifnull(a.reserved, 0), r.id, r.page_id
         FROM attempts a JOIN requests r ON r.id = a.request_id WHERE a.id = ?1",
    )?;
    let mut rows = find.query([attempt])?;
    let row = rows.next()?.ok_or_else(|| StoreError::Damaged(format!("attempts: there is no attempt {attempt}")))?;
    let cells = Cells::new(row, "attempts", || format!("attempt {attempt}"));
    Ok(Stored {
        state: cells.get(0)?,
        budget: cells.get(1)?,
        reserved: cells.get(2)?,
        request: cells.get(3)?,
        page: cells.get(4)?,
    })
}

/// Marks the open attempts of a run lost: their reservations count as spent. Attempts of
/// batches stay open: the provider continues to process them, and the next run collects them.
pub(crate) fn mark_lost(db: &Connection, ledger: &mut Ledger, run: RunKey, at_ms: i64) -> Result<u64, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT a.id, a.budget_id, ifnull(a.reserved, 0) FROM runs JOIN attempts a ON a.run_id = runs.id
         WHERE runs.id = ?1 AND a.id >= runs.first_attempt AND a.state = 'open' AND a.batch_id IS NULL",
    )?;
    let rows = find.query_map([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let open: Vec<(AttemptId, BudgetKey, Pico)> = rows.collect::<Result<_, _>>()?;
    for (attempt, budget, reserved) in &open {
        mark_one_lost(db, ledger, *attempt, (*budget, *reserved), at_ms)?;
    }
    Ok(open.len() as u64)
}

/// Marks an attempt of another run lost, unless it has ended: its process does not continue.
pub(crate) fn give_up(db: &Connection, ledger: &mut Ledger, attempt: AttemptId, at_ms: i64) -> Result<(), StoreError> {
    let Stored { state, budget, reserved, .. } = stored(db, attempt)?;
    if state == AttemptState::Open { mark_one_lost(db, ledger, attempt, (budget, reserved), at_ms) } else { Ok(()) }
}

/// Marks one attempt lost: its reservation counts as spent.
pub(crate) fn mark_one_lost(
    db: &Connection,
    ledger: &mut Ledger,
    attempt: AttemptId,
    (budget, reserved): (BudgetKey, Pico),
    at_ms: i64,
) -> Result<(), StoreError> {
    ledger.charge(db, budget, reserved, reserved)?;
    db.prepare_cached("UPDATE attempts SET state = 'lost', cost = reserved, settled_at = ?2 WHERE id = ?1")?
        .execute(params![attempt, at_ms])?;
    Ok(())
}
