//! A list in a JSON Lines file: one object a line.

use super::columns::{ColumnPlan, ListColumn, ListRow, is_blank};
use crate::base::text_reader::TextReader;
use crate::base::unicode::trim_blanks;
use crate::manifest::ColumnKind;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{BufRead, BufReader};

/// Longest line that is read, in bytes.
const MAX_LINE_BYTES: usize = 16 << 20;

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

/// The next line, up to LF, CR LF or CR, which JSON has only between its lines. `None`: there is none.
fn read_line(reader: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        let block = reader.fill_buf()?;
        let limit = MAX_LINE_BYTES - line.len();
        let block = block.get(..limit).unwrap_or(block);
        if block.is_empty() {
            return Ok(Some(line).filter(|line| !line.is_empty()));
        }
        let end = block.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let count = end.map_or(block.len(), |end| end + 1);
        line.extend_from_slice(&block[..count]);
        reader.consume(count);
        if end.is_none() {
            continue;
        }
        if line.ends_with(b"\r") && reader.fill_buf()?.starts_with(b"\n") {
            reader.consume(1);
        }
        return Ok(Some(line));
    }
}

/// The next object with a value, after any empty lines and objects. Counts the lines.
fn read_object(
    reader: &mut BufReader<TextReader<File>>,
    lines: &mut u64,
) -> Result<Option<Map<String, Value>>, String> {
    loop {
        let Some(line) = read_line(reader).map_err(|error| error.to_string())? else { return Ok(None) };
        *lines += 1;
        let line = trim_blanks(&line);
        if line.is_empty() {
            continue;
        }
        let object: Map<String, Value> = serde_json::from_slice(line).map_err(|error| match error.is_data() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn lines_whatever_ends_them() {
        for (text, lines) in [
            ("{1}\n{2}\n", &["{1}\n", "{2}\n"][..]),
            ("{1}\r\n{2}", &["{1}\r", "{2}"]),
            ("{1}\r{2}\r", &["{1}\r", "{2}\r"]),
            ("{1}\n\r{2}", &["{1}\n", "\r", "{2}"]),
            ("\r\n\r\n", &["\r", "\r"]),
            ("", &[]),
        ] {
            // Also where a block ends within the end of a line.
            for capacity in [1, 4, 64] {
                let mut reader = BufReader::with_capacity(capacity, Cursor::new(text));
                let found: Vec<Vec<u8>> = std::iter::from_fn(|| read_line(&mut reader).unwrap()).collect();
                assert_eq!(found, lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>(), "{text:?} {capacity}");
            }
        }
    }
}
