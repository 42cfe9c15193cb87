//! `docmill diff`: the same pages with earlier and later answers.

use crate::bench::Bench;
use docmill::internal::simulator::Options;
use serde_json::Value;

fn requests(bench: &Bench) -> u64 {
    bench.stats()["requests"].as_u64().unwrap()
}

/// A job that was run, and `other.yaml`, which has one more label.
fn answered(pages: usize) -> Bench {
    let bench = Bench::with_pages(pages).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(requests(&bench), pages as u64);
    let other = bench.text("job.yaml").replace("[invoice, letter, form]", "[invoice, letter, form, memo]");
    bench.put("other.yaml", other.replace("out.", "other.").as_bytes());
    bench
}

fn diff(bench: &Bench, arguments: &[&str]) -> Value {
    let ran = bench.docmill(&[&["diff", "job.yaml", "--format", "json"], arguments].concat());
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn usd(value: &Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().unwrap()
}

#[test]
fn a_sample_is_priced_asked_once_and_compared() {
    let bench = answered(40);
    let rows = bench.text("out.jsonl");
    let arguments = ["diff", "job.yaml", "--against", "other.yaml", "--sample", "12"];
    let dry = bench.docmill(&[&arguments[..], &["--dry-run"]].concat());
    assert!(
        dry.code == 0 && dry.stderr.contains("asking 12 of 12 pages of the sample for about USD"),
        "{}",
        dry.stderr
    );
    assert_eq!(requests(&bench), 40, "a price costs nothing");
    let first = diff(&bench, &arguments[2..]);
    assert_eq!(requests(&bench), 52);
    assert_eq!((first["pages"].as_u64(), first["selected"].as_u64()), (Some(12), Some(12)));
    let kind = &first["tasks"]["kind"];
    let flips: u64 = kind["flips"].as_array().unwrap().iter().map(|flip| flip["n"].as_u64().unwrap()).sum();
    assert_eq!(kind["same"].as_u64().unwrap() + flips, 12, "{kind}");
    assert_eq!(kind["mcnemar_p"], Value::Null, "there is no truth");
    let added = &first["changes"][0];
    assert_eq!((&added["setting"], &added["added"][0]), (&"tasks.kind.classify.labels".into(), &"memo".into()));
    let (new, full) = (usd(&first["cost"]["new_usd"]), usd(&first["cost"]["full_usd"]));
    assert!(usd(&first["cost"]["old_usd"]) > 0.0 && new > 0.0);
    // The answers to `marks` are those of before, for half of what a page cost with two questions.
    let asked = new - usd(&first["cost"]["old_usd"]) / 2.0;
    assert!((full / asked - 40.0 / 12.0).abs() < 0.1, "the price of 40 pages, and the bill of 12: {full} {asked}");
    // The same again costs nothing, and what was asked is not asked by a run.
    assert_eq!(diff(&bench, &arguments[2..]), first);
    assert_eq!(requests(&bench), 52);
    assert_eq!(bench.text("out.jsonl"), rows, "no output is touched");
    assert_eq!(bench.docmill(&["run", "other.yaml", "-q"]).code, 0);
    assert_eq!(requests(&bench), 80, "{}", "28 pages were left");
    let all = diff(&bench, &arguments[2..4]);
    assert_eq!((all["pages"].as_u64(), requests(&bench)), (Some(40), 80));
    let text = bench.docmill(&arguments[..4]).stdout;
    assert!(text.contains("tasks.kind.classify.labels: +memo") && text.contains("agreement"), "{text}");
}

#[test]
fn another_model_an_earlier_run_and_the_recipes_before_a_change() {
    let bench = answered(12);
    let model = diff(&bench, &["--model", "openai/gpt-4o", "--sample", "5"]);
    assert_eq!((model["pages"].as_u64(), requests(&bench)), (Some(5), 17));
    assert_eq!(model["changes"][0]["to"], "openai/gpt-4o");
    // The manifest changes: what was asked before is compared with what it asks now.
    let history = bench.docmill(&["runs", "job.yaml", "--format", "json"]);
    let runs: Value = serde_json::from_str(&history.stdout).unwrap();
    let first = runs["runs"].as_array().unwrap().last().unwrap()["run_id"].as_str().unwrap().to_owned();
    let same = bench.docmill(&["diff", "job.yaml", "--run", &first]);
    assert_eq!(same.code, 2);
    assert!(same.stderr.contains("are those of the manifest"), "{}", same.stderr);
    bench.put("job.yaml", bench.text("other.yaml").as_bytes());
    let by_run = diff(&bench, &["--run", &first[..first.len() - 3], "--sample", "12"]);
    assert_eq!((by_run["pages"].as_u64(), requests(&bench)), (Some(12), 29));
    assert_eq!(by_run["changes"][0]["added"][0], "memo");
    let previous = diff(&bench, &["--recipe", "previous"]);
    assert_eq!(
        previous["changes"][0]["from"], "openai/gpt-4o",
        "the latest other recipes were those of the other model"
    );
    let html = bench.docmill(&["diff", "job.yaml", "--run", &first, "--format", "html"]);
    assert!(html.stdout.starts_with("<!doctype html>"), "{}", html.stderr);
    let changed = by_run["changed_pages"].as_u64().unwrap() as usize;
    assert_eq!(html.stdout.matches("<img src=\"data:image/jpeg").count(), changed.min(60));
    assert!(!html.stdout.contains("http://") && !html.stdout.contains("https://"), "it loads nothing");
}

#[test]
fn what_only_measures_is_no_change_of_the_manifest() {
    let bench = answered(6);
    let repeated = bench.docmill(&["eval", "job.yaml", "--repeat", "2", "--sample", "3", "--yes"]);
    assert_eq!(repeated.code, 0, "{}", repeated.stderr);
    assert_eq!(bench.run(&["-q"]).code, 0);
    let history = bench.docmill(&["runs", "job.yaml", "--format", "json"]);
    let runs: Value = serde_json::from_str(&history.stdout).unwrap();
    let changed: Vec<_> = runs["runs"].as_array().unwrap().iter().map(|run| run["changes"].clone()).collect();
    assert!(
        changed.len() >= 3 && changed.iter().all(|changes| changes.as_array().is_none_or(Vec::is_empty)),
        "{changed:?}"
    );
    let previous = bench.docmill(&["diff", "job.yaml", "--recipe", "previous"]);
    assert!(
        previous.code == 2 && previous.stderr.contains("no earlier run of the job had other recipes"),
        "{}",
        previous.stderr
    );
}

#[test]
fn both_sides_are_tested_against_truth() {
    let bench = answered(30);
    assert_eq!(bench.docmill(&["run", "other.yaml", "-q"]).code, 0);
    // The earlier answers are the truth.
    let truth: Vec<String> = bench
        .rows()
        .iter()
        .map(|row| format!("{},{}\n", row["path"].as_str().unwrap(), row["kind"].as_str().unwrap()))
        .collect();
    bench.put("labels.csv", format!("path,kind\n{}", truth.concat()).as_bytes());
    let found = diff(&bench, &["--against", "other.yaml", "--truth", "labels.csv"]);
    let kind = &found["tasks"]["kind"];
    let same = kind["same"].as_u64().unwrap();
    let paired = &kind["truth"];
    assert_eq!(
        (paired["n"].as_u64(), paired["old_right"].as_u64(), paired["new_right"].as_u64()),
        (Some(30), Some(30), Some(same))
    );
    let p = kind["mcnemar_p"].as_f64().unwrap();
    let expected = 2.0 * 0.5_f64.powi(30 - same as i32);
    assert!((p - expected.min(1.0)).abs() < 1e-9, "{p} for {} changes", 30 - same);
    assert_eq!(paired["macro_f1"]["old"].as_f64(), Some(1.0));
    let some = diff(&bench, &["--against", "other.yaml", "--where", "kind = 'invoice'"]);
    let invoices = bench.rows().iter().filter(|row| row["kind"] == "invoice").count() as u64;
    assert_eq!(some["pages"].as_u64(), Some(invoices));
}

#[test]
fn a_budget_applies_and_what_was_asked_is_compared() {
    let bench = answered(20);
    let ran = bench.docmill(&[
        "diff",
        "job.yaml",
        "--against",
        "other.yaml",
        "--sample",
        "20",
        "--budget-usd",
        "0.09",
        "--format",
        "json",
    ]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    let kind = &found["tasks"]["kind"];
    let flips: u64 = kind["flips"].as_array().unwrap().iter().map(|flip| flip["n"].as_u64().unwrap()).sum();
    let compared = kind["same"].as_u64().unwrap() + flips;
    assert!(0 < compared && compared < 20, "{compared}");
    assert_eq!(found["selected"].as_u64(), Some(20));
}
