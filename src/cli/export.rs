//! `docmill export`: writes the outputs again, from the store.

use super::args::Export;
use super::exit::{Failure, WRONG_INPUT};
use super::load;
use super::log;
use super::out::{Stdout, outln};
use super::record_file::RecordFile;
use super::rows::PARTLY_LISTED;
use crate::base::units::grouped;
use crate::session::{Outputs, RowFormat, RowSelection, Session};
use std::io::BufWriter;
use std::path::Path;

/// Bytes of rows that are written to standard output at once.
const BUFFER_BYTES: usize = 64 << 10;

pub(crate) fn export(args: &Export) -> Result<u8, Failure> {
    let session = load::open(&args.job)?;
    let filter = args.filter.as_ref().map(|text| session.filter(text)).transpose()?;
    if let Some(format) = stream_format(args)? {
        let selection = RowSelection {
            model_only: args.model_only,
            filter: filter.as_ref(),
            sample: args.sample,
            ..RowSelection::default()
        };
        return stream(&session, format, selection);
    }
    let (csv, parquet, jsonl) = (args.csv.clone(), args.parquet.clone(), args.jsonl.clone());
    let outputs = Outputs { csv, parquet, jsonl, model_only: args.model_only, filter, sample: args.sample };
    let files = session.export(&outputs)?;
    if files.is_empty() {
        let is_asked = [&args.csv, &args.parquet, &args.jsonl].iter().any(|path| path.is_some());
        let first_run = session.first_run()?;
        return Err(match is_asked || session.job().has_row_outputs() {
            true if first_run.is_some() => {
                let run = first_run.unwrap_or_default();
                Failure::new(WRONG_INPUT, format!("there are no rows yet: the first run of the job, {run}, is in progress and has not stored a page"))
                    .with_hint("wait until the run shows its first pages, then export again")
            }
            true => Failure::new(WRONG_INPUT, "there are no rows yet: no run of the job has found a page")
                .with_hint("run the job first"),
            false => Failure::new(WRONG_INPUT, "there is no output to write")
                .with_hint("give --csv, --parquet or --jsonl, or set `output` in the manifest"),
        });
    }
    for file in files {
        outln!("{}", file.display());
    }
    warn_of_more(&session)?;
    Ok(0)
}

/// Warns if the store may not know all pages, as after a first run that was interrupted.
fn warn_of_more(session: &Session) -> Result<(), Failure> {
    if session.is_partly_listed()? {
        log::line("WARN", &format!("warning: {PARTLY_LISTED}"), serde_json::Map::new());
    }
    Ok(())
}

/// The format that is written to standard output, if one is.
fn stream_format(args: &Export) -> Result<Option<RowFormat>, Failure> {
    let is_stdout = |path: &Path| RecordFile::classify(path) == RecordFile::Stdout;
    let given = [(RowFormat::Csv, &args.csv), (RowFormat::Parquet, &args.parquet), (RowFormat::Jsonl, &args.jsonl)];
    let given: Vec<(RowFormat, bool)> =
        given.into_iter().filter_map(|(format, path)| Some((format, is_stdout(path.as_ref()?)))).collect();
    match given.as_slice() {
        [(RowFormat::Parquet, true)] => Err(Failure::new(
            WRONG_INPUT,
            "Parquet can't be written to standard output: readers begin at the end of the file",
        )
        .with_hint("name a file, or write --csv - or --jsonl -")),
        [(format, true)] => Ok(Some(*format)),
        several if several.iter().any(|(_, is_stdout)| *is_stdout) => {
            Err(Failure::new(WRONG_INPUT, "`-` can't be combined with other outputs")
                .with_hint("write one format to standard output, and the others with another command"))
        }
        _ => Ok(None),
    }
}

fn stream(session: &Session, format: RowFormat, rows: RowSelection<'_>) -> Result<u8, Failure> {
    let pending = session.export_stream(format, rows, BufWriter::with_capacity(BUFFER_BYTES, Stdout))?;
    warn_of_more(session)?;
    if pending > 0 {
        let pages = if pending == 1 { "page is" } else { "pages are" };
        log::line("WARN", &format!("warning: {} {pages} pending", grouped(pending)), serde_json::Map::new());
    }
    Ok(0)
}
