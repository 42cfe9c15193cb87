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
    let yes: &[&str] = if arguments.contains(&"--sample") { &["--yes"] } else { &[] };
    let ran = bench.docmill(&[&["diff", "job.yaml", "--format", "json"], arguments, yes].concat());
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn usd(value: &Value) -> f64 {
    value.as_str().unwrap_or_else(|| panic!("{value}")).parse().unwrap()
}

#[test]
fn a_manifest_is_compared_with_itself() {
    let bench = answered(3);
    bench.put("same.yaml", bench.text("job.yaml").as_bytes());
    let lines = |against: &str| bench.docmill(&["diff", "job.yaml", "--against", against]).stdout;
    assert!(lines("same.yaml").contains("no setting differs\n"), "{}", lines("same.yaml"));
    assert!(!lines("other.yaml").contains("no setting differs"), "{}", lines("other.yaml"));
}

#[test]
fn a_task_that_no_side_has_is_an_error() {
    let bench = answered(3);
    for sample in [&[][..], &["--sample", "2", "--dry-run"]] {
        let ran = bench.docmill(&[&["diff", "job.yaml", "--against", "other.yaml", "--task", "knid"], sample].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains("--task knid: the job has no such task"), "{}", ran.stderr);
        assert!(ran.stderr.contains("kind"), "{}", ran.stderr);
    }
    assert_eq!(diff(&bench, &["--against", "other.yaml", "--task", "kind"])["selected"], 3);
}

/// Replies of a new recipe may be longer than all before.
#[test]
fn a_full_run_is_expected_to_cost_what_the_compared_pages_have_cost() {
    let bench = answered(12);
    let found = diff(&bench, &["--against", "other.yaml", "--sample", "3"]);
    let cost = &found["cost"];
    assert_eq!(cost["pages"], 3);
    let (new, full) = (usd(&cost["new_usd"]), usd(&cost["full_usd"]));
    assert!((full - new * 4.0).abs() < 1e-9, "{cost}");
    let all = bench.docmill(&["run", "other.yaml", "-q"]);
    assert_eq!(all.code, 0, "{}", all.stderr);
    let cost = &diff(&bench, &["--against", "other.yaml"])["cost"];
    assert_eq!((&cost["pages"], &cost["full_usd"]), (&12.into(), &cost["new_usd"]));
}

#[test]
fn a_sample_is_priced_asked_once_and_compared() {
    let bench = answered(40);
    let rows = bench.text("out.jsonl");
    let arguments = ["diff", "job.yaml", "--against", "other.yaml", "--sample", "12"];
    let dry = bench.docmill(&[&arguments[..], &["--dry-run"]].concat());
    assert!(
        dry.code == 0 && dry.stdout.starts_with("12 requests would be sent for the sample of 12 pages, for about USD"),
        "{}{}",
        dry.stdout,
        dry.stderr
    );
    let price = |bench: &Bench| -> Value {
        let dry = bench.docmill(&[&arguments[..], &["--dry-run", "--format", "json"]].concat());
        assert_eq!(dry.code, 0, "{}", dry.stderr);
        serde_json::from_str(&dry.stdout).unwrap()
    };
    let before = price(&bench);
    assert_eq!((&before["job"], &before["pages"], &before["requests"]), (&"test".into(), &12.into(), &12.into()));
    assert!((usd(&before["full_usd"]) / usd(&before["expected_usd"]) - 40.0 / 12.0).abs() < 0.01, "{before}");
    // Without a terminal it can't be confirmed.
    let refused = bench.docmill(&arguments);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""), "{}", refused.stderr);
    assert!(refused.stderr.contains("nothing was sent") && refused.stderr.contains("--yes"), "{}", refused.stderr);
    assert_eq!(requests(&bench), 40, "a price costs nothing");
    let first = diff(&bench, &arguments[2..]);
    assert_eq!(requests(&bench), 52);
    assert_eq!((first["pages"].as_u64(), first["selected"].as_u64()), (Some(12), Some(12)));
    let kind = &first["tasks"]["kind"];
    let flips: u64 = kind["flips"].as_array().unwrap().iter().map(|flip| flip["n"].as_u64().unwrap()).sum();
    assert_eq!(kind["same"].as_u64().unwrap() + flips, 12, "{kind}");
    assert!(kind.get("mcnemar_p").is_none() && kind.get("truth").is_none(), "there is no truth: {kind}");
    let added = &first["changes"][0];
    assert_eq!((&added["setting"], &added["added"][0]), (&"tasks.kind.classify.labels".into(), &"memo".into()));
    let (new, full) = (usd(&first["cost"]["new_usd"]), usd(&first["cost"]["full_usd"]));
    let old = usd(&first["cost"]["old_usd"]);
    // One of two tasks has changed: a page costs as much as before, apart from a label.
    assert!(old > 0.0 && new >= old * 0.98 && new < old * 1.02, "{old} {new}");
    assert!((full / new - 40.0 / 12.0).abs() < 0.05, "the price of 40 pages, and the bill of 12: {full} {new}");
    assert_eq!(first["cost"]["pages"], 12);
    // The same again costs nothing, and a run does not send these pages again.
    assert_eq!(diff(&bench, &arguments[2..]), first);
    assert_eq!(bench.docmill(&arguments).code, 0, "where nothing is sent, nothing is confirmed");
    assert_eq!((&price(&bench)["requests"], &price(&bench)["expected_usd"]), (&0.into(), &"0".into()));
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
    assert_eq!(
        model["changes"].as_array().map(Vec::len),
        Some(1),
        "the price of the other model is not named: {model}"
    );
    assert_eq!(model["changes"][0]["to"], "openai/gpt-4o");
    // The manifest changes: the earlier answers are compared with the new ones.
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
    assert_eq!(previous["changes"][0]["added"][0], "memo", "a sample of another model is no run: {previous}");
    let html = bench.docmill(&["diff", "job.yaml", "--run", &first, "--format", "html"]);
    assert!(html.stdout.starts_with("<!doctype html>"), "{}", html.stderr);
    let changed = by_run["changed_pages"].as_u64().unwrap() as usize;
    assert_eq!(html.stdout.matches("<img src=\"data:image/jpeg").count(), changed.min(60));
    assert!(!html.stdout.contains("http://") && !html.stdout.contains("https://"), "it loads nothing");
}

#[test]
fn what_only_measures_is_not_a_change_of_the_manifest() {
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

/// A manifest with another question for some tasks.
fn reworded(bench: &Bench, tasks: &[&str]) {
    let mut manifest = bench.text("job.yaml").replace("out.", "other.");
    for task in tasks {
        let kind = if *task == "kind" { "classify" } else { "tag" };
        let from = format!("{task}: {{{kind}: {{");
        assert!(manifest.contains(&from), "{manifest}");
        manifest = manifest.replace(&from, &format!("{from}question: \"What does it show?\", "));
    }
    bench.put("other.yaml", manifest.as_bytes());
}

#[test]
fn costs_are_those_of_whole_pages_whatever_has_changed() {
    for tasks in [&[][..], &["kind"], &["kind", "marks"]] {
        let bench = Bench::with_pages(10).simulator(Options::default());
        bench.job("");
        assert_eq!(bench.run(&["-q"]).code, 0);
        reworded(&bench, tasks);
        let found = diff(&bench, &["--against", "other.yaml", "--sample", "10"]);
        let cost = &found["cost"];
        let [old, new, full] = ["old_usd", "new_usd", "full_usd"].map(|name| usd(&cost[name]));
        let billed = bench.report()["cost"]["total_usd"].as_str().unwrap().parse::<f64>().unwrap();
        assert!((old - billed).abs() < 1e-9, "what the run has paid: {old} {billed}");
        assert_eq!(cost["pages"], 10);
        assert!((new / full - 1.0).abs() < 0.02, "{tasks:?}: a full run costs as much as its pages: {cost}");
        match tasks.len() {
            0 => assert_eq!(cost["old_usd"], cost["new_usd"], "equal recipes"),
            _ => assert!((new / old - 1.0).abs() < 0.02 && new != old, "{tasks:?}: {cost}"),
        }
        assert_eq!(requests(&bench), if tasks.is_empty() { 10 } else { 20 });
    }
    // Without a sample no page has both answers to all tasks.
    let bench = answered(4);
    let cost = &diff(&bench, &["--against", "other.yaml"])["cost"];
    assert_eq!((&cost["old_usd"], &cost["new_usd"], &cost["pages"]), (&Value::Null, &Value::Null, &0.into()));
    assert!(usd(&cost["full_usd"]) > 0.0);
}

#[test]
fn a_sample_takes_the_place_of_no_run() {
    let bench = answered(12);
    let store = |sql: &str| -> String {
        let db = rusqlite::Connection::open(bench.path("store.db")).unwrap();
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let entries = "SELECT group_concat(path || ifnull(set_id, '-') || ifnull(settled_set, '-'), ' ') FROM entries";
    let manifest = "SELECT manifest FROM jobs";
    let before = (store(entries), store(manifest));
    let report = |arguments: &[&str]| {
        let ran = bench.docmill(&[&["report", "job.yaml", "--format", "json"], arguments].concat());
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
    };
    // What an endpoint bills is learned from samples, too.
    let report = |arguments: &[&str]| {
        let mut report = report(arguments);
        report.as_object_mut().unwrap().remove("billing");
        report
    };
    let reported = report(&[]);
    let asked = bench.docmill(&["diff", "job.yaml", "--against", "other.yaml", "--sample", "5", "--yes", "-q"]);
    assert_eq!((asked.code, requests(&bench)), (0, 17), "{}", asked.stderr);
    assert!(
        asked.stderr.contains("5 requests would be sent for the sample of 5 pages, for about USD"),
        "even with -q: {}",
        asked.stderr
    );
    assert!(asked.stderr.contains("a full run would cost about USD"), "{}", asked.stderr);
    assert_eq!(report(&[]), reported, "the latest run is the run");
    assert_eq!((store(entries), store(manifest)), before);
    let history = bench.docmill(&["runs", "job.yaml", "--format", "json"]);
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    assert_eq!(
        (&history["runs"][0]["outcome"], &history["runs"][0]["changes"]),
        (&"try".into(), &serde_json::json!([]))
    );
    assert_eq!(history["runs"][0]["pages"], 5);
    // Neither a run nor a report knows of it.
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(requests(&bench), 17);
    let history = bench.docmill(&["runs", "job.yaml", "--format", "json"]);
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    assert_eq!(history["runs"][0]["changes"], serde_json::json!([]), "{history:#}");
    let previous = bench.docmill(&["diff", "job.yaml", "--recipe", "previous"]);
    assert!(previous.stderr.contains("no earlier run of the job had other recipes"), "{}", previous.stderr);
    // Its answers stay for a run with that manifest, and are old answers like others without such a run.
    let pruned = bench.docmill(&["store", "prune", "--store", "store.db", "--older-than", "1ms", "--dry-run"]);
    assert!(
        pruned.stdout.contains("5 answers") || pruned.stderr.contains("5 answers"),
        "{}{}",
        pruned.stdout,
        pruned.stderr
    );
    assert_eq!(bench.docmill(&["run", "other.yaml", "-q"]).code, 0);
    assert_eq!(requests(&bench), 24, "7 pages were left");
}

#[test]
fn a_sample_of_questions_with_columns_leaves_the_entries_as_they_are() {
    let bench = Bench::with_pages(6).simulator(Options::default());
    let lines: Vec<String> = (0..6).map(|at| format!("pages/{at:05}.jpg,Firm {at}\n")).collect();
    bench.put("list.csv", format!("path,sender\n{}", lines.concat()).as_bytes());
    let tasks = "tasks: {kind: {classify: {question: \"Is it from {sender}?\", labels: [invoice, letter]}}}";
    bench.job(tasks);
    let manifest = bench.text("job.yaml").replace("input: {folder: pages}", "input: {list: list.csv}");
    bench.put("job.yaml", manifest.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    let rows = bench.text("out.jsonl");
    bench.put("other.yaml", manifest.replace("Is it from", "Did it come from").replace("out.", "other.").as_bytes());
    let found = diff(&bench, &["--against", "other.yaml", "--sample", "4"]);
    assert_eq!((found["pages"].as_u64(), requests(&bench)), (Some(4), 10), "{found:#}");
    let report = bench.docmill(&["report", "job.yaml", "--format", "json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!((&report["pages"]["ok"], &report["pages"]["pending"]), (&6.into(), &0.into()), "{report:#}");
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!((requests(&bench), bench.text("out.jsonl")), (10, rows), "nothing is asked again");
    assert_eq!(bench.docmill(&["run", "other.yaml", "-q"]).code, 0);
    assert_eq!(requests(&bench), 12);
}

#[test]
fn another_model_has_its_own_price_or_none() {
    let bench = answered(6);
    let cost = |arguments: &[&str]| {
        let found = diff(&bench, &[&["--model"], arguments].concat());
        let of = |name: &str| found["cost"][name].as_str().map(|usd| usd.parse::<f64>().unwrap());
        (of("old_usd"), of("new_usd"), of("full_usd"))
    };
    // Not the price of the manifest, and that of the list although the provider is not in it.
    let (old, listed, full) = cost(&["openai/gpt-4o", "--sample", "3"]);
    let db = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let tokens = "SELECT sum((input_tokens - cached_input_tokens) * 2.5 + cached_input_tokens * 1.25 + output_tokens * 10.0) / 1e6
                  FROM attempts WHERE run_id = (SELECT max(id) FROM runs)";
    let expected: f64 = db.query_row(tokens, [], |row| row.get(0)).unwrap();
    assert!((listed.unwrap() / expected - 1.0).abs() < 1e-9, "{listed:?} {expected} {old:?}");
    assert!((full.unwrap() / listed.unwrap() - 2.0).abs() < 0.1, "{full:?} {listed:?}");
    let (_, given, _) = cost(&["openai/gpt-4o", "--price", "5,20"]);
    assert!(given.is_some_and(|usd| usd > 0.0));
    let unknown = ["diff", "job.yaml", "--model", "acme/vision-1", "--sample", "3"];
    let seen = requests(&bench);
    for more in [&[][..], &["--dry-run"], &["--budget-usd", "5"]] {
        let refused = bench.docmill(&[&unknown[..], more].concat());
        assert_eq!((refused.code, requests(&bench)), (2, seen), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("the price of the model `acme/vision-1` is unknown")
                && refused.stderr.contains("--price INPUT,OUTPUT")
                && !refused.stderr.contains("USD 0"),
            "{}",
            refused.stderr
        );
    }
    let priced = bench.docmill(&[&unknown[..], &["--price", "0.4,1.6", "--yes"]].concat());
    assert_eq!((priced.code, requests(&bench)), (0, seen + 3), "{}", priced.stderr);
    assert!(priced.stderr.contains("for about USD 0.0") && !priced.stderr.contains("unknown"), "{}", priced.stderr);
    assert_eq!(cost(&["acme/vision-1"]).2, None, "without a price nobody knows");
    for wrong in ["1", "a,b", "-1,2", "1,2,3"] {
        let refused = bench.docmill(&[&unknown[..], &[&format!("--price={wrong}")]].concat());
        assert_eq!(refused.code, 2, "{wrong}");
    }
}

#[test]
fn truth_may_be_about_any_of_equal_pages() {
    let bench = Bench::with_pages(8).simulator(Options::default());
    for at in 0..8 {
        bench.put(&format!("pages/copies/{at:05}.jpg"), &crate::bench::page(at));
    }
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(requests(&bench), 8, "copies have one answer");
    reworded(&bench, &["kind"]);
    let rows = bench.rows();
    let line = |row: &Value| format!("{},{}\n", row["path"].as_str().unwrap(), row["kind"].as_str().unwrap());
    let copies: Vec<&Value> = rows.iter().filter(|row| !row["duplicate_of"].is_null()).collect();
    assert_eq!(copies.len(), 8);
    let arguments = ["--against", "other.yaml", "--sample", "8", "--truth", "labels.csv"];
    for truth in [copies.clone(), rows.iter().collect()] {
        let lines: Vec<String> = truth.into_iter().map(line).collect();
        bench.put("labels.csv", format!("path,kind\n{}", lines.concat()).as_bytes());
        let found = diff(&bench, &arguments);
        assert_eq!(found["truth_faults"], serde_json::json!([]));
        let paired = &found["tasks"]["kind"]["truth"];
        assert_eq!((&paired["n"], &paired["old_right"]), (&8.into(), &8.into()), "equal pages count once: {paired}");
        assert!(found["tasks"]["kind"]["mcnemar_p"].is_number());
        assert_eq!(found["pages"], 8);
    }
}

#[test]
fn a_budget_that_is_too_small_stops_before_anything_is_paid() {
    let bench = answered(20);
    let arguments = ["diff", "job.yaml", "--against", "other.yaml", "--sample", "20", "--format", "json"];
    let refused = bench.docmill(&[&arguments[..], &["--budget-usd", "0.09", "-q"]].concat());
    assert_eq!((refused.code, refused.stdout.as_str(), requests(&bench)), (4, "", 20), "{}", refused.stderr);
    for text in ["a full run would cost", "of the budget of USD 0.09", "nothing was sent", "a smaller sample"] {
        assert!(refused.stderr.contains(text), "{text}: {}", refused.stderr);
    }
    let ran = bench.docmill(&[&arguments[..], &["--budget-usd", "5", "--yes"]].concat());
    assert_eq!((ran.code, requests(&bench)), (0, 40), "{}", ran.stderr);
    let found: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((found["selected"].as_u64(), found["pages"].as_u64()), (Some(20), Some(20)));
}

#[test]
fn text_is_cut_on_a_terminal_only() {
    let bench = answered(2);
    let long = "x".repeat(300);
    let manifest =
        bench.text("other.yaml").replace("labels: [invoice", &format!("question: \"{long}\", labels: [invoice"));
    bench.put("other.yaml", manifest.as_bytes());
    let text = bench.docmill(&["diff", "job.yaml", "--against", "other.yaml"]).stdout;
    assert!(text.contains(&long) && !text.contains('…'), "{text}");
    assert_eq!(bench.docmill(&["run", "other.yaml", "-q"]).code, 0);
    let history = bench.docmill(&["runs", "other.yaml"]).stdout;
    assert!(history.contains(&long) && !history.contains('…'), "{history}");
}

/// A page whose old answer has no attempt that succeeded does not make the price of the others unknown.
#[test]
fn a_page_without_a_known_cost_is_priced_as_the_others() {
    let bench = answered(6);
    let arguments = ["diff", "job.yaml", "--model", "acme/vision-1", "--price", "100,200", "--sample", "6"];
    let price = || -> Value {
        let dry = bench.docmill(&[&arguments[..], &["--dry-run", "--format", "json"]].concat());
        assert_eq!(dry.code, 0, "{}", dry.stderr);
        serde_json::from_str(&dry.stdout).unwrap()
    };
    let too_little = || bench.docmill(&[&arguments[..], &["--budget-usd", "0.0001", "--yes"]].concat());
    let all = usd(&price()["expected_usd"]);
    let forget = |pages: &str| {
        let db = rusqlite::Connection::open(bench.path("store.db")).unwrap();
        db.execute(&format!("UPDATE attempts SET verdict = 'page' WHERE {pages}"), []).unwrap();
    };
    forget("id = (SELECT min(id) FROM attempts)");
    let most = price();
    assert!((usd(&most["expected_usd"]) / all - 1.0).abs() < 0.05 && most.get("high_usd").is_none(), "{all} {most}");
    let refused = too_little();
    assert_eq!((refused.code, requests(&bench)), (4, 6), "{}", refused.stderr);
    assert!(refused.stderr.contains("the sample costs about USD"), "{}", refused.stderr);
    // No page has a known cost.
    forget("1");
    let none = price();
    let (low, high) = (usd(&none["low_usd"]), usd(&none["high_usd"]));
    assert!(none["expected_usd"].is_null() && low > 0.0 && low < high, "{none}");
    let refused = too_little();
    assert_eq!((refused.code, requests(&bench)), (4, 6), "{}", refused.stderr);
    assert!(refused.stderr.contains("the sample may cost USD"), "{}", refused.stderr);
    let text = bench.docmill(&[&arguments[..], &["--dry-run"]].concat()).stdout;
    assert!(text.contains(" to USD ") && !text.contains("unknown"), "{text}");
}
