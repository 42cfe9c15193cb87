//! Runs of one job that do not have the same input: lists from standard input, and selections of pages.

use crate::bench::{Bench, rows, under_way};
use docmill::internal::simulator::Options;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Child, Stdio};
use std::time::Duration;

fn start(bench: &Bench, output: &str, list: &str) -> Child {
    let mut command = bench.command(&["run", "job.yaml", "-q", "--var", &format!("out={output}")]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    child
}

fn paths(bench: &Bench, file: &str) -> Vec<Value> {
    rows(&bench.text(file)).iter().map(|row| row["path"].clone()).collect()
}

#[test]
fn two_runs_that_read_standard_input_do_not_mix() {
    let latency = Duration::from_secs(3);
    let bench = Bench::with_pages(4).simulator(Options { latency, ..Options::default() });
    bench.job("");
    let job = bench
        .text("job.yaml")
        .replace("folder: pages", "list: \"-\"")
        .replace("jsonl: out.jsonl", "jsonl: \"${out}.jsonl\"");
    let job = job.replace("csv: out.csv, parquet: out.parquet, ", "").replace(", report: report.json", "");
    bench.put("job.yaml", job.as_bytes());
    let mut first = start(&bench, "one", "pages/00000.jpg\npages/00001.jpg\n");
    under_way(&bench, &mut first, 1);
    // The first run is still asking.
    let mut second = start(&bench, "two", "pages/00002.jpg\npages/00003.jpg\n");
    assert_eq!((first.wait().unwrap().code(), second.wait().unwrap().code()), (Some(0), Some(0)));
    assert_eq!(paths(&bench, "one.jsonl"), ["pages/00000.jpg", "pages/00001.jpg"]);
    assert_eq!(paths(&bench, "two.jsonl"), ["pages/00002.jpg", "pages/00003.jpg"]);
    // Afterwards the newest run is the one that is exported, and the next run is compared with it or
    // with the first, and asks nothing again.
    assert_eq!(bench.docmill(&["export", "job.yaml", "--var", "out=again"]).code, 0);
    assert_eq!(paths(&bench, "again.jsonl"), ["pages/00002.jpg", "pages/00003.jpg"]);
    let mut third = start(&bench, "three", "pages/00003.jpg\npages/00000.jpg\n");
    assert_eq!(third.wait().unwrap().code(), Some(0));
    assert_eq!(bench.docmill(&["export", "job.yaml", "--var", "out=again"]).code, 0);
    for file in ["three.jsonl", "again.jsonl"] {
        assert_eq!(paths(&bench, file), ["pages/00003.jpg", "pages/00000.jpg"], "{file}");
    }
    assert_eq!(bench.stats()["requests"], 4);
    let all = bench.docmill(&["report", "job.yaml", "--var", "out=again", "--run", "all", "--format", "json"]);
    let all: Value = serde_json::from_str(&all.stdout).unwrap();
    assert_eq!((&all["runs"], &all["requests"]["sent"]), (&json!(3), &json!(4)), "{all}");
    let runs = bench.docmill(&["runs", "job.yaml", "--var", "out=again", "--format", "json"]);
    let runs: Value = serde_json::from_str(&runs.stdout).unwrap();
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(3), "{runs}");
}

#[test]
fn selections_of_pages_do_not_share_rows() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    for (file, pages) in [("all.yaml", ""), ("first.yaml", ", pages: first"), ("last.yaml", ", pages: [-1, 2]")] {
        bench.job("");
        bench.put(file, bench.text("job.yaml").replace("folder: pages", &format!("folder: pages{pages}")).as_bytes());
        assert_eq!(bench.docmill(&["export", file]).code, 2, "{file}: nothing of another selection");
        let ran = bench.docmill(&["run", file]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    assert_eq!(bench.stats()["requests"], 2, "answers belong to pages");
    assert_eq!(bench.docmill(&["export", "all.yaml"]).code, 0);
    assert_eq!(bench.rows().len(), 2);
}
