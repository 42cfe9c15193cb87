//! What the client sends, and that each request gets its own reply.

use super::*;
use crate::base::clock::SystemClock;
use crate::provider::client::body_reader::BodyReader;
use crate::provider::test_server::{block_on, client};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use tokio::net::TcpSocket;

fn options() -> HttpClientOptions {
    let second = Duration::from_secs(1);
    HttpClientOptions {
        base_url: "http://127.0.0.1:9/v1/".into(),
        key: Some(Secret::new("sk-secret")),
        headers: vec![("X-Org".into(), Secret::new("my-organisation"))],
        query: String::new(),
        secret_query: Vec::new(),
        authorities: None,
        proxy: None,
        timeouts: Timeouts { attempt: second, connect: second, first_byte: None, idle: second },
    }
}

#[test]
fn headers_with_secrets_are_sensitive_and_messages_are_redacted() {
    let client = HttpClient::new(options()).unwrap();
    assert_eq!(client.headers[AUTHORIZATION], "Bearer sk-secret");
    assert_eq!(client.headers["x-org"], "my-organisation");
    let plain = client.headers.iter().filter(|(_, value)| !value.is_sensitive());
    assert_eq!(plain.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["user-agent", "accept", "accept-encoding"]);
    assert_eq!(client.redact("sk-secret of my-organisation"), "*** of ***");
    assert!(!format!("{client:?}").contains("sk-secret"), "{client:?}");
}

#[test]
fn a_refused_connection_names_the_server_and_the_reason_but_no_credentials() {
    // A port that is bound without listening refuses connections, and no other process can bind it.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let refused = closed.local_addr().unwrap().port();
    let base_url = format!("http://me:pass@127.0.0.1:{refused}/v1?key=secret");
    let server = format!("to http://127.0.0.1:{refused}/v1?…");
    let proxy = format!("http://127.0.0.1:{refused}");
    for (proxy, expected) in [
        (None, format!("{server}: connection refused")),
        (Some(proxy.clone()), format!("{server} through the proxy {proxy}: connection refused")),
        (Some(proxy.replace("://", "://me:pass@")), format!("{server} through the proxy {proxy}: connection refused")),
        (Some(proxy.replace("http://", "me:pass@")), format!("{server} through the proxy {proxy}: connection refused")),
    ] {
        let client = HttpClient::new(HttpClientOptions { base_url: base_url.clone(), proxy, ..options() }).unwrap();
        let expected = Err(HttpFailure::NotConnected(expected));
        let second = Duration::from_secs(5);
        assert_eq!(block_on(client.send(HttpCall::get("models".into()), second)).map(|_| ()), expected);
        let page = HttpCall::get("models".into());
        assert_eq!(block_on(client.send_page(page, second, &SystemClock::new())).map(|_| ()), expected);
    }
}

#[test]
fn what_http_does_not_allow_is_an_error_before_anything_is_sent() {
    let error = |options| HttpClient::new(options).map(|_| ()).unwrap_err().to_string();
    let header =
        |name: &str, value: &str| HttpClientOptions { headers: vec![(name.into(), Secret::new(value))], ..options() };
    for (options, expected) in [
        (header("X-Org", "a\nb"), "`X-Org`"),
        (header("X Org", "a"), "`X Org`"),
        (HttpClientOptions { base_url: "nowhere".into(), ..options() }, "nowhere"),
        (HttpClientOptions { proxy: Some("::".into()), ..options() }, "HTTP client"),
        (HttpClientOptions { authorities: Some(b"none".to_vec()), ..options() }, "provider.ca_file"),
        (HttpClientOptions { key: Some(Secret::new("a\nb")), ..options() }, "`authorization`"),
    ] {
        let message = error(options);
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

/// When a server sends the second reply to a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stray {
    Never,
    /// In the same write as the first.
    AtOnce,
    AfterMs(u64),
    /// Before the next request has arrived completely.
    InNextUpload,
}

/// What a server has received: connections, and the first 8 bytes of each complete body.
type Seen = Arc<Mutex<(usize, Vec<String>)>>;

/// A server that repeats the first 8 bytes of a request's body, and then sends the stray reply
/// `"wrong..."`. It ends with the process.
fn stray_server(stray: Stray) -> (HttpClient, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let seen = Seen::default();
    let counted = seen.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            counted.lock().unwrap().0 += 1;
            let seen = counted.clone();
            std::thread::spawn(move || answer(stream.unwrap(), stray, &seen));
        }
    });
    (client(&base_url), seen)
}

/// Answers the requests of one connection; `None` at its end.
#[expect(clippy::disallowed_methods, reason = "a slow server")]
fn answer(mut stream: TcpStream, stray: Stray, seen: &Seen) -> Option<()> {
    let wrong = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nwrong...";
    stream.set_nodelay(true).ok()?;
    for number in 0.. {
        let mut input = BufReader::new(stream.try_clone().ok()?);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if input.read_line(&mut line).ok()? == 0 {
                return None;
            }
            match line.to_lowercase().strip_prefix("content-length: ") {
                Some(text) => length = text.trim().parse().ok()?,
                None if line == "\r\n" => break,
                None => {}
            }
        }
        if stray == Stray::InNextUpload && number > 0 {
            stream.write_all(wrong.as_bytes()).ok()?;
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body).ok()?;
        let id = String::from_utf8_lossy(&body[..8]).into_owned();
        seen.lock().unwrap().1.push(id.clone());
        let reply = format!("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{id}");
        match stray {
            Stray::AtOnce => stream.write_all(format!("{reply}{wrong}").as_bytes()).ok()?,
            _ => stream.write_all(reply.as_bytes()).ok()?,
        }
        if let Stray::AfterMs(ms) = stray {
            std::thread::sleep(Duration::from_millis(ms));
            stream.write_all(wrong.as_bytes()).ok()?;
        }
    }
    None
}

/// Asks for pages one after another and checks that each has its own answer.
fn ask(client: &HttpClient, pages: u32, bytes: usize, pause: Duration) {
    block_on(async {
        for page in 0..pages {
            let mut body = format!("page{page:04}").into_bytes();
            body.resize(bytes, b' ');
            let call = HttpCall::post("chat/completions", body.into());
            let clock = SystemClock::new();
            let reply = client.send_page(call, Duration::from_secs(30), &clock).await.unwrap();
            assert_eq!(BodyReader::new(reply).text().await.unwrap(), format!("page{page:04}"));
            tokio::time::sleep(pause).await;
        }
    });
}

#[test]
fn a_second_reply_is_never_the_answer_to_the_next_page() {
    let longer = Duration::from_millis(150);
    for (stray, pages, bytes, pause) in [
        (Stray::AtOnce, 20, 1000, Duration::ZERO),
        (Stray::AtOnce, 3, 1000, longer),
        (Stray::AfterMs(0), 20, 1000, Duration::ZERO),
        (Stray::AfterMs(1), 20, 1000, Duration::ZERO),
        (Stray::AfterMs(20), 20, 1000, Duration::ZERO),
        (Stray::AfterMs(50), 20, 1000, Duration::from_millis(5)),
        (Stray::InNextUpload, 3, 32 << 20, longer),
    ] {
        let (client, seen) = stray_server(stray);
        // The stray reply comes within the rest, however late the server's thread wakes up. Where it is to
        // come later, the rest is the usual one.
        let client = if pause < longer { client.with_rest(Duration::from_secs(5)) } else { client };
        ask(&client, pages, bytes, pause);
        // Every page was executed once: a request that is sent again was not complete before.
        let expected: Vec<_> = (0..pages).map(|page| format!("page{page:04}")).collect();
        assert_eq!(seen.lock().unwrap().1, expected, "{stray:?}");
    }
}

#[test]
fn connections_are_used_again() {
    let (client, seen) = stray_server(Stray::Never);
    ask(&client, 4, 1000, Duration::from_millis(150));
    assert_eq!(seen.lock().unwrap().0, 1, "connections");
    let (client, seen) = stray_server(Stray::Never);
    ask(&client.with_max_connections(2), 8, 1000, Duration::ZERO);
    assert_eq!(seen.lock().unwrap().0, 2, "connections");
}

#[test]
fn the_query_is_part_of_every_call() {
    let secret = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
    for (query, secrets, path, expected) in [
        ("", vec![], "models", "/v1/models"),
        ("api-version=1", vec![], "models", "/v1/models?api-version=1"),
        ("api-version=1&b", vec![], "batches?limit=9", "/v1/batches?limit=9&api-version=1&b"),
        ("a=1", vec![secret("a key", "s/cr+t")], "files", "/v1/files?a=1&a%20key=s%2Fcr%2Bt"),
        ("", vec![secret("key", "canary")], "files/x/content", "/v1/files/x/content?key=canary"),
    ] {
        let replies = vec![crate::provider::test_server::reply(200, "", "{}"); 2];
        let server = crate::provider::test_server::TestServer::start(replies);
        let options = HttpClientOptions {
            base_url: server.base_url.clone(),
            query: query.into(),
            secret_query: secrets.clone(),
            ..options()
        };
        let client = HttpClient::new(options).unwrap();
        assert!(!client.url(path).contains("api-version") && !format!("{client:?}").contains("canary"));
        let second = Duration::from_secs(5);
        block_on(async {
            client.send(HttpCall::get(path.into()), second).await.unwrap();
            client.send_page(HttpCall::get(path.into()), second, &SystemClock::new()).await.unwrap();
        });
        for request in server.requests() {
            let line = request.head.lines().next().unwrap().to_owned();
            assert_eq!(line, format!("get {} http/1.1", expected.to_lowercase()));
        }
        for (_, value) in &secrets {
            assert_eq!(client.redact(&format!("<{}>", encode(value.expose()))), "<***>");
        }
    }
}
