//! The columns of rows: one list for all formats.

use super::row::Row;
use super::spec::RowSpec;
use crate::base::money::Pico;
use crate::base::units::is_printable_time;
use crate::base::vocabulary::{AnswerSource, ErrorKind, RowStatus};
use crate::manifest::ColumnKind;
use crate::task::{Field, Shape};
use serde_json::Value;

/// Columns of every row that can partition rows: the others differ from row to row.
pub(crate) const PARTITION_COLUMNS: &[&str] = &["status", "model", "error_kind"];

/// The end of the name of a column that shows who gave the answers to a task: `kind__source`.
const SOURCE_MEMBER: &str = "source";

/// One column of the rows, whatever the format.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Name of the column.
    pub(crate) name: String,
    /// Type of its cells.
    pub(crate) kind: CellKind,
    source: CellSource,
}

/// Type of the cells of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CellKind {
    /// Values of a JSON shape.
    Json(Shape),
    /// Amounts of money.
    Money,
    /// Times in milliseconds.
    Time,
}

/// One cell of a row. `None` and null are empty cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    /// Text. `is_untrusted`: its author may not be docmill, so a spreadsheet must not run it.
    Text { text: Option<&'a str>, is_untrusted: bool },
    /// A count.
    Count(Option<u64>),
    /// An amount of money.
    Money(Option<Pico>),
    /// Milliseconds since 1970-01-01T00:00:00Z.
    Time(Option<i64>),
    /// A JSON value. `is_untrusted` as for text.
    Json { value: &'a Value, is_untrusted: bool },
}

/// Where the cells of a column come from.
#[derive(Clone, Debug)]
enum CellSource {
    /// A member of the row.
    Row(fn(&Row) -> Cell<'_>),
    /// A carried value, by its position.
    Carried(usize, ColumnKind),
    /// An answer, by the position of its task.
    Answer(usize),
    /// Who gave an answer, by the position of its task.
    Source(usize),
    /// A member of an answer: the position of its task, and the names of the members that lead to it.
    Member(usize, Vec<String>),
}

impl Column {
    /// All columns of a job's rows, in their order.
    pub(crate) fn list(spec: &RowSpec) -> Vec<Self> {
        let mut columns = vec![
            Self::text("path", |row| trusted(Some(&row.path))),
            Self::count("page", |row| Cell::Count(Some(row.page.into()))),
        ];
        columns.extend(spec.carried.iter().enumerate().map(|(position, column)| Self {
            name: column.name.clone(),
            kind: carried_kind(column.kind),
            source: CellSource::Carried(position, column.kind),
        }));
        columns.push(Self::text("status", |row| trusted(Some(row.status.name()))));
        for (position, (name, shape)) in spec.tasks.iter().enumerate() {
            match shape.required() {
                Shape::Object(fields) if spec.flatten => {
                    Self::add_members(name, fields, (position, &[]), &mut columns);
                }
                _ => columns.push(Self {
                    name: name.clone(),
                    kind: CellKind::Json(shape.clone()),
                    source: CellSource::Answer(position),
                }),
            }
            if spec.has_sources {
                let (name, kind) = (format!("{name}__{SOURCE_MEMBER}"), CellKind::Json(Shape::Text));
                columns.push(Self { name, kind, source: CellSource::Source(position) });
            }
        }
        columns.extend([
            Self::text("model", |row| untrusted(Some(&row.model))),
            Self::count("input_tokens", |row| Cell::Count(Some(row.input_tokens))),
            Self::count("cached_input_tokens", |row| Cell::Count(Some(row.cached_input_tokens))),
            Self::count("output_tokens", |row| Cell::Count(Some(row.output_tokens))),
            Self::fixed("cost_usd", CellKind::Money, |row| Cell::Money(row.cost)),
            Self::count("attempts", |row| Cell::Count(Some(row.attempts))),
            Self::count("latency_ms", |row| Cell::Count(row.latency_ms)),
            Self::fixed("answered_at", CellKind::Time, |row| Cell::Time(row.answered_at_ms)),
            Self::text("content_hash", |row| trusted(row.content_hash.as_deref())),
            Self::text("duplicate_of", |row| trusted(row.duplicate_of.as_deref())),
        ]);
        if spec.has_distance {
            columns.push(Self::count("duplicate_distance", |row| Cell::Count(row.distance.map(u64::from))));
        }
        columns.extend([
            Self::text("error_kind", |row| trusted(row.error_kind.map(ErrorKind::name))),
            Self::text("error", |row| untrusted(row.error.as_deref())),
        ]);
        columns
    }

    /// Adds a column for each member of an object that is not an object itself: `total__amount`. `parent`:
    /// the position of the task, and the members that lead to the object.
    fn add_members(name: &str, fields: &[Field], parent: (usize, &[String]), columns: &mut Vec<Self>) {
        for field in fields {
            let name = format!("{name}__{}", field.name);
            let path = [parent.1, std::slice::from_ref(&field.name)].concat();
            match field.shape.required() {
                Shape::Object(fields) => Self::add_members(&name, fields, (parent.0, &path), columns),
                _ => {
                    let source = CellSource::Member(parent.0, path);
                    columns.push(Self { name, kind: CellKind::Json(field.shape.clone()), source });
                }
            }
        }
    }

    /// Whether it holds the answers to a question in free text.
    pub(crate) fn is_free_text(&self) -> bool {
        match (&self.source, &self.kind) {
            (CellSource::Answer(_), CellKind::Json(shape)) => *shape.required() == Shape::Text,
            _ => false,
        }
    }

    /// Whether this column can partition rows: it holds one value, with possibly few distinct ones.
    pub(crate) fn is_partitionable(&self) -> bool {
        match (&self.source, &self.kind) {
            (CellSource::Row(_), _) => PARTITION_COLUMNS.contains(&self.name.as_str()),
            // The answer to a question in free text differs from page to page.
            _ if self.is_free_text() => false,
            (_, CellKind::Json(shape)) => {
                !matches!(shape.required(), Shape::Tags { .. } | Shape::List(_) | Shape::Object(_))
            }
            (_, CellKind::Money | CellKind::Time) => true,
        }
    }

    /// Whether it is a member of an answer.
    pub(crate) fn is_member(&self) -> bool {
        matches!(self.source, CellSource::Member(..))
    }

    /// The words that its cells can have; empty: any of their type. Labels are in the shape of the column.
    pub(crate) fn words(&self) -> Vec<&'static str> {
        match (&self.source, self.name.as_str()) {
            (CellSource::Row(_), "status") => RowStatus::ALL.iter().map(|status| status.name()).collect(),
            (CellSource::Row(_), "error_kind") => ErrorKind::ALL.iter().map(|kind| kind.name()).collect(),
            (CellSource::Source(_), _) => AnswerSource::ALL.iter().map(|source| source.name()).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it is one of the columns that rows of every job have.
    pub(crate) fn is_of_row(&self) -> bool {
        matches!(self.source, CellSource::Row(_))
    }

    /// Whether a list has carried it into the rows.
    pub(crate) fn is_carried(&self) -> bool {
        matches!(self.source, CellSource::Carried(..))
    }

    /// The position of the task whose answer the column shows, or a member of it.
    pub(crate) fn task(&self) -> Option<usize> {
        match self.source {
            CellSource::Answer(position) | CellSource::Member(position, _) => Some(position),
            CellSource::Row(_) | CellSource::Carried(..) | CellSource::Source(_) => None,
        }
    }

    /// The cell of this column in a row.
    pub(crate) fn cell<'r>(&self, row: &'r Row) -> Cell<'r> {
        match &self.source {
            CellSource::Row(cell) => cell(row),
            CellSource::Carried(position, kind) => {
                let value = row.carried.get(*position).unwrap_or(&Value::Null);
                match (kind, value) {
                    // Text can't show other times, and a value is the same in all formats.
                    (ColumnKind::Time, Value::Number(ms)) => {
                        Cell::Time(ms.as_i64().filter(|ms| is_printable_time(*ms)))
                    }
                    _ => Cell::Json { value, is_untrusted: *kind == ColumnKind::Text },
                }
            }
            CellSource::Source(position) => {
                trusted(row.sources.get(*position).copied().flatten().map(AnswerSource::name))
            }
            CellSource::Answer(position) => self.answer_cell(row.answers.get(*position)),
            CellSource::Member(position, path) => {
                let answer = row.answers.get(*position);
                self.answer_cell(answer.and_then(|answer| path.iter().try_fold(answer, |value, name| value.get(name))))
            }
        }
    }

    fn answer_cell<'r>(&self, value: Option<&'r Value>) -> Cell<'r> {
        let is_text =
            matches!(&self.kind, CellKind::Json(shape) if matches!(shape.required(), Shape::Text | Shape::Choice(_)));
        Cell::Json { value: value.unwrap_or(&Value::Null), is_untrusted: is_text }
    }

    fn fixed(name: &str, kind: CellKind, cell: fn(&Row) -> Cell<'_>) -> Self {
        Self { name: name.to_owned(), kind, source: CellSource::Row(cell) }
    }

    fn text(name: &str, cell: fn(&Row) -> Cell<'_>) -> Self {
        Self::fixed(name, CellKind::Json(Shape::Text), cell)
    }

    fn count(name: &str, cell: fn(&Row) -> Cell<'_>) -> Self {
        Self::fixed(name, CellKind::Json(Shape::Integer), cell)
    }
}

fn carried_kind(kind: ColumnKind) -> CellKind {
    CellKind::Json(match kind {
        ColumnKind::Text => Shape::Text,
        ColumnKind::Integer => Shape::Integer,
        ColumnKind::Number => Shape::Number,
        ColumnKind::Boolean => Shape::Boolean,
        ColumnKind::Date => Shape::Date,
        ColumnKind::Time => return CellKind::Time,
    })
}

fn trusted(text: Option<&str>) -> Cell<'_> {
    Cell::Text { text, is_untrusted: false }
}

fn untrusted(text: Option<&str>) -> Cell<'_> {
    Cell::Text { text, is_untrusted: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Column as CarriedColumn, RESERVED_COLUMNS};

    fn names(spec: &RowSpec) -> Vec<String> {
        Column::list(spec).into_iter().map(|column| column.name).collect()
    }

    #[test]
    fn fixed_columns_are_reserved_names() {
        assert_eq!(names(&RowSpec { has_distance: true, ..RowSpec::default() }), RESERVED_COLUMNS);
    }

    #[test]
    fn members_of_objects_are_columns_when_they_are_flattened() {
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        let nullable = |shape| Shape::Nullable(Box::new(shape));
        let item = Shape::Object(vec![field("name", Shape::Text)]);
        let payer = Shape::Object(vec![field("name", Shape::Text), field("paid", nullable(Shape::Boolean))]);
        let bill = Shape::Object(vec![
            field("amount", Shape::Number),
            field("payer", nullable(payer)),
            field("items", Shape::List(Box::new(item))),
        ]);
        let spec = RowSpec { tasks: vec![("bill".into(), bill), ("kind".into(), Shape::Text)], ..RowSpec::default() };
        assert_eq!(names(&spec)[3..5], ["bill", "kind"]);
        let columns = Column::list(&RowSpec { flatten: true, ..spec });
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names[3..8], ["bill__amount", "bill__payer__name", "bill__payer__paid", "bill__items", "kind"]);
        let partitionable: Vec<bool> = columns[2..8].iter().map(Column::is_partitionable).collect();
        assert_eq!(partitionable, [true, true, true, true, false, false], "lists and free text");
    }

    #[test]
    fn the_source_of_an_answer_follows_its_columns() {
        let field = Field { name: "amount".into(), description: None, shape: Shape::Number };
        let bill = Shape::Object(vec![field]);
        let tasks = vec![("bill".into(), bill), ("kind".into(), Shape::Text)];
        let spec = RowSpec { tasks, flatten: true, has_sources: true, ..RowSpec::default() };
        let columns = Column::list(&spec);
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names[2..8], ["status", "bill__amount", "bill__source", "kind", "kind__source", "model"]);
        assert!(columns[4].is_partitionable() && columns[4].kind == CellKind::Json(Shape::Text));
        let without = RowSpec { has_sources: false, ..spec };
        assert!(Column::list(&without).iter().all(|column| !column.name.ends_with("__source")));
    }

    #[test]
    fn carried_columns_precede_the_status_and_tasks_follow_it() {
        let carried = |name: &str, kind| CarriedColumn { name: name.into(), kind };
        let spec = RowSpec {
            carried: vec![carried("customer", ColumnKind::Text), carried("received", ColumnKind::Time)],
            tasks: vec![("kind".into(), Shape::Text), ("total".into(), Shape::Number)],
            ..RowSpec::default()
        };
        let names = names(&spec);
        assert_eq!(names[..8], ["path", "page", "customer", "received", "status", "kind", "total", "model"]);
        assert!(!names.contains(&"duplicate_distance".to_owned()));
        let kinds: Vec<CellKind> = Column::list(&spec).into_iter().map(|column| column.kind).collect();
        let json = |shape| CellKind::Json(shape);
        assert_eq!(
            kinds[2..7],
            [json(Shape::Text), CellKind::Time, json(Shape::Text), json(Shape::Text), json(Shape::Number)]
        );
    }
}
