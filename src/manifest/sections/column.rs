//! Columns of rows: the columns that a list carries into the rows, and the rule for names.

use std::fmt;

/// A column that a list carries into the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name of the column.
    pub name: String,
    /// Type of its values.
    pub kind: ColumnKind,
}

/// The type of a carried column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text, and every type that is not listed here.
    Text,
    /// Signed 64-bit integers.
    Integer,
    /// Doubles.
    Number,
    /// Booleans.
    Boolean,
    /// Calendar dates, such as `2026-11-23`.
    Date,
    /// Points in time, in milliseconds since 1970-01-01 UTC.
    Time,
}

/// Columns of every row. No task and no carried column may have one of these names.
pub const RESERVED_COLUMNS: &[&str] = &[
    "path",
    "page",
    "status",
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
    "duplicate_distance",
    "error_kind",
    "error",
];

/// Why a name is not allowed for a task or a carried column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnNameFault {
    /// It is one of [`RESERVED_COLUMNS`].
    Reserved,
    /// It contains `__`, which separates a task from its own further columns.
    DoubleUnderscore,
    /// It does not match `[a-z][a-z0-9_]*`.
    Pattern,
}

impl ColumnNameFault {
    /// Checks the name of a task or a carried column. `None` means that it is allowed.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        let is_lower_case = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if RESERVED_COLUMNS.contains(&name) {
            Some(Self::Reserved)
        } else if name.contains("__") {
            Some(Self::DoubleUnderscore)
        } else if !is_lower_case {
            Some(Self::Pattern)
        } else {
            None
        }
    }
}

/// A predicate for "the column `x`": `has the name of a column of every row`.
impl fmt::Display for ColumnNameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reserved => "has the name of a column of every row",
            Self::DoubleUnderscore => "has `__` in its name, which is reserved",
            Self::Pattern => "has a name that does not consist of a-z, 0-9 and `_`, starting with a letter",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_columns() {
        for (name, expected) in [
            ("kind", None),
            ("k2_x_", None),
            ("status", Some(ColumnNameFault::Reserved)),
            ("a__b", Some(ColumnNameFault::DoubleUnderscore)),
            ("__", Some(ColumnNameFault::DoubleUnderscore)),
            ("", Some(ColumnNameFault::Pattern)),
            ("2a", Some(ColumnNameFault::Pattern)),
            ("_a", Some(ColumnNameFault::Pattern)),
            ("Kind", Some(ColumnNameFault::Pattern)),
            ("größe", Some(ColumnNameFault::Pattern)),
            ("a-b", Some(ColumnNameFault::Pattern)),
        ] {
            assert_eq!(ColumnNameFault::find(name), expected, "{name}");
        }
        for name in RESERVED_COLUMNS {
            assert_eq!(ColumnNameFault::find(name), Some(ColumnNameFault::Reserved));
        }
    }

    proptest! {
        #[test]
        fn every_other_lower_case_name_is_allowed(name in "[a-z](_?[a-z0-9]){0,8}_?") {
            prop_assume!(!RESERVED_COLUMNS.contains(&name.as_str()));
            prop_assert_eq!(ColumnNameFault::find(&name), None);
        }
    }
}
