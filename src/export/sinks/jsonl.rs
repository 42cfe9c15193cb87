//! Rows as JSON Lines: typed values, money as a decimal text.

use crate::base::units::rfc3339;
use crate::export::columns::{Cell, Column};
use crate::export::row::Row;
use crate::manifest::ColumnKind;
use serde_json::{Map, Value};
use std::io::{self, Write};

pub(crate) fn write(out: &mut impl Write, row: &Row, columns: &[Column<'_>]) -> io::Result<()> {
    let value = |column: &Column<'_>| match column {
        Column::Fixed(fixed) => match (fixed.cell)(row) {
            Cell::Plain(text) | Cell::Foreign(text) => text.into(),
            Cell::Count(count) => count.into(),
            Cell::Money(amount) => amount.map(|amount| amount.to_string()).into(),
            Cell::Time(ms) => ms.map(rfc3339).into(),
        },
        Column::Carried(at, _, kind) => match (kind, row.carried.get(*at)) {
            (ColumnKind::Time, Some(Value::Number(ms))) => ms.as_i64().map(rfc3339).into(),
            (_, value) => value.cloned().unwrap_or_default(),
        },
        Column::Task(at, ..) => row.answers.get(*at).cloned().unwrap_or_default(),
    };
    let members: Map<String, Value> = columns.iter().map(|column| (column.name().to_owned(), value(column))).collect();
    serde_json::to_writer(&mut *out, &members)?;
    out.write_all(b"\n")
}
