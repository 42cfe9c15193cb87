//! Human answers as truth: only blind ones, and never as answers.

use super::bench::{eval, eval_json, labeled, other_label, put_truth};
use crate::bench::Bench;
use docmill::internal::base::clock::SystemClock;
use docmill::internal::base::digest::Digest;
use docmill::internal::base::hooks::NoHooks;
use docmill::internal::base::ids::PageId;
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
            value: json!(value).to_string(),
            reviewer: "ann".into(),
            decided_at_ms: 1_790_000_000_000 + at as i64,
            sampled_with: *sampled_with,
            draw: None,
            shown: is_shown.then(|| row["kind"].to_string()),
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
    let text = eval(&bench, &[]).stdout;
    assert!(text.contains("not blind, not counted"), "{text}");
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
    let bench = labeled(40, "");
    let rows = bench.rows();
    let draw = |at: usize| if at < 5 { Some(0.125) } else { Some(0.5) };
    let decisions: Vec<_> = rows
        .iter()
        .take(20)
        .enumerate()
        .map(|(at, row)| (row, row["kind"].as_str().unwrap(), draw(at), false))
        .collect();
    decide(&bench, &decisions);
    assert_eq!(eval_json(&bench, &[])["truth"]["selection"], "selected");
    let text = eval(&bench, &[]).stdout;
    assert!(text.contains("would stand for 70 of 40 pages: they are of several draws"), "{text}");

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
