//! `docmill rows`: the rows of a job in the terminal, from the store.

use super::exit::Failure;
use super::load;
use super::log;
use super::out::{Stdout, out, terminal_width};
use super::rows_args::{Rows, RowsFormat};
use crate::base::units::counted;
use crate::session::{RowFormat, RowsForm, RowsQuery, RowsShown};
use std::io::BufWriter;

/// Bytes that are written to standard output at once.
const BUFFER_BYTES: usize = 64 << 10;

/// A note about the rows if no run has reached the end of the input.
pub(crate) const PARTLY_LISTED: &str = "no run has listed the whole input yet: there may be more pages";

pub(crate) fn rows(args: &Rows, quiet: bool) -> Result<u8, Failure> {
    let session = load::open(&args.job)?;
    let query = RowsQuery {
        filter: args.filter.as_ref().map(|text| session.filter(text)).transpose()?,
        columns: args.columns.iter().map(|name| name.trim().to_owned()).collect(),
        failed: args.failed,
        sample: args.sample,
        limit: args.limit,
        model_only: args.model_only,
    };
    let form = match args.format {
        RowsFormat::Text => RowsForm::Table(terminal_width()),
        RowsFormat::Json => RowsForm::Format(RowFormat::Jsonl),
        RowsFormat::Csv => RowsForm::Format(RowFormat::Csv),
    };
    let shown = session.rows(&query, form, BufWriter::with_capacity(BUFFER_BYTES, Stdout))?;
    if args.format == RowsFormat::Text {
        if !shown.failures.is_empty() {
            let gap = if shown.shown > 0 { "\n" } else { "" };
            out!("{gap}{}", shown.failures);
        }
        if !quiet {
            let mut line = summary(&shown);
            if session.is_partly_listed()? {
                line = format!("{line}; {PARTLY_LISTED}");
            }
            log::line("INFO", &line, serde_json::Map::new());
        }
    }
    Ok(0)
}

fn summary(shown: &RowsShown) -> String {
    let RowsShown { shown, is_cut, hidden_columns, .. } = shown;
    let more = if *is_cut { ", and there are more" } else { "" };
    let hidden = match hidden_columns.as_slice() {
        [] => String::new(),
        names => format!("; not shown for lack of width: {} (choose with --columns)", names.join(", ")),
    };
    format!("{}{more}{hidden}", counted(*shown, "row"))
}
