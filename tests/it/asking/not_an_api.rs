//! An endpoint that is not an API: the run ends after the first few replies, nothing is paid,
//! and no page is given up.

use crate::bench::Bench;
use crate::harness::http_server::{HttpServer, reply};
use std::io::Write;

const PAGE: &str =
    "<!DOCTYPE html>\n<html><head><title>Sign in\u{1b}[31m</title></head><body>Please sign in</body></html>";

#[test]
fn a_web_page_instead_of_an_api_ends_the_run() {
    for (status, media_type, body, pages) in [
        (200, "text/html", PAGE, 1),
        (200, "text/html", PAGE, 2),
        (200, "text/html", PAGE, 40),
        (200, "application/json", r#"{"status":"up"}"#, 3),
        (200, "text/plain", "It works!", 3),
        (200, "text/plain", "", 3),
        (400, "text/html", PAGE, 3),
        (403, "text/html", PAGE, 3),
        (404, "text/html", PAGE, 3),
        (501, "text/html", PAGE, 3),
    ] {
        let case = format!("{status} {body:?}, {pages} pages");
        let server = HttpServer::start(move |_, stream| stream.write_all(&reply(status, media_type, body)));
        let bench = Bench::with_pages(pages);
        for more in ["", "retry: {attempts: 1}", "limits: {budget_usd: 5}"] {
            bench.job_at(&server.base_url, &format!("{more}\non_error: {{stop_after: 0, max_failed: 100%}}"));
            let before = server.count();
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 5, "{case}: {}", ran.stderr);
            let start = if body.is_empty() { "(nothing)" } else { body.split(['\n', '>']).next().unwrap() };
            assert!(ran.stderr.contains(start), "{case}: {}", ran.stderr);
            assert!(ran.stderr.contains(&format!("{}/chat/completions", server.base_url)), "{case}: {}", ran.stderr);
            assert!(ran.stderr.contains("hint: check provider.base_url"), "{case}: {}", ran.stderr);
            assert!(!ran.stderr.contains('\u{1b}'), "{case}: {}", ran.stderr);
            // What is in flight when the third reply arrives is not taken back.
            assert!(server.count() - before <= 11, "{case}: {} requests", server.count() - before);
            let report = bench.report();
            assert_eq!(report["outcome"], "provider_refused", "{case}");
            assert_eq!(report["pages"]["pending"], pages, "{case}: {}", report["pages"]);
            assert_eq!(report["cost"]["total_usd"].as_str().unwrap().parse::<f64>(), Ok(0.0), "{case}");
        }
    }
}

#[test]
fn a_web_page_after_an_answer_is_a_passing_error() {
    let answer = r#"{"choices":[{"message":{"content":"{\"kind\":\"letter\",\"marks\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":9}}"#;
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = HttpServer::start(move |_, stream| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let is_page = (4..8).contains(&number);
        stream.write_all(&if is_page { reply(200, "text/html", PAGE) } else { reply(200, "application/json", answer) })
    });
    let bench = Bench::with_pages(12);
    bench.job_at(&server.base_url, "limits: {concurrency: 1}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(bench.report()["usage_missing"], 0, "a page is no bill: {}", bench.report());
}
