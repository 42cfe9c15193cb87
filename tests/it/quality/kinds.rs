//! The measures of each kind of task.

use super::bench::{KINDS, demo, eval, eval_json, labeled, other_label, put_truth};
use crate::bench::{Bench, page, rows};
use docmill::internal::simulator::Options;
use serde_json::{Value, json};

const LABELS: &[&str] = &["invoice", "letter", "form", "other"];

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

/// Whether two numbers are the same but for rounding.
fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-12
}

#[test]
fn the_quality_of_the_demo_equals_a_count_by_hand() {
    let bench = demo();
    let ran = bench.docmill(&["eval", "jobs/demo.yaml", "--truth", "labels.csv", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["job"], "demo");
    assert_eq!((&report["truth"]["rows"], &report["truth"]["matched"]), (&json!(52), &json!(52)));
    assert_eq!((&report["truth"]["sampled"], &report["truth"]["selection"]), (&json!(0), &json!("selected")));
    // The truth, read by another reader.
    let mut truth = csv::Reader::from_path(bench.path("labels.csv")).unwrap();
    let answers = rows(&bench.text("out/demo.jsonl"));
    let mut right = 0;
    for record in truth.records() {
        let record = record.unwrap();
        let row = answers.iter().find(|row| row["path"] == record[0]).unwrap();
        right += u32::from(row["kind"] == record[2]);
    }
    let kind = &report["tasks"]["kind"];
    assert_eq!((kind["n"].as_u64(), kind["unanswered"].as_u64()), (Some(52), Some(0)));
    assert!(near(number(&kind["accuracy"]["value"]), f64::from(right) / 52.0), "{kind}");
    assert!(number(&kind["accuracy"]["low"]) > 0.8 && number(&kind["accuracy"]["high"]) <= 1.0);
    assert_eq!(kind["order"].as_array().unwrap().len(), 8);
    let confusion = kind["confusion"].as_array().unwrap();
    let sum: u64 = confusion.iter().flat_map(|row| row.as_array().unwrap()).map(|count| count.as_u64().unwrap()).sum();
    assert_eq!((confusion.len(), sum), (8, 52));
    assert!(report["tasks"]["kind"]["labels"]["invoice"].get("prevalence").is_none(), "the pages were not drawn");
    assert!(number(&report["tasks"]["features"]["micro_f1"]) > 0.85);
    assert!(number(&report["tasks"]["landscape"]["accuracy"]["value"]) > 0.85);
    assert!(report["cost"]["per_1000_usd"].as_str().unwrap().parse::<f64>().unwrap() > 1.0);
    let text = bench.docmill(&["eval", "jobs/demo.yaml", "--truth", "labels.csv"]);
    insta::assert_snapshot!("demo", text.stdout);
}

#[test]
fn classify_counts_every_mistake() {
    let bench = labeled(40, "");
    put_truth(&bench, &["kind"], |at, truth| {
        if at % 10 == 0 {
            truth["kind"] = other_label(&truth["kind"], LABELS);
        }
        at < 30
    });
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    let kind = &report["tasks"]["kind"];
    assert_eq!((&kind["kind"], &kind["n"], &kind["unanswered"]), (&json!("classify"), &json!(30), &json!(0)));
    assert!(near(number(&kind["accuracy"]["value"]), 0.9), "{kind}");
    // From the confusion matrix: rows are truth.
    let counts: Vec<Vec<f64>> = serde_json::from_value(kind["confusion"].clone()).unwrap();
    let order: Vec<String> = serde_json::from_value(kind["order"].clone()).unwrap();
    let (mut scores, mut agreed) = (Vec::new(), 0.0);
    for (at, label) in order.iter().enumerate() {
        let (n, predicted): (f64, f64) = (counts[at].iter().sum(), counts.iter().map(|row| row[at]).sum());
        let metrics = &kind["labels"][label];
        assert_eq!((number(&metrics["n"]), number(&metrics["predicted"])), (n, predicted), "{label}");
        agreed += n * predicted / 900.0;
        if n + predicted > 0.0 {
            let f1 = 2.0 * counts[at][at] / (n + predicted);
            assert!(near(number(&metrics["f1"]), f1), "{label} {metrics}");
            scores.push((f1, n));
        }
        if predicted > 0.0 {
            assert!(near(number(&metrics["precision"]), counts[at][at] / predicted));
        }
        if n > 0.0 {
            assert!(near(number(&metrics["recall"]), counts[at][at] / n));
        }
    }
    let macro_f1 = scores.iter().map(|(f1, _)| f1).sum::<f64>() / scores.len() as f64;
    let weighted: f64 = scores.iter().map(|(f1, n)| f1 * n / 30.0).sum();
    assert!(near(number(&kind["macro_f1"]), macro_f1) && near(number(&kind["weighted_f1"]), weighted), "{kind}");
    assert!(near(number(&kind["kappa"]), (0.9 - agreed) / (1.0 - agreed)), "{kind}");
    let suspects = kind["suspected_truth"].as_array().unwrap();
    assert_eq!(suspects.len(), 3);
    let paths: Vec<&str> = suspects.iter().map(|suspect| suspect["path"].as_str().unwrap()).collect();
    assert!(["00000.jpg", "00010.jpg", "00020.jpg"].iter().all(|path| paths.contains(path)), "{paths:?}");
    let scores: Vec<f64> = suspects.iter().map(|suspect| number(&suspect["score"])).collect();
    assert!(scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
    assert!(report["tasks"].get("marks").is_none(), "a task without truth");
    assert!(kind.get("micro_f1").is_none() && kind.get("fields").is_none());
}

#[test]
fn tags_are_compared_one_by_one() {
    let bench = labeled(30, "");
    let (mut right, mut either, mut jaccard, mut exact) = (0.0, 0.0, 0.0, 0.0);
    put_truth(&bench, &["marks"], |at, truth| {
        let answer: Vec<String> = serde_json::from_value(truth["marks"].clone()).unwrap();
        let mut tags = answer.clone();
        if at % 3 == 0 {
            // One more, or one less.
            match tags.pop() {
                Some(_) => {}
                None => tags.push("seal".into()),
            }
        }
        let common = tags.iter().filter(|tag| answer.contains(tag)).count() as f64;
        let union = (tags.len() + answer.len()) as f64 - common;
        (right, either) = (right + common, either + (tags.len() + answer.len()) as f64);
        jaccard += if union == 0.0 { 1.0 } else { common / union };
        exact += if tags == answer { 1.0 } else { 0.0 };
        truth["marks"] = tags.into();
        true
    });
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    let marks = &report["tasks"]["marks"];
    assert_eq!((&marks["kind"], &marks["n"]), (&json!("tag"), &json!(30)));
    assert!(near(number(&marks["micro_f1"]), 2.0 * right / either), "{marks}");
    assert!(near(number(&marks["jaccard"]), jaccard / 30.0), "{marks}");
    assert!(near(number(&marks["accuracy"]["value"]), exact / 30.0), "{marks}");
    assert_eq!(marks["order"], json!(["stamp", "logo", "seal"]));
    assert!(marks.get("confusion").is_none() && marks.get("kappa").is_none());
    assert_eq!(marks["suspected_truth"].as_array().unwrap().len(), 10);
}

#[test]
fn values_are_compared_exactly_and_by_their_meaning() {
    let bench = labeled(20, KINDS);
    put_truth(&bench, &["total", "signed", "sender"], |at, truth| {
        match at {
            0 => truth["total"]["amount"] = json!(number(&truth["total"]["amount"]) + 1.0),
            1 => truth["total"]["currency"] = "XXX".into(),
            // Known in part.
            2 => truth["total"] = json!({"currency": truth["total"]["currency"]}),
            3 => truth["sender"] = format!(" {} ", truth["sender"].as_str().unwrap().to_uppercase()).into(),
            4 => truth["sender"] = "somebody else entirely".into(),
            5 => truth["signed"] = (!truth["signed"].as_bool().unwrap()).into(),
            // Nothing is known of these tasks.
            6 => (truth["signed"], truth["sender"]) = (Value::Null, " ".into()),
            _ => {}
        }
        true
    });
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    let total = &report["tasks"]["total"];
    assert_eq!((&total["kind"], &total["n"]), (&json!("extract"), &json!(20)));
    assert!(near(number(&total["accuracy"]["value"]), 0.9), "{total}");
    let (amount, currency) = (&total["fields"]["amount"], &total["fields"]["currency"]);
    assert_eq!((&amount["n"], &currency["n"]), (&json!(19), &json!(20)));
    assert!(near(number(&amount["normalized"]["value"]), 18.0 / 19.0) && amount.get("anls").is_none(), "{amount}");
    assert!(near(number(&currency["exact"]["value"]), 0.95) && currency.get("anls").is_some(), "{currency}");
    assert_eq!(total["suspected_truth"].as_array().unwrap().len(), 2);
    let signed = &report["tasks"]["signed"];
    assert_eq!((&signed["kind"], &signed["n"]), (&json!("question"), &json!(19)));
    assert!(near(number(&signed["accuracy"]["value"]), 18.0 / 19.0), "{signed}");
    let sender = &report["tasks"]["sender"];
    assert!(near(number(&sender["accuracy"]["value"]), 18.0 / 19.0), "{sender}");
    assert!(near(number(&sender["exact"]["value"]), 17.0 / 19.0), "{sender}");
    assert!(number(&sender["anls"]) > 18.0 / 19.0 - 1e-9);
    assert!(report["tasks"].get("kind").is_none());
    // One of 20 pages is wrong in each of 5 places.
    assert!(near(number(&report["correct_pages"]), 0.8), "{report}");
    let text = eval(&bench, &["--truth", "truth.jsonl", "--task", "total", "--task", "sender"]);
    assert_eq!(text.code, 0, "{}", text.stderr);
    assert!(text.stdout.contains("\n  amount ") && !text.stdout.contains("signed"), "{}", text.stdout);
}

#[test]
fn pages_without_an_answer_are_counted_by_their_reason() {
    let mut bench = Bench::with_pages(10).simulator(Options::default());
    bench.put("pages/broken.jpg", b"not a picture");
    bench.job("on_error: {max_failed: 100%}");
    assert_eq!(bench.run(&[]).code, 0);
    // Another run finds a new file, and asks nothing.
    bench.put("pages/new.jpg", &page(77));
    let ran = bench.run(&["--limit", "0"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    bench.server = None;
    let mut truth = String::from("path,kind\nbroken.jpg,letter\nnew.jpg,letter\n");
    for row in rows(&bench.docmill(&["export", "job.yaml", "--jsonl", "-"]).stdout) {
        if row["status"] == "ok" {
            truth.push_str(&format!("{},{}\n", row["path"].as_str().unwrap(), row["kind"].as_str().unwrap()));
        }
    }
    bench.put("truth.csv", truth.as_bytes());
    let kind = &eval_json(&bench, &["--truth", "truth.csv"])["tasks"]["kind"];
    assert_eq!((&kind["n"], &kind["unanswered"]), (&json!(10), &json!(2)), "{kind}");
    assert_eq!(kind["unanswered_by"], json!({"failed": 1, "pending": 1}));
    assert!(
        near(number(&kind["accuracy"]["value"]), 1.0) && near(number(&kind["accuracy_of_all"]["value"]), 10.0 / 12.0)
    );
    let text = eval(&bench, &["--truth", "truth.csv"]).stdout;
    assert!(text.contains("2 without an answer") && text.contains("no answer as wrong"), "{text}");
}

#[test]
fn the_page_shows_the_matrix_and_the_wrong_pages_and_loads_nothing() {
    let bench = labeled(12, "");
    put_truth(&bench, &["kind"], |at, truth| {
        if at < 2 {
            truth["kind"] = other_label(&truth["kind"], LABELS);
        }
        true
    });
    let ran = eval(&bench, &["--truth", "truth.jsonl", "--format", "html"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let html = &ran.stdout;
    assert!(html.starts_with("<!doctype html>") && html.contains("class=\"confusion\""));
    assert_eq!((html.matches("data:image/jpeg;base64,").count(), html.matches("<figure>").count()), (2, 2));
    assert!(
        html.contains("prefers-color-scheme: dark") && !html.contains("<script") && !html.contains("http"),
        "{html}"
    );
    // A page that is gone is shown without its picture.
    std::fs::remove_file(bench.path("pages/00001.jpg")).unwrap();
    let html = eval(&bench, &["--truth", "truth.jsonl", "--format", "html"]).stdout;
    assert_eq!((html.matches("data:image").count(), html.matches("class=\"none\"").count()), (1, 1));
}

/// The names of all members of a value, except those of maps whose names are the job's.
fn members(value: &Value, names: &mut std::collections::BTreeSet<String>) {
    const MAPS: &[&str] = &["tasks", "labels", "fields", "unanswered_by", "pages", "intervals", "no_samples"];
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                names.insert(name.clone());
                match value {
                    Value::Object(map) if MAPS.contains(&name.as_str()) => {
                        map.values().for_each(|value| members(value, names));
                    }
                    // Values of answers are the job's, too.
                    _ if ["truth", "answer"].contains(&name.as_str()) && object.contains_key("reason") => {}
                    value => members(value, names),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| members(item, names)),
        _ => {}
    }
}

#[test]
fn every_member_is_documented() {
    let bench = labeled(20, KINDS);
    put_truth(&bench, &["kind", "marks", "total", "signed", "sender"], |at, truth| {
        truth["split"] = if at % 2 == 0 { "dev" } else { "test" }.into();
        truth["sampled_with"] = json!(0.5);
        if at == 1 {
            truth["kind"] = other_label(&truth["kind"], LABELS);
            truth["total"]["amount"] = json!(-1);
        }
        true
    });
    let arguments = &["--truth", "truth.jsonl", "--min-accuracy", "0.01", "--split", "test"];
    let mut names = std::collections::BTreeSet::new();
    members(&eval_json(&bench, arguments), &mut names);
    let docs = std::fs::read_to_string(crate::bench::root().join("docs/quality.md")).unwrap();
    let json = docs.split("## JSON").nth(1).unwrap();
    let missing: Vec<&String> = names.iter().filter(|name| !json.contains(&format!("\"{name}\""))).collect();
    assert!(missing.is_empty() && names.len() > 50, "{missing:?} {names:?}");
}
