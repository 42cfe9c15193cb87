//! A list with columns: CSV, TSV, JSON Lines or Parquet, read row by row.

use super::columns::{ColumnPlan, ListRow, convert_value};
use super::csv_list::CsvList;
use super::error::{SourceError, WalkFault};
use super::json_list::JsonList;
use super::parquet_list::ParquetList;
use crate::manifest::{Column, Input};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};

/// An open list. Yields the path of each row and its carried values, as a JSON object.
pub(crate) struct Table {
    path: PathBuf,
    plan: ColumnPlan,
    columns: Vec<Column>,
    rows: Rows,
    is_over: bool,
}

enum Rows {
    Csv(CsvList),
    Json(JsonList),
    Parquet(ParquetList),
}

impl Table {
    /// Opens the list at `path`. Its extension decides the format.
    ///
    /// # Errors
    /// A list that can't be read, or whose columns don't fit the job.
    pub(crate) fn open(path: &Path, input: &Input) -> Result<Self, SourceError> {
        let fault = |reason: String| SourceError::List { name: path.display().to_string(), reason };
        let file = File::open(path).map_err(|error| fault(error.to_string()))?;
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
        let opened = match extension.as_deref() {
            Some("jsonl" | "ndjson") => JsonList::open(file).map(|(known, rows)| (known, Rows::Json(rows))),
            Some("parquet") => ParquetList::open(file).map(|(known, rows)| (known, Rows::Parquet(rows))),
            extension => {
                let delimiter = if extension == Some("tsv") { b'\t' } else { b',' };
                CsvList::open(file, delimiter, &input.path_column).map(|(known, rows)| (known, Rows::Csv(rows)))
            }
        };
        let (known, rows) = opened.map_err(fault)?;
        let plan = ColumnPlan::choose(&known, input).map_err(fault)?;
        let columns = plan.carried_columns(&known).map_err(fault)?;
        Ok(Self { path: path.to_owned(), plan, columns, rows, is_over: false })
    }

    /// The carried columns.
    pub(crate) fn into_columns(self) -> Vec<Column> {
        self.columns
    }

    fn next_row(&mut self) -> Result<Option<ListRow>, String> {
        match &mut self.rows {
            Rows::Csv(rows) => rows.next_row(&self.plan),
            Rows::Json(rows) => rows.next_row(&self.plan),
            Rows::Parquet(rows) => rows.next_row(&self.plan),
        }
    }

    /// The carried values of a row, by the names of their columns.
    fn carried(&self, values: Vec<Value>) -> String {
        let member = |(column, value): (&Column, Value)| (column.name.clone(), convert_value(column.kind, value));
        Value::Object(self.columns.iter().zip(values).map(member).collect()).to_string()
    }
}

impl Iterator for Table {
    type Item = Result<(Vec<u8>, String), WalkFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        match self.next_row() {
            Ok(row) => row.map(|row| Ok((row.path, self.carried(row.values)))),
            Err(reason) => {
                // Where the next row begins is unknown.
                self.is_over = true;
                Some(Err(WalkFault { path: self.path.clone(), reason, is_end: true }))
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;
    use crate::manifest::ColumnKind;
    use crate::source::test_input::input;
    use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    /// Reads a list: its columns, then its rows as `path carried` or `! fault`.
    fn read(name: &str, content: &[u8]) -> Result<(Vec<Column>, Vec<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let table = Table::open(&path, &input(folder.path())).map_err(|error| error.to_string())?;
        let columns = table.columns.clone();
        let text = |row: Result<(Vec<u8>, String), WalkFault>| match row {
            Ok((path, carried)) => format!("{} {carried}", String::from_utf8_lossy(&path)),
            Err(fault) => format!("! {}", fault.reason),
        };
        Ok((columns, table.map(text).collect()))
    }

    /// A Parquet file with a path, a count, a date, a timestamp in nanoseconds and bytes.
    fn parquet() -> Vec<u8> {
        let schema = "message m { required binary path (UTF8); required int64 count; required int32 day (DATE); \
                      required int64 at (TIMESTAMP(NANOS, true)); }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut file = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(WriterProperties::default())).unwrap();
        let mut rows = writer.next_row_group().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        let paths = ["a.jpg", "b.jpg"].map(ByteArray::from);
        column.typed::<ByteArrayType>().write_batch(&paths, None, None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[7, -7], None, None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(&[0, 20_780], None, None).unwrap();
        column.close().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&[1_999_999, -1], None, None).unwrap();
        column.close().unwrap();
        rows.close().unwrap();
        writer.close().unwrap();
        file
    }

    #[test]
    fn formats_and_the_rows_that_they_give() {
        for (name, content, rows) in [
            ("l.csv", &b"path,a\nx.jpg,1\ny.jpg,\n"[..], &["x.jpg {\"a\":\"1\"}", "y.jpg {\"a\":null}"][..]),
            ("l.csv", b"\xEF\xBB\xBFpath, a \r\nx.jpg,\"1,\n2\"\r\n", &["x.jpg {\"a\":\"1,\\n2\"}"]),
            ("l.CSV", b"a,path\n1,x.jpg\n", &["x.jpg {\"a\":\"1\"}"]),
            ("l.csv", b"path\n\xff.jpg\n", &["\u{fffd}.jpg {}"]),
            ("l.csv", b"path,a\n", &[]),
            ("l.tsv", b"path\ta\nx,y.jpg\t1\n", &["x,y.jpg {\"a\":\"1\"}"]),
            ("l.jsonl", b"{\"path\":\"x\",\"a\":1}\n\n{\"a\":2.5,\"path\":\"y\"}", &["x {\"a\":1}", "y {\"a\":2.5}"]),
            (
                "l.ndjson",
                b"{\"path\":\"x\",\"a\":1}\n{\"path\":\"y\",\"a\":true}",
                &["x {\"a\":\"1\"}", "y {\"a\":\"true\"}"],
            ),
            ("l.jsonl", b"{\"path\":7}\n{\"a\":null}", &[" {\"a\":null}", " {\"a\":null}"]),
            ("l.jsonl", b"{\"path\":\"x\",\"a\":18446744073709551615}", &["x {\"a\":\"18446744073709551615\"}"]),
            (
                "l.parquet",
                &parquet(),
                &[
                    "a.jpg {\"count\":7,\"day\":\"1970-01-01\",\"at\":1}",
                    "b.jpg {\"count\":-7,\"day\":\"2026-11-23\",\"at\":-1}",
                ],
            ),
        ] {
            let (_, found) = read(name, content).unwrap();
            assert_eq!(found, rows, "{name} {}", String::from_utf8_lossy(content));
        }
    }

    #[test]
    fn types_of_json_columns_hold_all_their_values() {
        use ColumnKind::{Boolean, Integer, Number, Text};
        for (values, kind) in [
            (&["1", "-2"][..], Integer),
            (&["1", "2.5"], Number),
            (&["null", "1", "null"], Integer),
            (&["null"], Text),
            (&["true", "false"], Boolean),
            (&["true", "1"], Text),
            (&["1", "\"x\""], Text),
            (&["1", "18446744073709551615"], Text),
            (&["[1]"], Text),
        ] {
            let lines: Vec<String> = values.iter().map(|value| format!("{{\"path\":\"x\",\"a\":{value}}}")).collect();
            let (columns, _) = read("l.jsonl", lines.join("\n").as_bytes()).unwrap();
            assert_eq!(columns, [Column { name: "a".into(), kind }], "{values:?}");
        }
    }

    #[test]
    fn lists_that_can_not_be_read_say_why() {
        let mut damaged = parquet();
        damaged[4..40].fill(0x55);
        for (name, content, reason) in [
            ("l.csv", &b""[..], "it is empty"),
            ("l.csv", b"path;a\nx;1\n", "separated by `;`"),
            ("l.csv", b"path,a\nx,1,2\n", "found record with 3 fields"),
            ("l.csv", b"path,a\nx,1\ny,\xe9\n", "line 3 is not UTF-8"),
            ("l.jsonl", b"{\"path\":\"x\"}\n[1]\n", "line 2: not a JSON object"),
            ("l.parquet", b"PAR1", "Parquet"),
        ] {
            let fault = read(name, content).unwrap_err();
            assert!(fault.contains(reason) && fault.contains(name), "{fault:?} says {reason:?}");
        }
        // The footer is whole: what is missing shows when rows are read, and ends the list.
        let (_, rows) = read("l.parquet", &damaged).unwrap();
        assert!(rows.last().is_some_and(|row| row.starts_with('!')) && rows.len() <= 2, "{rows:?}");
    }
}
