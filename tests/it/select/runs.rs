//! `docmill runs`, and the ids of runs on the command line.

use crate::bench::Bench;
use docmill::internal::simulator::Options;
use serde_json::Value;

#[test]
fn the_history_shows_what_changed_before_each_run() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.docmill(&["runs", "job.yaml"]).code, 2, "there is no run");
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.run(&["-q"]).code, 0);
    let manifest = bench.text("job.yaml").replace("[invoice, letter, form]", "[invoice, form, memo]");
    bench.put("job.yaml", manifest.as_bytes());
    assert_eq!(bench.run(&["-q", "--limit", "2"]).code, 0);
    let json = bench.docmill(&["runs", "job.yaml", "--format", "json"]);
    let history: Value = serde_json::from_str(&json.stdout).unwrap();
    let runs = history["runs"].as_array().unwrap();
    let member = |name: &str| runs.iter().map(|run| run[name].clone()).collect::<Vec<_>>();
    assert_eq!(member("outcome"), ["limited", "complete", "complete"]);
    assert_eq!(member("pages"), [2, 0, 3]);
    assert_eq!(runs[0]["changes"][0]["added"][0], "memo");
    assert_eq!(runs[0]["changes"][0]["removed"][0], "letter");
    assert_eq!((&runs[1]["changes"], &runs[2]["changes"]), (&serde_json::json!([]), &serde_json::json!([])));
    let report =
        bench.docmill(&["report", "job.yaml", "--format", "json", "--run", runs[2]["run_id"].as_str().unwrap()]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["cost"]["total_usd"], runs[2]["cost_usd"], "{report:#}");
    let text = bench.docmill(&["runs", "job.yaml", "--limit", "1"]);
    assert!(text.stdout.contains("    tasks.kind.classify.labels: +memo -letter\n"), "{}", text.stdout);
    assert!(text.stderr.contains("2 older"), "{}", text.stderr);
}

#[test]
fn a_report_takes_the_beginning_of_an_id() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let id = bench.report()["run_id"].as_str().unwrap().to_owned();
    let report = |which: &str| bench.docmill(&["report", "job.yaml", "--run", which]);
    let found = report(&id[..10]);
    assert!(found.code == 0 && found.stdout.contains(&id), "{}", found.stderr);
    let unknown = report("20200101T000000-000000000000");
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("there is no run `2020") && unknown.stderr.contains(&id), "{}", unknown.stderr);
}
