//! What a plan says about a budget, when bills have shown more than the rules, and when nothing has shown anything.

use super::providers::completion;
use crate::bench::Bench;
use crate::harness::http_server::HttpServer;
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

/// The hint after an unexpected bill says to look at the plan: it knows that bill.
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

/// Without an image rule the expected cost is unknown, but not what it is at least, and what is reserved.
#[test]
fn a_plan_without_a_rule_compares_what_is_known() {
    for (pages, budget, code, said) in [
        (80, "0.006", 4, "and the cost is at least USD "),
        (1, "0.001", 4, "and one request may cost up to USD "),
        (3, "100", 0, ""),
    ] {
        let bench = Bench::with_pages(pages);
        bench.job_at("http://127.0.0.1:9/v1", &format!("limits: {{budget_usd: {budget}}}"));
        bench.put("job.yaml", bench.text("job.yaml").replace("openai/gpt-4o-mini", "unheard-of").as_bytes());
        let ran = bench.docmill(&["plan", "job.yaml", "--fail-over-budget"]);
        assert_eq!(ran.code, code, "{pages} pages, {budget}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(said), "{pages} pages, {budget}: {}", ran.stderr);
        let is_enough = &plan(&bench)["budget"]["is_enough"];
        assert_eq!(is_enough, &if code == 4 { json!(false) } else { Value::Null });
        let is_unknown = ran.stdout.contains("how many pages that pays for is unknown");
        assert_eq!(is_unknown, code == 0, "{}", ran.stdout);
        assert!(!ran.stdout.contains("enough for ") || ran.stdout.contains("not enough for"), "{}", ran.stdout);
    }
}
