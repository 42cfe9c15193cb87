//! A list in a JSON Lines file: one object a line.

use super::columns::{ColumnPlan, ListColumn, ListRow, is_blank};
use crate::base::text_reader::TextReader;
use crate::manifest::ColumnKind;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// Longest line that is read, in bytes.
const MAX_LINE_BYTES: u64 = 16 << 20;

/// The rows of a JSON Lines file.
pub(crate) struct JsonList {
    reader: BufReader<TextReader<File>>,
    /// The names of all columns.
    names: Vec<String>,
    /// Lines that were read.
    lines: u64,
}

impl JsonList {
    /// Reads every line once, to learn the columns and their types.
    pub(crate) fn open(file: File) -> Result<(Vec<ListColumn>, Self), String> {
        let mut reader = BufReader::new(TextReader::new(file).map_err(|error| error.to_string())?);
        let mut known: Vec<(String, Option<ColumnKind>)> = Vec::new();
        let mut lines = 0_u64;
        loop {
            let object = read_object(&mut reader, &mut lines).map_err(|reason| format!("line {lines}: {reason}"))?;
            let Some(object) = object else { break };
            for (name, value) in &object {
                let kind = kind_of(value);
                match known.iter_mut().find(|(known, _)| known == name) {
                    Some((_, known)) => *known = known.zip(kind).map(|(a, b)| common_kind(a, b)).or(*known).or(kind),
                    None => known.push((name.clone(), kind)),
                }
            }
        }
        let mut text = reader.into_inner();
        text.rewind().map_err(|error| error.to_string())?;
        let reader = BufReader::new(text);
        let names = known.iter().map(|(name, _)| name.clone()).collect();
        let column = |(name, kind): (String, Option<ColumnKind>)| {
            // A column of nulls is text.
            ListColumn { name, kind: Ok(kind.unwrap_or(ColumnKind::Text)) }
        };
        Ok((known.into_iter().map(column).collect(), Self { reader, names, lines: 0 }))
    }

    /// The next row. A member that an object lacks is null.
    pub(crate) fn next_row(&mut self, plan: &ColumnPlan) -> Result<Option<ListRow>, String> {
        let Some(mut object) = read_object(&mut self.reader, &mut self.lines)? else { return Ok(None) };
        let path = object.get(&self.names[plan.path]).and_then(Value::as_str).unwrap_or_default().as_bytes().to_vec();
        let version = plan.version.iter().map(|at| object.get(&self.names[*at]).cloned().unwrap_or_default()).collect();
        let values = plan.carried.iter().map(|at| object.remove(&self.names[*at]).unwrap_or_default()).collect();
        Ok(Some(ListRow { line: self.lines, path, values, version }))
    }
}

/// The next object with a value, whatever empty lines and objects come before it. Counts the lines.
fn read_object(
    reader: &mut BufReader<TextReader<File>>,
    lines: &mut u64,
) -> Result<Option<Map<String, Value>>, String> {
    loop {
        let mut line = Vec::new();
        let count =
            reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
        if count == 0 {
            return Ok(None);
        }
        *lines += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let object: Map<String, Value> = serde_json::from_slice(&line).map_err(|error| match error.is_data() {
            // The message would show the value, which may be a URL with a signature.
            true => "not a JSON object".to_owned(),
            false => format!("not a JSON object: {error}"),
        })?;
        if !object.values().all(is_blank) {
            return Ok(Some(object));
        }
    }
}

/// The type of a value; `None` for null, which every type has.
fn kind_of(value: &Value) -> Option<ColumnKind> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some(ColumnKind::Boolean),
        Value::Number(number) if number.is_i64() => Some(ColumnKind::Integer),
        // Beyond 64 signed bits: text keeps all digits.
        Value::Number(number) if number.is_u64() => Some(ColumnKind::Text),
        Value::Number(_) => Some(ColumnKind::Number),
        _ => Some(ColumnKind::Text),
    }
}

/// The type that holds values of both types.
fn common_kind(one: ColumnKind, other: ColumnKind) -> ColumnKind {
    match (one, other) {
        (a, b) if a == b => a,
        (ColumnKind::Integer, ColumnKind::Number) | (ColumnKind::Number, ColumnKind::Integer) => ColumnKind::Number,
        _ => ColumnKind::Text,
    }
}
