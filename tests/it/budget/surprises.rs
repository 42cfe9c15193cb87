//! Bills that suddenly are far above everything that was sent or seen, while many requests are in flight.
//! docs/spend.md states the guarantee: all replies but one are within the budget.

use super::providers::{PRICE, completion, cost};
use crate::bench::Bench;
use crate::harness::cases::cases;
use crate::harness::http_server::HttpServer;
use docmill::internal::base::money::Pico;
use docmill::internal::simulator::Options;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const ANSWER: &str = r#"{"kind":"letter","marks":[]}"#;

/// How the bill of a reply jumps.
#[derive(Clone, Copy, Debug)]
enum Jump {
    /// The provider's own cost is this many percent of the price.
    Cost(i64),
    /// The reply has this many percent of the output limit, most of it hidden.
    Output(u64),
}

/// What the server has billed.
#[derive(Debug, Default)]
struct Billed {
    requests: u64,
    in_flight: u32,
    total: Pico,
    largest: Pico,
    most_in_flight: u32,
}

/// A provider of which the bills jump from request `at` on, each for another factor up to that of `jump`.
fn server(billed: Arc<Mutex<Billed>>, at: u64, jump: Jump, seed: u64) -> HttpServer {
    HttpServer::start(move |body, stream| {
        let body: Value = serde_json::from_slice(body).unwrap();
        let number = {
            let mut billed = billed.lock().unwrap();
            billed.requests += 1;
            billed.in_flight += 1;
            billed.most_in_flight = billed.most_in_flight.max(billed.in_flight);
            billed.requests
        };
        // Some replies are in flight while others arrive.
        std::thread::sleep(Duration::from_millis(1 + (number * 7 + seed) % 6));
        let limit = ["max_tokens", "max_completion_tokens"].iter().find_map(|name| body[*name].as_u64()).unwrap();
        let share = |most: u64| 100 + (number * 37 + seed) % most.saturating_sub(99).max(1);
        let (input, mut output, mut percent) = (8700 + (number + seed) % 40, 12, 100);
        match jump {
            _ if number < at => {}
            Jump::Cost(most) => percent = share(most as u64) as i64,
            Jump::Output(most) => output = limit * share(most) / 100,
        }
        let computed = cost(input, 0, 0, output);
        let stated = Pico(computed.0 / 100 * percent);
        let mut usage = json!({"prompt_tokens": input, "completion_tokens": 12, "total_tokens": input + output});
        if percent != 100 {
            usage["cost"] = serde_json::from_str(&stated.to_string()).unwrap();
        }
        let bill = computed.max(stated);
        {
            let mut billed = billed.lock().unwrap();
            billed.in_flight -= 1;
            billed.total += bill;
            billed.largest = billed.largest.max(bill);
        }
        let reply = completion(ANSWER, "stop", &usage).to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        stream.write_all(format!("{head}content-length: {}\r\n\r\n{reply}", reply.len()).as_bytes())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(24), max_shrink_iters: 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn at_most_one_reply_is_above_the_budget(
        cents in 2_u64..30,
        at in 1_u64..50,
        jump in prop_oneof![(100_i64..1700).prop_map(Jump::Cost), (100_u64..1500).prop_map(Jump::Output)],
        processes in 1_usize..3,
        seed in 0_u64..1000,
    ) {
        let billed = Arc::new(Mutex::new(Billed::default()));
        let server = server(billed.clone(), at, jump, seed);
        let bench = Bench::with_pages(50);
        bench.job_at(&server.base_url, &format!("limits: {{concurrency: 16, budget_usd: 0.{cents:02}, budget_scope: job}}\non_error: {{stop_after: 0, max_failed: 100%}}"));
        let priced = bench.text("job.yaml").replace("price: {input: 0.40, cached_input: 0.10, output: 1.60}", PRICE);
        bench.put("job.yaml", priced.as_bytes());
        // The second process has its own pages.
        bench.put("job1.yaml", priced.replace("folder: pages", "folder: more").as_bytes());
        for page in 0..50 {
            bench.put(&format!("more/{page}.jpg"), &crate::bench::page(1000 + page));
        }
        // What the first runs have learned counts for the second ones.
        for _ in 0..2 {
            let run = |at: usize| {
                let job = ["job.yaml", "job1.yaml"][at];
                bench.command(&["run", job, "-q", "--progress", "off"]).stderr(Stdio::null()).spawn().unwrap()
            };
            let children: Vec<_> = (0..processes).map(run).collect();
            for mut child in children {
                let code = child.wait().unwrap().code();
                prop_assert!(matches!(code, Some(0 | 4)), "{code:?}");
            }
        }
        let billed = billed.lock().unwrap();
        let budget = Pico::from_usd(&format!("0.{cents:02}")).unwrap();
        prop_assert!(billed.total - billed.largest <= budget, "{billed:?} of {budget}");
        let budgets = bench.docmill(&["report", "--store", "store.db", "--budgets", "--format", "json"]);
        let budgets: Value = serde_json::from_str(&budgets.stdout).unwrap();
        let counted = Pico::from_usd(budgets[0]["spent_usd"].as_str().unwrap()).unwrap();
        prop_assert_eq!(counted, billed.total);
    }
}

/// Where bills are as expected, a budget that is just large enough is used up, and one that is far larger
/// does not keep requests from being in flight together.
#[test]
fn a_budget_is_used_up_and_slows_nothing_down_from_afar() {
    for (usd, answered, in_flight) in [("0.124", 33..=35, 1..=2), ("5", 50..=50, 4..=16)] {
        let billed = Arc::new(Mutex::new(Billed::default()));
        let server = server(billed.clone(), u64::MAX, Jump::Cost(100), 3);
        let bench = Bench::with_pages(50);
        bench.job_at(&server.base_url, &format!("limits: {{concurrency: 16, budget_usd: {usd}, budget_scope: job}}"));
        let code = bench.run(&["-q"]).code;
        let billed = billed.lock().unwrap();
        assert!(answered.contains(&billed.requests) && in_flight.contains(&billed.most_in_flight), "{usd} {billed:?}");
        assert_eq!(code, if billed.requests == 50 { 0 } else { 4 });
    }
}

/// A batch is billed as a whole: within twice the reservations the budget holds.
#[test]
fn lines_of_batches_may_cost_twice_their_reservation() {
    for (usd, after, factor) in [("0.05", 3, 2.0), ("0.08", 6, 1.7), ("0.20", 9, 2.0)] {
        let options = Options {
            bill_jump: factor,
            bill_jump_after: after,
            batch_time: Duration::from_millis(20),
            ..Options::default()
        };
        let bench = Bench::with_pages(24).simulator(options);
        bench.job(&format!(
            "delivery: batch\nbatch: {{poll: 50ms}}\nlimits: {{budget_usd: {usd}, budget_scope: job}}\non_error: {{stop_after: 0, max_failed: 100%}}"
        ));
        let ran = bench.run(&["-q"]);
        assert!(matches!(ran.code, 0 | 4), "{} {}", ran.code, ran.stderr);
        let tokens = bench.stats()["tokens"].clone();
        let tokens = |name: &str| tokens[name].as_u64().unwrap();
        let full = cost(tokens("input"), tokens("cached_input"), 0, tokens("output"));
        let half = Pico(full.0 / 2);
        assert!(half <= Pico::from_usd(usd).unwrap() && half > Pico::ZERO, "{half} of {usd}");
    }
}
