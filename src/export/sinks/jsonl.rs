//! Rows as JSON Lines: typed values; money is a decimal string, times are RFC 3339.

use super::row_sink::{RowSink, SinkError, SinkOptions};
use crate::base::units::rfc3339;
use crate::export::columns::{Cell, Column};
use crate::export::row::Row;
use serde::Serializer;
use serde::ser::{Serialize, SerializeMap};
use std::io::Write;

/// Writes rows as JSON Lines.
pub(crate) struct JsonlSink<W: Write> {
    file: W,
}

impl<W: Write> RowSink<W> for JsonlSink<W> {
    fn create(file: W, _columns: &[Column], _options: &SinkOptions) -> Result<Self, SinkError> {
        Ok(Self { file })
    }

    fn write(&mut self, columns: &[Column], row: &Row) -> Result<(), SinkError> {
        let mut line = serde_json::Serializer::new(&mut self.file);
        let mut members = line.serialize_map(Some(columns.len()))?;
        for column in columns {
            members.serialize_entry(&column.name, &column.cell(row))?;
        }
        members.end()?;
        Ok(self.file.write_all(b"\n")?)
    }

    fn finish(self: Box<Self>) -> Result<W, SinkError> {
        Ok(self.file)
    }
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text { text, .. } => text.serialize(serializer),
            Self::Count(count) => count.serialize(serializer),
            Self::Money(amount) => amount.map(|amount| amount.to_string()).serialize(serializer),
            Self::Time(ms) => ms.map(rfc3339).serialize(serializer),
            Self::Json { value, .. } => value.serialize(serializer),
        }
    }
}
