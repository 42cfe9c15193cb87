//! Plans of shards, and amounts above which a plan fails.

use super::run_shards;
use crate::bench::Bench;
use docmill::internal::simulator::Options;
use serde_json::Value;

#[test]
fn a_plan_shows_what_each_shard_would_do() {
    let bench = Bench::with_pages(20).simulator(Options::default());
    bench.job("");
    let planned = bench.docmill(&["plan", "job.yaml", "--shards", "4", "--format", "json"]);
    let plan: Value = serde_json::from_str(&planned.stdout).unwrap_or_else(|_| panic!("{}", planned.stderr));
    let shards = plan["shards"].as_array().unwrap();
    assert_eq!(shards.len(), 4);
    let usd = |value: &Value| value["cost_usd"]["expected"].as_str().unwrap().parse::<f64>().unwrap();
    let sum: f64 = shards.iter().map(usd).sum();
    assert!((sum - usd(&plan)).abs() < 1e-9 && sum > 0.0, "{sum} {}", usd(&plan));
    for (shard, summary) in shards.iter().zip(run_shards(&bench, 4)) {
        assert_eq!((&shard["shard"], &shard["to_ask"]), (&summary["shard"], &summary["pages"]["asked"]));
        assert_eq!(shard["pages"], summary["pages"]["total"]);
    }
    let text = bench.docmill(&["plan", "job.yaml", "--shards", "2"]);
    assert!(text.stdout.contains("\nshard ") && text.stdout.contains("  1/2 "), "{}", text.stdout);
}

/// Each shard can only spend its part of the budget, and reserves the most that its last request may cost.
#[test]
fn a_budget_that_is_enough_for_one_run_may_be_too_small_for_shards() {
    let bench = Bench::with_pages(40).simulator(Options::default());
    let budget = |usd: &str| bench.job(&format!("limits: {{budget_usd: {usd}}}"));
    let plan = |more: &[&str]| bench.docmill(&[&["plan", "job.yaml", "--fail-over-budget"], more].concat());
    budget("1");
    let planned = plan(&["--format", "json", "--shards", "4"]);
    let shown: Value = serde_json::from_str(&planned.stdout).unwrap_or_else(|_| panic!("{}", planned.stderr));
    let number = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    assert_eq!(shown["budget"]["is_enough"], true);
    let shards = shown["shards"].as_array().unwrap();
    let needed = shards.iter().map(|shard| number(&shard["budget"]["needed_usd"])).fold(0.0, f64::max);
    assert!(shards.iter().all(|shard| number(&shard["budget"]["usd"]) == 0.25), "{shown}");
    let expected = shards.iter().map(|shard| number(&shard["cost_usd"]["expected"])).fold(0.0, f64::max);
    assert!(needed > expected, "{needed} {expected}");

    // Enough for all pages in one run, but not for the part of the largest shard.
    let too_small = needed * 4.0 - 0.0001;
    budget(&format!("{too_small:.6}"));
    assert_eq!(plan(&[]).code, 0);
    let short = plan(&["--shards", "4"]);
    assert_eq!(short.code, 4, "{}", short.stderr);
    let message = "error: the budget is too small for 4 shards: each gets USD ";
    assert!(short.stderr.contains(message), "{}", short.stderr);
    // Replies differ a little in length.
    budget(&format!("{:.6}", needed * 4.0 * 1.01));
    let enough = plan(&["--shards", "4"]);
    assert_eq!(enough.code, 0, "{}", enough.stderr);
    for (at, summary) in run_shards(&bench, 4).iter().enumerate() {
        assert_eq!(summary["outcome"], "complete", "shard {at}: {summary}");
    }
}

#[test]
fn a_plan_above_an_amount_fails() {
    let bench = Bench::with_pages(5).simulator(Options::default());
    bench.job("");
    let plan = |max: &str| bench.docmill(&["plan", "job.yaml", "--max-usd", max]);
    let above = plan("0.000001");
    assert!(above.code == 4 && above.stderr.contains("more than --max-usd 0.000001"), "{}", above.stderr);
    assert!(above.stdout.contains("to ask"), "the plan is shown nevertheless");
    assert_eq!(plan("1").code, 0);
    let wrong = plan("much");
    assert!(wrong.code == 2 && wrong.stderr.contains("--max-usd"), "{}", wrong.stderr);
    bench.job("# no price");
    let unknown = plan("1");
    assert!(unknown.code == 2 && unknown.stderr.contains("the price of this model is unknown"), "{}", unknown.stderr);
    // A price, but no rule for the tokens of images: only the lowest cost is known.
    bench.job("");
    bench.put("job.yaml", bench.text("job.yaml").replace("openai/gpt-4o-mini", "some-model").as_bytes());
    let above = plan("0.000001");
    assert!(above.code == 4 && above.stderr.contains("the lowest possible cost is USD"), "{}", above.stderr);
    let unknown = plan("1");
    assert!(
        unknown.code == 2 && unknown.stderr.contains("tokens this model bills for a picture"),
        "{}",
        unknown.stderr
    );
}
