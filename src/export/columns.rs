//! The columns of rows: one list for all formats.

use super::row::Row;
use crate::base::money::Pico;
use crate::manifest;
use crate::manifest::ColumnKind;
use crate::store::{RecipeId, TaskKey};
use crate::task::{Question, Shape};

/// What the rows of a job have in common.
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// The columns that a list carries, in its order.
    pub carried: Vec<manifest::Column>,
    /// The tasks' names and forms, in manifest order.
    pub tasks: Vec<(String, Shape)>,
    /// The recipes' keys, in the same order.
    pub recipes: Vec<RecipeId>,
    /// The model's name.
    pub model: String,
    /// Whether rows say how far a page is from the one that it is like.
    pub has_distance: bool,
}

/// A cell of a column that every row has.
pub(crate) enum Cell<'a> {
    /// Text that no spreadsheet runs.
    Plain(Option<&'a str>),
    /// Text of others, which a spreadsheet might run.
    Foreign(Option<&'a str>),
    Count(Option<u64>),
    Money(Option<Pico>),
    /// Milliseconds since 1970.
    Time(Option<i64>),
}

/// The kind of a [`Cell`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Count,
    Money,
    Time,
}

/// A column that every row has.
pub(crate) struct Fixed {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) cell: fn(&Row) -> Cell<'_>,
}

const fn fixed(name: &'static str, kind: Kind, cell: fn(&Row) -> Cell<'_>) -> Fixed {
    Fixed { name, kind, cell }
}

/// Before carried columns.
const FIRST: &[Fixed] = &[
    fixed("path", Kind::Text, |row| Cell::Plain(Some(&row.path))),
    fixed("page", Kind::Count, |row| Cell::Count(Some(row.page.into()))),
];
/// Before tasks.
const STATUS: &[Fixed] = &[fixed("status", Kind::Text, |row| Cell::Plain(Some(row.status.name())))];
/// After tasks.
const LAST: &[Fixed] = &[
    fixed("model", Kind::Text, |row| Cell::Foreign(Some(&row.model))),
    fixed("input_tokens", Kind::Count, |row| Cell::Count(Some(row.input_tokens))),
    fixed("cached_input_tokens", Kind::Count, |row| Cell::Count(Some(row.cached_input_tokens))),
    fixed("output_tokens", Kind::Count, |row| Cell::Count(Some(row.output_tokens))),
    fixed("cost_usd", Kind::Money, |row| Cell::Money(row.cost)),
    fixed("attempts", Kind::Count, |row| Cell::Count(Some(row.attempts))),
    fixed("latency_ms", Kind::Count, |row| Cell::Count(row.latency_ms)),
    fixed("answered_at", Kind::Time, |row| Cell::Time(row.answered_at_ms)),
    fixed("content_hash", Kind::Text, |row| Cell::Plain(row.content_hash.as_deref())),
    fixed("duplicate_of", Kind::Text, |row| Cell::Plain(row.duplicate_of.as_deref())),
    fixed("duplicate_distance", Kind::Count, |row| Cell::Count(row.distance.map(u64::from))),
    fixed("error_kind", Kind::Text, |row| Cell::Plain(row.error_kind.as_deref())),
    fixed("error", Kind::Text, |row| Cell::Foreign(row.error.as_deref())),
];

/// One column, whatever it holds.
pub(crate) enum Column<'a> {
    Fixed(&'static Fixed),
    /// The position among the carried values.
    Carried(usize, &'a str, ColumnKind),
    /// The position among the answers.
    Task(usize, &'a str, &'a Shape),
}

impl Column<'_> {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Fixed(fixed) => fixed.name,
            Self::Carried(_, name, _) | Self::Task(_, name, _) => name,
        }
    }
}

impl Columns {
    /// The columns of a job's questions, whose recipes have these keys.
    #[must_use]
    pub fn new(questions: &[Question], keys: &[TaskKey], model: &str) -> Self {
        Self {
            tasks: questions.iter().map(|question| (question.name.clone(), question.shape.clone())).collect(),
            recipes: keys.iter().map(|key| key.recipe_id).collect(),
            model: model.to_owned(),
            ..Self::default()
        }
    }

    /// All columns in their order.
    pub(crate) fn all(&self) -> Vec<Column<'_>> {
        let carried =
            self.carried.iter().enumerate().map(|(at, column)| Column::Carried(at, &column.name, column.kind));
        let tasks = self.tasks.iter().enumerate().map(|(at, (name, shape))| Column::Task(at, name, shape));
        let last = LAST.iter().filter(|column| self.has_distance || column.name != "duplicate_distance");
        let first = FIRST.iter().map(Column::Fixed);
        first
            .chain(carried)
            .chain(STATUS.iter().map(Column::Fixed))
            .chain(tasks)
            .chain(last.map(Column::Fixed))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::RESERVED_COLUMNS;

    #[test]
    fn the_names_of_columns_are_reserved() {
        let all = Columns { has_distance: true, ..Columns::default() };
        let names: Vec<String> = all.all().iter().map(|column| column.name().to_owned()).collect();
        assert_eq!(names, RESERVED_COLUMNS);
    }
}
