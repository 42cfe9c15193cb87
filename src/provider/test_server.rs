//! A tiny server on loopback: it answers each connection with the next of given replies,
//! and keeps what it received.

use super::client::http_client::{HttpClient, HttpClientOptions};
use super::client::secret::Secret;
use crate::manifest::Timeouts;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// The server. It ends after its last reply.
pub(crate) struct TestServer {
    pub(crate) base_url: String,
    thread: JoinHandle<Vec<Received>>,
}

/// A request.
pub(crate) struct Received {
    /// Request line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

/// Longer than any test takes: only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

impl TestServer {
    /// A server with these replies, one per connection, as they go over the wire.
    pub(crate) fn start(replies: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let serve = move || {
            let answer = |reply: Vec<u8>| {
                let (mut stream, _) = listener.accept().unwrap();
                let received = receive(&mut stream);
                stream.write_all(&reply).unwrap();
                received
            };
            replies.into_iter().map(answer).collect()
        };
        Self { base_url, thread: std::thread::spawn(serve) }
    }

    /// A client of this server, with the key `sk-secret`.
    pub(crate) fn client(&self) -> HttpClient {
        client(&self.base_url)
    }

    /// The requests, after the last reply.
    pub(crate) fn requests(self) -> Vec<Received> {
        self.thread.join().unwrap()
    }
}

/// A client with the key `sk-secret`.
pub(crate) fn client(base_url: &str) -> HttpClient {
    let timeouts = Timeouts { attempt: PATIENCE, connect: PATIENCE, first_byte: None, idle: PATIENCE };
    HttpClient::new(HttpClientOptions {
        base_url: base_url.to_owned(),
        key: Some(Secret::new("sk-secret")),
        headers: Vec::new(),
        query: String::new(),
        secret_query: Vec::new(),
        authorities: None,
        proxy: None,
        timeouts,
    })
    .unwrap()
}

/// A reply with a body. `headers`: further lines, each with its line ending.
pub(crate) fn reply(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes()
}

/// Runs a future to its end on the current thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn receive(stream: &mut TcpStream) -> Received {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut bytes = Vec::new();
    let mut more = |bytes: &mut Vec<u8>| {
        let mut piece = [0; 16 << 10];
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "the request is complete");
        bytes.extend_from_slice(&piece[..count]);
    };
    let body_start = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        more(&mut bytes);
    };
    let head = String::from_utf8_lossy(&bytes[..body_start]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let end = body_start + length.map_or(0, |length| length.parse::<usize>().unwrap());
    while bytes.len() < end {
        more(&mut bytes);
    }
    Received { head, body: bytes[body_start..end].to_vec() }
}
