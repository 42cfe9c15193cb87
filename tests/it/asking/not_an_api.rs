//! An endpoint that is not an API: the run ends after the first few replies, nothing is paid,
//! and no page is given up.

use crate::bench::Bench;
use crate::harness::http_server::{HttpServer, reply};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

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
        (511, "text/html", PAGE, 3),
        (520, "text/html", PAGE, 3),
        (525, "text/html", PAGE, 3),
        (530, "text/html", PAGE, 3),
        (200, "application/json", r#"{"detail":"Not Found"}"#, 3),
        (200, "application/json", r#"{"choices":null,"detail":"Not Found"}"#, 3),
        // Streams of events, JSON lines, and what looks like them.
        (200, "text/event-stream", PAGE, 3),
        (200, "text/event-stream", "", 3),
        (200, "text/event-stream", ": ping\n\n: ping\n\n", 3),
        (200, "text/event-stream", "event: hello\ndata: welcome\n\n", 3),
        (200, "text/event-stream", "data: {\"type\":\"message_start\"}\n\ndata: {\"type\":\"message_stop\"}\n\n", 3),
        (200, "text/event-stream", "data: [DONE]\n\n", 3),
        (200, "text/plain", "data: base\nversion: 1\n", 3),
        (200, "application/x-ndjson", "{\"model\":\"x\",\"done\":false}\n{\"model\":\"x\",\"done\":true}\n", 3),
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
            // Requests in flight when the third reply arrives are not withdrawn.
            assert!(server.count() - before <= 11, "{case}: {} requests", server.count() - before);
            let report = bench.report();
            assert_eq!(report["outcome"], "provider_refused", "{case}");
            assert_eq!(report["pages"]["pending"], pages, "{case}: {}", report["pages"]);
            assert_eq!(report["cost"]["total_usd"].as_str().unwrap().parse::<f64>(), Ok(0.0), "{case}");
        }
    }
}

/// What an API sends, too, when it fails, may be billed.
#[test]
fn what_may_be_cut_out_of_a_reply_ends_the_run_and_is_charged() {
    for body in [r#"{"choices":[]}"#, r#"{"id":"x","choices":[{"index":0,"mess"#, r#"{"error":"unauthorized"}"#] {
        let server = HttpServer::start(move |_, stream| stream.write_all(&reply(200, "application/json", body)));
        let bench = Bench::with_pages(20);
        bench.job_at(&server.base_url, "limits: {budget_usd: 5}");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 5, "{body}: {}", ran.stderr);
        assert!(ran.stderr.contains(body) && ran.stderr.contains("hint: check provider.base_url"), "{}", ran.stderr);
        // Requests in flight when the third reply arrives are not withdrawn.
        assert!(server.count() <= 11, "{body}: {} requests", server.count());
        let report = bench.report();
        assert_eq!(report["pages"]["pending"], 20, "{body}: {}", report["pages"]);
        assert!(report["cost"]["total_usd"].as_str().unwrap().parse::<f64>().unwrap() > 0.0, "{body}");
    }
}

/// Its own error shows an API that is not ready.
#[test]
fn a_server_that_is_loading_is_asked_again() {
    let error = r#"{"error":{"message":"The model is loading","type":"server_error"}}"#;
    let answer = r#"{"choices":[{"message":{"content":"{\"kind\":\"letter\",\"marks\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":9}}"#;
    let count = std::sync::atomic::AtomicU64::new(0);
    let server = HttpServer::start(move |_, stream| {
        let is_failing = count.fetch_add(1, Relaxed) < 4;
        stream.write_all(&reply(200, "application/json", if is_failing { error } else { answer }))
    });
    let bench = Bench::with_pages(8);
    bench.job_at(&server.base_url, "");
    let ran = bench.run(&[]);
    assert_eq!((ran.code, bench.report()["pages"]["ok"].clone()), (0, 8.into()), "{}", ran.stderr);
}

/// The web pages of some routers and proxies.
#[test]
fn a_web_page_in_another_encoding_is_shown_as_text() {
    let page = "<html><title>Anmeldung</title>Bitte melden Sie sich für den Zugang an</html>";
    let utf16: Vec<u8> = page.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin1: Vec<u8> = page.chars().map(|c| u8::try_from(c).unwrap()).collect();
    for (status, media_type, body) in [
        (200, "text/html", [&[0xff, 0xfe], &utf16[..]].concat()),
        (404, "text/html; charset=utf-16", utf16),
        (200, "text/html; charset=iso-8859-1", latin1),
    ] {
        let head =
            format!("HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n", body.len());
        let server = HttpServer::start(move |_, stream| stream.write_all(&[head.as_bytes(), &body].concat()));
        let bench = Bench::with_pages(1);
        bench.job_at(&server.base_url, "");
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 5, "{media_type}: {}", ran.stderr);
        assert!(ran.stderr.contains(page), "{media_type}: {}", ran.stderr);
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

/// A login that expires in the middle of a run.
#[test]
fn web_pages_in_a_row_after_answers_end_the_run() {
    let answer = r#"{"choices":[{"message":{"content":"{\"kind\":\"letter\",\"marks\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":9}}"#;
    for (status, more) in [
        (200, ""),
        (200, "retry: {attempts: 1}"),
        (200, "limits: {budget_usd: 5, concurrency: 1}"),
        (511, "limits: {budget_usd: 5}"),
    ] {
        let case = format!("{status} {more}");
        let count = AtomicUsize::new(0);
        let server = HttpServer::start(move |_, stream| {
            let is_answer = count.fetch_add(1, Relaxed) < 12;
            let (status, media_type) = if is_answer { (200, "application/json") } else { (status, "text/html") };
            stream.write_all(&reply(status, media_type, if is_answer { answer } else { PAGE }))
        });
        let bench = Bench::with_pages(40);
        bench.job_at(&server.base_url, &format!("{more}\non_error: {{stop_after: 0, max_failed: 100%}}"));
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 5, "{case}: {}", ran.stderr);
        let expected_text = format!(
            "{}/chat/completions no longer replies as a chat completions API; it replied with HTTP {status}: <!DOCTYPE html>",
            server.base_url
        );
        assert!(ran.stderr.contains(&expected_text), "{case}: {}", ran.stderr);
        // The cause is shown before the end.
        assert!(ran.stderr.contains("; retrying for up to 10 min"), "{case}: {}", ran.stderr);
        // Eight in a row, and the requests in flight when the last one arrives.
        assert!(server.count() <= 12 + 8 + 10, "{case}: {} requests", server.count());
        let report = bench.report();
        assert_eq!(report["outcome"], "provider_refused", "{case}");
        let pages = &report["pages"];
        assert_eq!((&pages["ok"], &pages["pending"]), (&12.into(), &28.into()), "{case}: {pages}");
        // 12 bills of 100 + 9 tokens. The API behind the login page may have executed the other requests.
        let spent: f64 = report["cost"]["total_usd"].as_str().unwrap().parse().unwrap();
        assert!(spent > 12.0 * (100.0 * 0.40 + 9.0 * 1.60) / 1e6, "{case}: {spent}");
        assert_ne!(report["cost"]["estimated_usd"], "0", "{case}: {}", report["cost"]);
    }
}

/// Requests without an answer may be billed: an outage is waited for, and no further requests are sent while it lasts.
#[test]
fn an_outage_in_the_middle_of_a_run_is_not_paid_for_page_by_page() {
    let answer = r#"{"choices":[{"message":{"content":"{\"kind\":\"letter\",\"marks\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":9}}"#;
    type Fail = fn(&mut TcpStream) -> std::io::Result<()>;
    let gateway: Fail = |stream| stream.write_all(&reply(502, "text/html", "<html>502 Bad Gateway</html>"));
    let closes: Fail = |stream| stream.shutdown(std::net::Shutdown::Both);
    let breaks_off: Fail = |stream| {
        stream.write_all(b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{")?;
        stream.shutdown(std::net::Shutdown::Both)
    };
    for (name, fail, expected_text) in [
        ("gateway", gateway, "HTTP 502: 502 Bad Gateway"),
        ("closes", closes, "closed"),
        ("breaks off", breaks_off, ""),
    ] {
        let count = AtomicUsize::new(0);
        let server = HttpServer::start(move |_, stream| match count.fetch_add(1, Relaxed) {
            0..20 => stream.write_all(&reply(200, "application/json", answer)),
            _ => fail(stream),
        });
        let bench = Bench::with_pages(60);
        bench.job_at(
            &server.base_url,
            "retry: {attempts: 3, max_wait: 4s}\nlimits: {budget_usd: 5}\non_error: {max_failed: 100%}",
        );
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 6, "{name}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("the server is unavailable: ") && ran.stderr.contains(expected_text),
            "{name}: {}",
            ran.stderr
        );
        // The requests in flight when it begins, and then one after the other.
        assert!(server.count() <= 20 + 24 + 6, "{name}: {} requests", server.count());
        let pages = &bench.report()["pages"];
        assert_eq!((&pages["ok"], &pages["pending"]), (&20.into(), &40.into()), "{name}: {pages}");
    }
}

/// The same from the first request on.
#[test]
fn an_endpoint_that_never_answers_is_not_paid_for_long() {
    let server =
        HttpServer::start(|_, stream| stream.write_all(&reply(502, "text/html", "<html>502 Bad Gateway</html>")));
    let bench = Bench::with_pages(40);
    bench.job_at(&server.base_url, "limits: {budget_usd: 5}");
    let ran = bench.run(&[]);
    assert_eq!((ran.code, server.count()), (6, 8), "{}", ran.stderr);
    let expected_text =
        "the endpoint has not answered any request, and may bill each of them: HTTP 502: 502 Bad Gateway";
    assert!(ran.stderr.contains(expected_text), "{}", ran.stderr);
    assert_eq!(bench.report()["pages"]["pending"], 40);
}

/// A login page in front of an endpoint that has answered before may come after the request was executed, so a
/// budget bounds how often it is tried, over all runs.
#[test]
fn a_web_page_after_the_answers_of_an_earlier_run_counts_as_spent() {
    let answer = r#"{"choices":[{"message":{"content":"{\"kind\":\"letter\",\"marks\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":9}}"#;
    let count = AtomicUsize::new(0);
    let server = HttpServer::start(move |_, stream| {
        let is_answer = count.fetch_add(1, Relaxed) < 2;
        let media_type = if is_answer { "application/json" } else { "text/html" };
        stream.write_all(&reply(200, media_type, if is_answer { answer } else { PAGE }))
    });
    let bench = Bench::with_pages(2);
    let budget = |usd: &str| {
        bench.job_at(&server.base_url, &format!("limits: {{budget_usd: {usd}, concurrency: 1, budget_scope: job}}"));
    };
    budget("5");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let spent = || bench.report()["cost"]["total_usd"].as_str().unwrap().parse::<f64>().unwrap();
    bench.put("pages/new.jpg", &crate::bench::page(99));
    let before = server.count();
    let ran = bench.run(&["-q"]);
    assert_eq!((ran.code, server.count() - before), (5, 3), "{}", ran.stderr);
    assert!(spent() > 0.0, "{}", bench.report()["cost"]);
    // What three replies may have cost is all that is left.
    budget(&format!("{:.6}", spent() * 2.5));
    let codes: Vec<i32> = (0..9).map(|_| bench.run(&["-q"]).code).collect();
    assert!(codes.ends_with(&[4, 4]), "{codes:?}");
    assert!(server.count() - before <= 9, "{} requests", server.count() - before);
}

/// A run against something that does not answer with HTTP, or not with TLS: what it prints.
fn run_against(base_url: &str, count: &dyn Fn() -> usize) -> String {
    let bench = Bench::with_pages(20);
    bench.job_at(base_url, "limits: {budget_usd: 5, concurrency: 1}\non_error: {stop_after: 0, max_failed: 100%}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("is not a chat completions API"), "{}", ran.stderr);
    assert!(count() <= 3, "{} connections: {}", count(), ran.stderr);
    let report = bench.report();
    assert_eq!((&report["outcome"], &report["pages"]["pending"]), (&"provider_refused".into(), &20.into()));
    assert_eq!(report["cost"]["total_usd"].as_str().unwrap().parse::<f64>(), Ok(0.0), "{}", report["cost"]);
    ran.stderr
}

#[test]
fn what_is_not_http_ends_the_run() {
    for (bytes, expected_text) in [
        (&b"SSH-2.0-OpenSSH_9.6\r\n"[..], "does not answer with HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "does not answer with HTTP"),
        (b"\x16\x03\x01 garbage\r\n\r\n", "does not answer with HTTP"),
    ] {
        let server = HttpServer::start(move |_, stream| {
            stream.write_all(bytes)?;
            stream.shutdown(std::net::Shutdown::Both)
        });
        let stderr = run_against(&server.base_url, &|| server.count());
        assert!(stderr.contains(expected_text), "{bytes:?}: {stderr}");
    }
}

/// A server that is starting behind a forwarder: the forwarder accepts connections and closes them.
#[test]
fn closed_connections_at_the_start_are_waited_for() {
    let answer = r#"{"choices":[{"message":{"content":"{\"kind\":\"letter\",\"marks\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":9}}"#;
    let count = AtomicUsize::new(0);
    let server = HttpServer::start(move |_, stream| match count.fetch_add(1, Relaxed) {
        0..4 => stream.shutdown(std::net::Shutdown::Both),
        _ => stream.write_all(&reply(200, "application/json", answer)),
    });
    let bench = Bench::with_pages(3);
    bench.job_at(&server.base_url, "limits: {concurrency: 1}\nretry: {attempts: 1}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(bench.report()["pages"]["ok"], 3);
    assert!(ran.stderr.contains("closes the connection without a reply"), "{}", ran.stderr);

    let server = HttpServer::start(|_, stream| stream.shutdown(std::net::Shutdown::Both));
    let bench = Bench::with_pages(3);
    bench.job_at(&server.base_url, "limits: {budget_usd: 5}\nretry: {max_wait: 2s}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("closes the connection without a reply"), "{}", ran.stderr);
    let report = bench.report();
    assert_eq!((&report["outcome"], &report["pages"]["pending"]), (&"provider_unavailable".into(), &3.into()));
    // It may have executed the requests.
    assert!(report["cost"]["total_usd"].as_str().unwrap().parse::<f64>().unwrap() > 0.0, "{}", report["cost"]);
}

#[test]
fn tls_to_a_server_without_it_ends_the_run() {
    let server = RawServer::start(|stream| {
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    });
    let stderr = run_against(&format!("https://{}/v1", server.address), &|| server.connections());
    assert!(stderr.contains("the server does not answer with TLS; is the base_url http://?"), "{stderr}");
}

#[test]
fn a_proxy_that_wants_a_password_ends_the_run() {
    let server = RawServer::start(|stream| {
        let _ = stream.read(&mut [0; 512]);
        let page = "<html>Proxy Authentication Required</html>";
        let head = format!("HTTP/1.1 407 X\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n", page.len());
        let _ = stream.write_all(format!("{head}{page}").as_bytes());
    });
    for base_url in ["https://api.example/v1", "http://api.example/v1"] {
        let bench = Bench::with_pages(3);
        bench.job_at(base_url, "");
        let mut command = bench.command(&["run", "job.yaml"]);
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
            command.env(name, format!("http://user:pa55w0rd@{}", server.address));
        }
        let ran = crate::bench::Ran::from(command.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap());
        assert_eq!(ran.code, 5, "{}", ran.stderr);
        assert!(ran.stderr.contains("the proxy refuses: HTTP 407"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("pa55w0rd"), "{}", ran.stderr);
    }
}

#[test]
fn a_gateway_whose_api_is_down_is_an_outage_that_costs_nothing() {
    for status in [503, 521, 522, 523] {
        let server = HttpServer::start(move |_, stream| stream.write_all(&reply(status, "text/html", PAGE)));
        let bench = Bench::with_pages(2);
        bench.job_at(
            &server.base_url,
            "retry: {max_wait: 1s, attempts: 2, timed_out: resend}\nlimits: {budget_usd: 5}\non_error: {max_failed: 100%}",
        );
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 6, "{status}: {}", ran.stderr);
        let report = bench.report();
        assert_eq!(report["cost"]["total_usd"].as_str().unwrap().parse::<f64>(), Ok(0.0), "{status}");
    }
}

#[test]
fn a_redirect_names_its_target_without_secrets() {
    let server = HttpServer::start(move |_, stream| {
        stream.write_all(b"HTTP/1.1 307 X\r\nlocation: https://user:pa55w0rd@new.example/v1?token=s3cr3t77\r\ncontent-length: 0\r\n\r\n")
    });
    let bench = Bench::with_pages(1);
    bench.job_at(&server.base_url, "");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("HTTP 307: redirects to https://***@new.example/v1?token=***"), "{}", ran.stderr);
}

#[test]
fn a_delay_that_is_longer_than_the_run_waits_is_named() {
    let server = HttpServer::start(move |_, stream| {
        stream.write_all(b"HTTP/1.1 429 X\r\nretry-after: 1000000\r\ncontent-length: 0\r\n\r\n")
    });
    let bench = Bench::with_pages(1);
    bench.job_at(&server.base_url, "");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    let expected_text = "the endpoint asks to wait 11.5 days (Retry-After), longer than retry.max_wait";
    assert!(ran.stderr.contains(expected_text), "{}", ran.stderr);
}

#[test]
fn a_delay_in_the_message_is_a_delay() {
    let server = HttpServer::start(move |_, stream| {
        let body = r#"{"error":{"code":"429","message":"Requests have exceeded the call rate limit. Please retry after 86400 seconds."}}"#;
        stream.write_all(&reply(429, "application/json", body))
    });
    let bench = Bench::with_pages(1);
    bench.job_at(&server.base_url, "");
    let ran = bench.run(&[]);
    assert_eq!((ran.code, server.count()), (6, 1), "{}", ran.stderr);
    assert!(ran.stderr.contains("the endpoint asks to wait 24 h"), "{}", ran.stderr);
}

/// `Retry-After: 0` of a server that stays busy is not a reason to ask it without pause.
#[test]
fn a_delay_of_nothing_backs_off() {
    for headers in ["retry-after: 0\r\n", "retry-after-ms: 0\r\nretry-after: 0\r\n", ""] {
        let server = HttpServer::start(move |_, stream| {
            stream.write_all(format!("HTTP/1.1 429 X\r\n{headers}content-length: 0\r\n\r\n").as_bytes())
        });
        let bench = Bench::with_pages(4);
        bench.job_at(&server.base_url, "retry: {max_wait: 4s}\nlimits: {concurrency: 1}");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 6, "{}", ran.stderr);
        // 0.5, 1, 2, 4 s with jitter.
        assert!(server.count() <= 6, "{headers:?}: {} requests", server.count());
    }
}

/// Headers that leave no request are a cause like a 429: shown, and waited for no longer than that.
#[test]
fn headers_that_leave_no_request_end_the_run() {
    let server = HttpServer::start(move |_, stream| {
        let limits =
            "x-ratelimit-limit-requests: 1\r\nx-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 60s\r\n";
        let answer = r#"{"choices":[{"message":{"content":"{\"kind\":\"letter\",\"marks\":[]}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":9}}"#;
        let length = answer.len();
        stream.write_all(
            format!(
                "HTTP/1.1 200 X\r\n{limits}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{answer}"
            )
            .as_bytes(),
        )
    });
    let bench = Bench::with_pages(40);
    bench.job_at(&server.base_url, "retry: {max_wait: 2s}\nlimits: {concurrency: 1}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("requests per minute"), "{}", ran.stderr);
    assert!(server.count() < 40);
}

/// A server that only counts its connections.
struct RawServer {
    address: std::net::SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl RawServer {
    fn start(answer: impl Fn(&mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, connections) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counter = connections.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                counter.fetch_add(1, Relaxed);
                answer(&mut stream);
            }
        });
        Self { address, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }
}
