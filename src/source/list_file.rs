//! A file with columns, in any format: CSV, TSV, JSON Lines or Parquet.

use super::columns::{ColumnPlan, ListColumn, ListRow};
use super::csv_list::CsvList;
use super::json_list::JsonList;
use super::parquet_list::ParquetList;
use crate::base::open_databases;
use crate::base::other_format::{END_BYTES, START_BYTES, is_json_list, is_json_object, name_other_format};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// An open file with columns.
pub(crate) struct ListFile {
    columns: Vec<ListColumn>,
    rows: Rows,
}

enum Rows {
    Csv(CsvList),
    Json(JsonList),
    Parquet(ParquetList),
}

impl ListFile {
    /// Opens the file at `path`. Its extension decides the format. `find_path`: the position of the
    /// column with paths among these names, which in CSV may be any bytes.
    ///
    /// # Errors
    /// Why the file can't be read.
    pub(crate) fn open(path: &Path, find_path: &dyn Fn(&[&str]) -> Option<usize>) -> Result<Self, String> {
        let mut file = open_databases::open_other(path).map_err(|error| error.to_string())?;
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        if extension.as_deref() != Some("parquet") {
            check_text(&mut file, matches!(extension.as_deref(), Some("jsonl" | "ndjson")))?;
        }
        let (columns, rows) = match extension.as_deref() {
            Some("jsonl" | "ndjson") => JsonList::open(file).map(|(known, rows)| (known, Rows::Json(rows))),
            Some("parquet") => ParquetList::open(file).map(|(known, rows)| (known, Rows::Parquet(rows))),
            extension => {
                let delimiter = (extension == Some("tsv")).then_some(b'\t');
                CsvList::open(file, delimiter, find_path).map(|(known, rows)| (known, Rows::Csv(rows)))
            }
        }?;
        Ok(Self { columns, rows })
    }

    /// The columns, in their order.
    pub(crate) fn columns(&self) -> &[ListColumn] {
        &self.columns
    }

    /// The next row that is not empty, with the columns of `plan`.
    ///
    /// # Errors
    /// Why it can't be read. Where the next row begins is then unknown.
    pub(crate) fn next_row(&mut self, plan: &ColumnPlan) -> Result<Option<ListRow>, String> {
        match &mut self.rows {
            Rows::Csv(rows) => rows.next_row(plan),
            Rows::Json(rows) => rows.next_row(plan),
            Rows::Parquet(rows) => rows.next_row(plan),
        }
    }
}

/// The first and the last bytes of a file.
fn read_ends(file: &mut File) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut start, mut end) = (Vec::new(), Vec::new());
    Read::by_ref(file).take(START_BYTES as u64).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(file.metadata()?.len().saturating_sub(END_BYTES as u64)))?;
    file.take(END_BYTES as u64).read_to_end(&mut end)?;
    Ok((start, end))
}

/// Checks that a file is a text with rows: CSV, or JSON Lines if `is_json`. Readers go to its beginning.
fn check_text(file: &mut File, is_json: bool) -> Result<(), String> {
    let (start, end) = read_ends(file).map_err(|error| error.to_string())?;
    match name_other_format(&start, &end) {
        Some(what) => Err(what.to_owned()),
        None if is_json_list(&start) => {
            Err("it is a JSON list; write one object on each line, without `[` and `]`, in a file named .jsonl"
                .to_owned())
        }
        None if !is_json && is_json_object(&start) => {
            Err("it is JSON; if each line is an object, name the file .jsonl".to_owned())
        }
        None => Ok(()),
    }
}
