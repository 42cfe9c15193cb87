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
