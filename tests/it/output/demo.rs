//! The outputs of the demo, read back: CSV, JSON Lines and Parquet hold the same rows.

use crate::bench::{Bench, root, rows};
use crate::output::parquet_file;
use serde_json::{Map, Value};

/// The columns of the demo and their Parquet types, from docs/rows.md.
const COLUMNS: [(&str, &str); 18] = [
    ("path", "string"),
    ("page", "int64"),
    ("status", "string"),
    ("kind", "string"),
    ("features", "list<string>"),
    ("landscape", "bool"),
    ("model", "string"),
    ("input_tokens", "int64"),
    ("cached_input_tokens", "int64"),
    ("output_tokens", "int64"),
    ("cost_usd", "decimal(18, 12)"),
    ("attempts", "int64"),
    ("latency_ms", "int64"),
    ("answered_at", "timestamp(ms, UTC)"),
    ("content_hash", "string"),
    ("duplicate_of", "string"),
    ("error_kind", "string"),
    ("error", "string"),
];

/// Runs the demo in its own folder.
fn demo() -> Bench {
    let bench = Bench::with_pages(0);
    let job = std::fs::read_to_string(root().join("jobs/demo.yaml")).unwrap();
    let job = job.replace("../sample_data", &root().join("sample_data").display().to_string());
    bench.put("jobs/demo.yaml", job.as_bytes());
    let ran = bench.docmill(&["run", "jobs/demo.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    bench
}

/// A JSON value as a CSV cell.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn the_three_outputs_hold_the_same_rows() {
    let bench = demo();
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();

    let lines = rows(&bench.text("out/demo.jsonl"));
    assert_eq!(lines.len(), 53);
    for line in &lines {
        assert_eq!(line.as_object().unwrap().keys().collect::<Vec<_>>(), names);
    }

    let csv = bench.text("out/demo.csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(reader.headers().unwrap(), &csv::StringRecord::from(names.clone()));
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), lines.len());
    for (record, line) in records.iter().zip(&lines) {
        let expected: Vec<String> = names.iter().map(|name| cell(&line[*name])).collect();
        assert_eq!(record.iter().collect::<Vec<_>>(), expected);
    }

    let table = parquet_file::read(&bench.path("out/demo.parquet")).unwrap();
    let columns: Vec<(&str, &str)> = table.columns.iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect();
    assert_eq!(columns, COLUMNS);
    assert_eq!(table.rows.len(), lines.len());
    for (row, line) in table.rows.iter().zip(&lines) {
        assert_eq!(row, line.as_object().unwrap());
    }
    every_column_has_values(&table.rows);
}

/// Equal rows prove little if they are empty.
fn every_column_has_values(rows: &[Map<String, Value>]) {
    for (name, _) in COLUMNS {
        assert!(rows.iter().any(|row| !row[name].is_null()), "{name} is null in every row");
    }
    let values = |name: &'static str| rows.iter().map(move |row| &row[name]);
    assert!(values("features").any(|features| features.as_array().is_some_and(|list| list.len() >= 2)));
    assert!(values("landscape").any(|flag| flag == &Value::Bool(true)));
    assert!(values("landscape").any(|flag| flag == &Value::Bool(false)));
    assert!(values("cost_usd").any(|cost| cost == "0") && values("cost_usd").any(|cost| cost != "0"));
    assert!(values("kind").any(Value::is_null), "the damaged page has no answer");
}

#[test]
fn a_parquet_file_that_is_not_whole_is_an_error() {
    let bench = demo();
    let whole = std::fs::read(bench.path("out/demo.parquet")).unwrap();
    assert!(parquet_file::read(&bench.path("none.parquet")).is_err());
    bench.put("copy.parquet", &whole);
    assert_eq!(parquet_file::read(&bench.path("copy.parquet")).unwrap().rows.len(), 53);
    for length in [0, 4, whole.len() / 2, whole.len() - 1] {
        bench.put("copy.parquet", &whole[..length]);
        assert!(parquet_file::read(&bench.path("copy.parquet")).is_err(), "the first {length} bytes");
    }
}
