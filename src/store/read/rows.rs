//! What rows are made of: the pages of a job in the order of its entries, each with its
//! outcomes and what they cost.

use super::reader::Reader;
use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId, RecipeId, RecipeSetId, RunKey};
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::base::vocabulary::VerdictName;
use crate::store::error::StoreError;
use crate::store::records::pages::{EntryRecord, FaultRecord, TaskOutcome, Versions};
use crate::store::write::entries::{as_signed, find_page};
use rusqlite::{OptionalExtension, Row, params};

/// A page of a job, with everything that its row shows.
#[derive(Clone, Debug)]
pub struct PageRecord {
    /// The path below the input folder, or as the list has it.
    pub path: Vec<u8>,
    /// The page's number from 1; 0: the file could not be opened as pages.
    pub page: u32,
    /// The values of the list's other columns, as a JSON object.
    pub carried: Option<String>,
    /// The digest of the file.
    pub content: Option<Digest>,
    /// Why it has no picture.
    pub fault: Option<FaultRecord>,
    /// Whether it is left out on purpose.
    pub is_skipped: bool,
    /// The first path with the same content, when that is another; or the path of the
    /// page that it is like.
    pub duplicate_of: Option<Vec<u8>>,
    /// Bits in which it differs from the page that it is like.
    pub distance: Option<u32>,
    /// The recipes that its outcomes are of.
    pub recipes: Vec<RecipeId>,
    /// Per recipe that was asked about.
    pub outcomes: Vec<Option<TaskOutcome>>,
    /// Settled attempts for this page under any of these recipes, oldest first.
    pub spend: Vec<SpendRecord>,
}

/// How pages are shown.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Versions under which faults and marks count.
    pub versions: Versions,
    /// Whether blank pages without an answer are left out.
    pub skips_blank: bool,
    /// Whether pages that are like others show the others' answers.
    pub collapses_near: bool,
}

/// What one settled attempt for a page cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendRecord {
    /// The run that made it.
    pub run: RunKey,
    /// Recipes that it asked, in their order.
    pub recipes: Vec<RecipeId>,
    /// Tokens.
    pub tokens: Usage,
    /// Money; `None` when the price was unknown.
    pub cost: Option<Pico>,
    /// From sending to the end of the reply, in milliseconds; `None`: of a batch.
    pub latency_ms: Option<u64>,
    /// Whether it brought a reply.
    pub is_done: bool,
}

impl Reader {
    /// A page (0: the file as a whole) of an entry, under these recipes.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn page(
        &self,
        job: JobId,
        entry: &EntryRecord,
        page: u32,
        recipes: &[RecipeId],
        view: View,
    ) -> Result<PageRecord, StoreError> {
        let mut record = PageRecord {
            path: entry.path.clone(),
            page,
            carried: entry.carried.clone(),
            content: entry.content,
            fault: entry.fault.clone(),
            is_skipped: false,
            duplicate_of: None,
            distance: None,
            recipes: recipes.to_vec(),
            outcomes: vec![None; recipes.len()],
            spend: Vec::new(),
        };
        let Some(content) = entry.content else {
            return Ok(record);
        };
        record.duplicate_of = self.equal_before(job, entry, &content)?;
        let Some(mut id) = find_page(&self.db, &PageId { content, page })? else {
            return Ok(record);
        };
        record.outcomes = self.outcomes(id, recipes)?;
        // A page that was answered has a picture, whatever stood in the way at another time.
        if record.outcomes.iter().any(Option::is_none) {
            record.fault = record.fault.or(self.page_fault(id, view.versions.decoder)?);
            record.is_skipped = record.fault.is_none()
                && view.skips_blank
                && self.marks(id, view.versions.marks)?.is_some_and(|marks| marks.is_blank);
        }
        let has_none = record.outcomes.iter().all(Option::is_none) && record.fault.is_none() && !record.is_skipped;
        let like = if has_none && view.collapses_near { self.like(job, id)? } else { None };
        if let Some((like, distance, path)) = like {
            id = like;
            record.outcomes = self.outcomes(id, recipes)?;
            (record.distance, record.duplicate_of) = (Some(distance), Some(path));
        }
        record.spend = self.spend(id, recipes)?;
        Ok(record)
    }

    /// The path of the first entry that asks the same of the same content, when it stands
    /// before this one.
    fn equal_before(&self, job: JobId, entry: &EntryRecord, content: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT path FROM entries WHERE job_id = ?1 AND content = ?2 AND (line, path) < (?3, ?4) AND set_id IS ?5
             ORDER BY line, path LIMIT 1",
        )?;
        let place = params![job, content.as_bytes(), as_signed(entry.line), entry.path, entry.set];
        Ok(find.query_row(place, |row| row.get(0)).optional()?)
    }

    /// The page that a page of this job is like: its key, the distance, a path of it.
    fn like(&self, job: JobId, page: i64) -> Result<Option<(i64, u32, Vec<u8>)>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT n.like_id, n.distance, (SELECT e.path FROM pages p JOIN entries e ON e.job_id = n.job_id AND e.content = p.content
               WHERE p.id = n.like_id ORDER BY e.line, e.path LIMIT 1)
             FROM near n WHERE n.job_id = ?1 AND n.page_id = ?2",
        )?;
        let row = find.query_row(params![job, page], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
        let with_path = |(id, distance, path): (i64, u32, Option<Vec<u8>>)| Some((id, distance, path?));
        Ok(row.and_then(with_path))
    }

    fn spend(&self, page: i64, recipes: &[RecipeId]) -> Result<Vec<SpendRecord>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT r.set_id, a.run_id, a.input_tokens, a.cached_input_tokens, a.output_tokens, a.cost, a.latency_ms, a.verdict
             FROM requests r JOIN attempts a ON a.request_id = r.id WHERE r.page_id = ?1 AND a.state = 'settled' ORDER BY a.id",
        )?;
        let mut spend = Vec::new();
        let mut rows = find.query([page])?;
        while let Some(row) = rows.next()? {
            let asked = self.set_members(row.get(0)?)?;
            if asked.iter().any(|recipe| recipes.contains(recipe)) {
                spend.push(spend_of(row, asked)?);
            }
        }
        Ok(spend)
    }

    /// The recipes of a set, in its order.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn set_members(&self, set: RecipeSetId) -> Result<Vec<RecipeId>, StoreError> {
        if let Some(known) = self.sets.borrow().get(&set) {
            return Ok(known.clone());
        }
        let mut find =
            self.db.prepare_cached("SELECT recipe_id FROM recipe_set_members WHERE set_id = ?1 ORDER BY position")?;
        let members: Vec<RecipeId> = find.query_map([set], |row| row.get(0))?.collect::<Result<_, _>>()?;
        self.sets.borrow_mut().insert(set, members.clone());
        Ok(members)
    }
}

fn spend_of(row: &Row<'_>, recipes: Vec<RecipeId>) -> rusqlite::Result<SpendRecord> {
    let verdict: Option<VerdictName> = row.get(7)?;
    Ok(SpendRecord {
        run: row.get(1)?,
        recipes,
        tokens: Usage {
            input: count(row, 2)?,
            cached_input: count(row, 3)?,
            output: count(row, 4)?,
            ..Usage::default()
        },
        cost: row.get::<_, Option<i64>>(5)?.map(Pico),
        latency_ms: latency(row, 6)?,
        is_done: verdict == Some(VerdictName::Done),
    })
}

pub(crate) fn latency(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(|value| u64::try_from(value).unwrap_or(0)))
}

pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, Option<i64>>(column)?.map_or(0, |value| u64::try_from(value).unwrap_or(0)))
}
