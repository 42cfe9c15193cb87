//! The rows of a job, made from the store alone.

use super::asked_runs::AskedRuns;
use super::row_choice::{RowChoice, RowPosition, RowSelection};
use crate::base::digest::Digest;
use crate::base::hooks::Hooks;
use crate::base::ids::JobId;
use crate::base::lowest::Lowest;
use crate::catalog::RequestPrice;
use crate::export::{ExportError, Outputs, Row, RowSpec, Targets, WrittenOutputs, human_answers};
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::model::entry_recipes::{EntryRecipes, EntryTasks};
use crate::pipeline::model::question_set::{VERSIONS, skip_rule};
use crate::pipeline::scan::sample::draw_key;
use crate::report::Pages;
use crate::store::{EntryCursor, EntryRecord, PageRecord, Reader, RowOptions, StoreError};
use crate::task::{Question, Shape};
use serde_json::Value;
use std::collections::HashSet;

/// Where rows come from.
pub(crate) struct JobRows<'a> {
    /// The store.
    pub(crate) reader: &'a Reader,
    /// The job.
    pub(crate) job: JobId,
    /// How pages are shown.
    pub(crate) options: RowOptions,
    /// Which recipes an entry's rows show.
    pub(crate) recipes: EntryRecipes<'a>,
    /// Whether outputs without rows are written.
    pub(crate) writes_empty: bool,
    /// The price that asking has now. `None`: unknown, or savings are not computed.
    pub(crate) price: Option<RequestPrice>,
    /// Whether rows show only the model's answers.
    pub(crate) model_only: bool,
    /// Which rows are read.
    pub(crate) choice: RowChoice<'a>,
}

/// A row as it was read.
pub(crate) struct ReadRow<'a> {
    /// The line of the list; 0 in a folder.
    pub(crate) line: u64,
    /// What the store has of the page.
    pub(crate) record: PageRecord,
    /// By task: the digest of a question whose text differs from line to line.
    pub(crate) questions: &'a [Option<Digest>],
    /// The human answers that the row shows: one per task, or none at all.
    pub(crate) human: Vec<Option<Value>>,
    /// The row.
    pub(crate) row: Row,
}

/// The written files, and their content.
pub(crate) struct WrittenRows {
    /// The pages by status.
    pub(crate) pages: Pages,
    /// The files, and markers that are still to be written.
    pub(crate) outputs: WrittenOutputs,
}

impl<'a> JobRows<'a> {
    /// The rows of a job as its manifest specifies.
    pub(crate) fn of_job(reader: &'a Reader, key: JobId, job: &'a Job, questions: &'a [Question]) -> Self {
        let options = RowOptions { versions: VERSIONS, skip: skip_rule(job), with_decisions: true };
        let recipes = EntryRecipes::of_job(job, questions);
        // A part without rows is there, too: readers count parts.
        let writes_empty = job.input.may_be_empty();
        Self {
            reader,
            job: key,
            options,
            recipes,
            writes_empty,
            price: None,
            model_only: false,
            choice: RowChoice::default(),
        }
    }

    /// The same, but only some are read. `drawn`: what [`JobRows::draw_selected`] has drawn.
    pub(crate) fn selected(self, selection: RowSelection<'a>, drawn: Option<&'a HashSet<RowPosition>>) -> Self {
        let RowSelection { model_only, filter, only_unusable, sample: _ } = selection;
        Self { model_only, choice: RowChoice { filter, only_unusable, drawn }, ..self }
    }

    /// The rows of the sample of a selection; `None`: it is not a sample.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn draw_selected(
        &self,
        columns: &RowSpec,
        selection: RowSelection<'_>,
    ) -> Result<Option<HashSet<RowPosition>>, PipelineError> {
        let Some(count) = selection.sample else { return Ok(None) };
        let RowSelection { model_only, filter, only_unusable, .. } = selection;
        let choice = RowChoice { filter, only_unusable, drawn: None };
        let rows = JobRows { model_only, choice, recipes: self.recipes.clone(), ..*self };
        rows.draw(columns, count).map(Some)
    }

    /// The rows of a sample of `count` pages, of those that are read: the same ones every time. Equal pages are one page,
    /// represented by the first of their rows.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn draw(&self, columns: &RowSpec, count: u64) -> Result<HashSet<RowPosition>, PipelineError> {
        let mut lowest = Lowest::new(count);
        self.read_pages(columns, &|| false, &mut |ReadRow { line, record, .. }| {
            // A file that could not be read has no content.
            let key = record.id.map_or_else(|| Digest::compute(&record.path), |id| draw_key(&id));
            lowest.offer(key, (line, record.path, record.page));
            Ok(())
        })?;
        Ok(lowest.into_things().collect())
    }

    /// Writes the rows. `runs`: the runs whose requests are counted. `has_all`: every file of the
    /// input has a row, so that the outputs may be complete. `is_abandoned`: whether there is no more
    /// time for them.
    ///
    /// # Errors
    /// When the store can't be read, an output can't be written, or there is no more time.
    pub(crate) fn write(
        &self,
        columns: &RowSpec,
        targets: &Targets,
        runs: AskedRuns,
        has_all: bool,
        is_abandoned: &dyn Fn() -> bool,
        hooks: &dyn Hooks,
    ) -> Result<WrittenRows, PipelineError> {
        let mut outputs = Outputs::create(targets, columns)?;
        let pages = self.read(columns, runs, is_abandoned, &mut |row| outputs.write(row))?;
        if pages.total == 0 && !self.writes_empty {
            // A mistyped pattern or an unmounted folder must not replace existing outputs.
            return Ok(WrittenRows { pages, outputs: WrittenOutputs::default() });
        }
        let outputs = outputs.commit(has_all && pages.pending == 0, hooks)?;
        Ok(WrittenRows { pages, outputs })
    }

    /// Calls `on_row` with each row, in their order, and returns the pages by status.
    ///
    /// # Errors
    /// As [`JobRows::write`].
    pub(crate) fn read(
        &self,
        columns: &RowSpec,
        mut runs: AskedRuns,
        is_abandoned: &dyn Fn() -> bool,
        on_row: &mut dyn FnMut(&Row) -> Result<(), ExportError>,
    ) -> Result<Pages, PipelineError> {
        let mut pages = Pages::new(label_tasks(columns)).with_price(self.price);
        self.read_pages(columns, is_abandoned, &mut |ReadRow { record, human, row, .. }| {
            let (runs, record) = runs.of_row(record);
            pages.add(&record, (row.status, row.error_kind.zip(row.error.as_deref())), &human, runs);
            Ok(on_row(&row)?)
        })?;
        Ok(pages)
    }

    /// Calls `on_page` with each row and what it was made of, in their order.
    ///
    /// # Errors
    /// When the store can't be read, `on_page` fails, or there is no more time.
    pub(crate) fn read_pages(
        &self,
        columns: &RowSpec,
        is_abandoned: &dyn Fn() -> bool,
        on_page: &mut dyn FnMut(ReadRow<'_>) -> Result<(), PipelineError>,
    ) -> Result<(), PipelineError> {
        // Most jobs have no decisions: their rows cost no look-up.
        let with_decisions = !self.model_only && self.options.with_decisions && self.reader.has_decisions(self.job)?;
        let options = RowOptions { with_decisions, ..self.options };
        let mut stored = EntryCursor::new(self.reader, self.job);
        while let Some(entry) = stored.next()? {
            let EntryTasks { recipes, questions } = self.tasks_of(&entry, columns)?;
            for row in entry.rows() {
                let record = self.reader.row(self.job, &entry, row, &recipes, options)?;
                let human = human_answers(&record, columns, &questions);
                let row = Row::with_human_answers(&record, columns, &human);
                if self.choice.has(&row, &entry) {
                    on_page(ReadRow { line: entry.line, record, questions: &questions, human, row })?;
                }
            }
            if is_abandoned() {
                return Err(PipelineError::OutputsAbandoned);
            }
        }
        Ok(())
    }

    /// Calls `on_page` with the row of a page of an entry, if the entry has one.
    ///
    /// # Errors
    /// As [`JobRows::read_pages`].
    pub(crate) fn read_page(
        &self,
        columns: &RowSpec,
        (entry, page): (&EntryRecord, u32),
        on_page: &mut dyn FnMut(ReadRow<'_>),
    ) -> Result<(), PipelineError> {
        let EntryTasks { recipes, questions } = self.tasks_of(entry, columns)?;
        let Some(row) = entry.rows().find(|(known, _)| *known == page) else { return Ok(()) };
        let record = self.reader.row(self.job, entry, row, &recipes, self.options)?;
        let human = human_answers(&record, columns, &questions);
        let row = Row::with_human_answers(&record, columns, &human);
        on_page(ReadRow { line: entry.line, record, questions: &questions, human, row });
        Ok(())
    }

    fn tasks_of(&self, entry: &EntryRecord, columns: &RowSpec) -> Result<EntryTasks, StoreError> {
        self.recipes.of_entry(self.reader, entry.carried.as_ref(), &columns.recipes)
    }
}

/// The tasks whose answers are labels: position and name.
fn label_tasks(columns: &RowSpec) -> Vec<(usize, String)> {
    let is_label = |shape: &Shape| matches!(shape, Shape::Choice(_) | Shape::Tags { .. });
    let tasks = columns.tasks.iter().enumerate();
    tasks.filter(|(_, (_, shape))| is_label(shape)).map(|(at, (name, _))| (at, name.clone())).collect()
}
