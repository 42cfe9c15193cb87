//! What answers cost, beside how good they are.

use super::bench::{eval_json, put_truth};
use crate::bench::Bench;
use docmill::internal::simulator::Options;
use serde_json::Value;

fn costs(bench: &Bench) -> (f64, f64, Value) {
    let report = eval_json(bench, &["--truth", "truth.jsonl"]);
    let usd = |name: &str| report["cost"][name].as_str().unwrap().parse::<f64>().unwrap();
    (usd("per_1000_usd"), usd("per_1000_correct_usd"), report["correct_pages"].clone())
}

/// Earlier answers were paid for, too, but they are not what the present ones cost.
#[test]
fn answers_that_were_refreshed_cost_once() {
    let bench = Bench::with_pages(8).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    put_truth(&bench, &["kind", "marks"], |_, _| true);
    let (first, first_right, share) = costs(&bench);
    let billed = bench.report()["cost"]["total_usd"].as_str().unwrap().parse::<f64>().unwrap();
    assert!((first - billed / 8.0 * 1000.0).abs() < 1e-6, "{first} {billed}");
    assert_eq!((share, first_right), (1.0.into(), first));
    assert_eq!(bench.run(&["--refresh", "-q"]).code, 0);
    let (second, second_right, _) = costs(&bench);
    assert!((second / first - 1.0).abs() < 0.02, "{first} {second}");
    assert!((second_right / first_right - 1.0).abs() < 0.02, "{first_right} {second_right}");
}

/// Copies are right and cost nothing, and neither do files that could not be opened.
#[test]
fn right_pages_are_counted_among_the_pages_of_the_truth() {
    let bench = Bench::with_pages(10).simulator(Options::default());
    for at in 0..5 {
        bench.put(&format!("pages/broken-{at}.jpg"), format!("no picture {at}").as_bytes());
        let content = std::fs::read(bench.path(&format!("pages/{at:05}.jpg"))).unwrap();
        bench.put(&format!("pages/copy-{at}.jpg"), &content);
    }
    bench.job("on_error: {max_failed: 100%}");
    let ran = bench.run(&["-q"]);
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    let billed = bench.report()["cost"]["total_usd"].as_str().unwrap().parse::<f64>().unwrap();
    let put = |wrong: usize| {
        put_truth(&bench, &["kind"], |at, truth| {
            if truth["kind"].is_null() || at < wrong {
                truth["kind"] = "another".into();
            }
            true
        });
    };
    for (wrong, right) in [(0, 15.0), (3, 12.0)] {
        put(wrong);
        let (asked, correct, share) = costs(&bench);
        assert!((asked - billed / 10.0 * 1000.0).abs() < 1e-6, "{asked} {billed}");
        assert!((correct - billed / right * 1000.0).abs() < 1e-6, "{correct} {billed}");
        assert!((share.as_f64().unwrap() - right / 20.0).abs() < 1e-9, "{share}");
    }
    // Truth about copies only: they are as good as the pages that were asked.
    put_truth(&bench, &["kind"], |_, truth| truth["path"].as_str().unwrap().starts_with("copy"));
    let (asked, correct, _) = costs(&bench);
    assert!((asked - correct).abs() < 1e-9, "{asked} {correct}");
}
