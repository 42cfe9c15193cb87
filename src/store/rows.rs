//! What rows are made of: the pages of a job in the order of their paths, each with its
//! outcomes and what they cost.

use super::entries::find_page;
use super::error::StoreError;
use super::reader::{Reader, fault_of};
use super::records::{EntryRecord, FaultRecord, Outcome, StoredPage, Tokens};
use crate::digest::Digest;
use crate::money::Pico;
use rusqlite::{OptionalExtension, Row, params};

/// A page of a job, with everything that its row shows.
#[derive(Clone, Debug)]
pub struct PageRecord {
    /// The path below the input folder.
    pub path: Vec<u8>,
    /// The page's number from 1; 0: the file could not be opened as pages.
    pub page: u32,
    /// The digest of the file.
    pub content: Option<Digest>,
    /// Why it has no picture.
    pub fault: Option<FaultRecord>,
    /// The first path with the same content, when that is another.
    pub duplicate_of: Option<Vec<u8>>,
    /// Per recipe that was asked about.
    pub outcomes: Vec<Option<Outcome>>,
    /// Settled attempts for this page under any of these recipes, oldest first.
    pub spend: Vec<SpendRecord>,
}

/// What one settled attempt for a page cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendRecord {
    /// The run that made it.
    pub run: i64,
    /// Recipes that it asked, in their order.
    pub recipes: Vec<i64>,
    /// Tokens.
    pub tokens: Tokens,
    /// Money; `None` when the price was unknown.
    pub cost: Option<Pico>,
    /// From sending to the end of the reply, in milliseconds.
    pub latency_ms: u64,
    /// Whether it brought a reply.
    pub is_done: bool,
}

impl Reader {
    /// The pages of the next entries of a job after `after`, in path order.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn pages(
        &self,
        job: i64,
        recipes: &[i64],
        decoder_version: u32,
        after: &[u8],
        limit: usize,
    ) -> Result<Vec<PageRecord>, StoreError> {
        let mut pages = Vec::with_capacity(limit);
        for entry in self.entries(job, after, limit)? {
            if entry.page_count == 0 {
                pages.push(self.page(job, recipes, decoder_version, &entry, 0)?);
            }
            for page in 1..=entry.page_count {
                pages.push(self.page(job, recipes, decoder_version, &entry, page)?);
            }
        }
        Ok(pages)
    }

    fn page(
        &self,
        job: i64,
        recipes: &[i64],
        decoder_version: u32,
        entry: &EntryRecord,
        page: u32,
    ) -> Result<PageRecord, StoreError> {
        let mut record = PageRecord {
            path: entry.path.clone(),
            page,
            content: entry.content,
            fault: entry.fault.clone(),
            duplicate_of: None,
            outcomes: vec![None; recipes.len()],
            spend: Vec::new(),
        };
        let Some(content) = entry.content else {
            return Ok(record);
        };
        let first = self.first_path(job, &content)?;
        record.duplicate_of = first.filter(|first| *first != entry.path);
        if let Some(id) = find_page(&self.db, &StoredPage { content, page })? {
            record.fault = record.fault.or(self.page_fault(id, decoder_version)?);
            record.outcomes = self.outcomes(id, recipes)?;
            record.spend = self.spend(id, recipes)?;
        }
        Ok(record)
    }

    fn first_path(&self, job: i64, content: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let mut find = self
            .db
            .prepare_cached("SELECT path FROM entries WHERE job_id = ?1 AND content = ?2 ORDER BY path LIMIT 1")?;
        Ok(find.query_row(params![job, content.as_bytes()], |row| row.get(0)).optional()?)
    }

    fn page_fault(&self, page: i64, decoder_version: u32) -> Result<Option<FaultRecord>, StoreError> {
        let mut find = self
            .db
            .prepare_cached("SELECT kind, message FROM page_faults WHERE page_id = ?1 AND decoder_version = ?2")?;
        Ok(find.query_row(params![page, decoder_version], fault_of).optional()?)
    }

    fn spend(&self, page: i64, recipes: &[i64]) -> Result<Vec<SpendRecord>, StoreError> {
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

    pub(super) fn set_members(&self, set: i64) -> Result<Vec<i64>, StoreError> {
        if let Some(known) = self.sets.borrow().get(&set) {
            return Ok(known.clone());
        }
        let mut find =
            self.db.prepare_cached("SELECT recipe_id FROM recipe_set_members WHERE set_id = ?1 ORDER BY position")?;
        let members: Vec<i64> = find.query_map([set], |row| row.get(0))?.collect::<Result<_, _>>()?;
        self.sets.borrow_mut().insert(set, members.clone());
        Ok(members)
    }
}

fn spend_of(row: &Row<'_>, recipes: Vec<i64>) -> rusqlite::Result<SpendRecord> {
    let verdict: Option<String> = row.get(7)?;
    Ok(SpendRecord {
        run: row.get(1)?,
        recipes,
        tokens: Tokens { input: count(row, 2)?, cached_input: count(row, 3)?, output: count(row, 4)? },
        cost: row.get::<_, Option<i64>>(5)?.map(Pico),
        latency_ms: count(row, 6)?,
        is_done: verdict.as_deref() == Some("done"),
    })
}

pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, Option<i64>>(column)?.map_or(0, |value| u64::try_from(value).unwrap_or(0)))
}
