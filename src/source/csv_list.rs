//! A list in a CSV or TSV file. All its columns are text.

use super::columns::{ColumnPlan, ListColumn, ListRow};
use crate::base::csv_lines::{LineCounter, find_delimiter, find_open_quote};
use crate::base::text_reader::TextReader;
use crate::base::unicode::trim_blanks;
use crate::base::units::counted;
use crate::manifest::ColumnKind;
use serde_json::Value;
use std::fs::File;
use std::io::Read;

/// The rows of a CSV file.
pub(crate) struct CsvList {
    reader: csv::Reader<Text>,
}

/// The text of a file, whose lines are counted.
type Text = LineCounter<TextReader<File>>;

impl CsvList {
    /// Reads the columns and checks every row once, so that a fault is found before any work
    /// is done for the rows before it.
    /// `delimiter`: what separates cells; `None`: detected from the first line. `find_path`: the position of the column
    /// with paths among these names; paths may be any bytes.
    pub(crate) fn open(
        file: File,
        delimiter: Option<u8>,
        find_path: &dyn Fn(&[&str]) -> Option<usize>,
    ) -> Result<(Vec<ListColumn>, Self), String> {
        let mut text = TextReader::new(file).map_err(|error| error.to_string())?;
        let separator = find_separator_line(&mut text).map_err(|error| error.to_string())?;
        text.rewind().map_err(|error| error.to_string())?;
        let delimiter = match separator.or(delimiter) {
            Some(delimiter) => delimiter,
            None => {
                let found = find_delimiter(&mut text).map_err(|error| error.to_string())?;
                text.rewind().map_err(|error| error.to_string())?;
                found
            }
        };
        if let Some(line) = find_open_quote(&mut text, delimiter).map_err(|error| error.to_string())? {
            return Err(format!("line {line}: a quote is opened and never closed; write `\"\"` for a quote in a cell"));
        }
        text.rewind().map_err(|error| error.to_string())?;
        let open = |text| {
            csv::ReaderBuilder::new()
                .delimiter(delimiter)
                .flexible(true)
                .has_headers(false)
                .from_reader(LineCounter::new(text))
        };
        let mut reader = open(text);
        let names = read_names(&mut reader, separator.is_some())?;
        let names = csv::StringRecord::from_byte_record(names)
            .map_err(|_| "the names of its columns are not UTF-8; save the file as UTF-8".to_owned())?;
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let path = find_path(&names.iter().map(String::as_str).collect::<Vec<_>>());
        check_rows(&mut reader, &names, path, char::from(delimiter))?;
        let mut text = reader.into_inner().into_inner();
        text.rewind().map_err(|error| error.to_string())?;
        let mut reader = open(text);
        read_names(&mut reader, separator.is_some())?;
        let columns = names.into_iter().map(|name| ListColumn { name, kind: Ok(ColumnKind::Text) }).collect();
        Ok((columns, Self { reader }))
    }

    /// The next row that is not empty. An empty cell is null.
    pub(crate) fn next_row(&mut self, plan: &ColumnPlan) -> Result<Option<ListRow>, String> {
        let mut record = csv::ByteRecord::new();
        let mut line;
        loop {
            if !self.reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
                return Ok(None);
            }
            line = line_of(&mut self.reader, &record);
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
        Ok(Some(ListRow { line, path, values: cells(&plan.carried), version: cells(&plan.version) }))
    }
}

/// The character of a first line `sep=;`, which defines the separator for Excel.
fn find_separator_line(text: impl Read) -> std::io::Result<Option<u8>> {
    let mut line = Vec::new();
    text.take(6).read_to_end(&mut line)?;
    Ok(match line.split_at_checked(4) {
        Some((name, [separator, b'\r' | b'\n'])) if name.eq_ignore_ascii_case(b"sep=") => Some(*separator)
            .filter(|byte| *byte == b'\t' || (byte.is_ascii_punctuation() && !matches!(byte, b'"' | b'\''))),
        _ => None,
    })
}

/// The names of the columns: the first row that is not empty, after the line that names the separator.
fn read_names(reader: &mut csv::Reader<Text>, has_separator_line: bool) -> Result<csv::ByteRecord, String> {
    let mut names = csv::ByteRecord::new();
    if has_separator_line {
        reader.read_byte_record(&mut names).map_err(|error| error.to_string())?;
    }
    while reader.read_byte_record(&mut names).map_err(|error| error.to_string())? {
        if !is_empty(&names) {
            return Ok(names);
        }
    }
    Err("it is empty; its first line must name its columns".into())
}

/// Whether all cells are blank, as in the last rows that spreadsheets write.
fn is_empty(record: &csv::ByteRecord) -> bool {
    record.iter().all(|cell| trim_blanks(cell).is_empty())
}

/// The line on which a record begins.
fn line_of(reader: &mut csv::Reader<Text>, record: &csv::ByteRecord) -> u64 {
    reader.get_mut().line_at(record.position().map_or(0, csv::Position::byte))
}

/// Checks that every row has the cells of all columns, and that all are UTF-8, except for paths, which
/// may be any bytes.
fn check_rows(
    reader: &mut csv::Reader<Text>,
    names: &[String],
    path: Option<usize>,
    delimiter: char,
) -> Result<(), String> {
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        let line = line_of(reader, &record);
        if is_empty(&record) {
            continue;
        }
        if record.len() != names.len() {
            let fields = |count: usize| counted(count as u64, "field");
            let (found, columns) = (fields(record.len()), fields(names.len()));
            let delimiter = if delimiter == '\t' { "a tab".to_owned() } else { format!("`{delimiter}`") };
            let what = match record.len() > names.len() {
                true => format!("a cell with {delimiter} in it has to be in quotes"),
                false => format!("{delimiter} is needed also before empty cells"),
            };
            return Err(format!("line {line}: found record with {found}, but the first line has {columns}; {what}"));
        }
        let is_text = |(at, cell): (usize, &[u8])| path == Some(at) || std::str::from_utf8(cell).is_ok();
        if !record.iter().enumerate().all(is_text) {
            return Err(format!("line {line} is not UTF-8; save the file as UTF-8"));
        }
    }
    Ok(())
}
