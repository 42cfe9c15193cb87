//! Pages: their keys, faults, features and outcomes, and whether they are being asked.

use crate::base::digest::Digest;
use crate::base::ids::{AttemptId, JobId, PageId, RecipeId, Revision};
use crate::base::vocabulary::{BatchState, ErrorKind, OutcomeStatus};
use crate::store::error::StoreError;
use crate::store::records::attempts::{AskedElsewhere, BatchElsewhere};
use crate::store::records::pages::{
    FaultRecord, FeaturesRecord, OutdatedPage, Redrawn, StoredPage, TaskOutcome, Versions,
};
use crate::store::sqlite::cells::Cells;
use crate::store::sqlite::values::PageKey;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::time::Duration;

pub(crate) fn page_key(db: &Connection, page: &PageId) -> Result<Option<PageKey>, StoreError> {
    let mut find = db.prepare_cached("SELECT id FROM pages WHERE content = ?1 AND page = ?2")?;
    Ok(find.query_row(params![page.content, page.page], |row| row.get(0)).optional()?)
}

/// The stored data of a page under these recipes, and its key; `None` if the store does not have the page. Without a
/// job no page is a near duplicate.
pub(crate) fn stored_page(
    db: &Connection,
    job: Option<JobId>,
    page: &PageId,
    recipes: &[RecipeId],
    versions: Versions,
) -> Result<Option<(PageKey, StoredPage)>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT p.id, f.kind, f.message, m.blank, m.fingerprint, n.page_id IS NOT NULL, ifnull(f.renderers, ''), p.redrawn, p.redrawn_reason
         FROM pages p LEFT JOIN page_faults f ON f.page_id = p.id AND f.decoder_version = ?3
         LEFT JOIN marks m ON m.page_id = p.id AND m.version = ?4
         LEFT JOIN near n ON n.job_id = ?5 AND n.page_id = p.id
         WHERE p.content = ?1 AND p.page = ?2",
    )?;
    let mut rows = find.query(params![page.content, page.page, versions.decoder, versions.features, job])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let key: PageKey = row.get(0)?;
    let fault = fault(&Cells::new(row, "page_faults", || format!("page {}", key.0)), 1, 2)?;
    let marks = Cells::new(row, "marks", || format!("page {}", key.0));
    let features = features(&marks, 3, 4)?;
    let pages = Cells::new(row, "pages", || format!("page {}", key.0));
    let redrawn = redrawn(&pages, 7, 8)?;
    let (is_near_duplicate, fault_renderers) = (pages.get(5)?, pages.get(6)?);
    let outcomes = outcomes(db, key, recipes)?;
    Ok(Some((key, StoredPage { fault, fault_renderers, redrawn, features, is_near_duplicate, outcomes })))
}

/// The features of a page: whether it is blank and its fingerprint are in these columns. `None`: it has none.
pub(crate) fn features<F: Fn() -> String>(
    cells: &Cells<'_, F>,
    blank: usize,
    fingerprint: usize,
) -> Result<Option<FeaturesRecord>, StoreError> {
    let is_blank = cells.optional_flag(blank)?;
    is_blank.map(|is_blank| Ok(FeaturesRecord { is_blank, fingerprint: cells.get(fingerprint)? })).transpose()
}

/// Since when the earlier picture of a page is known to have been wrong, and why, in these columns.
pub(crate) fn redrawn<F: Fn() -> String>(
    cells: &Cells<'_, F>,
    since: usize,
    reason: usize,
) -> Result<Option<Redrawn>, StoreError> {
    let since: Option<Revision> = cells.get(since)?;
    since.map(|since| Ok(Redrawn { since, reason: cells.get(reason)? })).transpose()
}

/// The pages of a file that an earlier version of the decoder has read.
pub(crate) fn outdated_pages(
    db: &Connection,
    content: &Digest,
    decoder_version: u32,
) -> Result<Vec<OutdatedPage>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT p.page, EXISTS (SELECT 1 FROM answers a WHERE a.page_id = p.id AND a.status = 'ok'), p.decoder, p.renderer, p.id
         FROM pages p WHERE p.content = ?1 AND p.decoder < ?2 ORDER BY p.page",
    )?;
    find.query_and_then(params![content, decoder_version], outdated_page)?.collect()
}

/// The number of pages that a file had when one of them was asked: those that a job knows, or those up to the last one with
/// an outcome.
pub(crate) fn page_count_when_asked(db: &Connection, content: &Digest) -> Result<Option<u32>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT max(p.page, ifnull((SELECT max(page_count) FROM entries
           WHERE job_id IN (SELECT id FROM jobs) AND content = ?1), 0)), p.id
         FROM pages p
         WHERE p.content = ?1 AND p.page > 0 AND EXISTS (SELECT 1 FROM answers a WHERE a.page_id = p.id)
         ORDER BY p.page DESC LIMIT 1",
    )?;
    let mut rows = find.query([content])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let key: PageKey = row.get(1)?;
    Cells::new(row, "pages", || format!("page {}", key.0)).get(0).map(Some)
}

/// A page whose columns are its number, whether it is answered, what has read and drawn it, and its key.
pub(crate) fn outdated_page(row: &Row<'_>) -> Result<OutdatedPage, StoreError> {
    let key: PageKey = row.get(4)?;
    let cells = Cells::new(row, "pages", || format!("page {}", key.0));
    Ok(OutdatedPage {
        page: cells.get(0)?,
        is_answered: cells.get(1)?,
        decoder: cells.get(2)?,
        renderer: cells.get(3)?,
    })
}

/// A fault whose kind and message are in these columns.
pub(crate) fn fault<F: Fn() -> String>(
    cells: &Cells<'_, F>,
    kind: usize,
    message: usize,
) -> Result<Option<FaultRecord>, StoreError> {
    let known: Option<ErrorKind> = cells.get(kind)?;
    let Some(kind) = known else { return Ok(None) };
    Ok(Some(FaultRecord { kind, message: cells.get(message)? }))
}

/// The outcomes of a page, by recipe.
pub(crate) fn outcomes(
    db: &Connection,
    page: PageKey,
    recipes: &[RecipeId],
) -> Result<Vec<Option<TaskOutcome>>, StoreError> {
    let mut find = db.prepare_cached(&format!("SELECT {OUTCOME} FROM answers WHERE page_id = ?1 AND sample = 0"))?;
    let mut outcomes = vec![None; recipes.len()];
    let mut rows = find.query([page])?;
    while let Some(row) = rows.next()? {
        let recipe: RecipeId = row.get(0)?;
        let cells = Cells::new(row, "answers", || format!("page {}, recipe {recipe}", page.0));
        for (outcome, _) in outcomes.iter_mut().zip(recipes).filter(|(_, wanted)| **wanted == recipe) {
            *outcome = Some(task_outcome(&cells)?);
        }
    }
    Ok(outcomes)
}

/// The columns that [`task_outcome`] reads, after the recipe.
pub(crate) const OUTCOME: &str = "recipe_id, status, value, reason, message, passing, runs, at, revision";

/// An outcome whose columns are [`OUTCOME`].
pub(crate) fn task_outcome<F: Fn() -> String>(cells: &Cells<'_, F>) -> Result<TaskOutcome, StoreError> {
    let outcome = TaskOutcome {
        status: cells.get(1)?,
        value: cells.optional_json(2)?,
        fault: fault(cells, 3, 4)?,
        is_transient: cells.flag(5)?,
        runs: cells.get(6)?,
        at_ms: cells.get(7)?,
        revision: cells.get(8)?,
    };
    if outcome.status == OutcomeStatus::Ok && outcome.value.is_none() {
        return Err(cells.damaged(2, "an outcome that is `ok` has a value"));
    }
    Ok(outcome)
}

/// The recipes under which a page has valid answers, latest first.
pub(crate) fn answered_recipes(db: &Connection, page: &PageId) -> Result<Vec<RecipeId>, StoreError> {
    let Some(key) = page_key(db, page)? else { return Ok(Vec::new()) };
    let mut find = db.prepare_cached(
        "SELECT recipe_id FROM answers WHERE page_id = ?1 AND status = 'ok' ORDER BY revision DESC, at DESC",
    )?;
    Ok(find.query_map([key], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Calls `take` with the fingerprints of the pages of a job that have answers under the first
/// of these recipes, in the order of the input.
pub(crate) fn answered_features(
    db: &Connection,
    job: JobId,
    recipes: &[RecipeId],
    version: u32,
    mut take: impl FnMut(PageId, [u8; 32]),
) -> Result<(), StoreError> {
    let Some(first) = recipes.first() else { return Ok(()) };
    let mut find = db.prepare_cached(
        "SELECT DISTINCT p.content, p.page, m.fingerprint, p.id FROM entries e JOIN pages p ON p.content = e.content
         JOIN marks m ON m.page_id = p.id AND m.version = ?2 JOIN answers a ON a.page_id = p.id AND a.recipe_id = ?3 AND a.status = 'ok'
         WHERE e.job_id = ?1 ORDER BY e.line, e.path, p.page",
    )?;
    let mut rows = find.query(params![job, version, first])?;
    while let Some(row) = rows.next()? {
        let key: PageKey = row.get(3)?;
        let page = page_id(&Cells::new(row, "pages", || format!("page {}", key.0)), 0, 1)?;
        take(page, Cells::new(row, "marks", || format!("page {}", key.0)).get(2)?);
    }
    Ok(())
}

/// A page whose content and number are in these columns.
pub(crate) fn page_id<F: Fn() -> String>(
    cells: &Cells<'_, F>,
    content: usize,
    page: usize,
) -> Result<PageId, StoreError> {
    Ok(PageId { content: cells.get::<Digest>(content)?, page: cells.get(page)? })
}

/// An open attempt, of any live run, that asks one of these recipes of this page. The attempts of
/// dead runs are no longer open, except those of batches, whose results are still collected.
pub(crate) fn asked_elsewhere(
    db: &Connection,
    page: PageKey,
    recipes: impl Iterator<Item = RecipeId> + Clone,
) -> Result<Option<AskedElsewhere>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT m.recipe_id, a.id, b.endpoint, b.state, runs.run_id, runs.attempt_timeout_ms, runs.heartbeat
         FROM requests r JOIN attempts a ON a.request_id = r.id JOIN recipe_set_members m ON m.set_id = r.set_id
           JOIN runs ON runs.id = a.run_id LEFT JOIN batches b ON b.id = a.batch_id
         WHERE r.page_id = ?1 AND a.state = 'open'",
    )?;
    let mut rows = find.query([page])?;
    while let Some(row) = rows.next()? {
        let asked: RecipeId = row.get(0)?;
        if recipes.clone().any(|recipe| recipe == asked) {
            let attempt: AttemptId = row.get(1)?;
            let cells = Cells::new(row, "runs", || format!("of attempt {attempt}"));
            let timeout = cells.optional_count(5)?.map(Duration::from_millis);
            let (run, heartbeat_ms) = (cells.get(4)?, cells.get(6)?);
            let cells = Cells::new(row, "batches", || format!("of attempt {attempt}"));
            let (provider, state): (Option<String>, Option<BatchState>) = (cells.get(2)?, cells.get(3)?);
            let batch = provider.map(|provider| BatchElsewhere {
                provider,
                is_submitted: state == Some(BatchState::Submitted),
                heartbeat_ms,
            });
            return Ok(Some(AskedElsewhere { attempt, run, timeout, batch }));
        }
    }
    Ok(None)
}
