//! `--where`: which pages a retry or a refresh sends again, decided by their rows.

use crate::base::digest::Digest;
use crate::base::ids::{JobId, PageId, RecipeId, RunKey};
use crate::export::{Row, RowSpec, human_answers};
use crate::manifest::Job;
use crate::pipeline::model::question_set::{VERSIONS, skip_rule};
use crate::select::Filter;
use crate::store::{EntryRecord, PageRecord, Reader, RowOptions, StoreError};
use crate::task::Question;

/// Which pages are sent again.
///
/// A page is selected by the row that it has when a run first looks at it. Asking it changes its row, so pages
/// that this run, or one that it continues, has asked stay selected: another pass, and the run that continues
/// an interrupted one, still ask the tasks that are left, and a sample stays the same.
pub(crate) struct PageFilter {
    filter: Filter,
    columns: RowSpec,
    options: RowOptions,
    /// The run, and those that it continues.
    runs: Vec<RunKey>,
}

impl PageFilter {
    /// A filter of the pages of a job whose rows have these columns. `runs`: the run, and those that it
    /// continues.
    pub(crate) fn new(filter: Filter, job: &Job, columns: RowSpec, runs: Vec<RunKey>) -> Self {
        let options = RowOptions { versions: VERSIONS, skip: skip_rule(job), with_decisions: true };
        Self { filter, columns, options, runs }
    }

    /// Whether a page of an entry is selected; `asked`: what the entry is asked.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn selects(
        &self,
        reader: &Reader,
        job: JobId,
        entry: &EntryRecord,
        page: PageId,
        asked: (&[RecipeId], &[Question]),
    ) -> Result<bool, StoreError> {
        if entry.repeats.is_empty() {
            return self.selects_row(reader, job, entry, (page.page, page.page), asked);
        }
        // Pages that are the same page are asked once, for any of their rows.
        for row in entry.rows().filter(|(number, _)| entry.first_of(*number) == page.page) {
            if self.selects_row(reader, job, entry, row, asked)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn selects_row(
        &self,
        reader: &Reader,
        job: JobId,
        entry: &EntryRecord,
        row: (u32, u32),
        (recipes, questions): (&[RecipeId], &[Question]),
    ) -> Result<bool, StoreError> {
        let record = reader.row(job, entry, row, recipes, self.options)?;
        if record.spend.iter().any(|spend| self.runs.contains(&spend.run)) {
            return Ok(true);
        }
        if !has_result(&record) {
            return Ok(false);
        }
        let digests: Vec<Option<Digest>> = questions.iter().map(Question::rendered_digest).collect();
        let human = human_answers(&record, &self.columns, &digests);
        Ok(self.filter.matches(&Row::with_human_answers(&record, &self.columns, &human)))
    }
}

/// Whether a page has something that could be asked again. Others are left to a run without options.
fn has_result(record: &PageRecord) -> bool {
    record.fault.is_some() || record.outcomes.iter().any(Option::is_some)
}
