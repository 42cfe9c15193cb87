//! Rows as CSV: RFC 4180, UTF-8, null as an empty cell.

use crate::base::units::rfc3339;
use crate::export::columns::{Cell, Column};
use crate::export::row::Row;
use crate::manifest::ColumnKind;
use crate::task::Shape;
use serde_json::Value;
use std::io::Write;

/// Writes rows as CSV.
pub(crate) struct Csv<W: Write> {
    writer: csv::Writer<W>,
    keep_formulas: bool,
}

impl<W: Write> Csv<W> {
    pub(crate) fn new(out: W, columns: &[Column<'_>], keep_formulas: bool) -> csv::Result<Self> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        writer.write_record(columns.iter().map(Column::name))?;
        Ok(Self { writer, keep_formulas })
    }

    pub(crate) fn write(&mut self, row: &Row, columns: &[Column<'_>]) -> csv::Result<()> {
        for column in columns {
            match column {
                Column::Fixed(fixed) => self.fixed(&(fixed.cell)(row))?,
                Column::Carried(at, _, kind) => {
                    let value = row.carried.get(*at).unwrap_or(&Value::Null);
                    match (kind, value) {
                        (ColumnKind::Time, Value::Number(ms)) => {
                            self.text(&rfc3339(ms.as_i64().unwrap_or(0)), false)?;
                        }
                        (ColumnKind::Text, value) => self.text(&cell(value), true)?,
                        (_, value) => self.text(&cell(value), false)?,
                    }
                }
                Column::Task(at, _, shape) => {
                    // A column of text, which a spreadsheet might run.
                    let is_text = matches!(shape.required(), Shape::Text | Shape::Choice(_));
                    self.text(&cell(row.answers.get(*at).unwrap_or(&Value::Null)), is_text)?;
                }
            }
        }
        self.writer.write_record(None::<&[u8]>)
    }

    fn fixed(&mut self, cell: &Cell<'_>) -> csv::Result<()> {
        match cell {
            Cell::Plain(text) => self.text(text.unwrap_or_default(), false),
            Cell::Foreign(text) => self.text(text.unwrap_or_default(), true),
            Cell::Count(count) => self.text(&count.map_or(String::new(), |count| count.to_string()), false),
            Cell::Money(amount) => self.text(&amount.map_or(String::new(), |amount| amount.to_string()), false),
            Cell::Time(ms) => self.text(&ms.map_or(String::new(), rfc3339), false),
        }
    }

    /// A text that a spreadsheet would run as a formula gets a `'` before it.
    /// Source: OWASP, "CSV Injection".
    fn text(&mut self, text: &str, is_foreign: bool) -> csv::Result<()> {
        let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err();
        if is_foreign && !self.keep_formulas && is_formula {
            self.writer.write_field(format!("'{text}"))
        } else {
            self.writer.write_field(text)
        }
    }

    pub(crate) fn finish(self) -> Result<W, String> {
        self.writer.into_inner().map_err(|error| error.to_string())
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
