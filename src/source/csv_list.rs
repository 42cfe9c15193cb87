//! A list in a CSV or TSV file. All its columns are text.

use super::columns::{ColumnPlan, ListColumn, ListRow, find_path};
use crate::base::text_reader::TextReader;
use crate::manifest::{ColumnKind, Input};
use serde_json::Value;
use std::fs::File;

/// The rows of a CSV file.
pub(crate) struct CsvList {
    reader: csv::Reader<TextReader<File>>,
}

impl CsvList {
    /// Reads the columns and checks every row once, so that a fault is found before any work
    /// is done for the rows before it.
    pub(crate) fn open(file: File, delimiter: u8, input: &Input) -> Result<(Vec<ListColumn>, Self), String> {
        let open = |text| csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text);
        let mut reader = open(TextReader::new(file).map_err(|error| error.to_string())?);
        let names = reader.byte_headers().map_err(|error| error.to_string())?.clone();
        if names.is_empty() {
            return Err("it is empty; its first line must name its columns".into());
        }
        let names = csv::StringRecord::from_byte_record(names)
            .map_err(|_| "the names of its columns are not UTF-8; save the list as UTF-8".to_owned())?;
        if names.len() == 1 && names.iter().any(|name| name.contains(';') && !name.contains("://")) {
            return Err("its columns are separated by `;`; save it with commas, or with tabs as .tsv".into());
        }
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let path = find_path(&names.iter().map(String::as_str).collect::<Vec<_>>(), input);
        check_rows(&mut reader, &names, path)?;
        let mut text = reader.into_inner();
        text.rewind().map_err(|error| error.to_string())?;
        let mut reader = open(text);
        reader.byte_headers().map_err(|error| error.to_string())?;
        let columns = names.into_iter().map(|name| ListColumn { name, kind: Ok(ColumnKind::Text) }).collect();
        Ok((columns, Self { reader }))
    }

    /// The next row that is not empty. An empty cell is null.
    pub(crate) fn next_row(&mut self, plan: &ColumnPlan) -> Result<Option<ListRow>, String> {
        let mut record = csv::ByteRecord::new();
        loop {
            if !self.reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
                return Ok(None);
            }
            if !is_empty(&record) {
                break;
            }
        }
        // `open` has checked that cells are UTF-8.
        let cell = |at: &usize| match record.get(*at) {
            None | Some(b"") => Value::Null,
            Some(bytes) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
        };
        let path = record.get(plan.path).unwrap_or_default().to_vec();
        let cells = |columns: &[usize]| columns.iter().map(cell).collect();
        Ok(Some(ListRow { path, values: cells(&plan.carried), version: cells(&plan.version) }))
    }
}

/// Whether all cells are blank, as in the last rows that spreadsheets write.
fn is_empty(record: &csv::ByteRecord) -> bool {
    record.iter().all(|cell| cell.trim_ascii().is_empty())
}

/// The line on which a record begins; `next`: the line behind it. The position of a record is that of the
/// empty lines before it.
fn line_of(record: &csv::ByteRecord, next: u64) -> u64 {
    let ends = record.iter().flatten().filter(|byte| **byte == b'\n').count() as u64;
    let position = record.position().map_or(0, csv::Position::line);
    position.max(next.saturating_sub(1 + ends))
}

/// Checks that every row has the cells of all columns, and that all are UTF-8, except for paths, which
/// may be any bytes.
fn check_rows(reader: &mut csv::Reader<TextReader<File>>, names: &[String], path: Option<usize>) -> Result<(), String> {
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        if is_empty(&record) {
            continue;
        }
        let line = line_of(&record, reader.position().line());
        if record.len() != names.len() {
            let fields = |count: usize| if count == 1 { "1 field".to_owned() } else { format!("{count} fields") };
            let (found, columns) = (fields(record.len()), fields(names.len()));
            return Err(format!("line {line}: found record with {found}, but the first line has {columns}"));
        }
        let is_text = |(at, cell): (usize, &[u8])| path == Some(at) || std::str::from_utf8(cell).is_ok();
        if !record.iter().enumerate().all(is_text) {
            return Err(format!("line {line} is not UTF-8; save the list as UTF-8"));
        }
    }
    Ok(())
}
