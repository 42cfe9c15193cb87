//! A file with columns, whatever its format: CSV, TSV, JSON Lines or Parquet.

use super::columns::{ColumnPlan, ListColumn, ListRow};
use super::csv_list::CsvList;
use super::json_list::JsonList;
use super::parquet_list::ParquetList;
use std::fs::File;
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
        let file = File::open(path).map_err(|error| error.to_string())?;
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
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
