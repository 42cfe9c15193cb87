//! Rows as CSV: RFC 4180, UTF-8, with a header; null is an empty cell.

use super::row_sink::{RowSink, SinkError, SinkOptions};
use crate::base::spreadsheet::escape_formula;
use crate::base::units::rfc3339;
use crate::export::columns::{Cell, Column};
use crate::export::row::Row;
use serde_json::Value;
use std::borrow::Cow;
use std::io::Write;

/// Writes rows as CSV.
pub(crate) struct CsvSink<W: Write> {
    writer: csv::Writer<W>,
    keep_formulas: bool,
}

impl<W: Write> RowSink<W> for CsvSink<W> {
    fn create(file: W, columns: &[Column], options: &SinkOptions) -> Result<Self, SinkError> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(file);
        writer.write_record(columns.iter().map(|column| &column.name))?;
        Ok(Self { writer, keep_formulas: options.keep_formulas })
    }

    fn write(&mut self, columns: &[Column], row: &Row) -> Result<(), SinkError> {
        for column in columns {
            let (text, is_untrusted) = cell_text(column.cell(row));
            if is_untrusted && !self.keep_formulas {
                self.writer.write_field(escape_formula(&text))?;
            } else {
                self.writer.write_field(&*text)?;
            }
        }
        Ok(self.writer.write_record(None::<&[u8]>)?)
    }

    fn finish(self: Box<Self>) -> Result<W, SinkError> {
        Ok(self.writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
    }
}

/// The text of a cell, and whether a spreadsheet must not run it.
fn cell_text(cell: Cell<'_>) -> (Cow<'_, str>, bool) {
    match cell {
        Cell::Text { text, is_untrusted } => (text.unwrap_or_default().into(), is_untrusted),
        Cell::Count(count) => (count.map_or(String::new(), |count| count.to_string()).into(), false),
        Cell::Money(amount) => (amount.map_or(String::new(), |amount| amount.to_string()).into(), false),
        Cell::Time(ms) => (ms.map_or(String::new(), rfc3339).into(), false),
        Cell::Json { value, is_untrusted } => match value {
            Value::Null => ("".into(), false),
            Value::String(text) => (text.into(), is_untrusted),
            other => (other.to_string().into(), is_untrusted),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_untrusted_text_can_be_a_formula() {
        let text = Value::String("=1".into());
        let number = Value::from(-5);
        for (cell, expected) in [
            (Cell::Text { text: None, is_untrusted: true }, ("", true)),
            (Cell::Text { text: Some("=1"), is_untrusted: false }, ("=1", false)),
            (Cell::Json { value: &text, is_untrusted: true }, ("=1", true)),
            (Cell::Json { value: &Value::Null, is_untrusted: true }, ("", false)),
            (Cell::Json { value: &number, is_untrusted: false }, ("-5", false)),
            (Cell::Count(Some(7)), ("7", false)),
            (Cell::Count(None), ("", false)),
            (Cell::Money(None), ("", false)),
            (Cell::Time(Some(0)), ("1970-01-01T00:00:00.000Z", false)),
            (Cell::Time(None), ("", false)),
        ] {
            let (text, is_untrusted) = cell_text(cell);
            assert_eq!((&*text, is_untrusted), expected, "{cell:?}");
        }
    }
}
