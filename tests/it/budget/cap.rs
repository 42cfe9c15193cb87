//! A budget is never exceeded, as the server counts it.

use crate::bench::Bench;
use docmill::internal::base::money::Pico;
use docmill::internal::simulator::Options;
use proptest::prelude::*;
use serde_json::Value;
use std::process::Stdio;

/// What the server billed, at the prices of the test's job.
fn billed(stats: &Value) -> Pico {
    let tokens = |name: &str| stats["tokens"][name].as_u64().unwrap();
    Pico(400_000).times(tokens("input") - tokens("cached_input"))
        + Pico(100_000).times(tokens("cached_input"))
        + Pico(1_600_000).times(tokens("output"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_shrink_iters: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spend_as_the_server_counted_it_is_never_above(
        cents in 1_u64..12,
        seed in 0_u64..1000,
        processes in 1_usize..3,
        runs in 1_usize..3,
        scope in prop::sample::select(vec!["day", "job"]),
        stream: bool,
    ) {
        // Faults that bill, some without saying so; nothing that takes a test's time.
        let kinds = ["500", "cut-body", "reset", "fenced", "wrong-label", "empty", "no-usage", "length", "refusal", "stream-error"];
        let kinds = kinds.iter().map(|name| name.parse().unwrap()).collect();
        let bench = Bench::with_pages(40).simulator(Options { seed, faults: 0.2, kinds, ..Options::default() });
        bench.job(&format!("limits: {{concurrency: 64, budget_usd: 0.{cents:02}, budget_scope: {scope}}}\nrequest: {{stream: {stream}}}\non_error: {{stop_after: 0, max_failed: 100%}}"));
        let mut codes = Vec::new();
        for _ in 0..runs {
            let run = || bench.command(&["run", "job.yaml", "-q", "--progress", "off"]).stderr(Stdio::null()).spawn().unwrap();
            let children: Vec<_> = (0..processes).map(|_| run()).collect();
            codes = children.into_iter().map(|mut child| child.wait().unwrap().code().unwrap()).collect();
        }
        let stats = bench.stats();
        let (spent, budget) = (billed(&stats), Pico::from_usd(&format!("0.{cents:02}")).unwrap());
        prop_assert!(spent <= budget, "{spent} of {budget}");
        // One page of this size costs at most 8,500 image tokens, two kilobytes of text and
        // the room of its reply, twice when it was cut; two of them fit into what is left,
        // or the run was complete.
        let two_requests = Pico(400_000).times(2 * 11_000) + Pico(1_600_000).times(2 * 200);
        if codes.contains(&4) {
            // What was sent without an answer counts at its worst case.
            let unknown = stats["faults"].as_object().unwrap().values().filter_map(Value::as_u64).sum::<u64>();
            let slack = Pico(400_000).times(unknown * 2_500) + Pico(1_600_000).times(unknown * 200);
            prop_assert!(budget - spent <= two_requests + slack, "{} of {budget} are left", budget - spent);
        } else {
            prop_assert_eq!(codes, vec![0; processes]);
        }
    }
}

#[test]
fn two_processes_share_one_budget() {
    let bench = Bench::with_pages(60)
        .simulator(Options { latency: std::time::Duration::from_millis(10), ..Options::default() });
    bench.job("limits: {concurrency: 16, budget_usd: 0.10}");
    let run = || bench.command(&["run", "job.yaml", "-q", "--progress", "off"]).spawn().unwrap();
    let codes: Vec<_> = [run(), run()].map(|mut child| child.wait().unwrap().code()).into();
    assert!(codes.iter().all(|code| *code == Some(4)), "{codes:?}");
    let spent = billed(&bench.stats());
    assert!(spent <= Pico::from_usd("0.10").unwrap(), "{spent}");
    assert!(spent >= Pico::from_usd("0.08").unwrap(), "{spent}");
}

#[test]
fn a_budget_is_for_its_scope() {
    let bench = Bench::with_pages(30).simulator(Options::default());
    bench.job("limits: {budget_usd: 0.02, budget_scope: run}");
    assert_eq!(bench.run(&[]).code, 4);
    let first = bench.stats()["requests"].as_u64().unwrap();
    assert_eq!(bench.run(&[]).code, 4);
    assert!(bench.stats()["requests"].as_u64().unwrap() > first, "each run has its own");
    bench.job("limits: {budget_usd: 0.02, budget_scope: day}");
    let before = bench.stats()["requests"].as_u64().unwrap();
    bench.run(&[]);
    let day = bench.stats()["requests"].as_u64().unwrap();
    assert!(day > before);
    assert_eq!(bench.run(&[]).code, 4);
    assert_eq!(bench.stats()["requests"].as_u64().unwrap(), day, "a day has one");
    assert_eq!(bench.run(&["--budget-usd", "1"]).code, 0);
}
