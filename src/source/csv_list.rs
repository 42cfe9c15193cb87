//! A list in a CSV or TSV file. All its columns are text.

use super::columns::{ColumnPlan, ListColumn, ListRow};
use crate::base::text_reader::TextReader;
use crate::manifest::ColumnKind;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader};

/// The rows of a CSV file.
pub(crate) struct CsvList {
    reader: csv::Reader<TextReader<File>>,
    /// Whether lines end with CR LF. The reader then counts a line when it reads the next one.
    is_crlf: bool,
}

impl CsvList {
    /// Reads the columns and checks every row once, so that a fault is found before any work
    /// is done for the rows before it.
    /// `find_path`: the position of the column with paths among these names; paths may be any bytes.
    pub(crate) fn open(
        file: File,
        delimiter: u8,
        find_path: &dyn Fn(&[&str]) -> Option<usize>,
    ) -> Result<(Vec<ListColumn>, Self), String> {
        let mut text = TextReader::new(file).map_err(|error| error.to_string())?;
        if let Some(line) = find_open_quote(&mut text, delimiter).map_err(|error| error.to_string())? {
            return Err(format!("line {line}: a quote is opened and never closed"));
        }
        text.rewind().map_err(|error| error.to_string())?;
        let open = |text| csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text);
        let mut reader = open(text);
        let names = reader.byte_headers().map_err(|error| error.to_string())?.clone();
        let is_crlf = reader.position().line() == 1 + line_ends(&names);
        if names.is_empty() {
            return Err("it is empty; its first line must name its columns".into());
        }
        let names = csv::StringRecord::from_byte_record(names)
            .map_err(|_| "the names of its columns are not UTF-8; save the list as UTF-8".to_owned())?;
        if names.len() == 1 && names.iter().any(|name| name.contains(';') && !name.contains("://")) {
            return Err("its columns are separated by `;`; save it with commas, or with tabs as .tsv".into());
        }
        let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
        let path = find_path(&names.iter().map(String::as_str).collect::<Vec<_>>());
        check_rows(&mut reader, &names, path, is_crlf)?;
        let mut text = reader.into_inner();
        text.rewind().map_err(|error| error.to_string())?;
        let mut reader = open(text);
        reader.byte_headers().map_err(|error| error.to_string())?;
        let columns = names.into_iter().map(|name| ListColumn { name, kind: Ok(ColumnKind::Text) }).collect();
        Ok((columns, Self { reader, is_crlf }))
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
        let line = line_of(&record, self.reader.position().line(), self.is_crlf);
        Ok(Some(ListRow { line, path, values: cells(&plan.carried), version: cells(&plan.version) }))
    }
}

/// Whether all cells are blank, as in the last rows that spreadsheets write.
fn is_empty(record: &csv::ByteRecord) -> bool {
    record.iter().all(|cell| cell.trim_ascii().is_empty())
}

/// The line ends in the cells of a record.
fn line_ends(record: &csv::ByteRecord) -> u64 {
    record.iter().flatten().filter(|byte| **byte == b'\n').count() as u64
}

/// The line on which a record begins; `next`: the line behind it. The position of a record is that of the
/// empty lines before it.
fn line_of(record: &csv::ByteRecord, next: u64, is_crlf: bool) -> u64 {
    let ends = line_ends(record);
    if is_crlf {
        return next.saturating_sub(ends);
    }
    let position = record.position().map_or(0, csv::Position::line);
    position.max(next.saturating_sub(1 + ends))
}

/// The line on which a quoted cell begins that the file never closes: all rows behind it would be a part of
/// the cell.
fn find_open_quote(text: &mut TextReader<File>, delimiter: u8) -> std::io::Result<Option<u64>> {
    let mut text = BufReader::new(text);
    let (mut line, mut began, mut opened) = (1, 1, None);
    // At the begin of a cell a quote opens it; in it, a quote closes it, and another one right behind opens it
    // again.
    let (mut is_begin, mut has_closed) = (true, false);
    loop {
        let bytes = text.fill_buf()?;
        if bytes.is_empty() {
            return Ok(opened);
        }
        for byte in bytes {
            match byte {
                b'"' if opened.is_some() => (opened, has_closed) = (None, true),
                b'"' if is_begin => (began, opened) = (line, Some(line)),
                b'"' if has_closed => (opened, has_closed) = (Some(began), false),
                _ if opened.is_none() => has_closed = false,
                _ => {}
            }
            is_begin = opened.is_none() && (*byte == delimiter || matches!(byte, b'\n' | b'\r'));
            line += u64::from(*byte == b'\n');
        }
        let read = bytes.len();
        text.consume(read);
    }
}

/// Checks that every row has the cells of all columns, and that all are UTF-8, except for paths, which
/// may be any bytes.
fn check_rows(
    reader: &mut csv::Reader<TextReader<File>>,
    names: &[String],
    path: Option<usize>,
    is_crlf: bool,
) -> Result<(), String> {
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        if is_empty(&record) {
            continue;
        }
        let line = line_of(&record, reader.position().line(), is_crlf);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_is_never_closed_is_found_where_it_opens() {
        for (text, expected) in [
            ("path,a\na.png,\"x\"\n", None),
            ("path,a\na.png,\"x, \"\"y\"\"\nz\"\nb.png,\n", None),
            ("path,a\na.png,5\" x\nb.png,\n", None),
            ("path,a\na.png,\"\"\nb.png,\"\"\"\"\n", None),
            ("path,a\na.png,x\nb.png,\"x\nc.png,y\n", Some(3)),
            ("\"path,a\na.png,x\n", Some(1)),
            ("path,a\na.png,\"x\"\"\nb.png,y\n", Some(2)),
            ("", None),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("list.csv");
            crate::base::atomic_file::write(&path, text.as_bytes(), &crate::base::hooks::NoHooks).unwrap();
            let mut reader = TextReader::new(File::open(&path).unwrap()).unwrap();
            assert_eq!(find_open_quote(&mut reader, b',').unwrap(), expected, "{text:?}");
        }
    }
}
