//! `docmill eval --rotate` and `--repeat`: what the server saw, what is stored, and that rows never show it.

use super::asked;
use crate::bench::Bench;
use serde_json::Value;

fn requests(bench: &Bench) -> u64 {
    bench.stats()["requests"].as_u64().unwrap()
}

fn eval(bench: &Bench, arguments: &[&str]) -> Value {
    let ran = bench.docmill(&[&["eval", "job.yaml", "--yes", "--format", "json"], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn a_job_without_labels_has_no_order_to_rotate() {
    let bench = Bench::with_pages(3).simulator(docmill::internal::simulator::Options::default());
    bench.job("");
    let tasks = bench
        .text("job.yaml")
        .split('\n')
        .map(|line| match line.starts_with("tasks:") {
            true => "tasks: {signed: {question: {text: Is it signed?, type: boolean}}}".to_owned(),
            false => line.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("\n");
    bench.put("job.yaml", tasks.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    let sent = requests(&bench);
    let ran = bench.docmill(&["eval", "job.yaml", "--rotate", "--yes"]);
    assert!(ran.code == 2 && ran.stderr.contains("no task whose answers are labels"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(requests(&bench), sent);
}

#[test]
fn nothing_is_sent_before_the_price_is_confirmed() {
    let bench = asked(6, "");
    let eval = |arguments: &[&str]| bench.docmill(&[&["eval", "job.yaml", "--rotate"], arguments].concat());
    let ran = eval(&["--dry-run"]);
    assert!(
        ran.code == 0 && ran.stdout.starts_with("6 requests for 6 pages: about USD 0.0"),
        "{}{}",
        ran.stdout,
        ran.stderr
    );
    let ran = eval(&["--dry-run", "--sample", "2"]);
    assert!(ran.stdout.starts_with("2 requests for 2 pages: about USD"), "{}", ran.stdout);
    let decimals = ran.stdout.split("USD ").nth(1).unwrap().split(',').next().unwrap().split('.').nth(1).unwrap().len();
    assert!(decimals <= 7, "as other reports show money: {}", ran.stdout);
    let ran = eval(&["--dry-run", "--format", "json"]);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((&plan["pages"], &plan["requests"], ran.stderr.as_str()), (&6.into(), &6.into(), ""), "{plan}");
    assert!(plan["expected_usd"].as_str().unwrap().parse::<f64>().unwrap() > 0.0, "{plan}");
    let ran = eval(&[]);
    assert!(
        ran.code == 2 && ran.stderr.contains("there is no terminal to confirm") && ran.stderr.contains("--yes"),
        "{}",
        ran.stderr
    );
    assert_eq!(requests(&bench), 6);
    let ran = eval(&["--truth", "x.csv"]);
    assert!(ran.code == 2 && ran.stderr.contains("cannot be used with"), "{}", ran.stderr);
}

#[test]
fn rotated_labels_are_asked_once_and_never_reach_rows() {
    let bench = asked(12, "");
    let before = (bench.text("out.jsonl"), bench.text("out.csv"));
    let report = eval(&bench, &["--rotate", "--sample", "8"]);
    assert_eq!(requests(&bench), 20);
    let kind = &report["tasks"]["kind"];
    assert_eq!((&report["pages"], &kind["n"]), (&8.into(), &8.into()), "{report}");
    let changed = &kind["changed"];
    let number = |name: &str| changed[name].as_f64().unwrap();
    assert!(
        number("low") <= number("value") && number("value") <= number("high") && number("high") <= 1.0,
        "{changed}"
    );
    assert!((number("n") / 8.0 - number("value")).abs() < 1e-12);
    assert_eq!(report["tasks"].as_object().unwrap().len(), 2);
    // Again, and a smaller sample: everything is in the store.
    assert_eq!(eval(&bench, &["--rotate", "--sample", "8"]), report);
    eval(&bench, &["--rotate", "--sample", "3"]);
    assert_eq!(requests(&bench), 20);
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!((bench.text("out.jsonl"), bench.text("out.csv")), before, "rows are what they were");
    // A job that has its labels in this order asks for itself.
    let job = bench
        .text("job.yaml")
        .replace("labels: [invoice, letter, form], other: true", "labels: [form, other, invoice, letter]");
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(requests(&bench), 32);
}

#[test]
fn pages_and_tasks_are_chosen() {
    let bench = asked(12, "");
    let rows = bench.rows();
    let letters = rows.iter().filter(|row| row["kind"] == rows[0]["kind"]).count() as u64;
    let expression = format!("kind = '{}'", rows[0]["kind"].as_str().unwrap());
    let report = eval(&bench, &["--rotate", "--where", &expression, "--task", "kind"]);
    assert_eq!((&report["pages"], requests(&bench)), (&letters.into(), 12 + letters), "{report}");
    let names: Vec<&String> = report["tasks"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["kind"]);
    // A smaller sample is a part of the same pages, which are answered; all tasks were in the requests.
    let report = eval(&bench, &["--rotate", "--where", &expression, "--task", "marks", "--sample", "1"]);
    assert_eq!((&report["pages"], requests(&bench)), (&1.into(), 12 + letters), "{report}");
    let report = eval(&bench, &["--repeat", "2", "--where", "path = '00003.jpg'"]);
    assert_eq!((&report["pages"], requests(&bench)), (&1.into(), 13 + letters), "{report}");
    for (arguments, message) in [
        (&["--rotate", "--where", "path = 'x'"][..], "no page that matches --where has an answer"),
        (&["--rotate", "--task", "art"], "--task art: the job has no such task; tasks: kind, marks"),
        (&["--rotate", "--where", "art = 'x'"], "--where:"),
        (&["--rotate", "--yes", "--dry-run"], "cannot be used with"),
        (&["--repeat", "2", "--min-accuracy", "0.9"], "cannot be used with"),
    ] {
        let ran = bench.docmill(&[&["eval", "job.yaml"], arguments].concat());
        assert!(ran.code == 2 && ran.stderr.contains(message), "{arguments:?} {}{}", ran.stdout, ran.stderr);
    }
    assert_eq!(requests(&bench), 13 + letters);
}

#[test]
fn repeated_answers_are_counted_paid_for_and_kept_apart() {
    let bench = asked(5, "");
    let before = bench.text("out.jsonl");
    let report = eval(&bench, &["--repeat", "3"]);
    assert_eq!(requests(&bench), 15, "two more answers to each page");
    assert_eq!((&report["answers"], &report["tasks"]["marks"]["n"]), (&3.into(), &5.into()), "{report}");
    assert!(report["tasks"]["kind"]["pair_agreement"].as_f64().unwrap() <= 1.0);
    eval(&bench, &["--repeat", "4"]);
    assert_eq!(requests(&bench), 20, "only the fourth answer is missing");
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.text("out.jsonl"), before);
    let text = bench.docmill(&["eval", "job.yaml", "--repeat", "4"]);
    assert!(
        text.code == 0 && text.stdout.contains("two answers to one page agree"),
        "nothing to pay: {}{}",
        text.stdout,
        text.stderr
    );
    // The cost counts for the budget and in the report.
    let report = bench.docmill(&["report", "job.yaml", "--run", "all", "--format", "json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["attempts"]["sent"], 20);
    let checked = bench.docmill(&["store", "check", "--store", "store.db"]);
    assert_eq!(checked.code, 0, "{}", checked.stdout);
}

#[test]
fn a_budget_bounds_what_is_asked() {
    let limits = |usd: f64| format!("limits: {{concurrency: 1, budget_usd: {usd:.6}, budget_scope: job}}");
    let bench = asked(8, &limits(100.0));
    let spent: f64 = bench.report()["cost"]["total_usd"].as_str().unwrap().parse().unwrap();
    let job = bench.text("job.yaml").replace(&limits(100.0), &limits(spent * 1.6));
    bench.put("job.yaml", job.as_bytes());
    let ran = bench.docmill(&["eval", "job.yaml", "--rotate", "--yes"]);
    assert!(
        ran.code == 4 && ran.stdout.contains("pages without all answers"),
        "{} {}{}",
        ran.code,
        ran.stdout,
        ran.stderr
    );
    assert!(requests(&bench) < 16);
}
