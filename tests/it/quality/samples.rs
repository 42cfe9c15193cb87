//! What truth shows about pages that it does not contain: drawn pages, selected pages, splits.

use super::bench::{eval, eval_json, labeled, other_label, put_truth};
use crate::bench::{Bench, page};
use docmill::internal::simulator::Options;
use serde_json::{Value, json};

const LABELS: &[&str] = &["invoice", "letter", "form", "other"];

#[test]
fn drawn_pages_stand_for_all_and_selected_ones_for_themselves() {
    let bench = labeled(40, "");
    put_truth(&bench, &["kind"], |at, truth| {
        truth["sampled_with"] = json!(0.5);
        if at == 0 {
            truth["kind"] = other_label(&truth["kind"], LABELS);
        }
        at % 2 == 0
    });
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    assert_eq!((&report["truth"]["selection"], &report["truth"]["sampled"]), (&json!("sample"), &json!(20)));
    assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], 0.95);
    let text = eval(&bench, &["--truth", "truth.jsonl"]).stdout;
    assert!(text.contains("estimated for all 40 pages from 20 that were drawn at random"), "{text}");
    assert!(!text.contains("stand for about"), "{text}");
    // Half of the sample.
    put_truth(&bench, &["kind"], |at, truth| {
        truth["sampled_with"] = json!(0.5);
        at % 4 == 0
    });
    assert_eq!(eval_json(&bench, &["--truth", "truth.jsonl"])["truth"]["stands_for"], json!(20.0));
    let text = eval(&bench, &["--truth", "truth.jsonl"]).stdout;
    assert!(text.contains("the drawn pages stand for about 20 of 40 pages"), "{text}");
    // One page without a probability: the others no longer represent all pages, unless it is left out.
    put_truth(&bench, &["kind"], |at, truth| {
        if at != 2 {
            truth["sampled_with"] = json!("50%");
        }
        at % 2 == 0
    });
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    assert_eq!((&report["truth"]["selection"], &report["truth"]["sampled"]), (&json!("selected"), &json!(19)));
    let text = eval(&bench, &["--truth", "truth.jsonl"]).stdout;
    assert!(text.contains("were not drawn at random: this is not the accuracy of all 40 pages"), "{text}");
    let report = eval_json(&bench, &["--truth", "truth.jsonl", "--sampled"]);
    assert_eq!((&report["truth"]["selection"], &report["tasks"]["kind"]["n"]), (&json!("sample"), &json!(19)));
    // Truth of every page needs no sample.
    put_truth(&bench, &["kind"], |_, _| true);
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    assert_eq!(report["truth"]["selection"], "all");
    // The expression selects pages by the model's answers.
    let expression = format!("kind = \"{}\"", bench.rows()[0]["kind"].as_str().unwrap());
    let some = eval_json(&bench, &["--truth", "truth.jsonl", "--where", &expression]);
    let count = bench.rows().iter().filter(|row| row["kind"] == bench.rows()[0]["kind"]).count();
    assert_eq!((&some["truth"]["job_pages"], &some["tasks"]["kind"]["n"]), (&json!(count), &json!(count)));
    assert_eq!((&some["truth"]["selection"], &some["truth"]["not_selected"]), (&json!("all"), &json!(40 - count)));
}

/// Every page was drawn: nothing is estimated, so the prevalence is the count.
#[test]
fn a_census_has_no_sampling_error() {
    let bench = labeled(12, "");
    put_truth(&bench, &["kind"], |at, truth| {
        truth["sampled_with"] = json!(1);
        if at == 0 {
            truth["kind"] = other_label(&truth["kind"], LABELS);
        }
        true
    });
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    assert_eq!(report["truth"]["selection"], "all");
    let truths: Vec<Value> = bench
        .text("truth.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["kind"].clone())
        .collect();
    for label in LABELS {
        let share = truths.iter().filter(|truth| *truth == label).count() as f64 / 12.0;
        let expected = json!({"value": share, "low": share, "high": share});
        assert_eq!(report["tasks"]["kind"]["labels"][label]["prevalence"], expected, "{label}");
    }
    let text = eval(&bench, &["--truth", "truth.jsonl"]).stdout;
    assert!(text.starts_with("kind: accuracy 0.917 of all 12 pages\n"), "{text}");
    assert!(text.contains("intervals are about pages like these, not about these pages"), "{text}");
}

/// Probabilities that can't be those of a sample of the job.
#[test]
fn contradicting_probabilities_are_no_sample() {
    let bench = labeled(30, "");
    for (probabilities, drawn, stands_for, expected) in [
        (&[1.0][..], 4, "4", "selected"),
        (&[0.01], 4, "400", "selected"),
        (&[0.02, 0.01], 29, "2,150", "selected"),
        (&[0.125], 4, "32", "sample"),
        (&[0.1, 0.25], 4, "28", "sample"),
        // Chance may have drawn these.
        (&[0.25, 0.0625], 4, "40", "sample"),
    ] {
        put_truth(&bench, &["kind"], |at, truth| {
            truth["sampled_with"] = json!(probabilities[at % probabilities.len()]);
            at < drawn
        });
        let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
        assert_eq!(report["truth"]["selection"], expected, "{probabilities:?}");
        let total: f64 = stands_for.replace(',', "").parse().unwrap();
        assert_eq!(report["truth"]["stands_for"], json!(total), "{probabilities:?}");
        let reason = (expected == "selected").then(|| json!({"kind": {"stands_for": total, "pages": 30}}));
        assert_eq!(report["truth"].get("no_samples"), reason.as_ref(), "{probabilities:?}");
        let text = eval(&bench, &["--truth", "truth.jsonl"]).stdout;
        assert_eq!(text.contains("estimated for all 30 pages"), expected == "sample", "{text}");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let reason = format!(
            "kind: the stated probabilities add up to {stands_for} pages, the job has 30: this is not a valid sample"
        );
        assert_eq!(text.contains(&reason), expected == "selected", "{text}");
    }
    put_truth(&bench, &["kind"], |_, truth| {
        truth["sampled_with"] = json!(1e-300);
        true
    });
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    assert_eq!((&report["truth"]["selection"], &report["truth"]["fault_count"]), (&json!("all"), &json!(30)));
}

#[test]
fn pages_that_were_rarely_drawn_weigh_more() {
    let bench = labeled(110, "");
    // Ten wrong pages that were drawn with certainty, ten right ones that stand for ten each.
    put_truth(&bench, &["kind"], |at, truth| {
        if at < 10 {
            truth["kind"] = other_label(&truth["kind"], LABELS);
        }
        truth["sampled_with"] = json!(if at < 10 { 1.0 } else { 0.1 });
        at < 20
    });
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    let kind = &report["tasks"]["kind"];
    let value = kind["accuracy"]["value"].as_f64().unwrap();
    assert!((value - 100.0 / 110.0).abs() < 1e-12, "{kind}");
    let counted: u64 = kind["confusion"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|count| count.as_u64().unwrap())
        .sum();
    assert_eq!(counted, 20, "the matrix counts pages");
}

/// Four pages that are each in the folder five times under other names.
fn copies() -> Bench {
    let mut bench = Bench::with_pages(0).simulator(Options::default());
    for at in 0..20 {
        bench.put(&format!("pages/{}-{}.jpg", at / 4, at % 4), &page(at % 4));
    }
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    bench.server = None;
    bench
}

#[test]
fn equal_pages_are_one_observation() {
    let bench = copies();
    put_truth(&bench, &["kind"], |at, truth| {
        if at % 4 == 0 {
            truth["kind"] = other_label(&truth["kind"], LABELS);
        }
        true
    });
    let kind = &eval_json(&bench, &["--truth", "truth.jsonl"])["tasks"]["kind"];
    assert_eq!((&kind["n"], &kind["clusters"], &kind["accuracy"]["value"]), (&json!(20), &json!(4), &json!(0.75)));
    let effective = kind["effective_n"].as_f64().unwrap();
    assert!(effective <= 4.0, "{kind}");
    let (low, high) = (kind["accuracy"]["low"].as_f64().unwrap(), kind["accuracy"]["high"].as_f64().unwrap());
    // 15 of 20 independent pages: 0.53 to 0.89.
    assert!(low < 0.4 && high > 0.9, "{kind}");
    let text = eval(&bench, &["--truth", "truth.jsonl"]).stdout;
    assert!(text.contains("independent pages"), "{text}");
}

#[test]
fn contradicting_truths_of_equal_pages_are_the_first_suspects() {
    let bench = copies();
    put_truth(&bench, &["kind"], |at, truth| {
        if at == 7 {
            truth["kind"] = other_label(&truth["kind"], LABELS);
        }
        true
    });
    let kind = &eval_json(&bench, &["--truth", "truth.jsonl"])["tasks"]["kind"];
    let suspect = &kind["suspected_truth"][0];
    assert_eq!(suspect["path"], json!("1-3.jpg"));
    assert!(suspect["score"].as_f64().unwrap() > 0.9, "{suspect}");
    assert!(suspect["reason"].as_str().unwrap().contains("looks the same"), "{suspect}");
}

#[test]
fn equal_pages_are_kept_on_one_side_of_a_split() {
    let bench = copies();
    bench.put("pages/only-dev.jpg", &page(100));
    let only_test: Vec<String> = (101..104).map(|at| format!("only-test-{at}.jpg")).collect();
    for (at, name) in only_test.iter().enumerate() {
        bench.put(&format!("pages/{name}"), &page(101 + at as u32));
    }
    let mut bench = bench.simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    bench.server = None;
    put_truth(&bench, &["kind"], |_, truth| {
        let path = truth["path"].as_str().unwrap();
        // One page is in both splits, one in the test alone.
        truth["split"] = match path {
            "0-0.jpg" | "only-dev.jpg" => "dev",
            _ => "test",
        }
        .into();
        true
    });
    let report = eval_json(&bench, &["--truth", "truth.jsonl", "--split", "test"]);
    let splits = &report["truth"]["splits"];
    assert_eq!(splits["pages"], json!({"dev": 2, "test": 22}));
    assert_eq!(
        (&splits["shared_clusters"], &splits["shared_pages"], &splits["left_out"]),
        (&json!(1), &json!(5), &json!(4))
    );
    assert_eq!(report["tasks"]["kind"]["n"], json!(18));
    let text = eval(&bench, &["--truth", "truth.jsonl"]).stdout;
    assert!(text.contains("5 pages in 1 group of equal or similar pages are in more than one split"), "{text}");
}

/// A label that no drawn page has may be wrong everywhere: the bounds of the mean reflect this.
#[test]
fn labels_without_a_drawn_page_leave_macro_f1_open() {
    let bench = labeled(40, "");
    let rows = bench.rows();
    let seen = rows[0]["kind"].clone();
    let write = |probability: Option<f64>| {
        put_truth(&bench, &["kind"], |at, truth| {
            if let Some(probability) = probability {
                truth["sampled_with"] = json!(probability);
            }
            truth["kind"] = seen.clone();
            at % 2 == 0 && rows[at]["kind"] == seen
        });
    };
    write(None);
    let selected = eval_json(&bench, &["--truth", "truth.jsonl"]);
    write(Some(0.5));
    let drawn = eval_json(&bench, &["--truth", "truth.jsonl"]);
    assert_eq!(drawn["truth"]["selection"], "sample");
    let (before, after) = (&selected["tasks"]["kind"], &drawn["tasks"]["kind"]);
    assert_eq!((&before["macro_f1"], &after["macro_f1"]), (&json!(1.0), &json!(1.0)));
    let low = |task: &Value| task["macro_f1_interval"]["low"].as_f64().unwrap();
    assert!((low(after) - low(before) / LABELS.len() as f64).abs() < 1e-9, "{before} {after}");
    let notes = drawn["truth"]["notes"].to_string();
    assert!(notes.contains("the interval of macro F1 leaves their F1 open, from 0 to 1"), "{notes}");
    assert!(!selected["truth"]["notes"].to_string().contains("macro F1"));
}
