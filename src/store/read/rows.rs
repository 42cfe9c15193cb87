//! The rows of an output: the pages of a job in the order of its entries, each with its
//! outcomes and their cost.

use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId, RecipeId};
use crate::base::usage::Usage;
use crate::base::vocabulary::{AttemptState, VerdictName};
use crate::store::error::StoreError;
use crate::store::page_status::{PageStatus, TaskSelection};
use crate::store::read::decisions::decisions_of_row;
use crate::store::read::pages::{outcomes, stored_page};
use crate::store::read::recipes::SetMembers;
use crate::store::records::entries::EntryRecord;
use crate::store::records::pages::{SkipRule, StoredPage};
use crate::store::records::rows::{PageRecord, RowOptions, SpendRecord};
use crate::store::sqlite::cells::Cells;
use crate::store::sqlite::values::{PageKey, as_signed};
use rusqlite::{Connection, OptionalExtension, params};

/// The row of a page (0 for the file as a whole) of an entry, with the page of the first row that is the
/// same page, under these recipes.
pub(crate) fn row(
    db: &Connection,
    sets: &SetMembers,
    job: JobId,
    entry: &EntryRecord,
    (page, first_row): (u32, u32),
    recipes: &[RecipeId],
    options: RowOptions,
) -> Result<PageRecord, StoreError> {
    let page_id = entry.content.map(|content| PageId { content, page: entry.first_of(page) });
    let found = match &page_id {
        Some(page) => stored_page(db, Some(job), page, recipes, options.versions)?,
        None => None,
    };
    let (mut key, mut known) = match found {
        Some((key, known)) => (Some(key), known),
        None => (None, StoredPage::unknown(recipes.len())),
    };
    let own_key = key;
    known.fault = entry.fault.clone().or(known.fault);
    let like = match key.filter(|_| options.skip.near_duplicates && known.is_near_duplicate) {
        Some(key) => near_duplicate_of(db, job, key)?,
        None => None,
    };
    // A near duplicate of a page that is no longer in the job stands on its own.
    known.is_near_duplicate = like.is_some();
    let mut status = known.status(options.skip, &TaskSelection::LATER_RUN);
    let mut duplicate_of = entry.content.map(|content| equal_before(db, job, entry, &content)).transpose()?.flatten();
    // The same page of the same file.
    if first_row != page && duplicate_of.is_none() {
        duplicate_of = Some(entry.path.clone());
    }
    let mut distance = None;
    let is_blank = options.skip.blank && known.features.is_some_and(|features| features.is_blank);
    if let Some(like) = like.filter(|_| status == PageStatus::Skipped && !is_blank) {
        key = Some(like.page);
        known = StoredPage { outcomes: outcomes(db, like.page, recipes)?, ..StoredPage::default() };
        status = known.status(SkipRule::default(), &TaskSelection::LATER_RUN);
        (distance, duplicate_of) = (Some(like.distance), Some(like.path));
    }
    let spend = match key {
        Some(key) => spend(db, sets, key, recipes)?,
        None => Vec::new(),
    };
    let mut decisions = Vec::new();
    if options.with_decisions {
        for key in own_key.into_iter().chain(key.filter(|key| Some(*key) != own_key)) {
            decisions.extend(decisions_of_row(db, job, key)?);
        }
    }
    Ok(PageRecord {
        path: entry.path.clone(),
        page,
        carried: entry.carried.clone(),
        content: entry.content,
        id: page_id,
        wrong_picture: known.wrong_picture().map(str::to_owned),
        fault: known.fault.filter(|_| status == PageStatus::Faulty),
        status,
        duplicate_of,
        distance,
        recipes: recipes.to_vec(),
        outcomes: known.outcomes,
        spend,
        decisions,
    })
}

/// The path of the first entry with the same content and recipes, if it comes before this one.
fn equal_before(
    db: &Connection,
    job: JobId,
    entry: &EntryRecord,
    content: &Digest,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT path FROM entries WHERE job_id = ?1 AND content = ?2 AND (line, path) < (?3, ?4) AND set_id IS ?5
         ORDER BY line, path LIMIT 1",
    )?;
    let place = params![job, content, as_signed(entry.line), entry.path, entry.set];
    Ok(find.query_row(place, |row| row.get(0)).optional()?)
}

/// The page that another one is a near duplicate of.
struct Like {
    page: PageKey,
    distance: u32,
    /// A path of it in the job.
    path: Vec<u8>,
}

fn near_duplicate_of(db: &Connection, job: JobId, page: PageKey) -> Result<Option<Like>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT n.like_id, n.distance, (SELECT e.path FROM pages p JOIN entries e ON e.job_id = n.job_id AND e.content = p.content
           WHERE p.id = n.like_id ORDER BY e.line, e.path LIMIT 1)
         FROM near n WHERE n.job_id = ?1 AND n.page_id = ?2",
    )?;
    let mut rows = find.query(params![job, page])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let cells = Cells::new(row, "near", || format!("job {job}, page {}", page.0));
    let path: Option<Vec<u8>> = cells.get(2)?;
    let Some(path) = path else { return Ok(None) };
    Ok(Some(Like { page: cells.get(0)?, distance: cells.get(1)?, path }))
}

/// The settled attempts for a page that asked any of these recipes, oldest first.
fn spend(
    db: &Connection,
    sets: &SetMembers,
    page: PageKey,
    recipes: &[RecipeId],
) -> Result<Vec<SpendRecord>, StoreError> {
    let mut find = db.prepare_cached(
        "SELECT r.set_id, a.run_id, a.input_tokens, a.cached_input_tokens, a.output_tokens, a.cost, a.latency_ms, a.verdict, a.id, a.state
         FROM requests r JOIN attempts a ON a.request_id = r.id WHERE r.page_id = ?1 ORDER BY a.id",
    )?;
    let mut spend = Vec::new();
    let mut rows = find.query([page])?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(8)?;
        let cells = Cells::new(row, "attempts", || format!("attempt {id}"));
        if cells.get::<AttemptState>(9)? != AttemptState::Settled {
            continue;
        }
        let asked = sets.of_set(db, row.get(0)?)?;
        if !asked.iter().any(|recipe| recipes.contains(recipe)) {
            continue;
        }
        spend.push(SpendRecord {
            run: cells.get(1)?,
            recipes: asked,
            tokens: Usage {
                input: cells.known_count(2)?,
                cached_input: cells.known_count(3)?,
                output: cells.known_count(4)?,
                ..Usage::default()
            },
            cost: cells.optional_amount(5)?,
            latency_ms: cells.optional_count(6)?,
            is_done: cells.get::<VerdictName>(7)? == VerdictName::Done,
        });
    }
    Ok(spend)
}
