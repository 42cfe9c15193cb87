//! A list with columns: CSV, TSV, JSON Lines or Parquet, read row by row.

use super::columns::{ColumnPlan, ListColumns, convert_value, find_path, is_blank};
use super::error::{SourceError, WalkFault};
use super::list_file::ListFile;
use super::url_secrets::without_secrets;
use crate::base::digest::Digest;
use crate::base::json_text::JsonText;
use crate::manifest::{Column, Input};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A row of a list.
pub(crate) struct TableRow {
    /// The path or URL as written in the list.
    pub(crate) path: Vec<u8>,
    /// The carried values, as a JSON object.
    pub(crate) carried: JsonText,
    /// A digest of the file's version in the list; 0 without one.
    pub(crate) version: u64,
}

/// An open list. Yields its rows.
pub(crate) struct Table {
    path: PathBuf,
    plan: ColumnPlan,
    columns: Vec<Column>,
    list: ListFile,
    is_over: bool,
}

impl Table {
    /// Opens the list at `path`. Its extension decides the format.
    ///
    /// # Errors
    /// A list that can't be read, or whose columns don't fit the job.
    pub(crate) fn open(path: &Path, input: &Input) -> Result<Self, SourceError> {
        let fault = |reason: String| SourceError::List { name: path.display().to_string(), reason };
        let list = ListFile::open(path, &|names| find_path(names, input)).map_err(fault)?;
        let misfits = |faults| SourceError::Columns { name: path.display().to_string(), faults };
        let plan = ColumnPlan::choose(list.columns(), input).map_err(misfits)?;
        let columns = plan.carried_columns(list.columns()).map_err(misfits)?;
        Ok(Self { path: path.to_owned(), plan, columns, list, is_over: false })
    }

    /// Its columns, apart from that of the paths.
    pub(crate) fn into_columns(self) -> ListColumns {
        ListColumns { uncarried: self.plan.uncarried(), carried: self.columns }
    }

    /// The carried values of a row, by the names of their columns.
    fn carried(&self, values: Vec<Value>) -> JsonText {
        let member = |(column, value): (&Column, Value)| {
            let value = match convert_value(column.kind, value) {
                Value::String(text) if text.contains([':', '/']) => Value::String(without_secrets(&text)),
                value => value,
            };
            (column.name.clone(), value)
        };
        JsonText::from_value(&Value::Object(self.columns.iter().zip(values).map(member).collect()))
    }
}

impl Iterator for Table {
    type Item = Result<TableRow, WalkFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        match self.list.next_row(&self.plan) {
            Ok(row) => row.map(|row| {
                let version = digest_of_version(row.version);
                Ok(TableRow { path: row.path, carried: self.carried(row.values), version })
            }),
            Err(reason) => {
                // Where the next row begins is unknown.
                self.is_over = true;
                Some(Err(WalkFault { path: self.path.clone(), reason, is_end: true, hides_files: true }))
            }
        }
    }
}

/// A digest of the values that name a version; 0 if there is none.
fn digest_of_version(values: Vec<Value>) -> u64 {
    if values.iter().all(is_blank) {
        return 0;
    }
    let digest = Digest::compute_json(&Value::Array(values));
    digest.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)).max(1)
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
        let text = |row: Result<TableRow, WalkFault>| match row {
            Ok(row) => format!("{} {}", String::from_utf8_lossy(&row.path), row.carried),
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
            ("l.csv", b"\n  \n\t\n;;\r\npath;a\nx;1\n", &["x {\"a\":\"1\"}"]),
            ("l.tsv", b"path\ta\nx,y.jpg\t1\n", &["x,y.jpg {\"a\":\"1\"}"]),
            ("l.jsonl", b"{\"path\":\"x\",\"a\":1}\n\n{\"a\":2.5,\"path\":\"y\"}", &["x {\"a\":1}", "y {\"a\":2.5}"]),
            (
                "l.ndjson",
                b"{\"path\":\"x\",\"a\":1}\n{\"path\":\"y\",\"a\":true}",
                &["x {\"a\":\"1\"}", "y {\"a\":\"true\"}"],
            ),
            ("l.jsonl", b"{\"path\":7}\n{\"a\":1}", &[" {\"a\":null}", " {\"a\":1}"]),
            // Byte order marks, UTF-16, and rows of nothing.
            ("l.jsonl", b"\xEF\xBB\xBF{\"path\":\"x\"}\n{}\n{\"path\":\" \",\"a\":null}\n", &["x {}"]),
            ("l.jsonl", b"\xFF\xFE{\0\"\0p\0a\0t\0h\0\"\0:\0\"\0x\0\"\0}\0\n\0", &["x {}"]),
            ("l.csv", b"\xFE\xFF\0p\0a\0t\0h\0\n\0x\0\n", &["x {}"]),
            ("l.tsv", b"\xFF\xFEp\0a\0t\0h\0\t\0a\0\r\0\n\0x\0\t\0\xe9\0\r\0\n\0", &["x {\"a\":\"é\"}"]),
            ("l.csv", b"path,a\r\nx,1\r\n,\r\n\r\n  \r\n , ,,,\r\n,2\r\n", &["x {\"a\":\"1\"}", " {\"a\":\"2\"}"]),
            // Signatures do not reach rows.
            ("l.csv", b"path,link\nx,https://h/y?v=1&sig=SECRET&se=1\n", &["x {\"link\":\"https://h/y?v=1\"}"]),
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
    fn parquet_values_without_a_type_of_their_own_are_text() {
        let schema = "message m { required binary path (UTF8); required int64 big (INTEGER(64, false)); \
                      required int32 millis (TIME(MILLIS, true)); required int64 micros (TIME(MICROS, false)); \
                      required int64 nanos (TIME(NANOS, true)); }";
        let mut file = Vec::new();
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(WriterProperties::default())).unwrap();
        let mut rows = writer.next_row_group().unwrap();
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&[ByteArray::from("a.jpg")], None, None).unwrap();
        column.close().unwrap();
        // The largest unsigned number has the bits of -1.
        for number in [-1, 45_296_789, 45_296_000_001, 45_296_000_000_000] {
            let mut column = rows.next_column().unwrap().unwrap();
            match i32::try_from(number) {
                Ok(number) if number > 0 => column.typed::<Int32Type>().write_batch(&[number], None, None).unwrap(),
                _ => column.typed::<Int64Type>().write_batch(&[number], None, None).unwrap(),
            };
            column.close().unwrap();
        }
        rows.close().unwrap();
        writer.close().unwrap();
        let (columns, found) = read("l.parquet", &file).unwrap();
        assert!(columns.iter().all(|column| column.kind == ColumnKind::Text), "{columns:?}");
        let values = "\"big\":\"18446744073709551615\",\"millis\":\"12:34:56.789\",\"micros\":\"12:34:56.000001\",\"nanos\":\"12:34:56\"";
        assert_eq!(found, [format!("a.jpg {{{values}}}")]);
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
            ("l.csv", b"path,a\nx,1,2\n", "line 2: found record with 3 fields, but the first line has 2 fields"),
            ("l.csv", b"path,a\n\n\"x\ny\",1\n\nx\n", "line 6: found record with 1 field"),
            ("l.csv", b"path,a\r\nx,1\r\ny\r\n", "line 3: found record with 1 field"),
            ("l.csv", b"path,\"a\nb\"\r\nx,\"1\n2\"\r\n\r\ny", "line 6: found record with 1 field"),
            ("l.csv", b"\xFF\xFEp\0a", "not valid UTF-16"),
            ("l.csv", b"\xFF\xFE\0\0p\0\0\0", "UTF-32"),
            ("l.csv", b"https://h/x.jpg?sig=SECRET\n", "it has: https://h/x.jpg"),
            ("l.csv", b"path,a\nx,1\ny,\xe9\n", "line 3 is not UTF-8"),
            ("l.jsonl", b"{\"path\":\"x\"}\n[1]\n", "line 2: not a JSON object"),
            ("l.jsonl", b"\"https://h/x?sig=SECRET\"\n", "line 1: not a JSON object"),
            ("l.parquet", b"PAR1", "Parquet"),
        ] {
            let fault = read(name, content).unwrap_err();
            assert!(fault.contains(reason) && fault.contains(name), "{fault:?} says {reason:?}");
            assert!(!fault.contains("SECRET"), "{fault}");
        }
        // The footer is complete: missing data is detected when rows are read, and ends the list.
        let (_, rows) = read("l.parquet", &damaged).unwrap();
        assert!(rows.last().is_some_and(|row| row.starts_with('!')) && rows.len() <= 2, "{rows:?}");
    }
}
