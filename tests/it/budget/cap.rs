//! A budget is never exceeded, as the server counts it.

use crate::bench::{Bench, Ran, stats};
use crate::harness::cases::cases;
use docmill::internal::base::money::Pico;
use docmill::internal::simulator::{Options, Server};
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
    #![proptest_config(ProptestConfig { cases: cases(60), max_shrink_iters: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spend_as_the_server_counted_it_is_never_above(
        cents in 1_u64..12,
        seed in 0_u64..1000,
        processes in 1_usize..3,
        runs in 1_usize..3,
        scope in prop::sample::select(vec!["day", "job"]),
        stream: bool,
        // Jobs with one name, each with its own input and endpoint.
        jobs in 1_usize..4,
    ) {
        // Faults that bill, some without saying so; nothing that takes a test's time.
        let kinds = ["500", "cut-body", "reset", "fenced", "wrong-label", "empty", "no-usage", "length", "refusal", "stream-error"];
        let kinds = kinds.iter().map(|name| name.parse().unwrap()).collect();
        let options = Options { seed, faults: 0.2, kinds, ..Options::default() };
        let bench = Bench::with_pages(40).simulator(options.clone());
        let servers: Vec<Server> = (1..jobs).map(|_| Server::start(options.clone()).unwrap()).collect();
        bench.job(&format!("limits: {{concurrency: 64, budget_usd: 0.{cents:02}, budget_scope: {scope}}}\nrequest: {{stream: {stream}}}\non_error: {{stop_after: 0, max_failed: 100%}}"));
        bench.put("job0.yaml", bench.text("job.yaml").as_bytes());
        for (at, server) in servers.iter().enumerate() {
            let other = bench.text("job.yaml").replace("folder: pages", &format!("folder: pages{at}"));
            let other = other.replace(&bench.server.as_ref().unwrap().base_url(), &server.base_url());
            bench.put(&format!("job{}.yaml", at + 1), other.replace("id: test", &format!("id: other{at}")).as_bytes());
            for page in 0..20 {
                bench.put(&format!("pages{at}/{page}.jpg"), &crate::bench::page(100 + 100 * at as u32 + page));
            }
        }
        let mut codes = Vec::new();
        for _ in 0..runs {
            let run = |at: usize| {
                let job = format!("job{}.yaml", at % jobs);
                bench.command(&["run", &job, "-q", "--progress", "off"]).stderr(Stdio::piped()).spawn().unwrap()
            };
            let children: Vec<_> = (0..processes.max(jobs)).map(run).collect();
            let ran: Vec<Ran> = children.into_iter().map(|child| child.wait_with_output().unwrap().into()).collect();
            for ran in &ran {
                prop_assert!(matches!(ran.code, 0 | 4), "exit code {}: {}", ran.code, ran.stderr);
            }
            codes = ran.iter().map(|ran| ran.code).collect();
        }
        let all: Vec<Value> = servers.iter().map(|server| stats(&server.base_url())).chain([bench.stats()]).collect();
        let spent = all.iter().map(billed).sum::<Pico>();
        let budget = Pico::from_usd(&format!("0.{cents:02}")).unwrap();
        prop_assert!(spent <= budget, "{spent} of {budget}");
        // One page of this size costs at most 8,500 image tokens, two kilobytes of text and
        // the room of its reply, twice when it was cut; two of them fit into the rest, or the run was complete.
        let two_requests = Pico(400_000).times(2 * 11_000) + Pico(1_600_000).times(2 * 200);
        if codes.contains(&4) {
            // A request without an answer counts at its worst case.
            let faults = all.iter().flat_map(|stats| stats["faults"].as_object().unwrap().values());
            let unknown = faults.filter_map(Value::as_u64).sum::<u64>();
            let slack = Pico(400_000).times(unknown * 2_500) + Pico(1_600_000).times(unknown * 200);
            prop_assert!(budget - spent <= two_requests + slack, "{} of {budget} are left", budget - spent);
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
    assert_eq!(bench.run(&[]).code, 4);
    let day = bench.stats()["requests"].as_u64().unwrap();
    assert!(day > before);
    assert_eq!(bench.run(&[]).code, 4);
    assert_eq!(bench.stats()["requests"].as_u64().unwrap(), day, "a day has one");
    assert_eq!(bench.run(&["--budget-usd", "1"]).code, 0);
}

/// A job of the same name for another folder, and one of another name that shares its budget.
#[test]
fn a_budget_counts_by_name_over_inputs_and_endpoints() {
    let bench = Bench::with_pages(30).simulator(Options::default());
    let other = Server::start(Options::default()).unwrap();
    for page in 0..30 {
        bench.put(&format!("more/{page}.jpg"), &crate::bench::page(500 + page));
    }
    bench.job("limits: {budget_usd: 0.02}");
    let job = bench.text("job.yaml");
    let elsewhere = job.replace("folder: pages", "folder: more");
    let elsewhere =
        elsewhere.replace(&bench.server.as_ref().unwrap().base_url(), &other.base_url()).replace("id: test", "id: b");
    bench.put("elsewhere.yaml", elsewhere.as_bytes());
    bench.put("unrelated.yaml", elsewhere.replace("name: test", "name: unrelated").as_bytes());
    let shared = elsewhere.replace("name: test", "name: team").replace("0.02}", "0.02, budget_name: test}");
    bench.put("shared.yaml", shared.as_bytes());
    assert_eq!(bench.run(&[]).code, 4);
    for job in ["elsewhere.yaml", "shared.yaml"] {
        let ran = bench.docmill(&["run", job, "-q"]);
        assert_eq!((ran.code, stats(&other.base_url())["requests"].as_u64()), (4, Some(0)), "{job}: {}", ran.stderr);
        let plan = bench.docmill(&["plan", job, "--fail-over-budget"]);
        assert_eq!(plan.code, 4, "{job}: {}", plan.stderr);
        assert!(plan.stderr.contains("the budget is too small"), "{job}: {}", plan.stderr);
    }
    let plan = bench.docmill(&["plan", "shared.yaml"]);
    assert_eq!((plan.code, plan.stderr.starts_with("warning: the budget is too small")), (0, true), "{}", plan.stderr);
    assert_eq!(bench.docmill(&["run", "unrelated.yaml", "-q"]).code, 4, "it has a budget of its own");
    assert!(stats(&other.base_url())["requests"].as_u64() > Some(0));

    let shown = bench.docmill(&["report", "--store", "store.db", "--budgets", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let names: Vec<_> = shown.as_array().unwrap().iter().map(|budget| (&budget["name"], &budget["scope"])).collect();
    assert_eq!(names, [(&"test".into(), &"day".into()), (&"unrelated".into(), &"day".into())], "{shown}");
    assert_eq!(shown[0]["spent_usd"].as_str().unwrap(), billed(&bench.stats()).to_string());
    let shown = bench.docmill(&["report", "--store", "store.db", "--budgets"]);
    assert!(shown.stdout.contains("unrelated ") && shown.stdout.contains("day 20"), "{}", shown.stdout);
}

/// Bills of the built-in simulator are not money.
#[test]
fn the_simulator_has_budgets_of_its_own() {
    let bench = Bench::with_pages(30).simulator(Options::default());
    bench.job("limits: {budget_usd: 0.02}");
    let url = format!("base_url: \"{}\", id: test", bench.server.as_ref().unwrap().base_url());
    bench.put("simulated.yaml", bench.text("job.yaml").replace(&url, "simulator: {}").as_bytes());
    assert_eq!(bench.docmill(&["run", "simulated.yaml", "-q"]).code, 4);
    assert_eq!(bench.run(&["-q"]).code, 4);
    assert!(billed(&bench.stats()) >= Pico::from_usd("0.015").unwrap(), "{}", bench.stats());
}
