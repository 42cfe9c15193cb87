//! A list in a CSV or TSV file. All its columns are text.

use super::columns::{ColumnPlan, ListColumn, ListRow};
use crate::manifest::ColumnKind;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, SeekFrom};

/// The rows of a CSV file.
pub(crate) struct CsvList {
    reader: csv::Reader<BufReader<File>>,
}

impl CsvList {
    /// Reads the columns and checks every row once, so that a fault is found before any work
    /// is done for the rows before it.
    pub(crate) fn open(file: File, delimiter: u8, path_column: &str) -> Result<(Vec<ListColumn>, Self), String> {
        let mut file = BufReader::new(file);
        // Spreadsheets write a byte order mark before the first name.
        let mark = if file.fill_buf().map_err(|error| error.to_string())?.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        file.consume(mark);
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(file);
        let names = reader.headers().map_err(|error| error.to_string())?.clone();
        if names.is_empty() {
            return Err("it is empty; its first line must name its columns".into());
        }
        if names.len() == 1 && names.iter().any(|name| name.contains(';')) {
            return Err("its columns are separated by `;`; save it with commas, or with tabs as .tsv".into());
        }
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let start = reader.position().clone();
        check_text(&mut reader, &names, path_column)?;
        let first = SeekFrom::Start(start.byte() + mark as u64);
        reader.seek_raw(first, start).map_err(|error| error.to_string())?;
        let columns = names.into_iter().map(|name| ListColumn { name, kind: Ok(ColumnKind::Text) }).collect();
        Ok((columns, Self { reader }))
    }

    /// The next row. An empty cell is null.
    pub(crate) fn next_row(&mut self, plan: &ColumnPlan) -> Result<Option<ListRow>, String> {
        let mut record = csv::ByteRecord::new();
        if !self.reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
            return Ok(None);
        }
        // `open` has checked that cells are UTF-8.
        let cell = |at: &usize| match record.get(*at) {
            None | Some(b"") => Value::Null,
            Some(bytes) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
        };
        let path = record.get(plan.path).unwrap_or_default().to_vec();
        Ok(Some(ListRow { path, values: plan.carried.iter().map(cell).collect() }))
    }
}

/// Checks that all cells are UTF-8, except for paths, which may be any bytes.
fn check_text(reader: &mut csv::Reader<BufReader<File>>, names: &[String], path_column: &str) -> Result<(), String> {
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        let is_text = |(name, cell): (&String, &[u8])| name == path_column || std::str::from_utf8(cell).is_ok();
        if !names.iter().zip(&record).all(is_text) {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(format!("line {line} is not UTF-8; save the list as UTF-8"));
        }
    }
    Ok(())
}
