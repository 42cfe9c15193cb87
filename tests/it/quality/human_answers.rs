//! Human answers as truth: only blind ones, and never as answers.

use super::bench::{eval, eval_json, labeled, other_label, put_truth};
use crate::bench::Bench;
use docmill::internal::base::clock::SystemClock;
use docmill::internal::base::digest::Digest;
use docmill::internal::base::hooks::NoHooks;
use docmill::internal::base::ids::PageId;
use docmill::internal::base::json_text::JsonText;
use docmill::internal::store::{NewDecision, Store};
use serde_json::{Value, json};
use std::sync::Arc;

const LABELS: &[&str] = &["invoice", "letter", "form", "other"];

/// Stores human answers to `kind`.
fn decide(bench: &Bench, decisions: &[(&Value, &str, Option<f64>, bool)]) {
    let store = Store::open(&bench.path("store.db"), Arc::new(SystemClock::new()), Arc::new(NoHooks)).unwrap();
    let decision =
        |(at, (row, value, sampled_with, is_shown)): (usize, &(&Value, &str, Option<f64>, bool))| NewDecision {
            page: PageId {
                content: Digest::compute(
                    &std::fs::read(bench.path("pages").join(row["path"].as_str().unwrap())).unwrap(),
                ),
                page: 1,
            },
            job: "test".into(),
            task: "kind".into(),
            question: None,
            value: JsonText::from_value(&json!(value)),
            reviewer: "ann".into(),
            decided_at_ms: 1_790_000_000_000 + at as i64,
            sampled_with: *sampled_with,
            draw: None,
            shown: is_shown.then(|| JsonText::from_value(&row["kind"])),
        };
    store.put_decisions(decisions.iter().enumerate().map(decision).collect()).unwrap();
}

#[test]
fn blind_answers_are_truth_and_others_are_counted() {
    let bench = labeled(12, "");
    let rows = bench.rows();
    let mut decisions = Vec::new();
    let other: Vec<String> =
        rows.iter().map(|row| other_label(&row["kind"], LABELS).as_str().unwrap().to_owned()).collect();
    for (at, row) in rows.iter().enumerate() {
        let answer = if at == 0 { &other[0] } else { row["kind"].as_str().unwrap() };
        decisions.push((row, answer, None, at >= 8));
    }
    decide(&bench, &decisions);
    let report = eval_json(&bench, &[]);
    assert_eq!((&report["truth"]["matched"], &report["truth"]["shown"]), (&json!(8), &json!(4)));
    assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], json!(7.0 / 8.0));
    assert_eq!(report["truth"]["selection"], "selected");
    let report = eval_json(&bench, &["--include-shown"]);
    assert_eq!((&report["truth"]["matched"], &report["truth"]["shown"]), (&json!(12), &json!(4)));
    let text = eval(&bench, &["--include-shown"]).stdout;
    assert!(text.contains("answers not blind") && text.contains("counted (--include-shown)"), "{text}");
    // That is the first thing to know, in every format; also which of them are measured.
    let warning = "warning: 4 human answers that count are not blind. Reviewers who have seen the model's answer";
    assert!(text.starts_with(warning), "{text}");
    assert!(report["truth"]["notes"][0].as_str().unwrap().starts_with(warning), "{report}");
    assert_eq!(report["truth"]["counts_shown"], json!(true));
    let html = eval(&bench, &["--include-shown", "--format", "html"]).stdout;
    let heading = html.split("</h1>").nth(1).unwrap().trim_start();
    assert!(heading.starts_with("<p class=\"bad\">warning: 4 human answers"), "{}", &heading[..200]);
    let part = eval_json(&bench, &["--include-shown", "--where", "path < '00009.jpg'"]);
    assert_eq!(part["truth"]["shown"], json!(1));
    let blind = eval_json(&bench, &[]);
    assert_eq!((&blind["truth"]["notes"], &blind["truth"]["counts_shown"]), (&json!([]), &json!(false)));
    bench.put("other.yaml", bench.text("job.yaml").replace("out.", "other.").as_bytes());
    assert_eq!(bench.docmill(&["run", "other.yaml", "-q"]).code, 0);
    let diff = bench.docmill(&["diff", "job.yaml", "--against", "other.yaml", "--answers", "all", "--format", "json"]);
    let diff: Value = serde_json::from_str(&diff.stdout).unwrap_or_else(|_| panic!("{}", diff.stderr));
    assert_eq!(diff["truth_shown"], json!(4), "{diff}");
    let text = eval(&bench, &[]).stdout;
    assert!(text.contains("not blind, not counted"), "{text}");
}

#[test]
fn a_blind_answer_that_was_changed_later_stays_the_truth_and_is_stated() {
    let bench = labeled(6, "");
    let rows = bench.rows();
    let kind = |at: usize| rows[at]["kind"].as_str().unwrap();
    let other: Vec<String> =
        rows.iter().map(|row| other_label(&row["kind"], LABELS).as_str().unwrap().to_owned()).collect();
    let mut decisions: Vec<_> = (0..4).map(|at| (&rows[at], kind(at), None, false)).collect();
    // One is confirmed, and two are changed, after the model's answer was seen.
    decisions.extend([(&rows[0], kind(0), None, true), (&rows[1], &*other[1], None, true)]);
    decisions.push((&rows[2], &*other[2], None, true));
    decide(&bench, &decisions);
    let report = eval_json(&bench, &[]);
    assert_eq!((&report["truth"]["changed"], &report["tasks"]["kind"]["n"]), (&json!(2), &json!(4)));
    assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], json!(1.0), "the first answers count");
    let first = "2 blind answers were changed after the model's answer was seen: the first answers count; \
                 --include-shown counts the changed ones";
    let text = eval(&bench, &[]).stdout;
    assert!(text.contains(first), "{text}");
    assert!(eval(&bench, &["--format", "html"]).stdout.contains("2 blind answers were changed"));
    let report = eval_json(&bench, &["--include-shown"]);
    assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], json!(0.5), "the changed ones count");
    let text = eval(&bench, &["--include-shown"]).stdout;
    assert!(text.contains("the changed ones count (--include-shown)"), "{text}");
    // Of the pages that are measured.
    let expression = format!("path = '{}'", rows[1]["path"].as_str().unwrap());
    assert_eq!(eval_json(&bench, &["--where", &expression])["truth"]["changed"], json!(1));
}

#[test]
fn a_correction_does_not_score_itself() {
    let bench = labeled(10, "");
    put_truth(&bench, &["kind"], |at, truth| {
        if at < 3 {
            truth["kind"] = other_label(&truth["kind"], LABELS);
        }
        true
    });
    let before = eval_json(&bench, &["--truth", "truth.jsonl"]);
    assert_eq!(before["tasks"]["kind"]["accuracy"]["value"], 0.7);
    let rows = bench.rows();
    let right: Vec<String> = bench
        .text("truth.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    let corrections: Vec<_> = (0..3).map(|at| (&rows[at], right[at].as_str(), None, true)).collect();
    decide(&bench, &corrections);
    // The rows show the corrections.
    let exported = crate::bench::rows(&bench.docmill(&["export", "job.yaml", "--jsonl", "-"]).stdout);
    assert_eq!(exported[0]["kind"], right[0].as_str());
    assert_eq!(eval_json(&bench, &["--truth", "truth.jsonl"]), before);
    // Nor do they decide which pages are measured.
    let expression = format!("kind = '{}'", rows[0]["kind"].as_str().unwrap());
    let selected = eval_json(&bench, &["--truth", "truth.jsonl", "--where", &expression]);
    assert_eq!(selected["truth"]["job_pages"], json!(rows.iter().filter(|row| row["kind"] == rows[0]["kind"]).count()));
}

#[test]
fn a_drawn_sample_estimates_the_whole_job() {
    let bench = labeled(40, "");
    let rows = bench.rows();
    let decisions: Vec<_> =
        rows.iter().take(20).map(|row| (row, row["kind"].as_str().unwrap(), Some(0.5), false)).collect();
    decide(&bench, &decisions);
    let report = eval_json(&bench, &[]);
    assert_eq!((&report["truth"]["selection"], &report["truth"]["sampled"]), (&json!("sample"), &json!(20)));
    let labels = report["tasks"]["kind"]["labels"].as_object().unwrap();
    // All answers are right: the prevalence is that of the answers of all pages.
    for (label, metrics) in labels {
        let share = rows.iter().filter(|row| row["kind"] == label.as_str()).count() as f64 / 40.0;
        let prevalence = &metrics["prevalence"];
        assert!((prevalence["value"].as_f64().unwrap() - share).abs() < 1e-9, "{label} {metrics}");
        assert!(prevalence["low"].as_f64() <= prevalence["value"].as_f64(), "{metrics}");
    }
}

/// A sample that is enlarged has pages of two draws: with the probabilities of both they would weigh wrongly.
#[test]
fn several_draws_are_no_sample_and_a_drawn_page_stays_drawn() {
    let bench = labeled(200, "");
    let rows = bench.rows();
    let draw = |at: usize| if at < 80 { Some(0.4) } else { Some(0.8) };
    let decisions: Vec<_> = rows
        .iter()
        .take(160)
        .enumerate()
        .map(|(at, row)| (row, row["kind"].as_str().unwrap(), draw(at), false))
        .collect();
    decide(&bench, &decisions);
    assert_eq!(eval_json(&bench, &[])["truth"]["selection"], "selected");
    let text = eval(&bench, &[]).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        text.contains("the stated probabilities add up to 300 pages, the job has 200: this is not a valid sample"),
        "{text}"
    );

    let bench = labeled(8, "");
    let rows = bench.rows();
    let mut decisions: Vec<_> =
        rows.iter().take(4).map(|row| (row, row["kind"].as_str().unwrap(), Some(0.5), false)).collect();
    // Another look at a page, without a draw.
    decisions.push((&rows[0], rows[0]["kind"].as_str().unwrap(), None, false));
    decide(&bench, &decisions);
    let report = eval_json(&bench, &[]);
    assert_eq!((&report["truth"]["selection"], &report["truth"]["sampled"]), (&json!("sample"), &json!(4)));
}

#[test]
fn answers_that_do_not_fit_any_more_are_wrong_and_listed() {
    let bench = labeled(3, "");
    let rows = bench.rows();
    decide(&bench, &[(&rows[0], "memo", None, false), (&rows[1], "letter", None, false)]);
    let report = eval_json(&bench, &[]);
    assert_eq!(report["truth"]["matched"], json!(2));
    let right = if rows[1]["kind"] == "letter" { 0.5 } else { 0.0 };
    assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], json!(right));
    assert_eq!(report["tasks"]["kind"]["labels"]["memo"]["n"], json!(1));
    assert_eq!(
        report["truth"]["misfits"],
        json!([{"task": "kind", "value": "memo", "pages": 1, "example": "the answer of ann to 00000.jpg",
                "reason": "the manifest has no label `memo`"}])
    );
}

/// `path,task,value` of answers to `kind`, with another label than the model's on each page.
fn wrong_answers(rows: &[Value], head: &str, tail: &str) -> String {
    let line = |row: &Value| {
        let label = other_label(&row["kind"], LABELS);
        format!("{},kind,{}{tail}\n", row["path"].as_str().unwrap(), label.as_str().unwrap())
    };
    format!("path,task,value{head}\n{}", rows.iter().map(line).collect::<String>())
}

#[test]
fn imported_answers_replace_no_blind_truth() {
    let bench = labeled(12, "");
    let rows = bench.rows();
    let drawn: Vec<_> = rows[..6].iter().map(|row| (row, row["kind"].as_str().unwrap(), Some(0.5), false)).collect();
    decide(&bench, &drawn);
    let before = eval_json(&bench, &[]);
    assert_eq!(
        (&before["tasks"]["kind"]["accuracy"]["value"], &before["tasks"]["kind"]["selection"]),
        (&json!(1.0), &json!("sample"))
    );
    for (text, member, note) in [
        (
            wrong_answers(&rows[..6], "", ""),
            "imported",
            "6 human answers are left out: imported without `shown` = `false`, so they are not known to be blind",
        ),
        (
            wrong_answers(&rows[..6], ",shown", ",no"),
            "undrawn",
            "6 blind answers are left out: they do not belong to the sample, and another answer to the same page does",
        ),
    ] {
        bench.put("answers.csv", text.as_bytes());
        let ran = bench.docmill(&["answers", "import", "job.yaml", "answers.csv", "--reviewer", "bob"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "6 imported, 0 known already, 0 skipped\n"), "{}", ran.stderr);
        let report = eval_json(&bench, &["--min-accuracy", "kind=0.4"]);
        assert_eq!(report["truth"][member], json!(6), "{report}");
        assert_eq!(report["tasks"], before["tasks"], "the first answers count");
        let text = eval(&bench, &[]).stdout;
        assert!(text.contains(note), "{text}");
    }
}

#[test]
fn imported_answers_are_blind_if_that_is_stated() {
    let bench = labeled(4, "");
    bench.put("answers.csv", wrong_answers(&bench.rows(), "", "").as_bytes());
    let import = |arguments: &[&str]| {
        let command = ["answers", "import", "job.yaml", "answers.csv", "--reviewer", "bob"];
        bench.docmill(&[&command, arguments].concat()).stdout
    };
    assert_eq!(import(&[]), "4 imported, 0 known already, 0 skipped\n");
    let ran = eval(&bench, &[]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("4 answers were imported without `shown` = `false`; import them with --blind"),
        "{}",
        ran.stderr
    );
    assert_eq!(eval_json(&bench, &["--include-shown"])["tasks"]["kind"]["n"], json!(4));
    assert_eq!(import(&["--blind"]), "4 imported, 0 known already, 0 skipped\n", "they state more than the first ones");
    for arguments in [&["--blind"][..], &[]] {
        assert_eq!(import(arguments), "0 imported, 4 known already, 0 skipped\n");
    }
    let report = eval_json(&bench, &[]);
    assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], json!(0.0));
}

#[test]
fn reviewers_who_disagree_are_named() {
    let bench = labeled(12, "");
    let rows = bench.rows();
    bench.put("ann.csv", wrong_answers(&rows, ",shown", ",false").as_bytes());
    let own = |row: &Value| format!("{},kind,{},false\n", row["path"].as_str().unwrap(), row["kind"].as_str().unwrap());
    bench.put("bob.csv", format!("path,task,value,shown\n{}", rows.iter().map(own).collect::<String>()).as_bytes());
    bench.put(
        "cleo.csv",
        format!("path,task,value,shown\n{}", rows[..9].iter().map(own).collect::<String>()).as_bytes(),
    );
    for name in ["ann", "bob", "cleo"] {
        let file = format!("{name}.csv");
        assert_eq!(bench.docmill(&["answers", "import", "job.yaml", &file, "--reviewer", name]).code, 0);
    }
    let report = eval_json(&bench, &[]);
    let agreements = report["truth"]["agreements"].as_array().unwrap();
    assert_eq!(agreements.len(), 1, "nine pages are too few: {agreements:?}");
    assert_eq!((&agreements[0]["reviewers"], &agreements[0]["same"]), (&json!(["ann", "bob"]), &json!(0)));
    let text = eval(&bench, &[]).stdout;
    assert!(text.contains("kind: ann and bob disagree: the same answer to 0 of 12 pages, kappa"), "{text}");
}
