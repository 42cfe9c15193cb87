//! Metrics against the values of scikit-learn, statsmodels and SciPy for random tables, which
//! `scripts/eval_reference.py` has computed. `DOCMILL_EVAL_VECTORS` names another file of that script.

use crate::bench::root;
use docmill::internal::eval::{
    Design, Estimate, Interval, LabelMetrics, Labeled, Presence, Tagged, Unlabeled, clopper_pearson,
    estimate_prevalence, exact_lower_bound, macro_f1, mcnemar_p, measure_classification, measure_tags, text_similarity,
    wilson,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Largest accepted difference, as a share of numbers above 1.
const TOLERANCE: f64 = 1e-12;

fn vectors() -> Value {
    let file = std::env::var_os("DOCMILL_EVAL_VECTORS")
        .map_or_else(|| root().join("tests/it/eval/vectors.json"), std::path::PathBuf::from);
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The tables of one kind. There must be some, so that an empty file fails.
fn tables(kind: &str, least: usize) -> Vec<Value> {
    let tables = vectors()[kind].as_array().unwrap().clone();
    assert!(tables.len() >= least, "{kind}");
    tables
}

#[track_caller]
fn assert_same(found: f64, expected: &Value, what: &str, table: &Value) {
    let expected = expected.as_f64().unwrap_or_else(|| panic!("{what} is {expected}, not {found}: {table}"));
    let is_same = (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
    assert!(is_same, "{what} is {found:?}, not {expected:?}: {table}");
}

/// Compares a number with one that may be missing.
#[track_caller]
fn assert_same_option(found: Option<f64>, expected: &Value, what: &str, table: &Value) {
    match found {
        Some(found) => assert_same(found, expected, what, table),
        None => assert!(expected.is_null(), "{what} is missing: {table}"),
    }
}

#[track_caller]
fn assert_same_interval(found: Interval, expected: &[Value], what: &str, table: &Value) {
    assert_same(found.low, &expected[0], &format!("low end of {what}"), table);
    assert_same(found.high, &expected[1], &format!("high end of {what}"), table);
}

/// A share as `[value, low, high]`.
#[track_caller]
fn assert_same_share(found: Option<Estimate>, expected: &Value, what: &str, table: &Value) {
    assert_same_option(found.map(|share| share.value), &expected[0], what, table);
    if let Some(found) = found {
        assert_same_interval(found.interval, &expected.as_array().unwrap()[1..], what, table);
    }
}

/// The numbers of a text of digits.
fn digits(text: &Value) -> Vec<usize> {
    text.as_str().unwrap().chars().map(|c| c.to_digit(10).unwrap() as usize).collect()
}

fn design(table: &Value, n: usize) -> Design {
    let clusters = table["clusters"].as_array().map_or_else(
        || (0..n).collect(),
        |ids| ids.iter().map(|id| usize::try_from(id.as_u64().unwrap()).unwrap()).collect(),
    );
    match table.get("draws") {
        None => Design::clustered(clusters),
        Some(draws) => {
            let probabilities: Vec<f64> = digits(draws).iter().map(|draw| [1.0, 0.5, 0.25, 0.1][*draw]).collect();
            Design::sampled(&probabilities, clusters).unwrap()
        }
    }
}

/// Precision, recall and F1 of labels that occur; others have none.
fn assert_same_labels(found: &[LabelMetrics], expected: &Value, table: &Value) {
    for (label, metrics) in found.iter().enumerate() {
        let expected = &expected[label.to_string()];
        for (place, (what, part)) in
            [("precision", metrics.precision), ("recall", metrics.recall), ("f1", metrics.f1)].into_iter().enumerate()
        {
            let value = part.map(|share| share.value);
            // scikit-learn's F1 of a label that only one side has is 0, as docmill's.
            assert_same_option(value, &expected[place], &format!("{what} of {label}"), table);
        }
    }
}

#[test]
fn classifications() {
    let (mut simple, mut weighted, mut unanswered) = (0, 0, 0);
    for table in tables("classification", 200) {
        let labels = usize::try_from(table["labels"].as_u64().unwrap()).unwrap();
        let answers = table["answers"].as_str().unwrap().chars().map(|c| c.to_digit(10).map(|digit| digit as usize));
        let pages: Vec<Labeled> =
            digits(&table["truth"]).into_iter().zip(answers).map(|(truth, answer)| Labeled { truth, answer }).collect();
        let design = design(&table, pages.len());
        let found = measure_classification(labels, &pages, &design);
        let expected = &table["expected"];
        assert_same_option(found.accuracy.map(|share| share.value), &expected["accuracy"], "accuracy", &table);
        assert_same_option(found.macro_f1.map(|share| share.value), &expected["macro_f1"], "macro F1", &table);
        let set = |label: Option<usize>| label.into_iter().collect();
        let sets: Vec<(BTreeSet<usize>, BTreeSet<usize>)> =
            pages.iter().map(|page| (set(Some(page.truth)), set(page.answer))).collect();
        let plain = macro_f1(labels, sets.iter().map(|(truth, answer)| (truth, answer)), design.weights());
        assert_same_option(plain, &expected["macro_f1"], "macro F1", &table);
        assert_same_option(found.weighted_f1.map(|share| share.value), &expected["weighted_f1"], "weighted F1", &table);
        assert_same_option(found.kappa.map(|kappa| kappa.value), &expected["kappa"], "kappa", &table);
        assert_same_labels(&found.labels, &expected["labels"], &table);
        assert_eq!(serde_json::json!(found.confusion.counts()), expected["confusion"], "{table}");
        assert_eq!(serde_json::json!(found.confusion.unanswered()), expected["unanswered"], "{table}");
        let accuracy = found.accuracy.unwrap();
        if let Some(size) = expected["effective_n"].as_f64() {
            assert!((accuracy.effective_n - size).abs() < 1e-9 * size, "{} {size}: {table}", accuracy.effective_n);
            weighted += 1;
        }
        if let Some(interval) = expected["accuracy_interval"].as_array() {
            assert_same_interval(accuracy.interval, interval, "accuracy", &table);
            assert_same_interval(accuracy.exact, expected["accuracy_exact"].as_array().unwrap(), "accuracy", &table);
            assert_same(accuracy.lower_bound, &expected["accuracy_bound"], "bound of accuracy", &table);
            if let Some(kappa) = expected["kappa_interval"].as_array() {
                let (found, low) = (found.kappa.unwrap(), kappa[0].as_f64().unwrap());
                // The variance that statsmodels has, in the interval of a share of this size.
                let error = (found.value - low) / 1.959_963_984_540_054;
                if found.value >= 0.25 && error > 1e-9 && low > -1.0 {
                    let size = found.value * (1.0 - found.value) / (error * error);
                    let expected = wilson(found.value * size, size, 0.95).unwrap();
                    assert!((found.interval.low - expected.low).abs() < 1e-9, "{found:?} {expected:?}: {table}");
                    assert!((found.interval.high - expected.high).abs() < 1e-9, "{found:?} {expected:?}: {table}");
                } else if found.value < 0.25 {
                    assert_same_interval(found.interval, kappa, "kappa", &table);
                }
            }
            for (label, metrics) in found.labels.iter().enumerate() {
                let expected = &expected["intervals"][label.to_string()];
                assert_same_share(metrics.precision, &expected["precision"], "precision", &table);
                assert_same_share(metrics.recall, &expected["recall"], "recall", &table);
                if let Some(f1) = metrics.f1 {
                    assert_same_interval(f1.interval, expected["f1"].as_array().unwrap(), "F1", &table);
                    assert_same(f1.lower_bound, &expected["f1_bound"], "bound of F1", &table);
                }
            }
            simple += 1;
        }
        unanswered += found.unanswered;
    }
    assert!(simple > 20 && weighted > 60 && unanswered > 50, "{simple} {weighted} {unanswered}");
}

#[test]
fn tags() {
    for table in tables("tags", 60) {
        let count = usize::try_from(table["tags"].as_u64().unwrap()).unwrap();
        let set = |mask: &Value| {
            let mask = mask.as_str().unwrap();
            (mask != "-").then(|| mask.char_indices().filter(|(_, c)| *c == '1').map(|(tag, _)| tag).collect())
        };
        let (truth, answers) = (table["truth"].as_array().unwrap(), table["answers"].as_array().unwrap());
        let page = |(truth, answer)| Tagged { truth: set(truth).unwrap(), answer: set(answer) };
        let pages: Vec<Tagged> = truth.iter().zip(answers).map(page).collect();
        let design = design(&table, pages.len());
        let found = measure_tags(count, &pages, &design);
        let expected = &table["expected"];
        for (what, part) in [
            ("accuracy", found.accuracy),
            ("jaccard", found.jaccard),
            ("micro_f1", found.micro_f1),
            ("macro_f1", found.macro_f1),
        ] {
            assert_same_option(part.map(|share| share.value), &expected[what], what, &table);
        }
        let none = BTreeSet::new();
        let sets = pages.iter().map(|page| (&page.truth, page.answer.as_ref().unwrap_or(&none)));
        assert_same_option(macro_f1(count, sets, design.weights()), &expected["macro_f1"], "macro F1", &table);
        assert_same_labels(&found.tags, &expected["tags"], &table);
    }
}

#[test]
fn intervals_of_shares() {
    for table in tables("proportion", 100) {
        let [right, n, confidence] = ["right", "n", "confidence"].map(|name| table[name].as_f64().unwrap());
        let interval = |name: &str| table[name].as_array().unwrap().clone();
        assert_same_interval(wilson(right, n, confidence).unwrap(), &interval("wilson"), "Wilson", &table);
        let exact = clopper_pearson(right, n, confidence).unwrap();
        assert_same_interval(exact, &interval("exact"), "Clopper-Pearson", &table);
        assert_same(exact_lower_bound(right, n, confidence).unwrap(), &table["bound"], "bound", &table);
    }
}

#[test]
fn paired_tests() {
    for table in tables("paired", 40) {
        let [first, second] = ["first", "second"].map(|name| table[name].as_u64().unwrap());
        assert_same(mcnemar_p(first, second), &table["p"], "McNemar's p", &table);
    }
}

#[test]
fn prevalences() {
    for table in tables("prevalence", 40) {
        let page = |(truth, answer)| Presence { truth: truth == 1, answer: answer == 1 };
        let sample: Vec<Presence> =
            digits(&table["truth"]).into_iter().zip(digits(&table["answers"])).map(page).collect();
        let [pages, predicted] =
            ["others", "predicted"].map(|name| usize::try_from(table[name].as_u64().unwrap()).unwrap());
        let design = Design::simple(sample.len());
        let found = estimate_prevalence(&sample, &design, Unlabeled { pages, predicted }).unwrap();
        assert_same(found.value, &table["value"], "prevalence", &table);
        assert_same(found.lambda, &table["lambda"], "lambda", &table);
        assert_same(found.standard_error, &table["standard_error"], "standard error", &table);
    }
}

#[test]
fn similarities() {
    for table in tables("similarity", 40) {
        let [one, other] = ["one", "other"].map(|name| table[name].as_str().unwrap());
        assert_same(text_similarity(one, other), &table["anls"], "ANLS", &table);
    }
}
