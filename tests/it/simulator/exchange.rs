//! One request to a simulator, without docmill's client.

use crate::bench::page;
use docmill::internal::base::simulator_profile::SimulatorProfile;
use docmill::internal::simulator::{Options, Server};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// A simulator with a profile.
pub(crate) struct Simulator(Server);

/// A reply as it arrived.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) text: String,
}

pub(crate) fn profile(name: &str) -> SimulatorProfile {
    SimulatorProfile::parse(name).unwrap_or_else(|| panic!("no profile {name}"))
}

/// The schema of a page: a label, a list of labels and a text.
pub(crate) fn schema() -> Value {
    let labels = json!({"type": "string", "enum": ["invoice", "letter", "form"]});
    let properties =
        json!({"kind": labels, "marks": {"type": "array", "items": {"type": "string", "enum": ["stamp", "seal"]}}});
    json!({"type": "object", "properties": properties, "required": ["kind", "marks"], "additionalProperties": false})
}

/// `response_format` with this schema.
pub(crate) fn format(schema: &Value) -> Value {
    json!({"type": "json_schema", "json_schema": {"name": "page", "strict": true, "schema": schema}})
}

/// A request about page number `number`.
pub(crate) fn request(model: &str, number: u32) -> Value {
    let url = format!("data:image/jpeg;base64,{}", base64_simd::STANDARD.encode_to_string(page(number)));
    let content =
        json!([{"type": "text", "text": "Which? Reply in JSON."}, {"type": "image_url", "image_url": {"url": url}}]);
    json!({"model": model, "messages": [{"role": "user", "content": content}], "response_format": format(&schema())})
}

impl Simulator {
    pub(crate) fn start(name: &str) -> Self {
        Self::with(Options { profile: profile(name), ..Options::default() })
    }

    pub(crate) fn with(options: Options) -> Self {
        Self(Server::start(options).unwrap())
    }

    /// The name of the first model.
    pub(crate) fn model(&self) -> String {
        self.get("/v1/models").json()["data"][0]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.exchange(&format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"))
    }

    pub(crate) fn post(&self, body: &Value) -> Reply {
        let body = body.to_string();
        let length = body.len();
        self.exchange(&format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
    }

    /// The reply to a request about page `number` with these members more. Null removes one.
    pub(crate) fn ask(&self, number: u32, members: &Value) -> Reply {
        let mut body = request(&self.model(), number);
        for (name, value) in members.as_object().unwrap() {
            match value {
                Value::Null => _ = body.as_object_mut().unwrap().remove(name),
                value => body[name] = value.clone(),
            }
        }
        self.post(&body)
    }

    fn exchange(&self, request: &str) -> Reply {
        let host = self.0.base_url().trim_start_matches("http://").trim_end_matches("/v1").to_owned();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let is_chunked = head.contains("transfer-encoding: chunked");
        Reply { status, head: head.to_owned(), text: if is_chunked { unchunked(body) } else { body.to_owned() } }
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The chunks of a stream.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        assert!(self.text.ends_with("data: [DONE]\n\n"), "{}", self.text);
        let data = self.text.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
        data.map(|data| serde_json::from_str(data).unwrap()).collect()
    }
}

/// A body without the sizes of its chunks.
fn unchunked(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, more)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        body.push_str(&more[..size]);
        rest = &more[size + 2..];
    }
    body
}
