//! A list with columns: CSV, TSV, JSON Lines or Parquet. Read line by line.

use super::columns::{Plan, joined, kind_of, typed};
use super::error::{SourceError, WalkFault};
use super::parquet_list;
use super::parquet_list::Parquet;
use crate::manifest::{Column, ColumnKind, Input};
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The path and the carried values (as a JSON object) of each line.
pub(crate) struct Table {
    path: PathBuf,
    path_column: String,
    plan: Plan,
    columns: Vec<Column>,
    rows: Rows,
    is_over: bool,
}

/// The type of a column, or words for what no row can hold.
pub(crate) type Kind = Result<ColumnKind, String>;
/// The columns of a list, and its lines.
pub(crate) type Opened = (Vec<(String, Kind)>, Rows);

pub(crate) enum Rows {
    Csv(csv::Reader<BufReader<File>>),
    Json(BufReader<File>),
    Parquet(Parquet),
}

/// Longest line of JSON, in bytes.
const LONGEST_LINE: u64 = 16 << 20;

impl Table {
    /// The columns that the list at `path` carries.
    pub(crate) fn columns(path: &Path, input: &Input) -> Result<Vec<Column>, SourceError> {
        Ok(Self::open(path, input)?.columns)
    }

    pub(crate) fn open(path: &Path, input: &Input) -> Result<Self, SourceError> {
        let fault = |reason: String| SourceError::List { name: path.display().to_string(), reason };
        let file = File::open(path).map_err(|error| fault(error.to_string()))?;
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        let (known, rows) = match ending.as_str() {
            "jsonl" | "ndjson" => json(file),
            "parquet" => parquet_list::open(file),
            "tsv" => csv(file, b'\t', &input.path_column),
            _ => csv(file, b',', &input.path_column),
        }
        .map_err(fault)?;
        let names: Vec<String> = known.iter().map(|(name, _)| name.clone()).collect();
        let plan = Plan::of(&names, input).map_err(fault)?;
        let column = |at: &usize| {
            let (name, kind) = &known[*at];
            let kind = kind.clone().map_err(|what| {
                fault(format!("the column `{name}` holds {what}, which no row can; leave it out with input.carry"))
            })?;
            Ok(Column { name: name.clone(), kind })
        };
        let columns = plan.carried.iter().map(column).collect::<Result<_, SourceError>>()?;
        Ok(Self { path: path.to_owned(), path_column: input.path_column.clone(), plan, columns, rows, is_over: false })
    }

    /// The path of a line, and its carried values by name.
    fn line(&self, path: Vec<u8>, mut value: impl FnMut(usize) -> Value) -> (Vec<u8>, String) {
        let values = self
            .plan
            .carried
            .iter()
            .zip(&self.columns)
            .map(|(at, column)| (column.name.clone(), typed(column.kind, value(*at))));
        (path, Value::Object(values.collect()).to_string())
    }

    fn read(&mut self) -> Result<Option<(Vec<u8>, String)>, String> {
        let path = self.plan.path;
        match &mut self.rows {
            Rows::Csv(reader) => {
                let mut record = csv::ByteRecord::new();
                if !reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
                    return Ok(None);
                }
                // An empty cell is no value. That cells are UTF-8 was seen when the list was opened.
                let cell = |at: usize| match record.get(at) {
                    None | Some(b"") => Value::Null,
                    Some(bytes) => Value::String(String::from_utf8_lossy(bytes).into_owned()),
                };
                Ok(Some(self.line(record.get(path).unwrap_or_default().to_vec(), cell)))
            }
            Rows::Json(reader) => {
                let Some(mut object) = json_line(reader)? else { return Ok(None) };
                let text =
                    object.get(&self.path_column).and_then(Value::as_str).unwrap_or_default().as_bytes().to_vec();
                let take = |column: &Column| object.remove(&column.name).unwrap_or_default();
                let mut values = self.columns.iter().map(take).collect::<Vec<_>>().into_iter();
                Ok(Some(self.line(text, |_| values.next().unwrap_or_default())))
            }
            Rows::Parquet(rows) => {
                let Some(values) = rows.next()? else { return Ok(None) };
                let text = values.get(path).and_then(Value::as_str).unwrap_or_default().as_bytes().to_vec();
                Ok(Some(self.line(text, |at| values.get(at).cloned().unwrap_or_default())))
            }
        }
    }
}

impl Iterator for Table {
    type Item = Result<(Vec<u8>, String), WalkFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        self.read().transpose().map(|line| {
            line.map_err(|reason| {
                // What follows can't be told apart any more.
                self.is_over = true;
                WalkFault { path: self.path.clone(), reason, is_end: true }
            })
        })
    }
}

fn csv(file: File, delimiter: u8, path_column: &str) -> Result<Opened, String> {
    let mut file = BufReader::new(file);
    // Spreadsheets put a byte order mark before the first name.
    let mark = if file.fill_buf().map_err(|error| error.to_string())?.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    file.consume(mark);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(file);
    let names = reader.headers().map_err(|error| error.to_string())?.clone();
    if names.is_empty() {
        return Err("it is empty; its first line names its columns".into());
    }
    if names.len() == 1 && names.iter().any(|name| name.contains(';')) {
        return Err("its columns are separated by `;`; save it with commas, or tabs as .tsv".into());
    }
    let names: Vec<String> = names.iter().map(|name| name.trim().to_owned()).collect();
    let mut record = csv::ByteRecord::new();
    let start = reader.position().clone();
    while reader.read_byte_record(&mut record).map_err(|error| error.to_string())? {
        // A path may be any bytes; the rest goes into rows and questions.
        let is_text = |(name, cell): (&String, &[u8])| name == path_column || std::str::from_utf8(cell).is_ok();
        if !names.iter().zip(&record).all(is_text) {
            let line = record.position().map_or(0, csv::Position::line);
            return Err(format!("line {line} is not UTF-8; save the list as UTF-8"));
        }
    }
    let first = SeekFrom::Start(start.byte() + mark as u64);
    reader.seek_raw(first, start).map_err(|error| error.to_string())?;
    let known = names.into_iter().map(|name| (name, Ok(ColumnKind::Text))).collect();
    Ok((known, Rows::Csv(reader)))
}

/// Reads all lines once, to learn their columns and types.
fn json(file: File) -> Result<Opened, String> {
    let mut reader = BufReader::new(file);
    let mut known: Vec<(String, Option<ColumnKind>)> = Vec::new();
    let mut number = 0_u64;
    loop {
        number += 1;
        let Some(object) = json_line(&mut reader).map_err(|reason| format!("line {number}: {reason}"))? else { break };
        for (name, value) in &object {
            let kind = kind_of(value);
            match known.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = known.zip(kind).map(|(a, b)| joined(a, b)).or(*known).or(kind),
                None => known.push((name.clone(), kind)),
            }
        }
    }
    reader.seek(SeekFrom::Start(0)).map_err(|error| error.to_string())?;
    let known = known.into_iter().map(|(name, kind)| (name, Ok(kind.unwrap_or(ColumnKind::Text)))).collect();
    Ok((known, Rows::Json(reader)))
}

fn json_line(reader: &mut BufReader<File>) -> Result<Option<serde_json::Map<String, Value>>, String> {
    loop {
        let mut line = Vec::new();
        let count =
            reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        if count == 0 {
            return Ok(None);
        }
        if !line.trim_ascii().is_empty() {
            return serde_json::from_slice(&line).map(Some).map_err(|error| format!("not a JSON object: {error}"));
        }
    }
}
