//! Rows for other tools: flat columns, Hive partitions, a stream.

use crate::bench::{Bench, rows};
use crate::harness::http_server::{HttpServer, reply};
use crate::output::parquet_file;
use docmill::internal::simulator::Options;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::process::Stdio;

const BILL: &str = r#"{"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number"},
  "payer": {"type": "object", "properties": {"name": {"type": "string"}, "since": {"type": "string", "format": "date"}}},
  "items": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}}}}"#;

fn bench(output: &str) -> Bench {
    let bench = Bench::with_pages(0).simulator(Options { seed: 2, ..Options::default() });
    bench.put("bill.json", BILL.as_bytes());
    let mut list = "path,customer\n".to_owned();
    for at in 0..20 {
        bench.put(&format!("pages/{at}.jpg"), &crate::bench::page(at));
        list += &format!("pages/{at}.jpg,{}\n", ["a/b", "50 %", "", "größe"][at as usize % 4]);
    }
    bench.put("list.csv", list.as_bytes());
    let url = bench.server.as_ref().unwrap().base_url();
    let job = format!(
        "version: 1\nname: flat\ninput: {{list: list.csv}}\n\
         provider: {{base_url: \"{url}\", id: test, model: m, price: {{input: 1, output: 1}}}}\n\
         tasks: {{kind: {{classify: {{labels: [invoice, letter, form]}}}}, marks: {{tag: {{labels: [stamp, logo]}}}}, bill: {{extract: {{schema: bill.json}}}}}}\n\
         store: state/store.db\noutput: {{csv: out/rows.csv, parquet: out/rows.parquet, jsonl: out/rows.jsonl{output}}}\n"
    );
    bench.put("job.yaml", job.as_bytes());
    bench
}

#[test]
fn flattened_members_are_columns_in_every_format() {
    let bench = bench("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let nested = rows(&bench.text("out/rows.jsonl"));
    let job = bench.text("job.yaml").replace("out/rows.jsonl", "out/rows.jsonl, flatten: true");
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    let names = ["bill__amount", "bill__payer__name", "bill__payer__since", "bill__items"];
    let flat = rows(&bench.text("out/rows.jsonl"));
    let table = parquet_file::read(&bench.path("out/rows.parquet")).unwrap();
    let columns: Vec<(&str, &str)> =
        table.columns[6..10].iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect();
    let kinds = ["double", "string", "date32", "list<struct<name: string>>"];
    assert_eq!(columns, names.into_iter().zip(kinds).collect::<Vec<_>>());
    let csv = bench.text("out/rows.csv");
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    assert_eq!(csv.headers().unwrap().iter().skip(6).take(4).collect::<Vec<_>>(), names);
    let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    assert!(nested.iter().any(|row| row["bill"]["payer"]["name"].is_string()));
    for (at, row) in flat.iter().enumerate() {
        let bill = &nested[at]["bill"];
        let pointers = ["/amount", "/payer/name", "/payer/since", "/items"];
        for (name, pointer) in names.iter().zip(pointers) {
            assert_eq!(&row[*name], bill.pointer(pointer).unwrap_or(&Value::Null), "{name}");
            assert_eq!(table.rows[at][*name].is_null(), row[*name].is_null(), "{name}");
        }
        assert_eq!(&records[at][7], row["bill__payer__name"].as_str().unwrap_or_default());
    }
}

#[test]
fn partitions_hold_every_row_once_and_stale_ones_go() {
    let bench = bench(", partition_by: [customer, kind], success_marker: true");
    let ran = bench.run(&["-q", "--summary", "summary.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let read = |format: &str| {
        let mut found: BTreeMap<String, Value> = BTreeMap::new();
        for customer in ["a%2Fb", "50 %25", "__HIVE_DEFAULT_PARTITION__", "größe"] {
            for kind in ["invoice", "letter", "form"] {
                let folder = format!("out/customer={customer}/kind={kind}");
                assert_eq!(bench.path(&format!("{folder}/_SUCCESS")).exists(), bench.path(&folder).exists());
                let path = bench.path(&format!("{folder}/rows.{format}"));
                let part: Vec<Value> = match format {
                    _ if !path.exists() => continue,
                    "parquet" => parquet_file::read(&path).unwrap().rows.into_iter().map(Value::from).collect(),
                    _ => rows(&std::fs::read_to_string(path).unwrap()),
                };
                for row in part {
                    let path = row["path"].as_str().unwrap().to_owned();
                    assert!(row.get("customer").is_none() && row.get("kind").is_none(), "they are in the folders");
                    assert!(found.insert(path, row).is_none());
                }
            }
        }
        found
    };
    let found = read("jsonl");
    assert_eq!(found.len(), 20);
    assert!(read("parquet").keys().eq(found.keys()));
    assert!(bench.path("out/_SUCCESS").exists() && !bench.path("out/rows.csv").exists());
    let summary: Value = serde_json::from_str(&bench.text("summary.json")).unwrap();
    assert!(summary["outputs"][0]["partitions"].as_u64().unwrap() >= 4, "{summary}");

    // A customer is renamed.
    bench.put("list.csv", bench.text("list.csv").replace("a/b", "other").as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert!(!bench.path("out/customer=a%2Fb").exists() && bench.path("out/customer=other").exists());
    assert_eq!(read("jsonl").len(), 15, "the other five are below another name");
}

#[test]
fn columns_that_cannot_be_are_faults_of_the_manifest() {
    for (output, message) in [
        (", partition_by: [marks]", "job.yaml:7:94: rows can't be partitioned by `marks`"),
        (", partition_by: [kind, path]", "job.yaml:7:100: rows can't be partitioned by `path`"),
        (", partition_by: [customers]", "job.yaml:7:94: there is no column `customers`"),
        (", partition_by: [kind, kind]", "job.yaml:7:100: duplicate column `kind`"),
        (", partition_by: []", "job.yaml:7:93: no columns given"),
        (", flatten: true, partition_by: [bill]", "there is no column `bill`"),
    ] {
        let bench = bench(output);
        for command in ["check", "run", "export"] {
            let ran = bench.docmill(&[command, "job.yaml"]);
            assert_eq!(ran.code, 2, "{output}: {}", ran.stderr);
            assert!(ran.stderr.contains(message), "{output}: {}", ran.stderr);
        }
        assert!(!bench.path("state").exists(), "nothing was asked");
    }
    let words = bench(", partition_by: [words]");
    let job =
        words.text("job.yaml").replace("bill: {extract: {schema: bill.json}}", "words: {question: {text: What?}}");
    words.put("job.yaml", job.as_bytes());
    let ran = words.docmill(&["check", "job.yaml"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let message = "job.yaml:7:94: rows can't be partitioned by `words`, whose answers are free text";
    assert!(ran.stderr.contains(message), "{}", ran.stderr);
    let bench = bench(", flatten: true");
    bench.put("bill.json", br#"{"type": "object", "properties": {"a__b": {"type": "string"}, "a": {"type": "object", "properties": {"b": {"type": "string"}}}}}"#);
    let ran = bench.docmill(&["check", "job.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("job.yaml:7:88: two flattened members have the column `bill__a__b`"), "{}", ran.stderr);
}

#[test]
fn values_of_the_list_that_no_folder_can_have_are_found_before_anything_is_paid_for() {
    let bench = bench(", partition_by: [kind, customer]");
    let list = bench.text("list.csv");
    let many: String = (0..1001).map(|at| format!("pages/0.jpg,{at}\n")).collect();
    for (list, message) in [
        (
            list.replace("größe", &"ß".repeat(130)),
            "row 4 of the list: a value of the column `customer` makes a folder's name of 269 bytes",
        ),
        (
            format!("path,customer\n{many}"),
            "row 1001 of the list: the columns of the list make more than 1000 partitions",
        ),
    ] {
        bench.put("list.csv", list.as_bytes());
        for command in ["check", "run"] {
            let ran = bench.docmill(&[command, "job.yaml"]);
            assert_eq!(ran.code, 2, "{}", ran.stderr);
            assert!(ran.stderr.contains(message), "{}", ran.stderr);
            assert!(ran.stderr.contains("change output.partition_by"), "{}", ran.stderr);
        }
    }
    assert_eq!(bench.stats()["requests"], 0);
    // Labels are known from the manifest.
    let job = bench.text("job.yaml").replace("[invoice,", &format!("[{},", "x".repeat(251)));
    bench.put("job.yaml", job.as_bytes());
    bench.put("list.csv", list.as_bytes());
    let ran = bench.run(&[]);
    assert_eq!((ran.code, &bench.stats()["requests"]), (2, &0.into()), "{}", ran.stderr);
    assert!(ran.stderr.contains("a value of the column `kind` makes a folder's name of 256 bytes"), "{}", ran.stderr);
}

/// What a model answers is known only afterwards: the rows are written all the same.
#[test]
fn folders_of_long_answers_have_shortened_names() {
    let answer = |text: &str| {
        let content = serde_json::json!({"vendor": {"name": text}}).to_string();
        serde_json::json!({"choices": [{"message": {"content": content}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 9}})
        .to_string()
    };
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = HttpServer::start(move |_, stream| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let text = format!("{}{}", "long name / ".repeat(30), number % 2);
        stream.write_all(&reply(200, "application/json", &answer(&text)))
    });
    let bench = Bench::with_pages(4);
    bench
        .put("vendor.json", br#"{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}"#);
    bench.job_at(&server.base_url, "limits: {concurrency: 1}\ntasks: {vendor: {extract: {schema: vendor.json}}}");
    let job = bench.text("job.yaml").replace("output: {", "output: {flatten: true, partition_by: [vendor__name], ");
    bench.put("job.yaml", job.as_bytes());
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let folders: Vec<String> = std::fs::read_dir(bench.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("vendor__name=long name %2F long"))
        .collect();
    assert_eq!(folders.len(), 2, "{folders:?}");
    for folder in folders {
        assert!(folder.len() <= 255 && folder.contains('~'), "{folder}");
        assert_eq!(rows(&bench.text(&format!("{folder}/out.jsonl"))).len(), 2);
    }
}

#[test]
fn rows_go_to_standard_output() {
    let bench = bench(", partition_by: [kind], flatten: true");
    assert_eq!(bench.run(&["-q"]).code, 0);
    for (format, count) in [("csv", 21), ("jsonl", 20)] {
        let stream = bench.docmill(&["export", "job.yaml", &format!("--{format}"), "-"]);
        let file = bench.docmill(&["export", "job.yaml", &format!("--{format}"), "one"]);
        assert_eq!((stream.code, file.code, stream.stdout.lines().count()), (0, 0, count), "{}", stream.stderr);
        assert_eq!((stream.stdout, stream.stderr.as_str()), (bench.text("one"), ""));
        std::fs::remove_file(bench.path("one")).unwrap();
    }
    assert!(!bench.path("-").exists());
    for arguments in
        [&["--parquet", "-"][..], &["--csv", "-", "--jsonl", "-"], &["--csv", "-", "--parquet", "x.parquet"]]
    {
        let ran = bench.docmill(&[&["export", "job.yaml"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains("standard output"), "{}", ran.stderr);
    }
    // A reader that has seen enough, as `head`.
    let mut child = bench
        .command(&["export", "job.yaml", "--jsonl", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
    // Pending rows are in it.
    bench.put("pages/new.jpg", &crate::bench::page(77));
    bench.put("list.csv", format!("{}pages/new.jpg,new\n", bench.text("list.csv")).as_bytes());
    assert_eq!(bench.run(&["-q", "--limit", "0"]).code, 0);
    let ran = bench.docmill(&["export", "job.yaml", "--jsonl", "-"]);
    assert_eq!((ran.code, ran.stdout.lines().count()), (0, 21), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 page is pending"), "{}", ran.stderr);
}
