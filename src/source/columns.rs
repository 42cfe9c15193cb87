//! The columns of a list: their types, and which of them are carried into the rows.

use crate::manifest::{Column, ColumnKind, ColumnNameFault, Input};
use serde_json::Value;

/// One column of a list.
pub(crate) struct ListColumn {
    pub(crate) name: String,
    /// Its type, or what it holds if no row can hold that, as an object of a sentence.
    pub(crate) kind: Result<ColumnKind, String>,
}

/// One row of a list.
#[derive(Debug, PartialEq)]
pub(crate) struct ListRow {
    pub(crate) path: Vec<u8>,
    /// The values of the carried columns, in the order of [`ColumnPlan::carried`].
    pub(crate) values: Vec<Value>,
}

/// Which columns of a list are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnPlan {
    /// The position of the column with paths or URLs.
    pub(crate) path: usize,
    /// The positions of the carried columns.
    pub(crate) carried: Vec<usize>,
}

impl ColumnPlan {
    /// Finds the columns that `input` names among those of the list.
    ///
    /// # Errors
    /// All faults, one a line: a column that is missing, has two of its name, or has a name
    /// that no column of a row can have.
    pub(crate) fn choose(known: &[ListColumn], input: &Input) -> Result<Self, String> {
        let names: Vec<&str> = known.iter().map(|column| column.name.as_str()).collect();
        let position = |wanted: &str| names.iter().position(|name| *name == wanted);
        let all = || names.join(", ");
        let path = position(&input.path_column).ok_or_else(|| {
            format!(
                "there is no column `{}`; it has: {}; set input.path_column to one of them",
                input.path_column,
                all()
            )
        })?;
        let mut faults = Vec::new();
        let carried: Vec<usize> = match &input.carry {
            Some(wanted) => wanted
                .iter()
                .filter_map(|name| {
                    let found = position(name);
                    if found.is_none() {
                        faults.push(format!("input.carry names the unknown column `{name}`; the list has: {}", all()));
                    }
                    found
                })
                .collect(),
            None => (0..names.len()).filter(|at| *at != path).collect(),
        };
        for (nth, at) in carried.iter().enumerate() {
            let name = names[*at];
            if let Some(why) = ColumnNameFault::find(name) {
                faults.push(format!("the column `{name}` {why}; rename it, or list the other columns in input.carry"));
            } else if carried[..nth].iter().any(|earlier| names[*earlier] == name) {
                faults.push(format!("the column `{name}` occurs twice"));
            }
        }
        if faults.is_empty() { Ok(Self { path, carried }) } else { Err(faults.join("\n  ")) }
    }

    /// The carried columns.
    ///
    /// # Errors
    /// A column with values that no row can hold.
    pub(crate) fn carried_columns(&self, known: &[ListColumn]) -> Result<Vec<Column>, String> {
        let column = |at: &usize| {
            let ListColumn { name, kind } = &known[*at];
            let kind = kind.clone().map_err(|what| {
                format!(
                    "the column `{name}` holds {what}, which rows can't hold; list the other columns in input.carry"
                )
            })?;
            Ok(Column { name: name.clone(), kind })
        };
        self.carried.iter().map(column).collect()
    }
}

/// Converts a value to the type of its column. Only text needs that: a column that mixes
/// types is text.
pub(crate) fn convert_value(kind: ColumnKind, value: Value) -> Value {
    match (kind, value) {
        (ColumnKind::Text, Value::Null) => Value::Null,
        (ColumnKind::Text, Value::String(text)) => Value::String(text),
        (ColumnKind::Text, other) => Value::String(other.to_string()),
        (_, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::test_input::input;
    use std::path::Path;

    fn known(names: &[&str]) -> Vec<ListColumn> {
        names.iter().map(|name| ListColumn { name: (*name).to_owned(), kind: Ok(ColumnKind::Text) }).collect()
    }

    fn choose(names: &[&str], carry: Option<&[&str]>) -> Result<ColumnPlan, String> {
        let carry = carry.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        ColumnPlan::choose(&known(names), &Input { carry, ..input(Path::new("x")) })
    }

    #[test]
    fn which_columns_are_carried() {
        for (names, carry, path, carried) in [
            (&["path", "a", "b"][..], None, 0, &[1, 2][..]),
            (&["a", "path", "b"], None, 1, &[0, 2]),
            (&["path"], None, 0, &[]),
            (&["path", "a", "b"], Some(&["b", "a"][..]), 0, &[2, 1]),
            (&["path", "a"], Some(&[]), 0, &[]),
            // What is not carried may have any name.
            (&["path", "A Name", "status", "b"], Some(&["b"]), 0, &[3]),
        ] {
            assert_eq!(choose(names, carry), Ok(ColumnPlan { path, carried: carried.to_vec() }), "{names:?} {carry:?}");
        }
    }

    #[test]
    fn columns_that_do_not_fit_are_named_all_at_once() {
        for (names, carry, parts) in [
            (&["file", "a"][..], None, &["there is no column `path`", "it has: file, a"][..]),
            (
                &["path", "a"],
                Some(&["b", "c"][..]),
                &["unknown column `b`", "unknown column `c`", "the list has: path, a"],
            ),
            (
                &["path", "status", "a__b", "A", "9a", ""],
                None,
                &[
                    "`status` has the name of a column",
                    "`a__b` has `__`",
                    "`A` has a name",
                    "`9a` has a name",
                    "`` has a name",
                ],
            ),
            (&["path", "a", "a"], None, &["`a` occurs twice"]),
            (&["path", "a"], Some(&["a", "a"]), &["`a` occurs twice"]),
        ] {
            let fault = choose(names, carry).unwrap_err();
            for part in parts {
                assert!(fault.contains(part), "{fault:?} names {part:?}");
            }
        }
    }

    #[test]
    fn a_column_that_no_row_can_hold_is_refused_only_if_it_is_carried() {
        let columns = || {
            let mut columns = known(&["path", "a", "b"]);
            columns[2].kind = Err("lists or structs".into());
            columns
        };
        let carried = |at: &[usize]| ColumnPlan { path: 0, carried: at.to_vec() }.carried_columns(&columns());
        assert_eq!(carried(&[1]).unwrap().len(), 1);
        assert!(carried(&[1, 2]).unwrap_err().contains("`b` holds lists or structs"));
    }

    #[test]
    fn values_of_text_columns_become_text() {
        for (kind, value, converted) in [
            (ColumnKind::Text, serde_json::json!(1.5), serde_json::json!("1.5")),
            (ColumnKind::Text, serde_json::json!("1"), serde_json::json!("1")),
            (ColumnKind::Text, serde_json::json!({"a": [1]}), serde_json::json!("{\"a\":[1]}")),
            (ColumnKind::Text, Value::Null, Value::Null),
            (ColumnKind::Number, serde_json::json!(1), serde_json::json!(1)),
            (ColumnKind::Boolean, Value::Null, Value::Null),
        ] {
            assert_eq!(convert_value(kind, value.clone()), converted, "{kind:?} {value}");
        }
    }
}
