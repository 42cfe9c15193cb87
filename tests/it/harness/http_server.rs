//! A small HTTP server: a function answers every request as bytes.

use std::io::{self, BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// A server on loopback. It ends with the tests.
pub(crate) struct HttpServer {
    pub(crate) base_url: String,
    /// Requests that arrived completely.
    pub(crate) requests: Arc<AtomicUsize>,
    /// The first line of each of them.
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
}

impl HttpServer {
    /// Starts a server. `answer` writes the reply to a request's body; connections are kept.
    pub(crate) fn start(answer: impl Fn(&[u8], &mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (answer, requests) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
        let counter = requests.clone();
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let seen = lines.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (answer, counter, seen) = (answer.clone(), counter.clone(), seen.clone());
                std::thread::spawn(move || serve(stream, &*answer, &counter, &seen));
            }
        });
        Self { base_url, requests, lines }
    }

    /// Requests that arrived completely.
    pub(crate) fn count(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }
}

fn serve(
    mut stream: TcpStream,
    answer: &dyn Fn(&[u8], &mut TcpStream) -> io::Result<()>,
    counter: &AtomicUsize,
    seen: &Mutex<Vec<String>>,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream.try_clone()?);
    loop {
        let (mut length, mut first) = (0, None);
        loop {
            let mut line = String::new();
            if input.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(text) = line.to_lowercase().strip_prefix("content-length: ") {
                length = text.trim().parse().unwrap();
            }
            first.get_or_insert(line.trim_end().to_owned());
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body)?;
        seen.lock().unwrap().extend(first);
        counter.fetch_add(1, Ordering::Relaxed);
        answer(&body, &mut stream)?;
    }
}

/// A reply as it goes over the wire.
pub(crate) fn reply(status: u16, media_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}
