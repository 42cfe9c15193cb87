//! A system without certificates of authorities: only a request that needs TLS misses them.

use crate::bench::{Bench, Ran, page};
use crate::harness::http_server::HttpServer;
use docmill::internal::simulator::Options;
use std::io::Write;

fn without_roots(bench: &Bench, arguments: &[&str]) -> Ran {
    let mut command = bench.command(arguments);
    command.env("SSL_CERT_FILE", "/nonexistent").env("SSL_CERT_DIR", "/nonexistent");
    for name in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        command.env_remove(name);
    }
    Ran::from(command.output().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn missing_roots_are_named_where_they_are_needed() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.job("");
    let ran = without_roots(&bench, &["run", "job.yaml"]);
    assert_eq!(ran.code, 0, "http needs none: {}", ran.stderr);
    assert!(!without_roots(&bench, &["check", "job.yaml"]).stderr.contains("ca-certificates"));
    let bench = Bench::with_pages(2);
    // Anything that accepts connections: the certificates are missed before anything is sent.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    bench.job_at(&url, "");
    let ran = without_roots(&bench, &["run", "job.yaml"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    for words in ["no trusted certificates for TLS", "ca-certificates", "SSL_CERT_FILE", "provider.ca_file"] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    let checked = without_roots(&bench, &["check", "job.yaml"]);
    let text = checked.stdout + &checked.stderr;
    assert!(text.contains("ca-certificates"), "{text}");
}

/// Of the URLs of a list, only those with https need certificates.
#[cfg(target_os = "linux")]
#[test]
fn missing_roots_are_named_where_a_list_needs_them() {
    let files = HttpServer::start(|_, stream| {
        let image = page(1);
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: {}\r\n\r\n", image.len());
        stream.write_all(&[head.as_bytes(), &image].concat())
    });
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    let job = bench.text("job.yaml").replace("folder: pages", "list: list.csv, allow_private_hosts: true");
    bench.put("job.yaml", job.as_bytes());
    let http = files.base_url.replace("/v1", "/page.jpg");
    let list = |url: &str| bench.put("list.csv", format!("path\n{url}\n").as_bytes());
    list(&http);
    let ran = without_roots(&bench, &["run", "job.yaml"]);
    assert_eq!((ran.code, bench.rows().len()), (0, 1), "{}", ran.stderr);
    assert!(!without_roots(&bench, &["check", "job.yaml"]).stderr.contains("ca-certificates"));
    list(&http.replace("http://", "https://"));
    let ran = without_roots(&bench, &["run", "job.yaml"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let checked = without_roots(&bench, &["check", "job.yaml"]);
    for shown in [ran.stderr, checked.stdout + &checked.stderr] {
        for words in ["no trusted certificates for TLS", "ca-certificates", "SSL_CERT_FILE"] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
    }
}
