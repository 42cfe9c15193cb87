//! Replies in the forms in which they arrive, on the built program: drafts in reasoning, finish
//! reasons and errors in every spelling, tokens that are counted elsewhere.

use crate::bench::{Bench, page};
use crate::harness::http_server::{HttpServer, reply};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write;

const TASKS: &str = "tasks: {kind: {classify: {labels: [invoice, letter, form]}}}";
const POLICY: &str =
    "limits: {concurrency: 1}\nretry: {attempts: 2, max_wait: 2s}\non_error: {max_failed: 100%, stop_after: 0}";

/// A server that answers the k-th page of a bench with the k-th reply to any request; bodies with `data:` are streams.
fn server(replies: Vec<String>) -> HttpServer {
    let encoded = |at: usize| base64_simd::STANDARD.encode_to_string(page(u32::try_from(at).unwrap()));
    let pages: HashMap<String, String> =
        replies.into_iter().enumerate().map(|(at, text)| (encoded(at), text)).collect();
    HttpServer::start(move |body, stream| {
        let request: Value = serde_json::from_slice(body).unwrap();
        let content = request["messages"][1]["content"].as_array().unwrap();
        let url = content.last().unwrap()["image_url"]["url"].as_str().unwrap();
        let text = &pages[url.split_once("base64,").unwrap().1];
        let kind = if text.contains("data:") { "text/event-stream" } else { "application/json" };
        stream.write_all(&reply(200, kind, text))
    })
}

fn completion(message: Value, finish: Value) -> Value {
    let usage = json!({"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020});
    json!({"id": "c", "object": "chat.completion", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage})
}

fn reply_with(content: &str) -> Value {
    completion(json!({"role": "assistant", "content": content}), json!("stop"))
}

/// A row in a few words: status, answer or kind, and the number of attempts if it is 1.
fn in_words(row: &Value) -> String {
    let end = row["kind"].as_str().or_else(|| row["error_kind"].as_str()).unwrap_or_default();
    let once = if row["attempts"] == 1 { ", once" } else { "" };
    format!("{} {end}{once}", row["status"].as_str().unwrap_or_default())
}

#[test]
fn what_each_reply_means() {
    let ended = |finish: Value| completion(json!({"role": "assistant", "content": null}), finish);
    let with = |mut reply: Value, name: &str, value: Value| {
        reply[name] = value;
        reply
    };
    let invoice = r#"{"kind": "invoice"}"#;
    let call = json!({"content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "page", "arguments": invoice}}]});
    let cases: Vec<(Value, &str)> = vec![
        // A draft is never the answer.
        (reply_with(&format!("<thinking>{{\"kind\": \"letter\"}}</thinking>{invoice}")), "ok invoice, once"),
        (reply_with(&format!("[THINK]{{\"kind\": \"letter\"}}[/THINK]{invoice}")), "ok invoice, once"),
        (reply_with(&format!("◁think▷{{\"kind\": \"letter\"}}◁/think▷{invoice}")), "ok invoice, once"),
        (reply_with(&format!("It may be {{\"kind\": \"letter\"}} ...</think>\n{invoice}")), "ok invoice, once"),
        (
            reply_with(&format!(
                "<|channel|>analysis<|message|>{{\"kind\": \"letter\"}}<|end|><|start|>assistant<|channel|>final<|message|>{invoice}"
            )),
            "ok invoice, once",
        ),
        (reply_with(&format!("First draft: {{\"kind\": \"letter\"}}\nFinal: {invoice}")), "ok invoice, once"),
        (
            reply_with(&format!(
                "{{\"type\":\"object\",\"properties\":{{\"kind\":{{\"type\":\"string\"}}}}}}\n{invoice}"
            )),
            "ok invoice, once",
        ),
        (
            reply_with(&format!(
                "{invoice}\nas in {{\"type\":\"object\",\"properties\":{{\"kind\":{{\"type\":\"string\"}}}}}}"
            )),
            "ok invoice, once",
        ),
        (reply_with(&format!("The form is {{\"kind\": \"<label>\"}}. {invoice}")), "ok invoice, once"),
        (reply_with("<think>The page may be {\"kind\": \"letter\"} but"), "invalid not_json"),
        (reply_with("<think>The page may be {\"kind\": \"letter\"}</think>"), "invalid not_json"),
        (
            completion(
                json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "{\"kind\": \"letter\"}"}]}, {"type": "text", "text": invoice}]}),
                json!("stop"),
            ),
            "ok invoice, once",
        ),
        (completion(json!({"content": "", "thinking": invoice}), json!("stop")), "ok invoice, once"),
        (
            completion(json!({"thinking_blocks": [{"type": "thinking", "thinking": invoice}]}), json!("stop")),
            "ok invoice, once",
        ),
        (
            json!({"choices": [{"index": 0, "reasoning_content": invoice, "finish_reason": "stop"}], "usage": {"promptTokens": 1000, "completionTokens": 20}}),
            "ok invoice, once",
        ),
        (
            completion(json!({"content": "", "thinking": format!("{invoice} But wait")}), json!("stop")),
            "invalid empty_reply",
        ),
        (completion(json!({"content": null, "reasoning": invoice}), json!("stop")), "ok invoice, once"),
        (completion(json!({"content": "", "reasoning_content": invoice}), json!("stop")), "ok invoice, once"),
        (completion(call, json!("tool_calls")), "ok invoice, once"),
        (completion(json!({"content": {"kind": "invoice"}}), json!("stop")), "ok invoice, once"),
        (reply_with("\"{\\\"kind\\\": \\\"invoice\\\"}\""), "ok invoice, once"),
        (reply_with("{\"answer\": {\"kind\": \"invoice\"}}"), "ok invoice, once"),
        // Ends in every spelling.
        (ended(json!("SAFETY")), "refused content_filter, once"),
        (ended(json!("PROHIBITED_CONTENT")), "refused content_filter, once"),
        (ended(json!("refusal")), "refused content_filter, once"),
        (ended(json!("FinishReason.BLOCKLIST")), "refused content_filter, once"),
        (ended(json!("content_filter: PROHIBITED_CONTENT")), "refused content_filter, once"),
        (ended(json!("content_filter: RECITATION")), "refused recitation, once"),
        (ended(json!("RECITATION")), "refused recitation, once"),
        (
            json!({"choices": [{"index": 0, "finish_reason": "content_filter: PROHIBITED_CONTENT"}], "usage": {"prompt_tokens": 10, "completion_tokens": 0, "total_tokens": 10}}),
            "refused content_filter, once",
        ),
        (
            json!({"choices": [], "prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": true}}}]}),
            "refused content_filter, once",
        ),
        (completion(json!({"content": invoice}), json!("")), "ok invoice, once"),
        // Errors.
        (
            with(reply_with(invoice), "error", json!({"message": "", "type": "", "param": "", "code": null})),
            "ok invoice, once",
        ),
        (with(reply_with(invoice), "error", json!({"code": 0})), "ok invoice, once"),
        (with(reply_with(invoice), "error", json!({})), "ok invoice, once"),
        (with(reply_with(invoice), "error", json!(false)), "ok invoice, once"),
        (with(reply_with(""), "error", json!({"code": 502, "message": "upstream"})), "failed server_error"),
        (json!({"error": {"code": "content_filter", "message": "blocked"}}), "refused content_filter, once"),
    ];
    let server = server(cases.iter().map(|(reply, _)| reply.to_string()).collect());
    let bench = Bench::with_pages(cases.len());
    bench.job_at(&server.base_url, &format!("{TASKS}\n{POLICY}"));
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let rows = bench.rows();
    assert_eq!(rows.len(), cases.len());
    let found = rows.iter().map(in_words);
    let differ: Vec<String> = found
        .zip(&cases)
        .filter(|(found, (_, expected))| found != expected)
        .map(|(found, (reply, expected))| format!("{reply}: {found}, expected {expected}"))
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn a_reply_that_was_cut_is_asked_for_with_more_room() {
    for finish in ["length", "MAX_TOKENS", "max_tokens", "FinishReason.MAX_TOKENS", "model_length"] {
        let server = HttpServer::start(move |body, stream| {
            let request: Value = serde_json::from_slice(body).unwrap();
            let is_short = request["max_tokens"].as_u64().unwrap() < 200;
            let (text, finish) =
                if is_short { ("{\"kind\": \"inv", finish) } else { ("{\"kind\": \"invoice\"}", "stop") };
            let body = completion(json!({"content": text}), json!(finish)).to_string();
            stream.write_all(&reply(200, "application/json", &body))
        });
        let bench = Bench::with_pages(1);
        bench.job_at(&server.base_url, &format!("{TASKS}\n{POLICY}\nrequest: {{max_tokens: 120}}"));
        let ran = bench.run(&[]);
        assert_eq!((ran.code, server.count()), (0, 2), "{finish}: {}", ran.stderr);
        assert_eq!(bench.rows()[0]["kind"], "invoice", "{finish}");
    }
}

/// Reasoning used up the output limit: the answer comes with a higher one.
#[test]
fn reasoning_that_leaves_no_room_is_not_the_pages_failure() {
    for message in [
        json!({"content": ""}),
        json!({"content": null, "reasoning": "The page may be {\"kind\": \"letter\"} but"}),
        json!({"reasoning_content": "The page"}),
        json!({"content": "<think>The page may be {\"kind\": \"letter\"} but the stamp says"}),
    ] {
        let cut = completion(message.clone(), json!("length")).to_string();
        let server = HttpServer::start(move |body, stream| {
            let request: Value = serde_json::from_slice(body).unwrap();
            let is_short = request["max_tokens"].as_u64().unwrap() < 400;
            let body = if is_short { cut.clone() } else { reply_with(r#"{"kind": "invoice"}"#).to_string() };
            stream.write_all(&reply(200, "application/json", &body))
        });
        let bench = Bench::with_pages(3);
        bench.job_at(&server.base_url, &format!("{TASKS}\n{POLICY}"));
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{message}: {}", ran.stderr);
        assert!(bench.rows().iter().all(|row| row["kind"] == "invoice"), "{message}: {:?}", bench.rows());
        assert!(server.count() <= 6, "{message}: {} requests", server.count());
    }
}

#[test]
fn streams_of_every_kind() {
    let chunk = |delta: Value, finish: Value| json!({"object": "chat.completion.chunk", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    let counted = |mut chunk: Value, output: u64| {
        chunk["usage"] = json!({"prompt_tokens": 500, "completion_tokens": output, "total_tokens": 500 + output});
        chunk
    };
    let text = |text: &str| json!({ "content": text });
    let (first, second) = ("{\"kind\": ", "\"invoice\"}");
    let groq = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "x_groq": {"id": "r", "usage": {"prompt_tokens": 500, "completion_tokens": 7, "total_tokens": 507}}});
    let cases: Vec<(Vec<Value>, &str, u64)> = vec![
        (
            vec![
                counted(chunk(text(first), json!("")), 3),
                counted(chunk(text(second), json!("")), 6),
                counted(chunk(text(""), json!("stop")), 7),
            ],
            "ok invoice, once",
            7,
        ),
        (vec![chunk(text(&format!("{first}{second}")), json!(null)), groq], "ok invoice, once", 7),
        // The counts of the last chunk, which follows the end.
        (
            vec![
                counted(chunk(text(first), json!(null)), 1),
                chunk(text(second), json!("stop")),
                json!({"choices": [], "usage": {"prompt_tokens": 500, "completion_tokens": 7, "total_tokens": 596}}),
            ],
            "ok invoice, once",
            96,
        ),
        (
            vec![
                chunk(json!({"reasoning": "Maybe {\"kind\": \"letter\"}"}), json!(null)),
                chunk(text(&format!("{first}{second}")), json!(null)),
                counted(chunk(json!({"extra_content": {"google": {"thought_signature": "x"}}}), json!("stop")), 9),
            ],
            "ok invoice, once",
            9,
        ),
        (
            vec![
                chunk(
                    json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "page", "arguments": first}}]}),
                    json!(null),
                ),
                chunk(json!({"tool_calls": [{"index": 0, "function": {"arguments": second}}]}), json!(null)),
                counted(chunk(json!({}), json!("tool_calls")), 9),
            ],
            "ok invoice, once",
            9,
        ),
        (vec![counted(chunk(text("The"), json!("content_filter: RECITATION")), 2)], "refused recitation, once", 2),
    ];
    let events = |chunks: &Vec<Value>| chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect::<String>();
    let server = server(cases.iter().map(|(chunks, ..)| format!("{}data: [DONE]\n\n", events(chunks))).collect());
    let bench = Bench::with_pages(cases.len());
    bench.job_at(&server.base_url, &format!("{TASKS}\n{POLICY}\nrequest: {{stream: true}}"));
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for (row, (chunks, expected, output)) in bench.rows().iter().zip(&cases) {
        assert_eq!((in_words(row).as_str(), row["output_tokens"].as_u64()), (*expected, Some(*output)), "{chunks:?}");
    }
    assert_eq!(bench.report()["usage_missing"], 0);
}

/// The same error at the top, in a choice and in a stream: everybody waits, and no page is given up.
#[test]
fn an_error_in_a_choice_is_one() {
    let busy = json!({"code": 429, "message": "upstream pool is busy"});
    let choice = |finish: Value| {
        json!({"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": finish, "error": busy}], "usage": null}).to_string()
    };
    let overloaded = json!({"type": "error", "error": {"type": "service_unavailable_error", "code": "server_is_overloaded", "message": "upstream pool is busy", "param": null}});
    for body in [
        choice(json!("error")),
        choice(json!(null)),
        json!({ "error": busy }).to_string(),
        format!("event: error\ndata: {overloaded}\n\n"),
    ] {
        let server = server(vec![body.clone(); 3]);
        let bench = Bench::with_pages(3);
        bench.job_at(&server.base_url, &format!("{TASKS}\n{POLICY}"));
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 6, "{body}: {}", ran.stderr);
        assert!(ran.stderr.contains("upstream pool is busy"), "{body}: {}", ran.stderr);
        let report = bench.report();
        assert_eq!(report["pages"]["pending"], 3, "{body}: {}", report["pages"]);
        assert_eq!(report["cost"]["total_usd"].as_str().unwrap().parse::<f64>(), Ok(0.0), "{body}");
    }
}

/// Gemini and xAI bill reasoning that `completion_tokens` leaves out.
#[test]
fn hidden_reasoning_is_billed_and_within_the_budget() {
    let mut answer = reply_with(r#"{"kind": "invoice"}"#);
    for (usage, output) in [
        (
            json!({"prompt_tokens": 300, "completion_tokens": 6, "total_tokens": 806, "completion_tokens_details": {"reasoning_tokens": 500}}),
            506_u64,
        ),
        (json!({"prompt_tokens": 300, "completion_tokens": 6, "total_tokens": 806}), 506),
        (json!({"prompt_tokens": 300, "completion_tokens": 506, "total_tokens": 806}), 506),
        (json!({"promptTokens": 300, "completionTokens": 6, "totalTokens": 806}), 506),
        (json!({"inputTokens": 300, "outputTokens": 506, "reasoningTokens": 500}), 506),
        (json!({"prompt_tokens": 300, "completion_tokens": 6, "total_tokens": 306, "reasoning_tokens": 500}), 506),
    ] {
        answer["usage"] = usage.clone();
        let server = server(vec![answer.to_string(); 40]);
        let bench = Bench::with_pages(40);
        bench.job_at(
            &server.base_url,
            &format!(
                "{TASKS}\nlimits: {{concurrency: 1, budget_usd: 0.01, budget_scope: run}}\nrequest: {{max_tokens: 600}}\non_error: {{max_failed: 100%, stop_after: 0}}"
            ),
        );
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 4, "{usage}: {}", ran.stderr);
        let rows = crate::bench::rows(&bench.text("partial/out.jsonl"));
        let asked: Vec<&Value> = rows.iter().filter(|row| row["attempts"] == 1).collect();
        assert!(!asked.is_empty() && asked.iter().all(|row| row["output_tokens"] == output), "{usage}: {rows:?}");
        // 300 * 0.40 + 506 * 1.60 microdollars a page.
        assert!(asked.len() as f64 * 0.000_929_6 <= 0.01, "{usage}: {} pages", asked.len());
        assert_eq!(asked[0]["cost_usd"], "0.0009296", "{usage}");
    }
}
