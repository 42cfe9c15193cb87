//! Outcomes of tasks.

use crate::base::ids::{RecipeId, RequestId, Revision};
use crate::base::json_text::JsonText;
use crate::base::vocabulary::{ErrorKind, OutcomeStatus};
use crate::store::error::StoreError;
use crate::store::records::pages::TaskOutcome;
use crate::store::sqlite::values::PageKey;
use rusqlite::{Connection, params};

/// Stores outcomes of a page. A valid answer is replaced only by another valid answer; one of an earlier
/// picture that was wrong also by the reason why the page gives no picture now. Runs in a row that end with a
/// transient fault are counted, unless only the machine's memory was short, which does not depend on the page.
pub(crate) fn put_outcomes(
    db: &Connection,
    revision: Revision,
    page: PageKey,
    request: Option<RequestId>,
    outcomes: &[(RecipeId, TaskOutcome)],
) -> Result<(), StoreError> {
    let mut put = db.prepare_cached(
        "INSERT INTO answers (page_id, recipe_id, sample, status, value, reason, message, passing, runs, request_id, at, revision)
         VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (page_id, recipe_id, sample) DO UPDATE SET status = excluded.status, value = excluded.value, reason = excluded.reason,
           message = excluded.message, passing = excluded.passing, request_id = excluded.request_id, at = excluded.at, revision = excluded.revision,
           runs = CASE WHEN answers.passing = 1 AND excluded.passing = 1 AND excluded.reason IS NOT ?12 THEN answers.runs + 1 ELSE excluded.runs END
         WHERE excluded.status = 'ok' OR answers.status <> 'ok'",
    )?;
    // A page that was asked again without success keeps its answer, and was asked in this revision.
    let mut touch = db.prepare_cached(
        "UPDATE answers SET revision = ?3 WHERE page_id = ?1 AND recipe_id = ?2 AND sample = 0 AND status = 'ok'",
    )?;
    let mut drop_wrong = db.prepare_cached(
        "DELETE FROM answers WHERE page_id = ?1 AND recipe_id = ?2 AND sample = 0 AND status = 'ok'
           AND revision < (SELECT redrawn FROM pages WHERE id = ?1)",
    )?;
    for (recipe, outcome) in outcomes {
        if !outcome.is_transient && outcome.fault.as_ref().is_some_and(|fault| fault.kind.gives_no_picture()) {
            drop_wrong.execute(params![page, recipe])?;
        }
        if outcome.status != OutcomeStatus::Ok && !outcome.is_transient {
            touch.execute(params![page, recipe, revision])?;
        }
        debug_assert!(outcome.status != OutcomeStatus::Ok || outcome.value.is_some(), "an answer has a value");
        let fault = outcome.fault.as_ref();
        put.execute(params![
            page,
            recipe,
            outcome.status,
            outcome.value.as_ref().map(JsonText::from_value),
            fault.map(|fault| fault.kind),
            fault.map(|fault| &fault.message),
            outcome.is_transient,
            outcome.runs,
            request,
            outcome.at_ms,
            revision,
            ErrorKind::DecoderOutOfMemory,
        ])?;
    }
    Ok(())
}
