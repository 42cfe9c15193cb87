//! A review that is served, and a client without a browser.

use crate::bench::Bench;
use crate::harness::wait::wait_until;
use docmill::internal::base::clock::SystemClock;
use docmill::internal::base::hooks::NoHooks;
use docmill::internal::store::{DecisionId, DecisionRecord, ReadStore, Store};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::Arc;

/// A review that is served.
pub(crate) struct Served {
    pub child: Child,
    pub port: u16,
    pub token: String,
    cookie: String,
}

/// A response.
pub(crate) struct Got {
    pub status: u16,
    /// In lower case.
    pub head: String,
    pub body: Vec<u8>,
}

impl Got {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

impl Served {
    /// Serves a review of the bench's job, without a browser, and signs in.
    pub(crate) fn start(bench: &Bench, arguments: &[&str]) -> Self {
        let mut served = Self::signed_out(bench, arguments);
        let got = served.raw(&format!("GET /?token={} HTTP/1.1", served.token), &[], "");
        assert_eq!(got.status, 303, "{}", got.head);
        let cookie = got.header("set-cookie").unwrap().split(';').next().unwrap();
        served.cookie = cookie.to_owned();
        served
    }

    /// The same without signing in.
    pub(crate) fn signed_out(bench: &Bench, arguments: &[&str]) -> Self {
        let reviewer: &[&str] = if arguments.contains(&"--reviewer") { &[] } else { &["--reviewer", "ann"] };
        let words = [&["review", "job.yaml", "--no-open", "--idle", "600s"], reviewer, arguments].concat();
        let mut child = bench.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        let rest = address.trim().strip_prefix("http://127.0.0.1:").unwrap_or_else(|| {
            let mut error = String::new();
            child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
            panic!("{address}{error}")
        });
        let (port, token) = rest.split_once("/?token=").unwrap();
        Self { port: port.parse().unwrap(), token: token.to_owned(), child, cookie: String::new() }
    }

    /// Sends a request unchanged, with `Host` unless `headers` has one.
    pub(crate) fn raw(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut request = format!("{line}\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            request += &format!("host: 127.0.0.1:{}\r\n", self.port);
        }
        headers.iter().for_each(|(name, value)| request += &format!("{name}: {value}\r\n"));
        request += &format!("connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // A server that refuses a large body may answer before all of it was sent.
        let _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
        Got { status, head: lower_names(&head), body: bytes.split_off((end + 4).min(bytes.len())) }
    }

    /// The cookie of the browser that is signed in.
    pub(crate) fn cookie(&self) -> &str {
        &self.cookie
    }

    pub(crate) fn get(&self, path: &str) -> Got {
        self.raw(&format!("GET {path} HTTP/1.1"), &[("cookie", &self.cookie)], "")
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        let mut value = Value::Null;
        wait_until("what it needs was read", || {
            let got = self.get(path);
            assert_eq!(got.status, 200, "{path}: {}", got.text());
            value = got.json();
            value.get("reading").is_none()
        });
        value
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Got {
        let origin = format!("http://127.0.0.1:{}", self.port);
        let headers = [("cookie", self.cookie.as_str()), ("origin", &origin), ("content-type", "application/json")];
        self.raw(&format!("POST {path} HTTP/1.1"), &headers, &body.to_string())
    }

    /// The pages of a view.
    pub(crate) fn pages(&self, query: &str) -> Vec<Value> {
        self.json(&format!("/api/pages?{query}"))["pages"].as_array().unwrap().clone()
    }

    /// Decides a task of a page.
    pub(crate) fn decide(&self, page: &Value, task: &str, value: Value) -> Value {
        let decision = json!({"page": page["page"], "task": task, "value": value});
        let got = self.post("/api/decide", &json!({ "decisions": [decision] }));
        assert_eq!(got.status, 200, "{}", got.text());
        got.json()
    }

    /// Sends a signal, and returns the exit code; 137 means SIGKILL.
    #[cfg(unix)]
    pub(crate) fn end(mut self, signal: &str) -> i32 {
        use std::os::unix::process::ExitStatusExt;
        crate::harness::signal::signal(&self.child, signal);
        let status = self.child.wait().unwrap();
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lower_names(head: &str) -> String {
    let lower = |line: &str| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", name.to_lowercase()),
        None => line.to_owned(),
    };
    head.lines().map(lower).collect::<Vec<_>>().join("\n")
}

/// A job with this many pages that was run.
pub(crate) fn reviewed_job(pages: usize, more: &str) -> Bench {
    let bench = Bench::with_pages(pages);
    let text = format!(
        "version: 1\nname: test\ninput: {{folder: pages}}\nprovider: {{simulator: {{}}, model: openai/gpt-4o-mini}}\n\
         tasks: {{kind: {{classify: {{labels: [invoice, letter, form], other: true}}}}, marks: {{tag: {{labels: [stamp, logo, seal]}}}}, \
         sum: {{question: {{text: What is the sum?, type: number}}}}}}\nstore: store.db\noutput: {{jsonl: out.jsonl}}\n{more}\n"
    );
    bench.put("job.yaml", text.as_bytes());
    let ran = bench.run(&[]);
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    bench
}

/// All decisions of the job, with those that were withdrawn.
pub(crate) fn stored_decisions(bench: &Bench) -> Vec<DecisionRecord> {
    let reader = ReadStore::open(&bench.path("store.db")).unwrap().reader().unwrap();
    reader.all_decisions("test", DecisionId(0), 10_000).unwrap()
}

/// The store, to write it as another program would.
pub(crate) fn store(bench: &Bench) -> Store {
    Store::open(&bench.path("store.db"), Arc::new(SystemClock::new()), Arc::new(NoHooks)).unwrap()
}
