//! The output of `docmill rows`: selected rows of a job.

use super::asked_runs::AskedRuns;
use super::job_rows::JobRows;
use super::row_choice::RowSelection;
use super::row_columns::columns_of_job;
use crate::export::{ExportError, Row};
use crate::manifest::Job;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::control::identity::stored_job;
use crate::pipeline::model::recipe::known_recipes;
use crate::report::Failures;
use crate::store::Reader;
use crate::task::Question;
use std::cell::Cell;

/// Which rows are shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowQuery<'a> {
    /// Which of them.
    pub selection: RowSelection<'a>,
    /// Maximum number of rows. The failures of the others are counted if only those are shown.
    pub limit: Option<u64>,
}

/// The shown rows.
#[derive(Clone, Debug, Default)]
pub struct ShownRows {
    /// Number of rows.
    pub shown: u64,
    /// Whether there are more.
    pub is_cut: bool,
    /// Pages without an answer among the rows that were read.
    pub failures: Failures,
}

/// Calls `on_row` with the rows that are shown, in their order.
///
/// # Errors
/// When there is no run of the job in the store, the store can't be read, or `on_row` fails.
pub fn show_rows(
    reader: &Reader,
    job: &Job,
    questions: &[Question],
    query: RowQuery<'_>,
    on_row: &mut dyn FnMut(&Row) -> Result<(), ExportError>,
) -> Result<ShownRows, PipelineError> {
    let key = stored_job(reader, job)?.ok_or(PipelineError::NoRun)?;
    let columns = columns_of_job(job, questions, &known_recipes(reader, job, questions)?)?;
    let rows = JobRows::of_job(reader, key, job, questions);
    let drawn = rows.draw_selected(&columns, query.selection)?;
    let rows = rows.selected(query.selection, drawn.as_ref());
    let limit = query.limit.unwrap_or(u64::MAX);
    let (read, shown) = (Cell::new(0_u64), Cell::new(0_u64));
    // The rest is not read unless its failures are counted.
    let is_enough = || !query.selection.only_unusable && read.get() > limit;
    let pages = rows.read(&columns, AskedRuns::default(), &is_enough, &mut |row| {
        read.set(read.get() + 1);
        if shown.get() >= limit {
            return Ok(());
        }
        shown.set(shown.get() + 1);
        on_row(row)
    });
    let failures = match pages {
        Ok(pages) => pages.failures,
        Err(PipelineError::OutputsAbandoned) => Failures::default(),
        Err(error) => return Err(error),
    };
    Ok(ShownRows { shown: shown.get(), is_cut: read.get() > shown.get(), failures })
}
