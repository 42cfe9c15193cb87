//! The cost of the most expensive request in a plan is the reservation of a run, whatever the store has learned of the
//! endpoint.

use crate::bench::Bench;
use crate::harness::http_server::HttpServer;
use docmill::internal::base::money::Pico;
use serde_json::{Value, json};
use std::io::Write;

/// How a server differs from expectations.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Server {
    Usual,
    /// It uses up the derived output limit for its reasoning.
    Reasons,
    /// It rejects `json_schema`.
    RejectsSchemas,
    /// It accepts at most 90 tokens of output.
    LimitsOutput,
    /// It charges more than the price.
    ChargesMore,
}

fn start(server: Server) -> HttpServer {
    HttpServer::start(move |body, stream| {
        let request: Value = serde_json::from_slice(body).unwrap();
        let limit = ["max_tokens", "max_completion_tokens"].iter().find_map(|name| request[*name].as_u64()).unwrap();
        let error = |message: &str, param: &str| {
            let error = json!({"message": message, "type": "invalid_request_error", "param": param, "code": null});
            (400, json!({"error": error}))
        };
        let done = |content: &str, finish: &str, output: u64| {
            let choice =
                json!({"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish});
            let usage = json!({"prompt_tokens": 900, "completion_tokens": output, "total_tokens": 900 + output});
            (200, json!({"id": "c", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage}))
        };
        let answer = r#"{"kind":"letter","marks":[]}"#;
        let (status, reply) = match server {
            Server::Reasons if limit < 2000 => done("", "length", limit),
            Server::RejectsSchemas if request["response_format"]["type"] == "json_schema" => {
                error("'response_format' of type 'json_schema' is not supported with this model.", "response_format")
            }
            Server::LimitsOutput if limit > 90 => error(
                &format!(
                    "max_tokens is too large: {limit}. This model supports at most 90 completion tokens, whereas you provided {limit}."
                ),
                "max_tokens",
            ),
            _ => done(answer, "stop", 20),
        };
        let reply = reply.to_string();
        let header = if server == Server::ChargesMore { "x-litellm-response-cost: 0.0015\r\n" } else { "" };
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", reply.len());
        stream.write_all(format!("{head}{header}\r\n{reply}").as_bytes())
    })
}

fn planned(bench: &Bench) -> String {
    let ran = bench.docmill(&["plan", "job.yaml", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let plan: Value = serde_json::from_str(&ran.stdout).unwrap();
    plan["worst_request_usd"]["value"].as_str().unwrap().to_owned()
}

/// What the newest run reserved for its first request.
fn reserved(bench: &Bench) -> String {
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let first = "SELECT reserved FROM attempts WHERE run_id = (SELECT max(run_id) FROM attempts) ORDER BY id LIMIT 1";
    Pico(store.query_row(first, [], |row| row.get(0)).unwrap()).to_string()
}

#[test]
fn a_plan_shows_what_a_run_reserves() {
    for model in ["openai/gpt-4o-mini", "no-such-model"] {
        for kind in [Server::Usual, Server::Reasons, Server::RejectsSchemas, Server::LimitsOutput, Server::ChargesMore]
        {
            let server = start(kind);
            let bench = Bench::with_pages(3);
            bench.job_at(&server.base_url, "");
            bench.put("job.yaml", bench.text("job.yaml").replace("openai/gpt-4o-mini", model).as_bytes());
            let mut worst = Vec::new();
            for arguments in [&["-q", "--limit", "1"][..], &["-q"]] {
                let plan = planned(&bench);
                let ran = bench.run(arguments);
                assert!(matches!(ran.code, 0 | 3), "{kind:?} {model}: {} {}", ran.code, ran.stderr);
                assert_eq!(plan, reserved(&bench), "{kind:?} {model} {arguments:?}");
                worst.push(Pico::from_usd(&plan).unwrap());
            }
            // What the first run learned counts in the second one.
            match kind {
                Server::Reasons | Server::ChargesMore => assert!(worst[1] > worst[0], "{kind:?} {model}"),
                Server::LimitsOutput => assert!(worst[1] < worst[0], "{kind:?} {model}"),
                Server::Usual | Server::RejectsSchemas => {}
            }
        }
    }
}

/// The meaning of `cache_write` has changed: every command that plans with it reports this once.
#[test]
fn a_price_of_cache_writes_that_looks_like_a_surcharge_is_reported() {
    let server = start(Server::Usual);
    for (price, warnings) in [("cache_write: 0.10", 1), ("cache_write: 0.50", 0), ("cached_input: 0.10", 0)] {
        let bench = Bench::with_pages(1);
        bench.job_at(&server.base_url, "");
        bench.put("job.yaml", bench.text("job.yaml").replace("cached_input: 0.10", price).as_bytes());
        for command in ["check", "plan", "run"] {
            let ran = bench.docmill(&[command, "job.yaml"]);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            let printed = format!("{}{}", if command == "check" { &ran.stdout } else { "" }, ran.stderr);
            assert_eq!(printed.matches("not a surcharge").count(), warnings, "{command} {price}: {printed}");
        }
    }
}
