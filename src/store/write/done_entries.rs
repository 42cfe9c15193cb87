//! Which entries of a job are done: a later run passes them with one comparison.

use crate::base::ids::{JobId, RecipeId, RecipeSetId};
use crate::base::page_repeats::distinct_pages;
use crate::store::error::StoreError;
use crate::store::page_status::{OutcomeFacts, PageFacts, PageStatus, TaskSelection, decide};
use crate::store::records::entries::selected_pages;
use crate::store::records::pages::{SkipRule, Versions, is_final, may_be_drawn};
use crate::store::sqlite::cells::Cells;
use rusqlite::{Connection, Row, params};

/// What decides, apart from outcomes, whether the pages of a job are done.
#[derive(Clone, Debug)]
pub struct DoneRule {
    /// The set of all recipes of the job.
    pub set: RecipeSetId,
    /// The versions of faults and features that are valid.
    pub versions: Versions,
    /// Which pages are skipped.
    pub skip: SkipRule,
    /// The renderers and fonts that are installed: with others, faults of pages don't hold.
    pub renderers: String,
}

/// The pages of the entries of a job that are not done, in their order: a row for each
/// outcome, and one for a page without outcomes or an entry without pages.
pub(crate) const PAGES: &str = "
SELECT e.id, ifnull(e.set_id, ?2), e.page_count, e.selected, p.page, f.renderers, ifnull(m.blank, 0), n.page_id IS NOT NULL,
       a.recipe_id, a.status, a.passing, a.runs, a.revision, e.repeats, a.reason
FROM entries e LEFT JOIN pages p ON p.content = e.content AND p.page BETWEEN min(e.page_count, 1) AND e.page_count
  LEFT JOIN page_faults f ON f.page_id = p.id AND f.decoder_version = ?3
  LEFT JOIN marks m ON m.page_id = p.id AND m.version = ?4
  LEFT JOIN near n ON n.job_id = ?1 AND n.page_id = p.id
  LEFT JOIN answers a ON a.page_id = p.id AND a.sample = 0
WHERE e.job_id = ?1 AND e.content IS NOT NULL AND e.settled_set IS NOT ifnull(e.set_id, ?2)
ORDER BY e.line, e.path, p.page";

/// Marks the entries of a job for whose pages a later run without options has nothing to do.
pub(crate) fn mark_entries_done(db: &Connection, job: JobId, rule: &DoneRule) -> Result<(), StoreError> {
    let DoneRule { set, versions, skip, renderers } = rule;
    let mut find = db.prepare_cached(PAGES)?;
    let mut update = db.prepare_cached("UPDATE entries SET settled_set = ?2 WHERE id = ?1")?;
    let mut mark = |entry: ReadEntry| -> Result<(), StoreError> {
        if let Some((id, set)) = entry.into_done(*skip) {
            update.execute(params![id, set])?;
        }
        Ok(())
    };
    let mut recipes = Recipes { db, set: None, members: Vec::new() };
    let mut rows = find.query(params![job, set, versions.decoder, versions.features])?;
    let mut current: Option<ReadEntry> = None;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        if current.as_ref().is_none_or(|entry| entry.id != id) {
            let next = ReadEntry::new(id, row)?;
            if let Some(done) = current.replace(next) {
                mark(done)?;
            }
        }
        if let Some(entry) = &mut current {
            entry.add(row, recipes.of_set(entry.set)?, (*skip, renderers))?;
        }
    }
    current.map_or(Ok(()), mark)
}

/// The recipes of one set: entries with the same set usually follow one another.
struct Recipes<'a> {
    db: &'a Connection,
    set: Option<RecipeSetId>,
    members: Vec<RecipeId>,
}

impl Recipes<'_> {
    fn of_set(&mut self, set: RecipeSetId) -> Result<&[RecipeId], StoreError> {
        if self.set != Some(set) {
            let mut find = self
                .db
                .prepare_cached("SELECT recipe_id FROM recipe_set_members WHERE set_id = ?1 ORDER BY position")?;
            self.members = find.query_map([set], |row| row.get(0))?.collect::<Result<_, _>>()?;
            self.set = Some(set);
        }
        Ok(&self.members)
    }
}

/// An entry whose pages are being read.
struct ReadEntry {
    id: i64,
    set: RecipeSetId,
    /// The pages that the job selects and that have not been read, descending.
    pages: Vec<u32>,
    /// The page whose outcomes are being read.
    page: Option<Page>,
    /// Whether there is nothing to do for the pages that have been read.
    is_done: bool,
}

/// A page whose outcomes are being read.
struct Page {
    number: u32,
    has_fault: bool,
    is_blank: bool,
    is_near_duplicate: bool,
    outcomes: Vec<Option<OutcomeFacts>>,
}

impl ReadEntry {
    fn new(id: i64, row: &Row<'_>) -> Result<Self, StoreError> {
        let cells = Cells::new(row, "entries", || format!("entry {id}"));
        let selected: Option<Vec<u32>> = cells.optional_json(3)?;
        let repeats: Vec<(u32, u32)> = cells.optional_json(13)?.unwrap_or_default();
        let mut pages = distinct_pages(selected_pages(cells.get(2)?, selected.as_deref()), &repeats);
        pages.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Self { id, set: cells.get(1)?, pages, page: None, is_done: true })
    }

    /// Adds a row of the entry.
    fn add(
        &mut self,
        row: &Row<'_>,
        recipes: &[RecipeId],
        (skip, renderers): (SkipRule, &str),
    ) -> Result<(), StoreError> {
        let cells = Cells::new(row, "pages", || format!("of entry {}", self.id));
        let number: Option<u32> = cells.get(4)?;
        let Some(number) = number else { return Ok(()) };
        if self.page.as_ref().is_none_or(|page| page.number != number) {
            let fault_renderers: Option<String> = row.get(5)?;
            let next = Page {
                number,
                has_fault: fault_renderers.as_deref() == Some(renderers),
                is_blank: row.get(6)?,
                is_near_duplicate: row.get(7)?,
                outcomes: vec![None; recipes.len()],
            };
            if let Some(done) = self.page.replace(next) {
                self.is_done &= Self::is_page_done(&mut self.pages, &done, skip);
            }
        }
        let recipe: Option<RecipeId> = row.get(8)?;
        let Some(recipe) = recipe else { return Ok(()) };
        let Some(page) = &mut self.page else { return Ok(()) };
        for (outcome, _) in page.outcomes.iter_mut().zip(recipes).filter(|(_, wanted)| **wanted == recipe) {
            let cells = Cells::new(row, "answers", || format!("page {number} of entry {}, recipe {recipe}", self.id));
            let is_transient = cells.flag(10)? || may_be_drawn(cells.get(14)?, page.has_fault);
            let is_final = is_final(is_transient, cells.get(11)?);
            *outcome = Some(OutcomeFacts { status: cells.get(9)?, is_final, revision: cells.get(12)? });
        }
        Ok(())
    }

    /// Whether there is nothing to do for a page, and for selected pages before it: those have
    /// no row, so they are unknown.
    fn is_page_done(pages: &mut Vec<u32>, page: &Page, skip: SkipRule) -> bool {
        let Some(next) = pages.last().copied() else { return true };
        if next > page.number {
            return true;
        }
        if next < page.number {
            return false;
        }
        pages.pop();
        let facts = PageFacts {
            has_fault: page.has_fault,
            is_blank: skip.blank && page.is_blank,
            is_near_duplicate: skip.near_duplicates && page.is_near_duplicate,
            // Without `--retry redrawn` the outcomes hold.
            redrawn: None,
            outcomes: &page.outcomes,
        };
        !matches!(decide(&facts, &TaskSelection::LATER_RUN), PageStatus::Ask(_))
    }

    /// The entry and its set, if there is nothing to do for any of its pages.
    fn into_done(mut self, skip: SkipRule) -> Option<(i64, RecipeSetId)> {
        if let Some(last) = self.page.take() {
            self.is_done &= Self::is_page_done(&mut self.pages, &last, skip);
        }
        (self.is_done && self.pages.is_empty()).then_some((self.id, self.set))
    }
}
