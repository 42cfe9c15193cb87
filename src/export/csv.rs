//! Rows as CSV: RFC 4180, UTF-8, null as an empty cell.

use super::row::{Columns, Row};
use crate::task::Shape;
use crate::units::rfc3339;
use serde_json::Value;
use std::io::Write;

/// Writes rows as CSV.
pub(super) struct Csv<W: Write> {
    writer: csv::Writer<W>,
    keep_formulas: bool,
    /// Whether each task's column is text, which a spreadsheet might run.
    is_text: Vec<bool>,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(out: W, columns: &Columns, keep_formulas: bool) -> csv::Result<Self> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        writer.write_record(names(columns))?;
        let is_text =
            columns.tasks.iter().map(|(_, shape)| matches!(shape.required(), Shape::Text | Shape::Choice(_))).collect();
        Ok(Self { writer, keep_formulas, is_text })
    }

    pub(super) fn write(&mut self, row: &Row) -> csv::Result<()> {
        let number = |value: u64| value.to_string();
        self.writer.write_field(&row.path)?;
        self.writer.write_field(number(row.page.into()))?;
        self.writer.write_field(row.status.name())?;
        for (value, is_text) in row.answers.iter().zip(&self.is_text) {
            let cell = cell(value);
            self.writer.write_field(if *is_text { guarded(cell, self.keep_formulas) } else { cell })?;
        }
        self.writer.write_field(guarded(row.model.clone(), self.keep_formulas))?;
        for tokens in [row.input_tokens, row.cached_input_tokens, row.output_tokens] {
            self.writer.write_field(number(tokens))?;
        }
        self.writer.write_field(row.cost.map_or(String::new(), |cost| cost.to_string()))?;
        self.writer.write_field(number(row.attempts))?;
        self.writer.write_field(row.latency_ms.map_or(String::new(), number))?;
        self.writer.write_field(row.answered_at_ms.map_or(String::new(), rfc3339))?;
        self.writer.write_field(row.content_hash.as_deref().unwrap_or_default())?;
        self.writer.write_field(row.duplicate_of.as_deref().unwrap_or_default())?;
        self.writer.write_field(row.error_kind.as_deref().unwrap_or_default())?;
        self.writer.write_field(guarded(row.error.clone().unwrap_or_default(), self.keep_formulas))?;
        self.writer.write_record(None::<&[u8]>)
    }

    pub(super) fn finish(self) -> Result<W, String> {
        self.writer.into_inner().map_err(|error| error.to_string())
    }
}

/// The names of all columns, in their order.
fn names(columns: &Columns) -> Vec<&str> {
    let tasks = columns.tasks.iter().map(|(name, _)| name.as_str());
    let before = ["path", "page", "status"];
    let after = [
        "model",
        "input_tokens",
        "cached_input_tokens",
        "output_tokens",
        "cost_usd",
        "attempts",
        "latency_ms",
        "answered_at",
        "content_hash",
        "duplicate_of",
        "error_kind",
        "error",
    ];
    before.into_iter().chain(tasks).chain(after).collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A text that a spreadsheet would run as a formula gets a `'` before it.
/// Source: OWASP, "CSV Injection".
fn guarded(text: String, keep: bool) -> String {
    if !keep && text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}
