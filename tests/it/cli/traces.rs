//! Traces by OTLP: what a collector gets (docs/observability.md).

use crate::bench::Bench;
use docmill::internal::simulator::Options;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A collector that keeps what it gets.
fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let got = Arc::new(Mutex::new(Vec::new()));
    let kept = got.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().take(20).flatten() {
            stream.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
            let mut piece = [0; 65_536];
            while let Ok(size @ 1..) = stream.read(&mut piece) {
                kept.lock().unwrap().extend_from_slice(&piece[..size]);
                if size < piece.len() {
                    break;
                }
            }
            // The body may come after the head.
            while let Ok(size @ 1..) = stream.read(&mut piece) {
                kept.lock().unwrap().extend_from_slice(&piece[..size]);
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (url, got)
}

#[test]
fn a_collector_gets_the_run_its_pages_and_their_attempts_and_no_key() {
    let bench = Bench::with_pages(7).simulator(Options::default());
    bench.job("");
    bench.put("key", b"sk-canary-0123456789abcdef");
    bench.put("job.yaml", bench.text("job.yaml").replace("id: test", "id: test, api_key_file: key").as_bytes());
    let (url, got) = collector();
    let status = bench.command(&["run", "job.yaml", "-q"]).env("OTEL_EXPORTER_OTLP_ENDPOINT", &url).status().unwrap();
    assert!(status.success());
    let got = got.lock().unwrap();
    let count = |what: &str| got.windows(what.len()).filter(|window| *window == what.as_bytes()).count();
    assert!(count("POST /v1/traces") >= 1);
    assert_eq!((count("\x07attempt\x0a") + count("*\x07attempt"), count("*\x04page"), count("*\x03run")), (7, 7, 1));
    // The run reports its cost too, at its end.
    assert_eq!((count("req_"), count("verdict"), count("cost_usd")), (7, 7, 8));
    assert_eq!((count("sk-canary"), count("base64")), (0, 0));
}

#[test]
fn a_collector_that_is_not_there_changes_nothing() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    let status =
        bench.command(&["run", "job.yaml", "-q"]).env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9").status();
    assert!(status.unwrap().success());
    assert_eq!(bench.rows().len(), 3);
}
