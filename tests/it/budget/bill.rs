//! The bill: known before, true after, as the server counts it.

use crate::bench::Bench;
use docmill::internal::base::hooks::Point;
use docmill::internal::base::money::Pico;
use docmill::internal::simulator::{Fault, Options};
use serde_json::Value;
use std::sync::OnceLock;
use std::time::Duration;

/// A folder with pages of many sizes, small and large, upright and not.
fn mixed(count: u32) -> Bench {
    // Drawn once for all tests.
    static DRAWN: [OnceLock<Vec<u8>>; 500] = [const { OnceLock::new() }; 500];
    let bench = Bench::with_pages(0);
    for (at, page) in (0..count).zip(&DRAWN) {
        let draw = || drawn(at, 90 + at * 37 % 1300, 120 + at * 61 % 1500);
        bench.put(&format!("pages/{at:04}.jpg"), page.get_or_init(draw));
    }
    assert_eq!(std::fs::read_dir(bench.path("pages")).unwrap().count(), count as usize);
    bench
}

/// A white page with bars that distinguish it from others.
fn drawn(seed: u32, width: u32, height: u32) -> Vec<u8> {
    let ink = |x: u32| (x / 6 + seed / 3) % 7 < 2 + seed % 4;
    let bars: Vec<u8> = (0..width).map(|x| if ink(x) { 20 } else { 250 }).collect();
    let blank = vec![250; width as usize];
    let row = |y: u32| if (y / 8 + seed).is_multiple_of(5) { &*bars } else { &*blank };
    let rows: Vec<&[u8]> = (0..height).map(row).collect();
    let pixels = rows.concat();
    let mut out = Vec::new();
    let (width, height) = (u16::try_from(width).unwrap(), u16::try_from(height).unwrap());
    jpeg_encoder::Encoder::new(&mut out, 70).encode(&pixels, width, height, jpeg_encoder::ColorType::Luma).unwrap();
    out
}

fn plan(bench: &Bench) -> Value {
    let ran = bench.docmill(&["plan", "job.yaml", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn usd(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

/// What the server counted, at the price of the tests' job.
fn billed(stats: &Value) -> f64 {
    let tokens = |name: &str| stats["tokens"][name].as_u64().unwrap();
    let input = Pico(400_000).times(tokens("input") - tokens("cached_input"));
    (input + Pico(100_000).times(tokens("cached_input")) + Pico(1_600_000).times(tokens("output"))).as_usd_f64()
}

fn close(expected: f64, actual: f64) {
    assert!((expected / actual - 1.0).abs() < 0.02, "expected {expected}, actual {actual}");
}

#[test]
fn the_plan_of_500_pages_is_their_bill() {
    for detail in ["high", "low"] {
        let bench = mixed(500).simulator(Options::default());
        bench.job(&format!("image: {{detail: {detail}}}"));
        let cost = plan(&bench)["cost_usd"].clone();
        assert_eq!(bench.run(&["-q"]).code, 0);
        let actual = billed(&bench.stats());
        close(usd(&cost["expected"]), actual);
        assert!(usd(&cost["low"]) <= actual && actual <= usd(&cost["high"]), "{actual} in {cost}");
        let report = bench.report();
        assert_eq!(usd(&report["cost"]["total_usd"]), actual);
        close(usd(&report["estimate"]["expected_usd"]), actual);
    }
}

/// An endpoint whose name stands for another model, or that multiplies.
#[test]
fn an_endpoint_that_bills_differently_is_detected_after_20_pages() {
    for options in [
        Options { bill_as: Some("gpt-4.1-mini".into()), ..Options::default() },
        Options { bill_as: Some("gpt-4o".into()), ..Options::default() },
        Options { bill_times: 1.37, ..Options::default() },
    ] {
        let bench = mixed(200).simulator(options.clone());
        bench.job("");
        let before = plan(&bench);
        let ran = bench.run(&["--limit", "20"]);
        assert!(
            ran.stderr.contains("billed image tokens differ from the documented rule"),
            "{options:?}\n{}",
            ran.stderr
        );
        let first = billed(&bench.stats());
        let after = plan(&bench);
        assert!(after["cost_usd"]["basis"].as_str().unwrap().contains("calibrated on 20"), "{}", after["cost_usd"]);
        assert_eq!(after["image_rule"]["differs_from_documented"], true);
        assert_eq!(bench.run(&["-q"]).code, 0);
        let actual = billed(&bench.stats()) - first;
        close(usd(&after["cost_usd"]["expected"]), actual);
        let (low, high) = (usd(&after["cost_usd"]["low"]), usd(&after["cost_usd"]["high"]));
        assert!(low <= actual && actual <= high, "{low} {actual} {high}");
        assert!((usd(&before["cost_usd"]["expected"]) / (actual + first) - 1.0).abs() > 0.2, "it was off before");
        assert_eq!(bench.report()["billing"]["differs"], true);
    }
}

/// A difference that is not credible costs one request, also without a budget.
#[test]
fn a_first_bill_far_above_every_rule_ends_a_run_without_a_budget() {
    let bench = mixed(10).simulator(Options { bill_times: 1000.0, ..Options::default() });
    bench.job("");
    let ran = bench.run(&["-q"]);
    assert_eq!((ran.code, bench.stats()["requests"].as_u64()), (4, Some(1)), "{}", ran.stderr);
    assert_eq!(bench.report()["outcome"], "unexpected_bill");
    assert_eq!(bench.run(&["-q"]).code, 0, "the next run has learned from it");
}

/// Without a price and a rule there is no number, and docmill does not invent one.
#[test]
fn unknown_costs_are_reported_as_unknown() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("# no price");
    let priceless = plan(&bench);
    assert_eq!(
        (&priceless["cost_usd"]["expected"], &priceless["cost_usd"]["basis"]),
        (&Value::Null, &"unknown".into())
    );
    assert!(priceless["tokens"]["input"]["expected"].as_u64().unwrap() > 25_000);
    bench.put("job.yaml", bench.text("job.yaml").replace("openai/gpt-4o-mini", "llava").as_bytes());
    let ruleless = plan(&bench);
    assert_eq!(ruleless["tokens"]["input"]["expected"], Value::Null);
    assert_eq!(ruleless["image_rule"]["basis"], "unknown");
    bench.put("job.yaml", format!("{}limits: {{budget_usd: 1}}\n", bench.text("job.yaml")).as_bytes());
    let checked = bench.docmill(&["check", "job.yaml"]);
    assert_eq!(checked.code, 2);
    assert!(checked.stderr.contains("a budget needs a price"), "{}", checked.stderr);
}

#[test]
fn a_sample_projects_the_cost_of_all_pages() {
    let bench = mixed(300).simulator(Options::default());
    bench.job("");
    let all = usd(&plan(&bench)["cost_usd"]["expected"]);
    let ran = bench.docmill(&["plan", "job.yaml", "--format", "json", "--sample", "100"]);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    let projection = &plan["projection"];
    assert_eq!((&projection["sampled_files"], &projection["files"]), (&100.into(), &300.into()));
    let cost = &projection["cost_usd"];
    let (from, to) = (usd(&cost["from"]), usd(&cost["to"]));
    // The sample is the same every time: this holds or it does not.
    assert!(from <= all && all <= to, "{all} in {cost}");
    assert!(to - from < 0.3 * all, "{cost}");
}

fn counted(values: impl Iterator<Item = Value>) -> [u64; 3] {
    let mut sums = [0; 3];
    for value in values {
        for (sum, name) in sums.iter_mut().zip(["input", "cached_input", "output"]) {
            *sum += value.get(name).or(value.get(format!("{name}_tokens"))).and_then(Value::as_u64).unwrap();
        }
    }
    sums
}

/// Of settled attempts, and of those that are lost: tokens, money.
fn ledger(bench: &Bench, state: &str) -> ([u64; 3], i64) {
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let sums = "SELECT ifnull(sum(input_tokens), 0), ifnull(sum(cached_input_tokens), 0), ifnull(sum(output_tokens), 0), ifnull(sum(cost), 0) FROM attempts WHERE state = ?1";
    store
        .query_row(sums, [state], |row| {
            Ok((
                [row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64, row.get::<_, i64>(2)? as u64],
                row.get(3)?,
            ))
        })
        .unwrap()
}

#[test]
fn store_report_rows_and_server_agree_to_the_token() {
    // Faults after which the server reports its bill, or bills nothing.
    let kinds = ["500", "503", "fenced", "wrong-label", "empty", "length", "refusal"];
    let kinds: Vec<Fault> = kinds.iter().map(|name| name.parse().unwrap()).collect();
    for seed in 0..3 {
        let options = Options { seed, faults: 0.3, kinds: kinds.clone(), ..Options::default() };
        let bench = Bench::with_pages(80).simulator(options);
        bench.job("limits: {concurrency: 16}\non_error: {stop_after: 0, max_failed: 100%}");
        assert_eq!(bench.run(&["-q"]).code, 0);
        let stats = bench.stats();
        let server = counted([stats["tokens"].clone()].into_iter());
        let report = bench.report();
        assert_eq!(counted([report["tokens"].clone()].into_iter()), server);
        assert_eq!(counted(bench.rows().into_iter()), server, "rows show all attempts for their page");
        let (tokens, cost) = ledger(&bench, "settled");
        assert_eq!(tokens, server);
        assert_eq!(Pico(cost).to_string(), report["cost"]["total_usd"]);
        let rows: Pico =
            bench.rows().iter().map(|row| Pico::from_usd(row["cost_usd"].as_str().unwrap()).unwrap()).sum();
        assert_eq!(rows, Pico(cost));
        for parts in ["by_task", "by_day", "by_run", "by_model"] {
            let parts = report[parts].as_object().unwrap().values();
            let sum: Pico = parts.map(|part| Pico::from_usd(part["cost_usd"].as_str().unwrap()).unwrap()).sum();
            assert_eq!(sum, Pico(cost));
        }
        let wasted: f64 = report["wasted"].as_object().unwrap().values().map(usd).sum();
        assert!(wasted > 0.0 && wasted < Pico(cost).as_usd_f64(), "{}", report["wasted"]);
    }
}

#[test]
fn after_a_kill_the_servers_count_lies_between_settled_and_lost() {
    let bench = Bench::with_pages(60).simulator(Options { latency: Duration::from_millis(40), ..Options::default() });
    bench.job("limits: {concurrency: 8}");
    // With requests in flight: one that is not sent yet, and those of which the bill is not stored.
    for (point, nth) in [(Point::Sent, 9), (Point::Replied, 12), (Point::Replied, 15)] {
        crate::store::dying::run(&bench, point, nth);
    }
    assert_eq!(bench.run(&["-q"]).code, 0);
    let (settled, lost) = (ledger(&bench, "settled").1, ledger(&bench, "lost").1);
    let server = billed(&bench.stats());
    let (least, most) = (Pico(settled).as_usd_f64(), Pico(settled + lost).as_usd_f64());
    assert!(least < server && server < most, "{least} < {server} < {most}");
}

/// One file, without script and network; what a page is called is never a tag.
#[test]
fn the_html_report_needs_nothing_else() {
    let bench = Bench::with_pages(6).simulator(Options { faults: 0.3, ..Options::default() });
    bench.put("pages/<script>alert(1)<.jpg", b"not a picture");
    bench.job("on_error: {max_failed: 100%}");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let html = bench.docmill(&["report", "job.yaml", "--format", "html"]).stdout;
    for part in
        ["Spend by run", "Tokens", "Labels of kind", "Replies by latency", "Pages by cost", "Most expensive pages"]
    {
        assert!(html.contains(part), "{part}");
    }
    assert!(html.matches("<svg").count() >= 6);
    assert!(html.contains("&lt;script&gt;alert(1)&lt;.jpg") && html.contains("not an image"), "the failed page");
    assert!(!html.contains("<script"));
    let links: Vec<&str> = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(!links.is_empty() && links.iter().all(|link| link.starts_with("file:///")), "{links:?}");
    for loaded in ["src=", "@import", "url(", "<link"] {
        assert!(!html.contains(loaded), "{loaded}");
    }
}
