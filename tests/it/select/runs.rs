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

#[test]
fn the_history_names_every_setting_that_changed_and_no_secret() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    let run = |more: &str, arguments: &[&str]| {
        bench.job(more);
        let manifest = bench.text("job.yaml");
        let manifest = manifest
            .replace("model: openai/gpt-4o-mini", "model: openai/gpt-4o-mini, headers: {X-Team: \"${TEAM_TOKEN}\"}");
        bench.put("job.yaml", manifest.as_bytes());
        let ran =
            bench.docmill(&[&["run", "job.yaml", "-q", "--var", "TEAM_TOKEN=tomato-soup-77"], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    };
    run("limits: {budget_usd: 5.00}", &[]);
    run("limits: {budget_usd: 8, concurrency: 3}", &[]);
    run("limits: {budget_usd: 8, concurrency: 3}", &["--budget-usd", "9"]);
    run("limits: {budget_usd: 8, concurrency: 3}\nrequest: {extra: {metadata: {token: tomato-soup-77}}}", &[]);
    let changed = |at: usize| {
        let ran = bench.docmill(&["runs", "job.yaml", "--var", "TEAM_TOKEN=x", "--format", "json"]);
        let history: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        history["runs"][at]["changes"].clone()
    };
    let change =
        |setting: &str, from: Value, to: Value| serde_json::json!({"setting": setting, "from": from, "to": to});
    assert_eq!(
        changed(2),
        serde_json::json!([
            change("limits.budget_usd", 5.into(), 8.into()),
            change("limits.concurrency", Value::Null, 3.into())
        ])
    );
    assert_eq!(changed(1), serde_json::json!([change("limits.budget_usd", 8.into(), 9.into())]));
    assert!(changed(0).as_array().unwrap().contains(&change("limits.budget_usd", 9.into(), 8.into())));
    let text = bench.docmill(&["runs", "job.yaml", "--var", "TEAM_TOKEN=x"]).stdout;
    assert!(text.contains("    limits.budget_usd: 5 -> 8\n"), "{text}");
    // The recipe of a job may hold what its author writes into `extra`; the settings of a run do not.
    let db = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let settings: Vec<String> = db
        .prepare("SELECT body FROM settings")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(settings.len(), 4, "equal settings are stored once");
    assert!(settings.iter().all(|body| !body.contains("tomato")), "{settings:?}");
    run("limits: {budget_usd: 5}", &[]);
    let count: i64 = db.query_row("SELECT count(*) FROM settings", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 4);
}

#[test]
fn inputs_outputs_and_prices_are_settings_too() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let manifest = bench.text("job.yaml");
    let manifest = manifest.replace("input: 0.40", "input: 0.50").replace("csv: out.csv, ", "");
    let manifest = manifest.replace("input: {folder: pages}", "input: {folder: pages, skip_blank: true}");
    bench.put("job.yaml", manifest.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    let text = bench.docmill(&["runs", "job.yaml"]).stdout;
    for line in [
        "    input.skip_blank: (none) -> true\n",
        "    output.csv: out.csv -> (none)\n",
        "    provider.price.input: 0.4 -> 0.5\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

/// Recipes hold the image rule of the model. Who changes only the model has not changed the rule.
#[test]
fn what_follows_from_another_model_is_not_a_change_of_the_manifest() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let manifest = bench.text("job.yaml");
    let of_model = manifest.replace("openai/gpt-4o-mini", "claude-haiku-4-5");
    bench.put("job.yaml", of_model.as_bytes());
    let plan = bench.docmill(&["plan", "job.yaml"]).stdout;
    assert!(
        plan.contains("2 pages were answered with other settings (different: model) and are sent again\n"),
        "{plan}"
    );
    assert_eq!(bench.run(&["-q"]).code, 0);
    let changes = |arguments: &[&str]| -> Vec<String> {
        let ran = bench.docmill(arguments);
        let json: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
        let changes = json["runs"][0].get("changes").unwrap_or(&json["changes"]).as_array().unwrap().clone();
        changes.iter().map(|change| change["setting"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(changes(&["runs", "job.yaml", "--format", "json"]), ["provider.model"]);
    bench.put("other.yaml", manifest.as_bytes());
    assert_eq!(changes(&["diff", "job.yaml", "--against", "other.yaml", "--format", "json"]), ["provider.model"]);
    // What the manifest states is named.
    bench.put("job.yaml", format!("{of_model}image: {{rule: openai-tile}}\n").as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(changes(&["runs", "job.yaml", "--format", "json"]), ["image.rule"]);
}
