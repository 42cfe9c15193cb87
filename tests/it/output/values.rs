//! The table of values in docs/rows.md, row by row.

use crate::bench::root;
use docmill::internal::task::{Shape, check_value};
use serde_json::Value;

/// The texts in backticks of a cell; a text with a backtick stands in two.
fn codes(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn shape(cell: &str) -> Shape {
    if let Some(inner) = cell.strip_suffix(", or null") {
        return Shape::Nullable(Box::new(shape(inner)));
    }
    match cell {
        "number" => Shape::Number,
        "integer" => Shape::Integer,
        "boolean" => Shape::Boolean,
        "date" => Shape::Date,
        "text" => Shape::Text,
        labels if labels.starts_with("one of ") => Shape::Choice(codes(labels)),
        labels if labels.starts_with("any of ") => Shape::Tags { labels: codes(labels), max: None },
        other => panic!("{other}"),
    }
}

#[test]
fn values_are_read_as_documented() {
    let docs = std::fs::read_to_string(root().join("docs/rows.md")).unwrap();
    let section = docs.split("\n## Values\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() > 60, "{} rows", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [expected, reply, read_as, _rule] = cells[..] else { panic!("{row}") };
        let json = |cell: &str| -> Value {
            serde_json::from_str(&codes(cell)[0]).unwrap_or_else(|error| panic!("{row}: {error}"))
        };
        let found = check_value(&shape(expected), &json(reply)).ok();
        let read_as = (read_as != "invalid").then(|| json(read_as));
        assert_eq!(found, read_as, "{row}");
    }
}
