//! Gates: the lower bound decides, and the exit code is 7.

use super::bench::{eval, eval_json, labeled, other_label, put_truth};

const LABELS: &[&str] = &["invoice", "letter", "form", "other"];

#[test]
fn a_gate_compares_the_lower_bound() {
    let bench = labeled(60, "");
    put_truth(&bench, &["kind", "marks"], |at, truth| {
        if at % 20 == 0 {
            truth["kind"] = other_label(&truth["kind"], LABELS);
        }
        true
    });
    let truth = &["--truth", "truth.jsonl"];
    let report = eval_json(&bench, truth);
    assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], 0.95);
    // 57 of 60: the exact one-sided bound is 0.8759 (Clopper and Pearson).
    for (gates, code) in [
        (&["--min-accuracy", "0.87"][..], 0),
        (&["--min-accuracy", "87%"], 0),
        (&["--min-accuracy", "0.88"], 7),
        (&["--min-accuracy", "kind=0.88"], 7),
        (&["--min-accuracy", "marks=0.94"], 0),
        (&["--min-accuracy", "kind=0.87", "--min-f1", "kind=0.99"], 7),
        (&["--min-f1", "0.01"], 0),
        (&["--min-f1", "marks.stamp=0.5"], 0),
        (&["--min-f1", "kind.other=1"], 7),
    ] {
        let ran = eval(&bench, &[truth, gates].concat());
        assert_eq!(ran.code, code, "{gates:?} {}", ran.stderr);
        // The report comes first, with any result of the gates.
        assert!(ran.stdout.starts_with("kind: accuracy 0.950 of all 60 pages"), "{}", ran.stdout);
        assert!(ran.stdout.contains("gates\n"), "{}", ran.stdout);
        assert_eq!(ran.stderr.contains("quality gate failed: "), code == 7, "{}", ran.stderr);
    }
    let failed = eval(&bench, &[truth, &["--min-accuracy", "kind=0.88"][..]].concat());
    insta::assert_snapshot!("failed_gate", failed.stderr);
    let both = eval(&bench, &[truth, &["--min-accuracy", "kind=0.88", "--min-f1", "kind=0.99"][..]].concat());
    assert!(both.code == 7 && both.stderr.contains("2 quality gates failed:"), "{}", both.stderr);
    let json = eval(&bench, &[truth, &["--min-accuracy", "0.88", "--format", "json"][..]].concat());
    let report: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    let gates: Vec<bool> =
        report["gates"].as_array().unwrap().iter().map(|gate| gate["passed"].as_bool().unwrap()).collect();
    assert_eq!((json.code, gates), (7, vec![false, true]));
    let bound = report["gates"][0]["lower_bound"].as_f64().unwrap();
    assert!((bound - 0.875_9).abs() < 0.000_1, "{bound}");
}

#[test]
fn a_page_without_an_answer_is_wrong_for_a_gate() {
    let bench = labeled(30, "");
    let mut truth = String::from("path,kind\n");
    for row in bench.rows() {
        truth.push_str(&format!("{},{}\n", row["path"].as_str().unwrap(), row["kind"].as_str().unwrap()));
    }
    for at in 0..6 {
        bench.put(&format!("pages/broken-{at}.jpg"), b"not a picture");
        truth.push_str(&format!("broken-{at}.jpg,letter\n"));
    }
    assert_eq!(bench.run(&[]).code, 3, "some pages fail");
    bench.put("truth.csv", truth.as_bytes());
    let report = eval_json(&bench, &["--truth", "truth.csv"]);
    assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], 1.0);
    let ran = eval(&bench, &["--truth", "truth.csv", "--min-accuracy", "0.9"]);
    assert_eq!(ran.code, 7, "{}", ran.stdout);
    assert!(ran.stderr.contains("counting 6 pages without an answer as wrong"), "{}", ran.stderr);
}

#[test]
fn gates_that_make_no_sense_are_refused() {
    let bench = labeled(1, "");
    for gate in ["1.5", "much", "=0.9"] {
        let ran = eval(&bench, &["--truth", "truth.csv", "--min-accuracy", gate]);
        assert_eq!(ran.code, 2, "{}", ran.stderr);
    }
}
