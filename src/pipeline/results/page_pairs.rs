//! The pages of a job with their answers under two sets of recipes.

use crate::base::ids::{JobId, PageId, RecipeId};
use crate::export::{Row, RowSpec};
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::model::entry_recipes::{EntryRecipes, EntryTasks};
use crate::pipeline::model::question_set::{VERSIONS, skip_rule};
use crate::pipeline::model::recipe::known_recipes;
use crate::store::{EntryCursor, EntryRecord, PageRecord, Reader, RowOptions, SkipRule, StoreError};
use crate::task::Question;
use std::sync::Arc;

/// One side of a comparison: answers in a store, under some recipes.
pub(crate) struct RowSide<'a> {
    /// The store; `None`: there is none yet, so that no page has an answer.
    pub(crate) reader: Option<&'a Reader>,
    /// The job in that store.
    pub(crate) job: JobId,
    /// The columns of its rows. Their recipes are those of every page, unless questions differ from line to line.
    pub(crate) columns: RowSpec,
    /// Which recipes the pages of an entry have.
    pub(crate) recipes: EntryRecipes<'a>,
    /// Which pages are skipped.
    pub(crate) skip: SkipRule,
}

/// A page under the recipes of one side.
pub(crate) struct PageSide {
    /// What the store has of it.
    pub(crate) record: PageRecord,
    /// Its row, with the model's answers.
    pub(crate) row: Row,
}

/// A page under both sets of recipes.
pub(crate) struct PagePair {
    /// The page.
    pub(crate) id: PageId,
    /// The file that has it.
    pub(crate) entry: Arc<EntryRecord>,
    /// Whether its answers are those of an earlier page: equal pages have one answer.
    pub(crate) is_duplicate: bool,
    /// Under the earlier recipes.
    pub(crate) old: PageSide,
    /// Under the later ones.
    pub(crate) new: PageSide,
}

impl<'a> RowSide<'a> {
    /// The answers to the questions of a job.
    pub(crate) fn of_job(
        reader: Option<&'a Reader>,
        key: Option<JobId>,
        (job, questions): (&'a Job, &'a [Question]),
        carried: &RowSpec,
    ) -> Result<Self, StoreError> {
        let keys = reader.map(|reader| known_recipes(reader, job, questions)).transpose()?;
        let unknown = vec![RecipeId::UNSTORED; questions.len()];
        let recipes = keys.map_or(unknown, |keys| keys.into_iter().map(|key| key.recipe_id).collect());
        let columns =
            RowSpec { carried: carried.carried.clone(), recipes, ..RowSpec::new(questions, &[], &job.provider.model) };
        let recipes = EntryRecipes::of_job(job, questions);
        Ok(Self { reader, job: key.unwrap_or(JobId::UNSTORED), columns, recipes, skip: skip_rule(job) })
    }

    fn page(&self, entry: &EntryRecord, row: (u32, u32), other: Option<&PageRecord>) -> Result<PageSide, StoreError> {
        let common = &self.columns.recipes;
        let options = RowOptions { versions: VERSIONS, skip: self.skip, with_decisions: true };
        let record = match (self.reader, other) {
            (Some(reader), _) => {
                let EntryTasks { recipes, .. } = self.recipes.of_entry(reader, entry.carried.as_ref(), common)?;
                reader.row(self.job, entry, row, &recipes, options)?
            }
            (None, Some(other)) => PageRecord {
                recipes: common.clone(),
                outcomes: vec![None; common.len()],
                spend: Vec::new(),
                ..other.clone()
            },
            (None, None) => return Err(StoreError::Failed("a comparison needs a store".into())),
        };
        let row = Row::new(&record, &self.columns);
        Ok(PageSide { record, row })
    }
}

/// Calls `on_pair` with every row of a job that has a page, in their order. `old` has a store, and the job's
/// entries are those of `key` in it.
///
/// # Errors
/// When a store can't be read, or `on_pair` fails.
pub(crate) fn read_page_pairs(
    old: &RowSide<'_>,
    new: &RowSide<'_>,
    on_pair: &mut dyn FnMut(PagePair) -> Result<(), PipelineError>,
) -> Result<(), PipelineError> {
    let Some(reader) = old.reader else { return Err(PipelineError::NoRun) };
    let mut stored = EntryCursor::new(reader, old.job);
    while let Some(entry) = stored.next()?.map(Arc::new) {
        for row in entry.rows() {
            let old = old.page(&entry, row, None)?;
            let Some(id) = old.record.id else { continue };
            let is_duplicate = old.record.duplicate_of.is_some();
            let new = new.page(&entry, row, Some(&old.record))?;
            on_pair(PagePair { id, entry: entry.clone(), is_duplicate, old, new })?;
        }
    }
    Ok(())
}
