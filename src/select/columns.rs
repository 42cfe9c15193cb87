//! The columns that an expression may name, and their values in a row.

use super::value::{Literal, Value, ValueKind};
use crate::base::money::Pico;
use crate::export::{Cell, CellKind, Column, Row, RowSpec};
use crate::manifest::nearest_name;
use crate::task::{Field, Shape};

/// The columns that an expression may name: those of the rows, and the members of objects, whether or not
/// `output.flatten` makes them columns of files.
#[derive(Clone, Debug)]
pub struct FilterColumns {
    columns: Vec<FilterColumn>,
}

/// A column, or a member of an object in one.
#[derive(Clone, Debug)]
pub(crate) struct FilterColumn {
    column: Column,
    /// The names of the members that lead to the value.
    members: Vec<String>,
    /// The type of its values.
    pub(crate) kind: ValueKind,
    /// The values that it can have; empty: any of its type.
    pub(crate) words: Vec<String>,
}

impl FilterColumns {
    /// The columns of these rows.
    #[must_use]
    pub fn of_rows(spec: &RowSpec) -> Self {
        let spec = RowSpec { flatten: false, has_sources: true, ..spec.clone() };
        let mut columns = Vec::new();
        for column in Column::list(&spec) {
            add_column(&column, &mut columns);
        }
        Self { columns }
    }

    /// The column with these names: one name, or that of a column and its members. `total__amount` is
    /// `total.amount`.
    ///
    /// # Errors
    /// The fault and the allowed names, if there is no such column, or there are several.
    pub(crate) fn find(&self, names: &[String]) -> Result<&FilterColumn, (String, String)> {
        let exact = self.columns.iter().find(|column| column.names().eq(names));
        if let Some(column) = exact {
            return Ok(column);
        }
        let flat = names.join("__");
        let mut same = self.columns.iter().filter(|column| column.flat_name() == flat);
        match (same.next(), same.next()) {
            (Some(column), None) => Ok(column),
            (Some(one), Some(other)) => {
                let message = format!("there are two members with the name `{flat}`");
                Err((message, format!("write {one} or {other}")))
            }
            (None, _) => {
                // Backquotes around a name and its members, as some dialects of SQL have them.
                let parts: Vec<&str> = names.iter().flat_map(|name| name.split('.')).collect();
                let quoted = self.columns.iter().find(|column| column.names().eq(parts.iter().copied()));
                let allowed = match quoted {
                    Some(column) => format!("backquotes enclose a single name: write {column}"),
                    None => self.suggestion(names, &flat),
                };
                Err((format!("there is no column `{}`", names.join(".")), allowed))
            }
        }
    }

    fn suggestion(&self, names: &[String], flat: &str) -> String {
        let all: Vec<String> = self.columns.iter().map(FilterColumn::flat_name).collect();
        if let Some(nearest) = nearest_name(flat, all.iter().map(String::as_str)) {
            let column = self.columns.iter().find(|column| column.flat_name() == nearest);
            return column.map_or_else(String::new, |column| format!("did you mean `{column}`?"));
        }
        let members = self.columns.iter().filter(|column| column.names().next() == names.first());
        let members: Vec<String> =
            members.filter(|column| !column.members.is_empty()).map(ToString::to_string).collect();
        let known = if members.is_empty() {
            self.columns.iter().filter(|column| column.members.is_empty()).map(ToString::to_string).collect()
        } else {
            members
        };
        format!("one of: {}", known.join(", "))
    }
}

impl FilterColumn {
    /// The name of the column and those of the members.
    fn names(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.column.name).chain(&self.members)
    }

    /// The position of the task whose answer it holds.
    pub(crate) fn task(&self) -> Option<usize> {
        self.column.task()
    }

    /// The fault of an order comparison with this value, and the allowed values: a text, such as a cell of a CSV list,
    /// is not compared with a number. In quotes that would be done by its characters.
    pub(crate) fn order_fault(&self, literal: &Literal) -> Option<(String, &'static str)> {
        if self.kind != ValueKind::Text || !matches!(literal, Literal::Whole(_) | Literal::Decimal(_)) {
            return None;
        }
        let allowed = match self.column.is_carried() {
            true => {
                "text is compared by its characters ('9' > '10'), and cells of CSV lists are text: numbers of a JSON Lines or Parquet list can be compared"
            }
            false => "text in quotes; it is compared by its characters",
        };
        Some((format!("`{self}` is text and can't be compared with a number"), allowed))
    }

    /// The name that it has, or would have, as a column of a file.
    fn flat_name(&self) -> String {
        self.names().map(String::as_str).collect::<Vec<_>>().join("__")
    }

    /// The same column, as if its values had this type: that of the items of a list.
    pub(crate) fn with_kind(&self, kind: ValueKind) -> Self {
        Self { kind, ..self.clone() }
    }

    /// Its value in a row; `None`: null.
    pub(crate) fn value<'r>(&self, row: &'r Row) -> Option<Value<'r>> {
        match self.column.cell(row) {
            Cell::Text { text, .. } => text.map(Value::Text),
            Cell::Count(count) => count.map(|count| Value::Whole(i64::try_from(count).unwrap_or(i64::MAX))),
            Cell::Money(amount) => amount.map(|amount| Value::Decimal(usd(amount))),
            Cell::Time(ms) => ms.map(Value::Time),
            Cell::Json { value, .. } => {
                let member = self.members.iter().try_fold(value, |value, name| value.get(name))?;
                Value::of_json(member, &self.kind)
            }
        }
    }
}

impl std::fmt::Display for FilterColumn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, name) in self.names().enumerate() {
            let dot = if at > 0 { "." } else { "" };
            match is_plain(name, at > 0) {
                true => write!(f, "{dot}{name}")?,
                false => write!(f, "{dot}`{}`", name.replace('`', "``"))?,
            }
        }
        Ok(())
    }
}

/// Whether a name needs no backquotes.
fn is_plain(name: &str, is_member: bool) -> bool {
    let begins = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    begins
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && (is_member || super::token::Keyword::parse(name).is_none())
}

fn add_column(column: &Column, columns: &mut Vec<FilterColumn>) {
    let (kind, words) = match &column.kind {
        CellKind::Money => (ValueKind::Number, Vec::new()),
        CellKind::Time => (ValueKind::Time, Vec::new()),
        CellKind::Json(shape) => (kind_of(shape), words_of(shape)),
    };
    let fixed = column.words();
    let words = if fixed.is_empty() { words } else { fixed.into_iter().map(str::to_owned).collect() };
    columns.push(FilterColumn { column: column.clone(), members: Vec::new(), kind, words });
    if let CellKind::Json(shape) = &column.kind
        && let Shape::Object(fields) = shape.required()
    {
        add_members(column, &[], fields, columns);
    }
}

fn add_members(column: &Column, above: &[String], fields: &[Field], columns: &mut Vec<FilterColumn>) {
    for field in fields {
        let members = [above, std::slice::from_ref(&field.name)].concat();
        let (kind, words) = (kind_of(&field.shape), words_of(&field.shape));
        columns.push(FilterColumn { column: column.clone(), members: members.clone(), kind, words });
        if let Shape::Object(fields) = field.shape.required() {
            add_members(column, &members, fields, columns);
        }
    }
}

fn kind_of(shape: &Shape) -> ValueKind {
    match shape.required() {
        Shape::Text | Shape::Choice(_) => ValueKind::Text,
        Shape::Number | Shape::Integer => ValueKind::Number,
        Shape::Boolean => ValueKind::Boolean,
        Shape::Date => ValueKind::Date,
        Shape::Tags { .. } => ValueKind::List(Box::new(ValueKind::Text)),
        Shape::List(inner) => ValueKind::List(Box::new(kind_of(inner))),
        Shape::Object(_) | Shape::Nullable(_) => ValueKind::Object,
    }
}

fn words_of(shape: &Shape) -> Vec<String> {
    match shape.required() {
        Shape::Choice(labels) | Shape::Tags { labels, .. } => labels.clone(),
        Shape::List(inner) => words_of(inner),
        _ => Vec::new(),
    }
}

/// Up to 9,000 dollars this is the double that a decimal such as `0.01` has, so that equal amounts are equal.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn usd(amount: Pico) -> f64 {
    amount.0 as f64 / 1e12
}
