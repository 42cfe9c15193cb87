//! The rows of a job, human-readable: a table in the terminal, or chosen columns in a format.

use super::error::{Error, WRONG_INPUT};
use super::job::Job;
use crate::export::{Row, RowFormat, RowStream, RowTable, choose_columns};
use crate::pipeline::{self, RowQuery, RowSelection, ShownRows, row_columns, row_targets};
use crate::report::render_failures;
use crate::select::Filter;
use std::io::Write;

/// Which rows are shown, and of them what.
#[derive(Clone, Debug, Default)]
pub struct RowsQuery {
    /// Only rows that match.
    pub filter: Option<Filter>,
    /// Names of columns, or of members of answers such as `total.amount`; `*`: all. Empty: the most informative ones
    /// in a table, all in other forms.
    pub columns: Vec<String>,
    /// Only rows with status `failed`, `invalid` or `refused`.
    pub failed: bool,
    /// Only a sample of this many of these pages: the same ones every time, each once.
    pub sample: Option<u64>,
    /// Maximum number of rows.
    pub limit: Option<u64>,
    /// Whether rows show only the model's answers, even where a human answer exists.
    pub model_only: bool,
}

/// How rows are shown.
#[derive(Clone, Copy, Debug)]
pub enum RowsForm {
    /// An aligned table, in at most this many columns of a terminal; `None`: as wide as it has to be.
    Table(Option<usize>),
    /// A format of files: CSV or JSON Lines.
    Format(RowFormat),
}

/// The shown rows.
#[derive(Clone, Debug, Default)]
pub struct RowsShown {
    /// Number of rows.
    pub shown: u64,
    /// Whether there are more.
    pub is_cut: bool,
    /// Columns that did not fit into the table.
    pub hidden_columns: Vec<String>,
    /// Pages without an answer by the kind of their error, with an example of each, as text; empty: none.
    pub failures: String,
}

/// Writes the rows of a job to `out`.
///
/// # Errors
/// When a column does not exist, the store has no run of the job, or `out` can't be written.
pub(crate) fn show_rows(
    job: &Job,
    query: &RowsQuery,
    form: RowsForm,
    out: Box<dyn Write + Send>,
) -> Result<RowsShown, Error> {
    let (manifest, questions) = (&job.manifest, &job.questions);
    let spec = row_columns(manifest, questions)?;
    let every = ["*".to_owned()];
    let named = match form {
        RowsForm::Format(_) if query.columns.is_empty() => &every,
        _ => query.columns.as_slice(),
    };
    let columns = choose_columns(&spec, named)
        .map_err(|(message, hint)| Error::new(WRONG_INPUT, format!("--columns: {message}")).with_hint(&hint))?;
    let reader = job.open_store()?.reader()?;
    let rows = RowQuery {
        selection: RowSelection {
            model_only: query.model_only,
            filter: query.filter.as_ref(),
            only_unusable: query.failed,
            sample: query.sample,
        },
        limit: query.limit,
    };
    let is_cut_to_width = matches!(form, RowsForm::Table(Some(_)));
    let mut hidden_columns = Vec::new();
    let shown = match form {
        RowsForm::Table(width) => {
            let mut table = RowTable::start(out, &spec, &columns, width);
            let shown = pipeline::show_rows(&reader, manifest, questions, rows, &mut |row: &Row| table.write(row))?;
            hidden_columns = table.finish().map_err(pipeline::PipelineError::from)?;
            shown
        }
        RowsForm::Format(format) => {
            let started = RowStream::start(format, out, &row_targets(manifest), &spec, Some(&columns));
            let mut stream = started.map_err(pipeline::PipelineError::from)?;
            let shown = pipeline::show_rows(&reader, manifest, questions, rows, &mut |row: &Row| stream.write(row))?;
            stream.finish().map_err(pipeline::PipelineError::from)?;
            shown
        }
    };
    let ShownRows { shown, is_cut, failures } = shown;
    Ok(RowsShown { shown, is_cut, hidden_columns, failures: render_failures(&failures, is_cut_to_width) })
}
