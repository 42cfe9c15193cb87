//! What a plan shows about a budget, with bills above the rules, and without any bills.

use super::providers::completion;
use crate::bench::Bench;
use crate::harness::http_server::HttpServer;
use docmill::internal::base::simulator_profile::SimulatorProfile;
use docmill::internal::simulator::Options;
use serde_json::{Value, json};
use std::io::Write;

/// A server that bills every request the same.
fn server(usage: Value) -> HttpServer {
    HttpServer::start(move |_, stream| {
        let reply = completion(r#"{"kind":"letter","marks":[]}"#, "stop", &usage).to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        stream.write_all(format!("{head}content-length: {}\r\n\r\n{reply}", reply.len()).as_bytes())
    })
}

fn plan(bench: &Bench) -> Value {
    let ran = bench.docmill(&["plan", "job.yaml", "--format", "json"]);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The hint after an unexpected bill refers to the plan, which includes that bill.
#[test]
fn a_plan_after_an_unexpected_bill_expects_it_again() {
    let tokens = json!({"prompt_tokens": 140_000, "completion_tokens": 20, "total_tokens": 140_020});
    let cost = json!({"prompt_tokens": 8700, "completion_tokens": 20, "total_tokens": 8720, "cost": 0.056});
    for usage in [tokens, cost] {
        let server = server(usage.clone());
        let bench = Bench::with_pages(12);
        bench.job_at(&server.base_url, "limits: {budget_usd: 0.2, concurrency: 1}");
        let before = bench.docmill(&["plan", "job.yaml", "--fail-over-budget"]);
        assert_eq!(before.code, 0, "{usage}: {}", before.stderr);
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 4, "{usage}: {}", ran.stderr);
        assert_eq!(
            (bench.report()["outcome"].as_str(), server.count()),
            (Some("unexpected_bill"), 1),
            "{}",
            ran.stderr
        );
        let after = bench.docmill(&["plan", "job.yaml", "--fail-over-budget"]);
        assert_eq!(after.code, 4, "{usage}: {}{}", after.stdout, after.stderr);
        assert!(after.stderr.contains("the budget is too small: USD 0.1"), "{usage}: {}", after.stderr);
        let plan = plan(&bench);
        assert_eq!(plan["budget"]["is_enough"], false, "{usage}: {plan}");
        let expected: f64 = plan["cost_usd"]["expected"].as_str().unwrap().parse().unwrap();
        assert!((11.0 * 0.05..11.0 * 0.07).contains(&expected), "{usage}: {plan}");
    }
}

/// Without an image rule the expected cost is unknown, but the minimum and the reservation are known.
#[test]
fn a_plan_without_a_rule_compares_what_is_known() {
    for (pages, budget, code, expected_text) in [
        (80, "0.006", 4, "and the cost is at least USD "),
        (1, "0.001", 4, "and one request may cost up to USD "),
        (3, "100", 0, ""),
    ] {
        let bench = Bench::with_pages(pages);
        bench.job_at("http://127.0.0.1:9/v1", &format!("limits: {{budget_usd: {budget}}}"));
        bench.put("job.yaml", bench.text("job.yaml").replace("openai/gpt-4o-mini", "unheard-of").as_bytes());
        let ran = bench.docmill(&["plan", "job.yaml", "--fail-over-budget"]);
        assert_eq!(ran.code, code, "{pages} pages, {budget}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(expected_text), "{pages} pages, {budget}: {}", ran.stderr);
        let is_enough = &plan(&bench)["budget"]["is_enough"];
        assert_eq!(is_enough, &if code == 4 { json!(false) } else { Value::Null });
        let is_unknown = ran.stdout.contains("how many pages that pays for is unknown");
        assert_eq!(is_unknown, code == 0, "{}", ran.stdout);
        assert!(!ran.stdout.contains("enough for ") || ran.stdout.contains("not enough for"), "{}", ran.stdout);
    }
}

/// A job at a simulator with this profile, which names the model and its price.
fn job_of(profile: &str, model: &str, pages: usize, rest: &str) -> Bench {
    let profile = SimulatorProfile::parse(profile).unwrap();
    let bench = Bench::with_pages(pages).simulator(Options { profile, ..Options::default() });
    bench.job(rest);
    bench.put("job.yaml", bench.text("job.yaml").replace("openai/gpt-4o-mini", model).as_bytes());
    bench
}

/// Reasoning is billed and may be most of the cost: a plan shows the expected amount, or that it is unknown.
#[test]
fn a_plan_shows_what_is_known_about_reasoning() {
    for (profile, model, rest, before, after) in [
        (
            "claude-compat",
            "claude-sonnet-5",
            "",
            "~2,400 tokens a page at `high`, included (estimated; unknown before the first answers)",
            " tokens a page, included (billed for 5 replies)",
        ),
        (
            "gpt-6-luna",
            "gpt-6-luna",
            "request: {reasoning_effort: medium}",
            "~800 tokens a page at `medium`, included (estimated; unknown before the first answers)",
            " tokens a page, included (billed for 5 replies)",
        ),
        ("gpt-6-luna", "gpt-6-luna", "", "", ""),
        (
            "kimi",
            "kimi-k2.6",
            "",
            "not included: unknown whether this model reasons; `high` has 4,096 tokens a page; `docmill try`, or a run with `--limit 5`, shows it",
            " tokens a page, included (billed for ",
        ),
        ("ignores-schema", "unheard-of", "", "not included: unknown whether this model reasons", ""),
    ] {
        let bench = job_of(profile, model, 8, rest);
        let line = || {
            let text = bench.docmill(&["plan", "job.yaml"]).stdout;
            text.lines().find_map(|line| line.strip_prefix("reasoning ")).unwrap_or_default().trim().to_owned()
        };
        let first = line();
        assert!(if before.is_empty() { first.is_empty() } else { first.starts_with(before) }, "{model}: {first}");
        assert_eq!(bench.run(&["-q", "--limit", "5"]).code, 0);
        let second = line();
        assert!(if after.is_empty() { second.is_empty() } else { second.contains(after) }, "{model}: {second}");
    }
}

/// A request is sent only while what it reserves is left, which is far more than what it costs.
#[test]
fn a_plan_counts_the_pages_that_a_budget_really_pays_for() {
    let rest = |budget: &str| format!("limits: {{budget_usd: {budget}}}\nrequest: {{reasoning_effort: high}}");
    // The output limit of 25,000 tokens reserves USD 0.04 a request.
    for (budget, expected_text) in [("0.03", "not enough for one request"), ("0.10", "enough for ")] {
        let bench = job_of("gpt-6-luna", "gpt-6-luna", 60, &rest(budget));
        let text = bench.docmill(&["plan", "job.yaml"]);
        let line = text.stdout.lines().find(|line| line.starts_with("budget ")).unwrap();
        assert!(line.contains(expected_text), "{line}");
        let planned = plan(&bench)["budget"].clone();
        assert_eq!(planned["is_enough"], false, "{planned}");
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 4, "{}", ran.stderr);
        let answered = bench.report()["pages"]["ok"].as_u64().unwrap();
        let expected = planned["pages"].as_u64().unwrap();
        assert!(answered.abs_diff(expected) <= expected / 2, "{answered} pages instead of {planned}");
        let again = bench.docmill(&["plan", "job.yaml"]);
        assert!(again.stdout.contains("not enough for one request"), "{}", again.stdout);
    }
}
