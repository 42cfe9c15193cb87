//! What a list carries beside paths: named, typed columns.

use crate::manifest::{ColumnKind, ColumnNameFault, Input};
use serde_json::Value;

/// The type that holds values of both.
pub(crate) fn joined(one: ColumnKind, other: ColumnKind) -> ColumnKind {
    match (one, other) {
        (a, b) if a == b => a,
        (ColumnKind::Integer, ColumnKind::Number) | (ColumnKind::Number, ColumnKind::Integer) => ColumnKind::Number,
        _ => ColumnKind::Text,
    }
}

/// The type of a JSON value; `None` for null, which every type has.
pub(crate) fn kind_of(value: &Value) -> Option<ColumnKind> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some(ColumnKind::Boolean),
        Value::Number(number) if number.is_i64() => Some(ColumnKind::Integer),
        // A whole number that no column holds keeps its digits as text.
        Value::Number(number) if number.is_u64() => Some(ColumnKind::Text),
        Value::Number(_) => Some(ColumnKind::Number),
        _ => Some(ColumnKind::Text),
    }
}

/// `value` as this type.
pub(crate) fn typed(kind: ColumnKind, value: Value) -> Value {
    match (kind, value) {
        (ColumnKind::Text, Value::Null) => Value::Null,
        (ColumnKind::Text, Value::String(text)) => Value::String(text),
        (ColumnKind::Text, other) => Value::String(other.to_string()),
        (_, value) => value,
    }
}

/// Which of a list's columns hold paths, and which are carried.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The position of the column with paths.
    pub(crate) path: usize,
    /// The positions of the columns that are carried.
    pub(crate) carried: Vec<usize>,
}

impl Plan {
    /// Chooses among `names`, or says everything that is wrong with them.
    pub(crate) fn of(names: &[String], input: &Input) -> Result<Self, String> {
        let position = |wanted: &str| names.iter().position(|name| name == wanted);
        let known = || names.join(", ");
        let path = position(&input.path_column).ok_or_else(|| {
            format!("there is no column `{}`; it has: {}; input.path_column names another", input.path_column, known())
        })?;
        let mut faults = Vec::new();
        let carried: Vec<usize> = match &input.carry {
            Some(wanted) => wanted
                .iter()
                .filter_map(|name| {
                    let found = position(name);
                    if found.is_none() {
                        faults.push(format!("input.carry names `{name}`, which is no column; it has: {}", known()));
                    }
                    found
                })
                .collect(),
            None => (0..names.len()).filter(|at| *at != path).collect(),
        };
        for (nth, at) in carried.iter().enumerate() {
            let name = names[*at].as_str();
            if let Some(why) = ColumnNameFault::find(name) {
                faults
                    .push(format!("the column `{name}` {why}; rename it, or list those that you want in input.carry"));
            } else if carried[..nth].iter().any(|earlier| names[*earlier] == name) {
                faults.push(format!("the column `{name}` is there twice"));
            }
        }
        if faults.is_empty() { Ok(Self { path, carried }) } else { Err(faults.join("\n  ")) }
    }
}
