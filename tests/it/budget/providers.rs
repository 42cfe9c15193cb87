//! Providers that reason, write caches, and report what a request cost: what docmill counts is
//! what they bill.

use crate::bench::Bench;
use crate::harness::cases::cases;
use crate::harness::http_server::HttpServer;
use docmill::internal::base::money::Pico;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::{Arc, Mutex};

const ANSWER: &str = r#"{"kind":"letter","marks":[]}"#;

/// Prices of the tests' job, with one for cache writes.
pub(crate) const PRICE: &str = "price: {input: 0.40, cached_input: 0.10, cache_write: 0.50, output: 1.60}";

/// A job for this server with these further lines.
fn job(bench: &Bench, server: &HttpServer, more: &str) {
    bench.job_at(&server.base_url, more);
    let priced = bench.text("job.yaml").replace("price: {input: 0.40, cached_input: 0.10, output: 1.60}", PRICE);
    bench.put("job.yaml", priced.as_bytes());
}

/// The cost at [`PRICE`].
pub(crate) fn cost(input: u64, cached: u64, written: u64, output: u64) -> Pico {
    Pico(400_000).times(input - cached - written)
        + Pico(100_000).times(cached)
        + Pico(500_000).times(written)
        + Pico(1_600_000).times(output)
}

/// A server that answers every request with these members, a usage and a header line or none.
fn server(answer: impl Fn(&Value) -> (Value, String) + Send + Sync + 'static) -> HttpServer {
    HttpServer::start(move |body, stream| {
        let (reply, header) = answer(&serde_json::from_slice(body).unwrap());
        let reply = reply.to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        stream.write_all(format!("{head}content-length: {}\r\n{header}\r\n{reply}", reply.len()).as_bytes())
    })
}

pub(crate) fn completion(content: &str, finish: &str, usage: &Value) -> Value {
    json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "gpt-6-luna-2026-09-22",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}],
        "usage": usage,
    })
}

/// How a provider bills.
#[derive(Clone, Copy, Debug)]
enum Reasoning {
    None,
    /// As a part of the completion, with its own count.
    Counted,
    /// Only as a part of the total.
    Hidden,
}

/// The numbers of one reply: different for every request, the same for every run of the test.
fn mix(seed: u64, request: u64) -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ request.wrapping_mul(0xbf58_476d_1ce4_e5b9) | 1;
    for _ in 0..3 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(40), max_shrink_iters: 4, failure_persistence: None, ..ProptestConfig::default() })]

    /// The sum over all requests of the larger of the bill and the provider's report.
    #[test]
    fn no_budget_is_exceeded(
        cents in 1_u64..8,
        seed in 0_u64..1000,
        reasoning in prop::sample::select(vec![Reasoning::None, Reasoning::Counted, Reasoning::Hidden]),
        has_cache: bool,
        // Percent of the bill; `None`: the provider reports no cost.
        reported in prop::sample::select(vec![None, Some(0_u64), Some(50), Some(100), Some(104), Some(150), Some(200)]),
        is_header: bool,
        max_tokens in prop::sample::select(vec![None, Some(40_u64), Some(400)]),
    ) {
        let total = Arc::new(Mutex::new((0_u64, Pico::ZERO)));
        let counted = total.clone();
        let server = server(move |body| {
            let mut total = counted.lock().unwrap();
            total.0 += 1;
            let number = mix(seed, total.0);
            let limit = ["max_tokens", "max_completion_tokens"].iter().find_map(|name| body[*name].as_u64()).unwrap();
            let text = body["messages"].to_string().len() as u64 % 100_000;
            let input = 1800 + seed % 300 + text.min(2000) / 4;
            let (cached, written) = match has_cache {
                false => (0, 0),
                true if number.is_multiple_of(3) => (input / 2, input / 4),
                true => (0, input - 8),
            };
            let visible = 12.min(limit);
            let thought = match reasoning {
                Reasoning::None => 0,
                _ if number.is_multiple_of(10) => limit - visible,
                _ => number / 16 % (limit - visible + 1),
            };
            let output = visible + thought;
            let computed = cost(input, cached, written, output);
            let stated = reported.map(|percent| Pico(computed.0 * percent as i64 / 100));
            total.1 += computed.max(stated.unwrap_or_default());
            let details = json!({"cached_tokens": cached, "cache_write_tokens": written});
            let mut usage = match reasoning {
                Reasoning::Hidden => json!({"prompt_tokens": input, "completion_tokens": visible, "total_tokens": input + output}),
                _ => json!({
                    "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
                    "completion_tokens_details": {"reasoning_tokens": thought},
                }),
            };
            usage["prompt_tokens_details"] = details;
            let mut header = String::new();
            match stated {
                Some(stated) if is_header => header = format!("x-litellm-response-cost: {stated}\r\n"),
                Some(stated) => usage["cost"] = serde_json::from_str(&stated.to_string()).unwrap(),
                None => {}
            }
            let is_cut = output >= limit && thought > 0;
            (completion(if is_cut { "" } else { ANSWER }, if is_cut { "length" } else { "stop" }, &usage), header)
        });
        let bench = Bench::with_pages(24);
        let request = max_tokens.map_or(String::new(), |max_tokens| format!("request: {{max_tokens: {max_tokens}}}\n"));
        job(&bench, &server, &format!("{request}limits: {{concurrency: 16, budget_usd: 0.0{cents}, budget_scope: job}}\non_error: {{stop_after: 0, max_failed: 100%}}"));
        for _ in 0..2 {
            let ran = bench.run(&["-q"]);
            prop_assert!(matches!(ran.code, 0 | 4), "{} {}", ran.code, ran.stderr);
            prop_assert_ne!(&bench.report()["outcome"], "unexpected_bill");
        }
        let spent = total.lock().unwrap().1;
        let budget = Pico::from_usd(&format!("0.0{cents}")).unwrap();
        prop_assert!(spent <= budget, "{spent} of {budget}");
        // The budget counts at least that, and no more than the worst case of what failed.
        let budgets = bench.docmill(&["report", "--store", "store.db", "--budgets", "--format", "json"]);
        let budgets: Value = serde_json::from_str(&budgets.stdout).unwrap();
        let counted = Pico::from_usd(budgets[0]["spent_usd"].as_str().unwrap()).unwrap();
        prop_assert_eq!(counted, spent);
    }
}

/// A server that answers every request with this usage, these further members and this header.
fn fixed(usage: Value, more: Value, header: &'static str) -> HttpServer {
    server(move |_| {
        let mut reply = completion(ANSWER, "stop", &usage);
        reply.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (reply, header.to_owned())
    })
}

/// The report of a complete run over three pages.
fn report(server: &HttpServer, more: &str) -> (Bench, Value) {
    let bench = Bench::with_pages(3);
    job(&bench, server, more);
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let report = bench.report();
    (bench, report)
}

fn usage(more: Value) -> Value {
    let mut usage = json!({"prompt_tokens": 4020, "completion_tokens": 44, "total_tokens": 4064});
    usage.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    usage
}

/// Only some rows of the price list have prices of tiers; the tests of the list have those.
#[test]
fn a_stated_price_is_that_of_every_service_tier() {
    let full = Pico(cost(4020, 0, 0, 44).0 * 3).to_string();
    for tier in [json!("flex"), json!("priority"), json!("fast"), json!("on_demand"), json!("unheard_of"), Value::Null]
    {
        let server = fixed(usage(json!({})), json!({"service_tier": tier}), "");
        let requested =
            tier.as_str().map_or(String::new(), |tier| format!("request: {{extra: {{service_tier: {tier}}}}}\n"));
        let (_bench, report) = report(&server, &format!("{requested}limits: {{budget_usd: 0.10}}"));
        assert_eq!(report["cost"]["total_usd"], full, "{tier}");
        assert_eq!(report["cost"]["provider"], Value::Null);
    }
}

#[test]
fn cache_writes_are_billed_instead_of_input() {
    let details = |cached: u64, written: u64| {
        usage(json!({"prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written}}))
    };
    for (cached, written, counted) in
        [(0, 4012, (0, 4012)), (4012, 0, (4012, 0)), (1000, 500, (1000, 500)), (2161, 2161, (2161, 1859))]
    {
        let server = fixed(details(cached, written), json!({}), "");
        let (_bench, report) = report(&server, "");
        let (cached, written) = counted;
        assert_eq!(report["cost"]["total_usd"], Pico(cost(4020, cached, written, 44).0 * 3).to_string());
        let tokens = json!({"input": 12_060, "cached_input": cached * 3, "cache_write": written * 3, "output": 132, "reasoning": 0});
        assert_eq!(report["tokens"], tokens);
    }
}

#[test]
fn reasoning_and_who_served_are_reported_and_stored() {
    let details = json!({"completion_tokens": 12, "total_tokens": 4064});
    let server = fixed(usage(details), json!({"provider": "Azure\u{1b}[31m", "service_tier": "default"}), "");
    let (bench, report) = report(&server, "");
    assert_eq!((&report["tokens"]["output"], &report["tokens"]["reasoning"]), (&json!(132), &json!(96)), "hidden");
    let total = Pico(cost(4020, 0, 0, 44).0 * 3).to_string();
    let served = &report["by_served"][0];
    assert_eq!(
        (&served["model"], &served["provider"], &served["attempts"], &served["cost_usd"]),
        (&json!("gpt-6-luna-2026-09-22"), &json!("Azure[31m"), &json!(3), &json!(total))
    );
    assert_eq!(served["tokens"], report["tokens"]);
    assert!(report["by_model"]["openai/gpt-4o-mini"]["cost_usd"] == total, "the name in the manifest");
    let text = bench.docmill(&["report", "job.yaml"]).stdout;
    assert!(text.contains("gpt-6-luna-2026-09-22, Azure[31m") && text.contains("reasoning"), "{text}");
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let columns =
        "SELECT DISTINCT reasoning_tokens, reported_cost, served_model, served_by, service_tier FROM attempts";
    let row: (i64, Option<i64>, String, String, String) = store
        .query_row(columns, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .unwrap();
    assert_eq!(row, (32, None, "gpt-6-luna-2026-09-22".into(), "Azure[31m".into(), "default".into()));
}

#[test]
fn a_reported_cost_is_shown_beside_the_price() {
    let price = Pico(cost(4020, 0, 0, 44).0 * 3);
    for (reported, header, ratio, differs) in [
        (Some("0.0016784"), "", Some(1.0), false),
        (None, "x-litellm-response-cost: 0.0018\r\n", Some(1.0724), true),
        (Some("0.001"), "", Some(0.5958), true),
        // A gateway that does not know the price.
        (Some("0"), "", None, false),
        (None, "x-litellm-response-cost: 0.0\r\n", None, false),
    ] {
        let more = reported.map_or(json!({}), |cost| json!({"cost": serde_json::from_str::<Value>(cost).unwrap()}));
        let server = fixed(usage(more), json!({}), header);
        let (bench, report) = report(&server, "limits: {budget_usd: 0.10}");
        assert_eq!(report["cost"]["total_usd"], price.to_string(), "the price decides");
        let each = reported.unwrap_or_else(|| header.trim().rsplit(' ').next().unwrap());
        let each = Pico::from_usd(each).unwrap();
        let provider = &report["cost"]["provider"];
        assert_eq!(
            provider,
            &json!({"attempts": 3, "reported_usd": Pico(each.0 * 3).to_string(), "ratio": ratio, "differs": differs, "counted_as_cost_usd": "0"})
        );
        let budgets = bench.docmill(&["report", "--store", "store.db", "--budgets", "--format", "json"]);
        let budgets: Value = serde_json::from_str(&budgets.stdout).unwrap();
        assert_eq!(budgets[0]["spent_usd"], price.max(Pico(each.0 * 3)).to_string(), "{budgets}");
        let text = bench.docmill(&["report", "job.yaml"]).stdout;
        assert_eq!(text.contains("of the price"), differs, "{text}");
    }
}

#[test]
fn a_reported_cost_counts_where_the_price_is_unknown() {
    for (reported, total) in [("0.0012", Some("0.0036")), ("0", None)] {
        let server = fixed(usage(json!({"cost": serde_json::from_str::<Value>(reported).unwrap()})), json!({}), "");
        let (bench, report) = report(&server, "# no price");
        assert_eq!(report["cost"]["total_usd"].as_str(), total);
        let counted = total.unwrap_or("0");
        assert_eq!(report["cost"]["provider"]["counted_as_cost_usd"], counted);
        let row = &bench.rows()[0];
        assert_eq!(row["cost_usd"].is_null(), total.is_none(), "{row}");
        let text = bench.docmill(&["report", "job.yaml"]).stdout;
        assert_eq!(text.contains("the provider's account"), total.is_some(), "{text}");
    }
}
