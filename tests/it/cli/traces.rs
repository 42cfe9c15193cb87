//! Traces by OTLP: what a collector gets (docs/observability.md).

use crate::bench::Bench;
use crate::harness::closed_port::ClosedPort;
use docmill::internal::simulator::Options;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A collector that keeps what it gets.
fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let got = Arc::new(Mutex::new(Vec::new()));
    let kept = got.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(20).flatten() {
            let _ = receive(stream, &kept);
        }
    });
    (url, got)
}

/// Keeps a whole request, and answers it.
fn receive(mut stream: TcpStream, kept: &Mutex<Vec<u8>>) -> io::Result<()> {
    let mut input = BufReader::new(stream.try_clone()?);
    let (mut request, mut length) = (Vec::new(), 0);
    loop {
        let start = request.len();
        let is_end = input.read_until(b'\n', &mut request)? == 0;
        let line = String::from_utf8_lossy(&request[start..]).to_lowercase();
        if let Some(text) = line.strip_prefix("content-length: ") {
            length = text.trim().parse().unwrap();
        }
        if is_end || line == "\r\n" {
            break;
        }
    }
    input.take(length).read_to_end(&mut request)?;
    kept.lock().unwrap().extend_from_slice(&request);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
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
    let port = ClosedPort::new();
    let mut run = bench.command(&["run", "job.yaml", "-q"]);
    run.env("OTEL_EXPORTER_OTLP_ENDPOINT", port.base_url().trim_end_matches("/v1"));
    assert!(run.status().unwrap().success());
    assert_eq!(bench.rows().len(), 3);
}
