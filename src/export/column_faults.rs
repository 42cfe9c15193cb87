//! What the manifest asks of columns and cannot have: two flattened members with one name, a partition
//! by a column that does not exist or does not hold single values.

use super::columns::{CellKind, Column};
use super::partitions::known_values::find_long_name;
use super::spec::RowSpec;
use crate::base::unicode::nfc;
use crate::task::Shape;
use serde_json::Value;
use std::collections::HashMap;

/// A fault of `output`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnFault {
    /// The position in `partition_by`; `None`: a fault of `flatten`.
    pub partition: Option<usize>,
    /// The fault: a lower-case fragment.
    pub message: String,
    /// The remedy.
    pub allowed: String,
}

/// Further columns of a task that docmill may have in the future.
const RESERVED_MEMBERS: &[&str] = &["confidence", "rationale", "source"];

/// The faults of these columns, partitioned by those with the names `partition_by`.
#[must_use]
pub fn column_faults(spec: &RowSpec, partition_by: &[String]) -> Vec<ColumnFault> {
    let columns = Column::list(spec);
    // Names of tasks and of carried columns have no `__`, so only flattened members can have the name of another column.
    let mut faults = if spec.flatten { flatten_faults(&columns, spec) } else { Vec::new() };
    for (at, name) in partition_by.iter().enumerate() {
        let message = match columns.iter().find(|column| column.name == *name) {
            Some(column) if column.is_partitionable() => match find_long_label(column) {
                Some(message) => message,
                None => continue,
            },
            Some(column) if column.is_free_text() => {
                format!("rows can't be partitioned by `{name}`, whose answers are free text")
            }
            Some(_) => format!("rows can't be partitioned by `{name}`"),
            None => format!("there is no column `{name}`"),
        };
        let known = columns.iter().filter(|column| column.is_partitionable()).map(|column| column.name.as_str());
        let allowed = format!("one of: {}", known.collect::<Vec<_>>().join(", "));
        faults.push(ColumnFault { partition: Some(at), message, allowed });
    }
    faults
}

/// A label of a column whose folder would have a name that is too long.
fn find_long_label(column: &Column) -> Option<String> {
    let CellKind::Json(shape) = &column.kind else { return None };
    let Shape::Choice(labels) = shape.required() else { return None };
    labels.iter().find_map(|label| find_long_name(&column.name, &Value::String(label.clone())))
}

fn flatten_faults(columns: &[Column], spec: &RowSpec) -> Vec<ColumnFault> {
    let mut known: HashMap<String, &str> = HashMap::new();
    let mut faults = Vec::new();
    let mut report = |message: String| {
        let allowed = "false, or other names in the schema".to_owned();
        faults.push(ColumnFault { partition: None, message, allowed });
    };
    for column in columns {
        let task = column.task().and_then(|task| spec.tasks.get(task)).map_or("", |(name, _)| name.as_str());
        let member = column.name.strip_prefix(task).and_then(|rest| rest.strip_prefix("__"));
        if member.is_some_and(|member| RESERVED_MEMBERS.contains(&member)) {
            report(format!("the column `{}` of a flattened member is reserved for docmill", column.name));
        }
        // Spark, Hive and DuckDB compare names without their case. Accents look the same in both forms.
        let lowercase = column.name.to_lowercase();
        match known.insert(nfc(&lowercase).into_owned(), &column.name) {
            Some(other) if other == column.name => {
                report(match spec.has_sources {
                    true => format!("two columns have the name `{other}`"),
                    false => format!("two flattened members have the column `{other}`"),
                });
            }
            Some(other) => {
                let what = if other.to_lowercase() == lowercase { "case" } else { "the Unicode form of their accents" };
                report(format!("the columns `{other}` and `{}` differ only in {what}", column.name));
            }
            None => {}
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Field;

    fn object(members: &[(&str, Shape)]) -> Shape {
        let field =
            |(name, shape): &(&str, Shape)| Field { name: (*name).into(), description: None, shape: shape.clone() };
        Shape::Object(members.iter().map(field).collect())
    }

    fn faults(tasks: &[(&str, Shape)], flatten: bool, partition_by: &[&str]) -> Vec<String> {
        let tasks = tasks.iter().map(|(name, shape)| ((*name).to_owned(), shape.clone())).collect();
        let partition_by: Vec<String> = partition_by.iter().map(|name| (*name).to_owned()).collect();
        let faults = column_faults(&RowSpec { tasks, flatten, ..RowSpec::default() }, &partition_by);
        faults.into_iter().map(|fault| format!("{:?} {}", fault.partition, fault.message)).collect()
    }

    #[test]
    fn labels_that_are_too_long_for_a_folder_are_found() {
        let choice = |length: usize| Shape::Nullable(Box::new(Shape::Choice(vec!["a".into(), "/".repeat(length)])));
        for (length, expected) in [
            (84, vec![]),
            (85, vec!["Some(0) a value of the column `t` makes a folder's name of 257 bytes; a name has at most 255"]),
        ] {
            assert_eq!(faults(&[("t", choice(length))], false, &["t"]), expected, "{length}");
        }
        assert_eq!(faults(&[("t", choice(85))], false, &[]), [""; 0], "not partitioned by it");
    }

    #[test]
    fn flattened_names_are_unique_and_not_reserved() {
        let text = || Shape::Text;
        let nested = object(&[("a__b", text()), ("a", object(&[("b", text())]))]);
        for (tasks, expected) in [
            (vec![("t", object(&[("a", text()), ("b", text())]))], None),
            (vec![("t", nested.clone())], Some("two flattened members have the column `t__a__b`")),
            (
                vec![("t", object(&[("A", text()), ("a", text())]))],
                Some("the columns `t__A` and `t__a` differ only in case"),
            ),
            (
                vec![("t", object(&[("\u{e9}", text()), ("e\u{301}", text())]))],
                Some("the columns `t__\u{e9}` and `t__e\u{301}` differ only in the Unicode form of their accents"),
            ),
            (
                vec![("t", object(&[("_a", text())])), ("t_", object(&[("a", text())]))],
                Some("two flattened members have the column `t___a`"),
            ),
            (
                vec![("t", object(&[("source", text())]))],
                Some("the column `t__source` of a flattened member is reserved for docmill"),
            ),
            (vec![("t", object(&[("x", object(&[("source", text())]))]))], None),
        ] {
            let found = faults(&tasks, true, &[]);
            assert_eq!(found, expected.iter().map(|text| format!("None {text}")).collect::<Vec<_>>(), "{tasks:?}");
            assert!(faults(&tasks, false, &[]).is_empty(), "nothing is flattened");
        }
    }

    #[test]
    fn a_flattened_member_has_not_the_name_of_a_source() {
        let tasks = vec![
            ("t".to_owned(), object(&[("_source", Shape::Text)])),
            ("t_".to_owned(), object(&[("a", Shape::Text)])),
        ];
        let spec = RowSpec { tasks, flatten: true, has_sources: true, ..RowSpec::default() };
        let found =
            |spec: &RowSpec| column_faults(spec, &[]).into_iter().map(|fault| fault.message).collect::<Vec<_>>();
        assert_eq!(found(&spec), ["two columns have the name `t___source`"]);
        assert!(found(&RowSpec { has_sources: false, ..spec }).is_empty());
    }

    #[test]
    fn rows_are_partitioned_by_columns_of_single_values() {
        let tags = Shape::Tags { labels: vec!["x".into()], max: None };
        let tasks = [
            ("kind", Shape::Choice(vec!["a".into()])),
            ("payee", Shape::Nullable(Box::new(Shape::Text))),
            ("marks", tags),
            ("bill", object(&[("due", Shape::Date)])),
        ];
        for (column, flatten, expected) in [
            ("kind", false, None),
            ("status", false, None),
            ("error_kind", false, None),
            ("payee", false, Some("rows can't be partitioned by `payee`, whose answers are free text")),
            ("marks", false, Some("rows can't be partitioned by `marks`")),
            ("bill", false, Some("rows can't be partitioned by `bill`")),
            ("bill__due", false, Some("there is no column `bill__due`")),
            ("bill__due", true, None),
            ("path", false, Some("rows can't be partitioned by `path`")),
            ("cost_usd", false, Some("rows can't be partitioned by `cost_usd`")),
            ("kinds", false, Some("there is no column `kinds`")),
        ] {
            let expected: Vec<String> = expected.iter().map(|text| format!("Some(0) {text}")).collect();
            assert_eq!(faults(&tasks, flatten, &[column]), expected, "{column}");
        }
    }
}
