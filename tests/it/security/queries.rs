//! The query of requests: it is sent with every call, and its secrets are shown nowhere.

use crate::bench::{Bench, Ran};
use crate::harness::http_server::{HttpServer, reply};
use std::io::Write;

const ANSWER: &str = r#"{"choices":[{"message":{"content":"{\"kind\":\"letter\",\"marks\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":9}}"#;

#[test]
fn the_query_is_sent_and_is_not_part_of_an_answers_key() {
    let server = HttpServer::start(|_, stream| stream.write_all(&reply(200, "application/json", ANSWER)));
    let bench = Bench::with_pages(1);
    let base = server.base_url.trim_end_matches("/v1");
    let line = |query: &str| format!("POST /openai/deployments/D/chat/completions{query} HTTP/1.1");
    for (url, more, expected) in [
        ("?api-version=2024-10-21", "", "?api-version=2024-10-21"),
        ("/chat/completions?api-version=2024-10-21", "", "?api-version=2024-10-21"),
        ("", "query: {api-version: 2024-10-21}, ", "?api-version=2024-10-21"),
        ("/?a=1&b", "query: {c d: 'e&f+g/ü'}, ", "?a=1&b&c%20d=e%26f%2Bg%2F%C3%BC"),
        ("", "", ""),
    ] {
        // A new store each time.
        let _ = std::fs::remove_file(bench.path("store.db"));
        bench.job_at(&format!("{base}/openai/deployments/D{url}"), "");
        let job = bench.text("job.yaml").replace("id: test, ", more);
        bench.put("job.yaml", job.as_bytes());
        assert_eq!(bench.run(&["-q"]).code, 0);
        assert_eq!(server.lines.lock().unwrap().last(), Some(&line(expected)));
        let checked = bench.docmill(&["check", "job.yaml"]);
        assert!(checked.stdout.contains(&format!("/openai/deployments/D{expected},")), "{}", checked.stdout);
    }
    let asked = server.count();
    let job = bench.text("job.yaml").replace("/D\"", "/D?api-version=2025-01-01\"");
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(server.count(), asked, "another version of the API asks nothing again");
}

const KEY: &str = "AIzaSyCanary0123456789abcdefghijklmnop/+";

#[test]
fn a_secret_in_the_query_is_nowhere_but_in_the_request() {
    let server = HttpServer::start(|_, stream| {
        let shown = KEY.replace('/', "%2F").replace('+', "%2B");
        let body = format!(r#"{{"error":{{"message":"bad URL ?key={KEY} or ?key={shown}","code":"{KEY}"}}}}"#);
        stream.write_all(&reply(500, "application/json", &body))
    });
    let bench = Bench::with_pages(1);
    bench.job_at(&server.base_url, "retry: {attempts: 1}\non_error: {max_failed: 100%}");
    let job = bench.text("job.yaml").replace("id: test", "id: test, query: {key: {env: DOCMILL_TEST_KEY}}");
    bench.put("job.yaml", job.as_bytes());
    let unset = bench.run(&[]);
    assert!(unset.code == 2 && unset.stderr.contains("DOCMILL_TEST_KEY is not set"), "{}", unset.stderr);
    let empty = bench.command(&["run", "job.yaml"]).env("DOCMILL_TEST_KEY", " ").output().unwrap();
    let message = String::from_utf8_lossy(&empty.stderr);
    assert!(empty.status.code() == Some(2) && message.contains("DOCMILL_TEST_KEY is empty"), "{message}");
    for arguments in [
        &["run", "job.yaml", "-vv", "--log-format", "json", "--summary", "summary.json"][..],
        &["run", "job.yaml", "-vv", "--retry", "all"],
        &["check", "job.yaml"],
        &["try", "job.yaml", "pages/00000.jpg"],
        &["report", "job.yaml"],
    ] {
        let mut command = bench.command(arguments);
        let ran = Ran::from(command.env("DOCMILL_TEST_KEY", KEY).output().unwrap());
        assert!(!ran.stderr.contains("Canary") && !ran.stdout.contains("Canary"), "{arguments:?}: {}", ran.stderr);
    }
    let lines = server.lines.lock().unwrap().clone();
    assert!(
        lines.len() >= 3
            && lines.iter().all(|line| line.contains("?key=AIzaSyCanary0123456789abcdefghijklmnop%2F%2B ")),
        "{lines:?}"
    );
    for entry in walkdir::WalkDir::new(bench.path("")).into_iter().flatten().filter(|entry| entry.file_type().is_file())
    {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"Canary"), "{}", entry.path().display());
    }
}

#[test]
fn a_secret_that_is_written_into_the_manifest_is_refused_and_not_shown() {
    let bench = Bench::with_pages(1);
    for (url, more) in [
        ("http://127.0.0.1:9/v1?key=AIzaSyCanary0123456789abcdefghijklmnop", ""),
        ("http://127.0.0.1:9/v1?code=Canary-1", ""),
        ("http://127.0.0.1:9/v1?v=sk-Canary0123456789", ""),
        ("http://127.0.0.1:9/v1?key=${KEY}", ""),
        ("http://127.0.0.1:9/v1", ", query: {sig: Canary12}"),
        ("http://127.0.0.1:9/v1", ", query: {v: sk-Canary0123456789}"),
        ("http://127.0.0.1:9/v1", ", query: {api_key: \"${KEY}\"}"),
    ] {
        bench.job_at(url, "");
        let job = bench.text("job.yaml").replace("id: test", &format!("id: test{more}"));
        bench.put("job.yaml", job.as_bytes());
        for command in ["run", "check"] {
            let ran =
                Ran::from(bench.command(&[command, "job.yaml"]).env("KEY", "sk-Canary0123456789").output().unwrap());
            assert_eq!(ran.code, 2, "{url} {more}: {}", ran.stderr);
            assert!(ran.stderr.contains("provider.query: {NAME: {env: VARIABLE}}"), "{}", ran.stderr);
            assert!(!ran.stderr.contains("Canary"), "{}", ran.stderr);
        }
    }
}
