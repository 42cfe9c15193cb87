//! A server on loopback that keeps what it receives and answers from a script. It shares
//! no type with docmill or its simulator.

use super::jobs::{large_page, small_page};
use serde_json::{Map, Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest time that a client may take to send its request.
const PATIENCE: Duration = Duration::from_secs(60);

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Received {
    /// Such as `POST /v1/chat/completions`.
    pub(super) line: String,
    /// Names in lower case.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// The reply.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    status: u16,
    content_type: &'static str,
    body: String,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", body: body.to_string() }
    }

    pub(super) fn text(content_type: &'static str, body: String) -> Self {
        Self { status: 200, content_type, body }
    }

    /// A chat completion with this content and this finish reason.
    pub(super) fn completion(content: &str, finish: &str) -> Self {
        Self::json(200, &completion(content, finish))
    }

    /// An error of status 400.
    pub(super) fn bad_request(message: &str, param: Option<&str>) -> Self {
        let error = json!({"message": message, "type": "invalid_request_error", "param": param, "code": null});
        Self::json(400, &json!({"error": error}))
    }
}

/// A chat completion.
pub(super) fn completion(content: &str, finish: &str) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "openai/gpt-4o-mini",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 8600, "completion_tokens": 10, "total_tokens": 8610},
    })
}

/// A running recorder; ends with its handle.
pub(super) struct Recorder {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    must_stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Starts listening. `reply` answers each request, given those before it.
    pub(super) fn start(reply: impl Fn(&[Received], &Received) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (received, must_stop) = (Arc::<Mutex<Vec<Received>>>::default(), Arc::new(AtomicBool::new(false)));
        let (kept, stop) = (received.clone(), must_stop.clone());
        let thread = std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => serve(stream, &kept, &reply),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    Err(_) => break,
                }
            }
        });
        Self { address, received, must_stop, thread: Some(thread) }
    }

    /// Such as `http://127.0.0.1:8765/v1`.
    pub(super) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What has come so far.
    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.must_stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers one request and closes the connection. A client that disconnects is not a fault here.
fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Received>>, reply: &impl Fn(&[Received], &Received) -> Reply) {
    let _ = stream.set_nonblocking(false);
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let Some(request) = read_request(&mut stream) else { return };
    let answer = {
        let mut kept = kept.lock().unwrap();
        let answer = reply(&kept, &request);
        kept.push(request);
        answer
    };
    let Reply { status, content_type, body } = answer;
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body.as_bytes());
}

fn read_request(stream: &mut TcpStream) -> Option<Received> {
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 64 << 10]);
    let mut more = |bytes: &mut Vec<u8>| match stream.read(&mut piece) {
        Ok(count) if count > 0 => {
            bytes.extend_from_slice(&piece[..count]);
            Some(())
        }
        _ => None,
    };
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        more(&mut bytes)?;
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < end + 4 + length {
        more(&mut bytes)?;
    }
    let body = String::from_utf8(bytes.split_off(end + 4)).unwrap();
    Some(Received { line, headers, body })
}

impl Received {
    /// The headers, by name, without what differs from run to run or from version to
    /// version.
    pub(super) fn headers_masked(&self) -> Map<String, Value> {
        let mut headers: Vec<(String, Value)> = self
            .headers
            .iter()
            .filter(|(name, _)| name != "content-length")
            .map(|(name, value)| match name.as_str() {
                "host" => (name.clone(), "HOST".into()),
                "content-type" if value.contains("boundary=") => {
                    let kind = value.split("boundary=").next().unwrap_or_default();
                    (name.clone(), format!("{kind}boundary=BOUNDARY").into())
                }
                _ => (name.clone(), value.replace(env!("CARGO_PKG_VERSION"), "VERSION").into()),
            })
            .collect();
        headers.sort_by(|one, other| one.0.cmp(&other.0));
        headers.into_iter().collect()
    }

    /// The body with a description instead of its image, and that description.
    pub(super) fn body_masked(&self) -> (Value, Option<String>) {
        let (text, image) = mask_image(&self.body);
        let value: Value = serde_json::from_str(&text).unwrap();
        // Golden files hold the value, which must represent exactly these bytes.
        assert_eq!(value.to_string(), text, "the body is compact JSON without repeated members");
        (value, image)
    }
}

/// `text` with `IMAGE` instead of the image's media type and base64, and a description of
/// the image.
pub(super) fn mask_image(text: &str) -> (String, Option<String>) {
    let Some(start) = text.find("\"data:image/") else { return (text.to_owned(), None) };
    let start = start + 1;
    let end = start + text[start..].find('"').unwrap();
    let (mime, encoded) = text[start + 5..end].split_once(";base64,").unwrap();
    let bytes = base64_simd::STANDARD.decode_to_vec(encoded).unwrap();
    let masked = format!("{}IMAGE{}", &text[..start], &text[end..]);
    assert!(!masked.contains("\"data:image/"), "one image in a request");
    (masked, Some(description(mime, &bytes)))
}

/// Media type and pixels of an image. Length and hash only of the small page, because what
/// an encoder makes may differ from processor to processor.
fn description(mime: &str, bytes: &[u8]) -> String {
    let reader = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().unwrap();
    let (width, height) = reader.into_dimensions().unwrap();
    let size = format!("{mime}, {width} x {height} pixels");
    if bytes == small_page() {
        return format!("{size}, the file as it is, {} bytes, blake3 {}", bytes.len(), blake3::hash(bytes).to_hex());
    }
    if bytes == large_page() { format!("{size}, the file as it is") } else { size }
}
