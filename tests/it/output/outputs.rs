//! Outputs: every shape of task in every format, whole or not at all.

use crate::bench::{Bench, rows};
use crate::output::parquet_file;
use crate::skip::{PYARROW, skip};
use docmill::internal::simulator::Options;
use std::process::{Command, Stdio};

const ALL: &str = r#"
tasks:
  kind: {classify: {labels: ["=SUM(A1)", letter]}}
  marks: {tag: {labels: [stamp, logo, seal]}}
  bill:
    extract:
      schema: bill.json
  signed: {question: {text: Signed?, type: boolean}}
  issued: {question: {text: When?, type: date}}
  sum: {question: {text: How much?, type: number}}
  words: {question: {text: What?}}
"#;

const BILL: &str = r#"{"type": "object", "required": ["count"], "properties": {
  "count": {"type": "integer"}, "due": {"type": "string", "format": "date"}, "total": {"type": "number"},
  "items": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}}}},
  "paid": {"type": ["boolean", "null"]}}}"#;

#[test]
fn every_shape_in_every_format() {
    let bench = Bench::with_pages(40).simulator(Options { seed: 2, ..Options::default() });
    bench.put("bill.json", BILL.as_bytes());
    bench.job(ALL);
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let (lines, csv) = (bench.rows(), bench.text("out.csv"));
    let records: Vec<csv::StringRecord> =
        csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!((records.len(), lines.len()), (40, 40));
    for (record, line) in records.iter().zip(&lines) {
        let kind = line["kind"].as_str().unwrap();
        assert_eq!(&record[3], if kind.starts_with('=') { format!("'{kind}") } else { kind.to_owned() });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&record[4]).unwrap(), line["marks"]);
        if !line["bill"].is_null() {
            assert_eq!(serde_json::from_str::<serde_json::Value>(&record[5]).unwrap(), line["bill"]);
        }
        assert_eq!(&record[6], line["signed"].as_bool().map_or(String::new(), |flag| flag.to_string()));
    }
    assert!(lines.iter().any(|line| line["signed"].is_null()) && lines.iter().any(|line| line["signed"].is_boolean()));
    let table = parquet_file::read(&bench.path("out.parquet")).unwrap();
    let types: Vec<&str> = table.columns[3..10].iter().map(|(_, kind)| kind.as_str()).collect();
    let bill = "struct<count: int64, due: date32, total: double, items: list<struct<name: string, tags: list<string>>>, paid: bool>";
    assert_eq!(types, ["string", "list<string>", bill, "bool", "date32", "double", "string"]);
    assert_eq!(table.rows.len(), lines.len());
    for (row, line) in table.rows.iter().zip(&lines) {
        assert_eq!(as_floats(&row.clone().into()), as_floats(line));
    }
    // Another implementation reads the same values in the same types.
    let script = "import sys, json, pyarrow.parquet as p\n\
                  t = p.read_table(sys.argv[1])\n\
                  print(t.schema.field('bill').type); print(t.schema.field('issued').type)\n\
                  keep = ['path', 'kind', 'marks', 'bill', 'signed', 'issued', 'sum', 'words']\n\
                  print(json.dumps(t.select(keep).to_pylist(), default=str))";
    let has_pyarrow = Command::new("python3").args(["-c", "import pyarrow.parquet"]).stderr(Stdio::null()).status();
    if !has_pyarrow.is_ok_and(|status| status.success()) {
        return skip(PYARROW, "every_shape_in_every_format");
    }
    let output =
        Command::new("python3").args(["-c", script, &bench.path("out.parquet").display().to_string()]).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut parts = text.lines();
    assert!(
        parts
            .next()
            .unwrap()
            .starts_with("struct<count: int64, due: date32[day], total: double, items: list<element: struct<")
    );
    assert_eq!(parts.next(), Some("date32[day]"));
    let read: Vec<serde_json::Value> = serde_json::from_str(parts.next().unwrap()).unwrap();
    for (read, line) in read.iter().zip(&lines) {
        for name in ["path", "kind", "marks", "bill", "signed", "issued", "sum", "words"] {
            assert_eq!(as_floats(&read[name]), as_floats(&line[name]), "{name}");
        }
    }
}

/// Readers differ in how they write 5.0.
fn as_floats(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Number(number) => number.as_f64().into(),
        serde_json::Value::Array(items) => items.iter().map(as_floats).collect(),
        serde_json::Value::Object(members) => members.iter().map(|(k, v)| (k.clone(), as_floats(v))).collect(),
        other => other.clone(),
    }
}

#[test]
fn export_writes_the_same_bytes_from_the_store_alone() {
    let mut bench = Bench::with_pages(5).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    drop(bench.server.take());
    let ran = bench.docmill(&[
        "export",
        "job.yaml",
        "--csv",
        "again.csv",
        "--jsonl",
        "again.jsonl",
        "--parquet",
        "again.parquet",
    ]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 3), "{}", ran.stderr);
    for name in ["csv", "jsonl", "parquet"] {
        let read = |stem: &str| std::fs::read(bench.path(&format!("{stem}.{name}"))).unwrap();
        assert!(read("out") == read("again"), "{name}");
    }
    let report = bench.docmill(&["report", "job.yaml", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    let written = bench.report();
    for name in ["run_id", "outcome", "pages", "attempts", "tokens", "cost", "by_task"] {
        assert_eq!(report[name], written[name], "{name}");
    }
}

#[test]
fn names_of_all_kinds_come_through() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    let names = ["a b.jpg", "=x.jpg", "é/ü \"q\".jpg", "line\nbreak.jpg", "comma,.jpg"];
    for (at, name) in names.iter().enumerate() {
        bench.put(&format!("pages/{name}"), &crate::bench::page(at as u32));
    }
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    let mut expected = names.to_vec();
    expected.sort_unstable_by_key(|name| name.as_bytes());
    let paths: Vec<String> =
        rows(&bench.text("out.jsonl")).iter().map(|row| row["path"].as_str().unwrap().to_owned()).collect();
    assert_eq!(paths, expected);
    let csv = bench.text("out.csv");
    let in_csv: Vec<String> =
        csv::Reader::from_reader(csv.as_bytes()).records().map(|record| record.unwrap()[0].to_owned()).collect();
    assert_eq!(in_csv, expected);
}

/// Files that are named by mistake: the store, the manifest, the labels, another file.
#[test]
fn no_file_in_use_is_overwritten() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.put("labels.csv", b"label,description\na,one\nb,two\n");
    bench.put("notes.txt", b"mine");
    bench.job("tasks: {kind: {classify: {labels_file: labels.csv}}}");
    assert_eq!(bench.run(&["-q"]).code, 0);
    #[cfg(unix)]
    std::os::unix::fs::symlink(".", bench.path("link")).unwrap();
    let kept = ["job.yaml", "store.db", "labels.csv", "notes.txt", "out.csv", "out.jsonl", "pages/00000.jpg"];
    let read = || kept.map(|name| std::fs::read(bench.path(name)).unwrap());
    let before = read();
    for arguments in [
        &["export", "job.yaml", "--csv", "store.db"][..],
        &["export", "job.yaml", "--parquet", "job.yaml"],
        &["export", "job.yaml", "--jsonl", "pages/../labels.csv"],
        &["export", "job.yaml", "--csv", "link/store.db"],
        &["export", "job.yaml", "--csv", "out.jsonl"],
        &["export", "job.yaml", "--csv", "report.json"],
        &["export", "job.yaml", "--csv", "pages/00000.jpg"],
        &["run", "job.yaml", "--summary", "new.txt", "--metrics-file", "./new.txt"],
        &["run", "job.yaml", "--summary", "store.db"],
        &["run", "job.yaml", "--summary", "out.csv"],
        &["run", "job.yaml", "--metrics-file", "notes.txt"],
        &["run", "job.yaml", "--summary", "new.txt", "--metrics-file", "new.txt"],
        // The value was forgotten, or an argument is wrong.
        &["run", "--summary", "job.yaml"],
        &["run", "--metrics-file=job.yaml", "--bogus"],
    ] {
        let ran = bench.docmill(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(read() == before, "{arguments:?}");
    }
    for name in ["labels.csv", "store.db", "wrong.yaml"] {
        let job = bench.text("job.yaml").replace("csv: out.csv", &format!("csv: {name}"));
        bench.put("wrong.yaml", job.as_bytes());
        let ran = bench.docmill(&["check", "wrong.yaml"]);
        assert_eq!(ran.code, 2, "{name}: {}", ran.stderr);
    }
    // A record of an earlier run is replaced.
    for _ in 0..2 {
        assert_eq!(bench.run(&["-q", "--summary", "summary.json", "--metrics-file", "docmill.prom"]).code, 0);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    for arguments in [&["report", "job.yaml"][..], &["plan", "job.yaml"], &["check", "job.yaml"], &["schema"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let status = bench.command(arguments).stdout(full).stderr(std::process::Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(8), "{arguments:?}");
    }
}
