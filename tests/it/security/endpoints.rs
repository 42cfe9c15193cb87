//! Hostile servers, hostile names, secrets: docs/security.md line by line.

use crate::bench::{Bench, Ran};
use docmill::internal::simulator::{Fault, Options};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// A server that sends a given reply to every connection. It ends with the tests.
struct Raw {
    url: String,
    connections: Arc<AtomicUsize>,
}

fn raw(answer: impl Fn(&mut TcpStream) + Send + Sync + 'static) -> Raw {
    raw_to(move |_, stream| answer(stream))
}

/// The same, whose answer depends on the beginning of the request.
fn raw_to(answer: impl Fn(&[u8], &mut TcpStream) + Send + Sync + 'static) -> Raw {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (answer, connections) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    let counter = connections.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            counter.fetch_add(1, Ordering::Relaxed);
            let answer = answer.clone();
            std::thread::spawn(move || {
                stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                stream.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
                let mut request = [0; 65_536];
                let length = stream.read(&mut request).unwrap_or(0);
                answer(&request[..length], &mut stream);
            });
        }
    });
    Raw { url, connections }
}

/// Sends `piece` again and again until the other side hangs up.
fn flood(stream: &mut TcpStream, head: &[u8], piece: &[u8]) {
    let _ = stream.write_all(head);
    for _ in 0..200_000 {
        if stream.write_all(piece).is_err() {
            return;
        }
    }
}

const JSON: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

fn whole(body: &[u8], headers: &str) -> Vec<u8> {
    [
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\n\r\n", body.len())
            .as_bytes(),
        body,
    ]
    .concat()
}

const QUICK: &str =
    "request: {timeout: 20s, idle_timeout: 10s}\nretry: {attempts: 1, max_wait: 2s}\non_error: {max_failed: 100%}\n";

/// Runs with a bound on memory: a hostile server is not to fill it.
#[cfg(target_os = "linux")]
fn run_within(bench: &Bench, megabytes: u64) -> Ran {
    let script = format!("ulimit -v {} && exec {} run job.yaml -q", megabytes * 1024, env!("CARGO_BIN_EXE_docmill"));
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &script]).current_dir(bench.path(""));
    command.output().unwrap().into()
}

#[cfg(target_os = "linux")]
#[test]
fn a_hostile_server_is_bounded() {
    let deep = [b"{\"choices\":".as_slice(), &b"[".repeat(200_000), &b"]".repeat(200_000), b"}"].concat();
    let content = "x".repeat(4 << 20);
    let long = format!("{{\"choices\":[{{\"message\":{{\"content\":\"{content}\"}},\"finish_reason\":\"stop\"}}]}}");
    type Answer = Box<dyn Fn(&mut TcpStream) + Send + Sync>;
    let says = |bytes: Vec<u8>| -> Answer { Box::new(move |stream| drop(stream.write_all(&bytes))) };
    let answers: [(&str, Answer, &[&str]); 9] = [
        // These are not an API, or may be starting: the run ends, and no page is given up.
        ("garbage", says(b"\x16\x03\x01 no HTTP at all \x00\xff".to_vec()), &[]),
        ("nothing", says(Vec::new()), &[]),
        (
            "endless headers",
            Box::new(|stream| flood(stream, b"HTTP/1.1 200 OK\r\n", b"x-more: and more and more and more\r\n")),
            &["reset"],
        ),
        (
            "a header without an end",
            Box::new(|stream| flood(stream, b"HTTP/1.1 200 OK\r\nx-long: ", &[b'a'; 4096])),
            &["reset"],
        ),
        (
            "a body without an end",
            Box::new(|stream| {
                flood(stream, JSON, b"1000\r\n{\"choices\": [                                                                                                 \r\n");
            }),
            &["bad_reply", "cut_reply"],
        ),
        (
            "a stream without an end",
            Box::new(|stream| {
                let event =
                    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", "x".repeat(60_000));
                flood(stream, STREAM, format!("{:x}\r\n{event}\r\n", event.len()).as_bytes());
            }),
            &["bad_reply", "timeout"],
        ),
        ("deep JSON", says(whole(&deep, "")), &[]),
        (
            "a decompression bomb",
            says(whole(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xed, 0xc1], "content-encoding: gzip\r\n")),
            // It is not text: the run ends.
            &[],
        ),
        ("a text of megabytes", says(whole(long.as_bytes(), "")), &["not_json"]),
    ];
    for (name, answer, kinds) in answers {
        let server = raw(answer);
        let bench = Bench::with_pages(1);
        let code = match (kinds, name) {
            ([], "nothing") => 6,
            ([], _) => 5,
            _ => 0,
        };
        // Several replies show that there is no API, however long a busy machine takes for them.
        let job = if code == 5 { QUICK.replace("max_wait: 2s", "max_wait: 30s") } else { QUICK.to_owned() };
        bench.job_at(&server.url, &job);
        let ran = run_within(&bench, 1500);
        assert_eq!(ran.code, code, "{name}: {}", ran.stderr);
        assert!(server.connections.load(Ordering::Relaxed) > 0, "{name}: the server was asked");
        if kinds.is_empty() {
            continue;
        }
        let row = &bench.rows()[0];
        assert!(kinds.contains(&row["error_kind"].as_str().unwrap_or("none")), "{name}: {row}");
        assert!(row["error"].as_str().unwrap().len() < 1000, "{name}: words are bounded");
    }
}

#[test]
fn a_redirect_takes_the_key_nowhere() {
    for status in [301, 302, 307, 308] {
        let thief = raw(|_| {});
        let location = thief.url.clone();
        let server = raw(move |stream| {
            let head = format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {location}/chat/completions\r\ncontent-length: 0\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
        });
        let bench = Bench::with_pages(1);
        bench.job_at(&server.url, QUICK);
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 5, "{}", ran.stderr);
        assert!(ran.stderr.contains("the server redirects"), "{}", ran.stderr);
        assert!(server.connections.load(Ordering::Relaxed) > 0, "{status}: the server was asked");
        assert_eq!(thief.connections.load(Ordering::Relaxed), 0, "{status}");
    }
}

const KEY: &str = "sk-canary-0123456789abcdef";

#[test]
fn a_key_is_nowhere_but_in_the_request() {
    let received = Arc::new(AtomicUsize::new(0));
    let count = |received: &Arc<AtomicUsize>| {
        let received = received.clone();
        move |request: &[u8]| {
            let has_key = request.windows(KEY.len()).any(|window| window == KEY.as_bytes());
            received.fetch_add(usize::from(has_key), Ordering::Relaxed);
        }
    };
    // A server that repeats the key in its errors, in all ways that there are.
    let seen = count(&received);
    let server = raw_to(move |request, stream| {
        seen(request);
        let body = format!(
            "{{\"error\":{{\"message\":\"Incorrect API key provided: {KEY}.\",\"type\":\"{KEY}\",\"code\":\"{KEY}\"}}}}"
        );
        let head = format!(
            "HTTP/1.1 500 Oops\r\nx-request-id: {KEY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    });
    let content = format!("{{\"kind\": \"{KEY}\", \"marks\": [\"{KEY}\"], \"words\": \"{KEY}\"}}");
    let answer =
        serde_json::json!({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}).to_string();
    let seen = count(&received);
    let answering = raw_to(move |request, stream| {
        seen(request);
        drop(stream.write_all(&whole(answer.as_bytes(), "connection: close\r\n")));
    });
    let bench = Bench::with_pages(2);
    bench.put("key", format!("  {KEY}\n").as_bytes());
    let words = "tasks: {kind: {classify: {labels: [a, b]}}, marks: {tag: {labels: [a, b]}}, words: {question: {text: Which?, type: text}}}";
    for (url, with) in [
        (&server.url, "api_key_env: DOCMILL_TEST_KEY"),
        (&server.url, "api_key_file: key"),
        (&answering.url, "api_key_file: key"),
    ] {
        let before = received.load(Ordering::Relaxed);
        bench.job_at(url, &format!("{words}\n{QUICK}"));
        let job = bench.text("job.yaml");
        bench.put("job.yaml", job.replace("id: test", &format!("id: test, {with}")).as_bytes());
        for format in ["text", "json"] {
            let arguments =
                ["run", "job.yaml", "--refresh", "-vv", "--log-format", format, "--summary", "summary.json"];
            let mut command = bench.command(&arguments);
            let ran = Ran::from(command.env("DOCMILL_TEST_KEY", KEY).output().unwrap());
            assert!(!ran.stderr.contains("sk-canary") && !ran.stdout.contains("sk-canary"), "{}", ran.stderr);
        }
        assert!(received.load(Ordering::Relaxed) > before, "{with}: the server received the key");
    }
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(bench.path("")).into_iter().flatten().filter(|entry| entry.file_type().is_file())
    {
        let bytes = std::fs::read(entry.path()).unwrap();
        let holds = bytes.windows(9).any(|window| window == b"sk-canary");
        assert_eq!(holds, entry.file_name() == "key", "{}", entry.path().display());
        files.push(entry.file_name().to_string_lossy().into_owned());
    }
    for name in ["key", "out.jsonl", "store.db", "summary.json"] {
        assert!(files.iter().any(|file| file == name), "{name}: {files:?}");
    }
}

/// A key that was written into the manifest as the value of a header.
#[test]
fn a_key_in_a_header_is_not_kept() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    let job = bench.text("job.yaml").replace("id: test", "id: test, headers: {X-Gateway: hunter2-Zq7}");
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.run(&["-q", "--summary", "summary.json"]).code, 0);
    for entry in walkdir::WalkDir::new(bench.path("")).into_iter().flatten().filter(|entry| entry.file_type().is_file())
    {
        let bytes = std::fs::read(entry.path()).unwrap();
        let holds = bytes.windows(7).any(|window| window == b"hunter2");
        assert!(!holds || entry.file_name() == "job.yaml", "{}", entry.path().display());
    }
    // The same job, even if parts of its manifest are hidden.
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.stats()["requests"], 1);
}

/// A key that looks like a word, where the name of a file or of a variable belongs.
#[test]
fn a_key_instead_of_the_name_of_its_file_is_not_repeated() {
    for member in
        ["api_key_file: hunter2-Zq7", "api_key_file: {k: hunter2-Zq7}", "headers: [Authorization, hunter2-Zq7]"]
    {
        let bench = Bench::with_pages(1);
        bench.job_at("http://127.0.0.1:9/v1", "");
        let job = bench.text("job.yaml").replace("id: test", &format!("id: test, {member}"));
        bench.put("job.yaml", job.as_bytes());
        for command in ["check", "plan", "run"] {
            let ran = bench.docmill(&[command, "job.yaml"]);
            let shown = ran.stdout + &ran.stderr;
            assert!(!shown.contains("hunter2") && !shown.is_empty(), "{command} {member}: {shown}");
        }
    }
    let bench = Bench::with_pages(1);
    bench.job_at("http://127.0.0.1:9/v1", "");
    let named = bench.run(&["--api-key-file", "keys/missing.txt"]);
    assert!(named.code == 2 && named.stderr.contains("keys/missing.txt"), "{}", named.stderr);
}

#[test]
fn an_invalid_key_file_is_reported_without_its_content() {
    let bench = Bench::with_pages(1);
    bench.job("");
    let job = bench.text("job.yaml").replace("id: test", "id: test, api_key_file: key");
    bench.put("job.yaml", job.as_bytes());
    let missing = bench.run(&[]);
    assert!(missing.code == 2 && missing.stderr.contains("provider.api_key_file"), "{}", missing.stderr);
    bench.put("key", b"\xff\xfesecret");
    let binary = bench.run(&[]);
    assert!(binary.code == 2 && !binary.stderr.contains("secret"), "{}", binary.stderr);
    bench.put("key", b" \n");
    assert_eq!(bench.run(&[]).code, 2);
    bench.put("key", b"two secret\nlines");
    let lines = bench.run(&[]);
    assert!(
        lines.code == 2 && lines.stderr.contains("more than a key") && !lines.stderr.contains("secret"),
        "{}",
        lines.stderr
    );
    bench.put("job.yaml", job.replace("api_key_file: key", "api_key_file: key, api_key_env: X").as_bytes());
    assert!(bench.run(&[]).stderr.contains("`api_key_env` and `api_key_file` can't be used together"));
}

#[cfg(unix)]
#[test]
fn file_names_and_messages_of_servers_do_not_control_the_terminal() {
    let server = raw(|stream| {
        let body = "{\"error\":{\"message\":\"\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m bad\\nline\",\"type\":\"server_error\"}}";
        let head = format!("HTTP/1.1 500 Oops\r\nx-request-id: a\x1b[31mb\r\ncontent-length: {}\r\n\r\n", body.len());
        let _ = stream.write_all(format!("{head}{body}").as_bytes());
    });
    let bench = Bench::with_pages(0);
    for name in ["pages/\u{1b}[2Jevil.jpg", "pages/two\nlines.jpg", "pages/\u{202e}gpj.exe.jpg"] {
        bench.put(name, &crate::bench::page(name.len() as u32));
    }
    bench.put("pages/\u{1b}[2Jbroken.jpg", b"\xff\xd8\xff");
    bench.job_at(&server.url, "retry: {attempts: 1}\non_error: {max_failed: 100%}\n");
    for format in ["text", "json"] {
        let ran = bench.run(&["-vv", "--log-format", format, "--color", "never", "--retry", "all"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let harmful = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!ran.stderr.contains(harmful), "{:?}", ran.stderr);
        let report = bench.docmill(&["report", "job.yaml"]);
        assert!(!report.stdout.contains(harmful), "{:?}", report.stdout);
    }
    let rows = bench.rows();
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| !row["error"].as_str().unwrap().contains('\u{1b}')));
}

#[test]
fn the_text_of_a_page_does_not_change_the_rows() {
    // A reply that follows a page's instructions to the model.
    let reply = r#"{"kind": "=cmd|' /C calc'!A0", "marks": ["stamp", "'; DROP TABLE answers; --"], "words": "=HYPERLINK(\"http://x\")\u0000\u001b[31m\u0007, \"status\": \"ok\"", "path": "../../etc/passwd", "status": "ok", "extra": 1}"#;
    let body =
        serde_json::json!({"choices": [{"message": {"role": "assistant", "content": reply}, "finish_reason": "stop"}]})
            .to_string();
    let server = raw(move |stream| drop(stream.write_all(&whole(body.as_bytes(), "connection: close\r\n"))));
    let bench = Bench::with_pages(1);
    let tasks = "tasks: {kind: {classify: {labels: [invoice, letter]}}, marks: {tag: {labels: [stamp, logo]}}, words: {question: {text: What does it say?, type: text}}}";
    bench.job_at(&server.url, &format!("{tasks}\n{QUICK}"));
    assert_eq!(bench.run(&["-q"]).code, 0);
    let row = &bench.rows()[0];
    assert_eq!(row["status"], "invalid");
    assert!(row["kind"].is_null() && row["marks"].is_null(), "no label outside of the set: {row}");
    assert_eq!(row["words"], "=HYPERLINK(\"http://x\")[31m, \"status\": \"ok\"");
    assert_eq!(row["path"], "00000.jpg");
    assert!(row.get("extra").is_none());
    let csv = bench.text("out.csv");
    assert!(csv.contains("\"'=HYPERLINK(\"\"http://x\"\")[31m, \"\"status\"\": \"\"ok\"\"\""), "{csv}");
    assert_eq!(csv.lines().count(), 2);
}

#[cfg(unix)]
#[test]
fn store_and_outputs_follow_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    for (mask, mode) in [("077", 0o600), ("022", 0o644), ("002", 0o664)] {
        let bench = Bench::with_pages(2).simulator(Options::default());
        bench.job("");
        let script = format!("umask {mask} && exec {} run job.yaml -q", env!("CARGO_BIN_EXE_docmill"));
        let status =
            std::process::Command::new("sh").args(["-c", &script]).current_dir(bench.path("")).status().unwrap();
        assert!(status.success());
        for name in ["store.db", "out.csv", "out.parquet", "out.jsonl", "report.json"] {
            let found = std::fs::metadata(bench.path(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{name} under {mask}: {found:o}");
        }
    }
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere_unless_asked() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.put("secret/page.jpg", &crate::bench::page(77));
    std::os::unix::fs::symlink(bench.path("secret"), bench.path("pages/folder")).unwrap();
    std::os::unix::fs::symlink(bench.path("secret/page.jpg"), bench.path("pages/link.jpg")).unwrap();
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!((bench.rows().len(), bench.stats()["requests"].as_u64()), (1, Some(1)));
}

/// A server with a certificate of its own authority; answers like the simulator behind it.
#[test]
fn only_certificates_of_trusted_authorities_are_taken() {
    let simulator = Bench::with_pages(0).simulator(Options { always: Some(Fault::Fenced), ..Options::default() });
    let behind = simulator.server.as_ref().unwrap().base_url().replace("http://", "").replace("/v1", "");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![made.cert.der().clone()],
            rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into()),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = requests.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(8).flatten() {
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let mut tls = rustls::StreamOwned::new(rustls::ServerConnection::new(config.clone()).unwrap(), stream);
            let mut request = Vec::new();
            let mut piece = [0; 16_384];
            // Until the body is whole: it is one JSON object.
            while !request.ends_with(b"}") {
                match tls.read(&mut piece) {
                    Ok(0) | Err(_) => break,
                    Ok(size) => request.extend_from_slice(&piece[..size]),
                }
            }
            if request.is_empty() {
                continue;
            }
            seen.fetch_add(1, Ordering::Relaxed);
            let mut upstream = TcpStream::connect(&behind).unwrap();
            let text = String::from_utf8_lossy(&request).replacen("\r\n", "\r\nconnection: close\r\n", 1);
            upstream.write_all(text.as_bytes()).unwrap();
            let mut reply = Vec::new();
            let _ = upstream.read_to_end(&mut reply);
            let _ = tls.write_all(&reply);
            tls.conn.send_close_notify();
            let _ = tls.flush();
        }
    });
    let bench = Bench::with_pages(1);
    bench.job_at(&format!("https://localhost:{port}/v1"), QUICK);
    let untrusted = bench.run(&["-q"]);
    assert_eq!(untrusted.code, 5, "{}", untrusted.stderr);
    assert!(untrusted.stderr.contains("certificate"), "{}", untrusted.stderr);
    assert_eq!(requests.load(Ordering::Relaxed), 0, "nothing was sent to another server");
    bench.put("ca.pem", made.cert.pem().as_bytes());
    bench.put("job.yaml", bench.text("job.yaml").replace("id: test", "id: test, ca_file: ca.pem").as_bytes());
    let trusted = bench.run(&["-q"]);
    assert_eq!(trusted.code, 0, "{}", trusted.stderr);
    bench.put("ca.pem", b"no certificate");
    assert_eq!(bench.run(&["-q", "--refresh"]).code, 2);
}

#[test]
fn a_proxy_is_used_where_it_is_named_and_not_for_others() {
    let reply = serde_json::json!({"choices": [{"message": {"content": "{\"kind\": \"letter\", \"marks\": []}"}, "finish_reason": "stop"}]});
    let body = reply.to_string();
    let proxy = raw(move |stream| drop(stream.write_all(&whole(body.as_bytes(), "connection: close\r\n"))));
    let address = proxy.url.trim_end_matches("/v1");
    let run = |bench: &Bench, more: &[(&str, &str)]| {
        let mut command = bench.command(&["run", "job.yaml", "-q"]);
        for name in ["http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"] {
            command.env_remove(name);
        }
        command.env("HTTP_PROXY", address).envs(more.iter().copied());
        Ran::from(command.output().unwrap())
    };
    // A host that there is not: only the proxy can answer for it.
    let bench = Bench::with_pages(1);
    bench.job_at("http://provider.invalid/v1", QUICK);
    assert_eq!(run(&bench, &[("NO_PROXY", "provider.invalid")]).code, 6, "excluded: nobody is there");
    assert_eq!(proxy.connections.load(Ordering::Relaxed), 0);
    let ran = run(&bench, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(bench.rows()[0]["kind"], "letter");
    let used = proxy.connections.load(Ordering::Relaxed);
    assert!(used >= 1);
    // Servers on this machine are never called through a proxy.
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    assert_eq!(run(&bench, &[]).code, 0);
    assert_eq!((proxy.connections.load(Ordering::Relaxed), bench.stats()["requests"].as_u64()), (used, Some(1)));
}
