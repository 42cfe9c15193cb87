//! A column that a list carries into the rows: known to who reads lists and who writes rows.

/// A carried column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub kind: ColumnKind,
}

/// The type of a carried column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text; also what has no other type here.
    Text,
    /// 64-bit integers.
    Integer,
    /// Doubles.
    Number,
    /// True or false.
    Boolean,
    /// Calendar dates, as `2026-11-23`.
    Date,
    /// Moments, in milliseconds since 1970 (UTC).
    Time,
}
