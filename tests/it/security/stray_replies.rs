//! A server that replies twice: the second reply never answers the next page.

use crate::bench::Bench;
use crate::harness::http_server::{HttpServer, reply};
use std::io::Write;
use std::time::{Duration, Instant};

fn answer(kind: &str) -> Vec<u8> {
    let content = format!(r#"{{\"kind\":\"{kind}\",\"marks\":[]}}"#);
    let body = format!(
        r#"{{"choices":[{{"message":{{"content":"{content}"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":100,"completion_tokens":9}}}}"#
    );
    reply(200, "application/json", &body)
}

#[test]
fn every_page_gets_its_own_answer() {
    const PAGES: usize = 60;
    for (delay_ms, concurrency) in [(0, 1), (0, 8), (1, 8), (5, 2), (20, 8)] {
        let server = HttpServer::start(move |_, stream| {
            if delay_ms == 0 {
                return stream.write_all(&[answer("letter"), answer("other")].concat());
            }
            // The client may read the reply before this thread continues.
            let replied = Instant::now();
            stream.write_all(&answer("letter"))?;
            std::thread::sleep(Duration::from_millis(delay_ms));
            // A connection is used again after 100 ms, of which a busy machine may take some here.
            if replied.elapsed() < Duration::from_millis(50) { stream.write_all(&answer("other")) } else { Ok(()) }
        });
        let bench = Bench::with_pages(PAGES);
        bench.job_at(&server.base_url, &format!("limits: {{concurrency: {concurrency}}}"));
        let ran = bench.run(&[]);
        let case = format!("after {delay_ms} ms, {concurrency} at once");
        assert_eq!(ran.code, 0, "{case}: {}", ran.stderr);
        let rows = bench.rows();
        let wrong = rows.iter().filter(|row| row["kind"] != "letter").count();
        assert_eq!((rows.len(), wrong), (PAGES, 0), "{case}");
        assert!(rows.iter().all(|row| row["attempts"] == 1), "{case}: no page lost an attempt");
        assert_eq!(server.count(), PAGES, "{case}: no request was executed twice");
    }
}
