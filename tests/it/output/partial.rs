//! Outputs of runs that left pages pending: beside the store, under their names, until a whole run.

use crate::bench::{Bench, page, rows};
use docmill::internal::simulator::Options;
use std::path::Path;

/// The names of all files below a folder of the bench, sorted.
fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        match entry.path().is_dir() {
            true => names.extend(files(&entry.path()).into_iter().map(|below| format!("{name}/{below}"))),
            false => names.push(name),
        }
    }
    names.sort();
    names
}

fn lake_job(bench: &Bench, name: &str, folder: &str, more: &str) {
    let url = bench.server.as_ref().unwrap().base_url();
    let job = format!(
        "version: 1\nname: lake\ninput: {{folder: {folder}}}\n\
         provider: {{base_url: \"{url}\", id: test, model: m, price: {{input: 1, output: 1}}}}\n\
         tasks: {{kind: {{classify: {{labels: [invoice, letter, form]}}}}}}\nstore: state/store.db\n\
         output: {{csv: lake/{folder}/rows.csv, parquet: lake/{folder}/rows.parquet, jsonl: lake/{folder}/rows.jsonl{more}}}\n"
    );
    bench.put(name, job.as_bytes());
}

#[test]
fn partial_outputs_are_beside_the_store_and_gone_after_a_whole_run() {
    let bench = Bench::with_pages(6).simulator(Options::default());
    lake_job(&bench, "job.yaml", "pages", "");
    let lake = bench.path("lake");
    let ran = bench.run(&["-q", "--limit", "2", "--summary", "summary.json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(files(&lake), [""; 0], "no reader of the lake sees a partial file");
    assert_eq!(rows(&bench.text("state/partial/rows.jsonl")).len(), 6);
    let summary: serde_json::Value = serde_json::from_str(&bench.text("summary.json")).unwrap();
    let partial = std::fs::canonicalize(bench.path("state/partial")).unwrap();
    for (output, name) in summary["outputs"].as_array().unwrap().iter().zip(["csv", "parquet", "jsonl"]) {
        assert_eq!(output["path"], partial.join(format!("rows.{name}")).display().to_string());
        assert_eq!((&output["partial"], &output["format"]), (&true.into(), &name.into()));
    }
    // An earlier version wrote them beside the output; a file of somebody else may have such a name.
    bench.put("lake/pages/rows.partial.jsonl", bench.text("state/partial/rows.jsonl").as_bytes());
    bench.put("lake/pages/rows.partial.csv", b"mine");
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(
        files(&lake),
        ["rows.csv", "rows.jsonl", "rows.parquet", "rows.partial.csv"].map(|name| format!("pages/{name}"))
    );
    assert!(!bench.path("state/partial").exists());

    // New pages: the last whole output stays, for `export`, too.
    let whole = bench.text("lake/pages/rows.csv");
    bench.put("pages/new.jpg", &page(99));
    for command in [&["run", "job.yaml", "-q", "--limit", "0"][..], &["export", "job.yaml"]] {
        let ran = bench.docmill(command);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(bench.text("lake/pages/rows.csv"), whole);
        assert_eq!(rows(&bench.text("state/partial/rows.jsonl")).len(), 7);
    }
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(rows(&bench.text("lake/pages/rows.jsonl")).len(), 7);
    assert!(!bench.path("state/partial").exists());
}

/// The manifest is named by a relative path: also the marks of the parts are found again.
#[test]
fn partial_partitions_are_gone_after_a_whole_run() {
    for whole in [", partition_by: [kind]", ""] {
        let bench = Bench::with_pages(6).simulator(Options::default());
        lake_job(&bench, "job.yaml", "pages", ", partition_by: [kind]");
        let ran = bench.run(&["-q", "--limit", "2"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert!(files(&bench.path("state/partial")).iter().any(|name| name.starts_with("kind=")));
        lake_job(&bench, "job.yaml", "pages", whole);
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(files(&bench.path("state/partial")), [""; 0], "{whole}");
    }
}

/// A nightly job: one store, one folder of the lake for each date, one name.
#[test]
fn outputs_with_one_name_do_not_take_one_anothers_place() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    for date in ["monday", "tuesday"] {
        for at in 0..3 {
            bench.put(&format!("{date}/{at}.jpg"), &page(at + if date == "monday" { 0 } else { 10 }));
        }
        lake_job(&bench, &format!("{date}.yaml"), date, "");
        let ran = bench.docmill(&["run", &format!("{date}.yaml"), "-q", "--limit", "1"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let partial = |date: &str| {
        let ran = bench.docmill(&["export", &format!("{date}.yaml")]);
        let path = ran.stdout.lines().find(|line| line.ends_with(".jsonl")).unwrap().to_owned();
        assert!(path.contains("/partial/"), "{path}");
        path
    };
    let (monday, tuesday) = (partial("monday"), partial("tuesday"));
    assert_ne!(monday, tuesday);
    assert_eq!(bench.docmill(&["run", "tuesday.yaml", "-q"]).code, 0);
    assert!(Path::new(&monday).exists() && !Path::new(&tuesday).exists());
    assert_eq!(bench.docmill(&["run", "monday.yaml", "-q"]).code, 0);
    assert!(!bench.path("state/partial").exists());
}

#[test]
fn a_marker_shows_that_a_folder_is_complete() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    lake_job(&bench, "job.yaml", "pages", ", success_marker: true");
    let marker = bench.path("lake/pages/_SUCCESS");
    assert_eq!(bench.run(&["-q", "--limit", "1"]).code, 0);
    assert!(!marker.exists());
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(std::fs::read(&marker).unwrap(), b"");
    std::fs::remove_file(&marker).unwrap();
    assert_eq!(bench.docmill(&["export", "job.yaml"]).code, 0);
    assert!(marker.exists());
    std::fs::write(&marker, "somebody else's").unwrap();
    let ran = bench.run(&["-q"]);
    assert_eq!((ran.code, bench.stats()["requests"].as_u64()), (8, Some(3)), "{}", ran.stderr);
    assert_eq!(std::fs::read(&marker).unwrap(), b"somebody else's");
}
