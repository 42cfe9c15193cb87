//! How streamed replies end, on the built program: counts after the end, errors after it, connections that are kept.

use crate::bench::Bench;
use crate::harness::http_server::HttpServer;
use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;

const TASKS: &str = "tasks: {kind: {classify: {labels: [invoice, letter, form]}}}";
const POLICY: &str = "retry: {attempts: 2, max_wait: 2m}\non_error: {max_failed: 100%, stop_after: 0}";
const DONE: &str = "data: [DONE]\n\n";
const INVOICE: &str = "{\"kind\": \"invoice\"}";

fn chunk(delta: Value, finish: Value) -> Value {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
    json!({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]})
}

fn counted(mut chunk: Value, output: u64, total: u64) -> Value {
    chunk["usage"] = json!({"prompt_tokens": 1000, "completion_tokens": output, "total_tokens": total});
    chunk
}

fn usage() -> Value {
    counted(json!({"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": []}), 50, 1050)
}

fn event(data: &Value) -> String {
    format!("data: {data}\n\n")
}

fn answer() -> String {
    event(&chunk(json!({"content": INVOICE}), Value::Null)) + &event(&chunk(json!({}), json!("stop")))
}

/// A server that sends these parts of a stream, with a pause between them, and then ends it or keeps it open.
fn server(parts: Vec<String>, pause: Duration, closes: bool) -> HttpServer {
    HttpServer::start(move |_, stream| {
        stream.write_all(b"HTTP/1.1 200 X\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")?;
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                std::thread::sleep(pause);
            }
            stream.write_all(format!("{:x}\r\n{part}\r\n", part.len()).as_bytes())?;
        }
        if closes { stream.write_all(b"0\r\n\r\n") } else { Ok(()) }
    })
}

fn bench(server: &HttpServer, pages: usize, more: &str) -> Bench {
    let bench = Bench::with_pages(pages);
    bench.job_at(&server.base_url, &format!("{TASKS}\n{POLICY}\n{more}"));
    let job = bench.text("job.yaml").replace("openai/gpt-4o-mini", "some-model");
    bench.put("job.yaml", job.as_bytes());
    bench
}

const STREAM: &str = "limits: {concurrency: 1}\nrequest: {stream: true, max_tokens: 700}";

fn outputs(bench: &Bench) -> Vec<u64> {
    bench.rows().iter().filter_map(|row| row["output_tokens"].as_u64()).collect()
}

/// Counts that follow the end of a reply replace those that came with it, however late they are.
#[test]
fn the_last_counts_of_a_stream_are_billed() {
    let first = event(&counted(chunk(json!({"content": INVOICE}), Value::Null), 6, 1100))
        + &event(&counted(chunk(json!({}), json!("stop")), 6, 1106));
    let last = event(&counted(chunk(json!({"extra_content": {}}), Value::Null), 6, 1606));
    // How the stream ends: with a mark, with the body, or not at all.
    for (end, closes) in [(DONE, true), ("", true), (DONE, false), ("", false)] {
        for pause in [0, 50] {
            let server = server(vec![first.clone(), last.clone() + end], Duration::from_millis(pause), closes);
            let bench = bench(&server, 2, STREAM);
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 0, "{end:?} {closes} {pause}: {}", ran.stderr);
            assert_eq!((outputs(&bench), server.count()), (vec![606, 606], 2), "{end:?} {closes} {pause}");
        }
    }
    // Several in one read: the last one, even after the one without choices.
    let late = counted(usage(), 70, 1070);
    let all = answer() + &event(&usage()) + &event(&late);
    let server = server(vec![all], Duration::ZERO, false);
    let bench = bench(&server, 2, STREAM);
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!((outputs(&bench), server.count()), (vec![70, 70], 2));
}

/// An error that follows the end of an answer does not discard it; one before the end does.
#[test]
fn an_error_after_the_end_discards_no_answer() {
    let upstream = || event(&json!({"error": {"message": "upstream closed", "code": 502}}));
    let credit = || event(&json!({"error": {"message": "Insufficient credits", "code": 402}}));
    let overloaded = || {
        let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
        format!("event: error\n{}", event(&error))
    };
    let counts = || event(&usage());
    for (parts, is_logged) in [
        (vec![answer() + &counts() + DONE + &upstream()], false),
        (vec![answer() + &counts() + DONE, upstream()], false),
        (vec![answer() + &counts() + &upstream() + DONE], true),
        (vec![answer() + &counts() + &overloaded()], true),
        (vec![answer() + &counts() + &credit()], true),
        (vec![answer() + &upstream() + &counts()], true),
        (vec![answer() + &upstream(), counts() + DONE], true),
        (vec![answer() + &event(&chunk(json!({}), json!("error"))) + &counts() + DONE], true),
    ] {
        let server = server(parts.clone(), Duration::from_millis(50), true);
        let bench = bench(&server, 3, STREAM);
        let ran = bench.run(&[]);
        assert_eq!((ran.code, server.count()), (0, 3), "{parts:?}: {}", ran.stderr);
        assert_eq!(outputs(&bench), [50, 50, 50], "{parts:?}");
        let logged = ran.stderr.matches("an error that followed a complete reply is ignored").count();
        assert_eq!(logged, usize::from(is_logged), "{parts:?}: {}", ran.stderr);
    }
    let cut = event(&chunk(json!({"content": INVOICE}), Value::Null));
    for parts in [
        vec![cut.clone() + &upstream() + &counts() + DONE],
        vec![cut.clone() + &counts() + &upstream()],
        vec![cut + &upstream() + &event(&chunk(json!({}), json!("stop"))) + &counts()],
    ] {
        let server = server(parts.clone(), Duration::ZERO, true);
        let bench = bench(&server, 1, STREAM);
        let ran = bench.run(&[]);
        assert_eq!((&bench.rows()[0]["error_kind"], server.count()), (&json!("server_error"), 2), "{}", ran.stderr);
    }
}

/// Streams whose connections are kept open do not wait for the idle timeout: within the time of the run, more
/// pages are answered than it would allow.
#[test]
fn a_stream_that_stays_open_ends_with_its_reply() {
    let before = event(&counted(chunk(json!({"content": INVOICE}), Value::Null), 9, 1009));
    let stop = event(&chunk(json!({}), json!("stop")));
    for (parts, output) in [
        (vec![answer()], None),
        (vec![before + &stop], Some(9)),
        (vec![answer() + &event(&usage())], Some(50)),
        (vec![answer(), event(&usage())], Some(50)),
    ] {
        let server = server(parts.clone(), Duration::from_millis(50), false);
        let more = "limits: {concurrency: 1, run_time: 5m}\nrequest: {stream: true, idle_timeout: 6m, timeout: 10m}";
        let bench = bench(&server, 3, more);
        let ran = bench.run(&[]);
        assert_eq!((ran.code, server.count()), (0, 3), "{parts:?}: {}", ran.stderr);
        let rows = bench.rows();
        assert!(rows.iter().all(|row| row["kind"] == "invoice" && row["attempts"] == 1), "{parts:?}: {rows:?}");
        if let Some(output) = output {
            assert_eq!(outputs(&bench), [output; 3], "{parts:?}");
        }
    }
}
