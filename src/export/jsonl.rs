//! Rows as JSON Lines: typed values, money as a decimal text.

use super::row::{Columns, Row};
use crate::units::rfc3339;
use serde_json::{Map, Value};
use std::io::{self, Write};

pub(super) fn write(out: &mut impl Write, row: &Row, columns: &Columns) -> io::Result<()> {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| _ = members.insert(name.to_owned(), value);
    put("path", row.path.as_str().into());
    put("page", row.page.into());
    put("status", row.status.name().into());
    for ((name, _), value) in columns.tasks.iter().zip(&row.answers) {
        put(name, value.clone());
    }
    put("model", row.model.as_str().into());
    put("input_tokens", row.input_tokens.into());
    put("cached_input_tokens", row.cached_input_tokens.into());
    put("output_tokens", row.output_tokens.into());
    put("cost_usd", row.cost.map(|cost| cost.to_string()).into());
    put("attempts", row.attempts.into());
    put("latency_ms", row.latency_ms.into());
    put("answered_at", row.answered_at_ms.map(rfc3339).into());
    put("content_hash", row.content_hash.as_deref().into());
    put("duplicate_of", row.duplicate_of.as_deref().into());
    put("error_kind", row.error_kind.as_deref().into());
    put("error", row.error.as_deref().into());
    serde_json::to_writer(&mut *out, &members)?;
    out.write_all(b"\n")
}
