//! A place to run jobs: a folder with pages, a simulator, the built program.

use super::wait::{wait_for_midnight_if_near, wait_until};
use docmill::internal::simulator::{Fault, Options, Server};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A folder for one test; gone with it.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    pub server: Option<Server>,
}

/// A simulator that answers `answered` requests and none of those that come later: a run against it does not end by
/// itself.
pub(crate) fn hanging_after(answered: u64) -> Options {
    Options { always: Some(Fault::Hang), after: answered, ..Options::default() }
}

/// The results of a run.
pub(crate) struct Ran {
    pub code: i32,
    pub stderr: String,
    pub stdout: String,
}

pub(crate) const TASKS: &str = "tasks: {kind: {classify: {labels: [invoice, letter, form], other: true}}, marks: {tag: {labels: [stamp, logo, seal]}}}";

impl Bench {
    /// A folder with `count` small pages that all differ.
    pub(crate) fn with_pages(count: usize) -> Self {
        wait_for_midnight_if_near();
        let bench = Self { folder: tempfile::tempdir().unwrap(), server: None };
        std::fs::create_dir(bench.path("pages")).unwrap();
        for at in 0..count {
            bench.put(&format!("pages/{at:05}.jpg"), &page(at as u32));
        }
        bench
    }

    /// Starts a simulator in this process.
    pub(crate) fn simulator(mut self, options: Options) -> Self {
        self.server = Some(Server::start(options).unwrap());
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    #[expect(clippy::disallowed_methods, reason = "tests make files")]
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn text(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Writes `job.yaml` against the simulator; `more` are further lines.
    pub(crate) fn job(&self, more: &str) {
        let url = self.server.as_ref().map_or("http://127.0.0.1:9/v1".into(), Server::base_url);
        self.job_at(&url, more);
    }

    /// A folder of `pages` pages with a job for `model` at `url`; `more` are further lines.
    pub(crate) fn with_model(url: &str, pages: usize, model: &str, more: &str) -> Self {
        let bench = Self::with_pages(pages);
        bench.job_at(url, more);
        let job = bench.text("job.yaml").replace("openai/gpt-4o-mini", model);
        bench.put("job.yaml", job.as_bytes());
        bench
    }

    pub(crate) fn job_at(&self, url: &str, more: &str) {
        let tasks = if more.contains("tasks:") { "" } else { TASKS };
        let price =
            if more.contains("# no price") { "" } else { ", price: {input: 0.40, cached_input: 0.10, output: 1.60}" };
        let job = format!(
            "version: 1\nname: test\ninput: {{folder: pages}}\nprovider: {{base_url: \"{url}\", id: test, model: openai/gpt-4o-mini{price}}}\n\
             {tasks}\noutput: {{csv: out.csv, parquet: out.parquet, jsonl: out.jsonl, report: report.json}}\nstore: store.db\n{more}\n"
        );
        self.put("job.yaml", job.as_bytes());
    }

    /// Writes `NAME.yaml`: `job.yaml` under another name, with the outputs `NAME.csv` and so on and the report
    /// `NAME.report.json`.
    pub(crate) fn second_job(&self, name: &str) {
        let job = self.text("job.yaml").replace("name: test", &format!("name: {name}"));
        let job = job.replace(": out.", &format!(": {name}.")).replace("report.json", &format!("{name}.report.json"));
        self.put(&format!("{name}.yaml"), job.as_bytes());
    }

    /// Makes everything in the store a day older, so that it is old enough to be pruned.
    pub(crate) fn age(&self, store: &str) {
        let db = rusqlite::Connection::open(self.path(store)).unwrap();
        db.execute_batch(
            "BEGIN;
             UPDATE answers SET at = at - 86400000;
             UPDATE attempts SET opened_at = opened_at - 86400000, settled_at = settled_at - 86400000;
             UPDATE runs SET started_at = started_at - 86400000, heartbeat = heartbeat - 86400000,
               ended_at = ended_at - 86400000;
             COMMIT;",
        )
        .unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docmill"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("DOCMILL_STORE")
            .env("USER", "tester")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn docmill(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.docmill(&[&["run", "job.yaml"], arguments].concat())
    }

    /// Starts a run in the background.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(&[&["run", "job.yaml"], arguments].concat());
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn report(&self) -> Value {
        serde_json::from_str(&self.text("report.json")).unwrap()
    }

    /// The most that a request of `job.yaml` may cost, in USD.
    pub(crate) fn worst_request_usd(&self) -> f64 {
        let plan: Value =
            serde_json::from_str(&self.docmill(&["plan", "job.yaml", "--format", "json"]).stdout).unwrap();
        plan["worst_request_usd"]["value"].as_str().unwrap().parse().unwrap()
    }

    /// The rows of the whole output, by path.
    pub(crate) fn rows(&self) -> Vec<Value> {
        rows(&self.text("out.jsonl"))
    }

    pub(crate) fn stats(&self) -> Value {
        stats(&self.server.as_ref().unwrap().base_url())
    }

    /// How many rows the store has `from` a table, perhaps with a condition. A run that begins has yet to create its tables.
    pub(crate) fn count_rows(&self, from: &str) -> i64 {
        let store = rusqlite::Connection::open(self.path("store.db")).unwrap();
        store.busy_timeout(Duration::from_secs(60)).unwrap();
        match store.query_row(&format!("SELECT count(*) FROM {from}"), [], |row| row.get(0)) {
            Err(error) if error.to_string().starts_with("no such table") => 0,
            count => count.unwrap(),
        }
    }

    pub(crate) fn open_attempts(&self) -> i64 {
        self.count_rows("attempts WHERE state = 'open'")
    }

    /// Whether the replies to this number of requests are not stored yet, and as many were sent, perhaps with earlier ones.
    pub(crate) fn is_asking(&self, requests: u64) -> bool {
        self.stats()["requests"].as_u64() >= Some(requests) && self.open_attempts() == requests.cast_signed()
    }

    /// How many lines without a stored result are in batches that are in progress.
    pub(crate) fn lines_in_batches(&self) -> i64 {
        let open = "attempts WHERE state = 'open' AND batch_id IN (SELECT id FROM batches WHERE state = 'submitted')";
        self.count_rows(open)
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        }
    }
}

pub(crate) fn rows(jsonl: &str) -> Vec<Value> {
    jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A small page, different for every seed.
pub(crate) fn page(seed: u32) -> Vec<u8> {
    let (side, mut state) = (48_u32, seed.wrapping_mul(2_654_435_761) | 1);
    let pixels: Vec<u8> = (0..side * side)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            if state % 9 == 0 { 30 } else { 250 }
        })
        .collect();
    let mut out = Vec::new();
    jpeg_encoder::Encoder::new(&mut out, 80)
        .encode(&pixels, side as u16, side as u16, jpeg_encoder::ColorType::Luma)
        .unwrap();
    out
}

/// What a simulator saw.
pub(crate) fn stats(base_url: &str) -> Value {
    let host = base_url.trim_start_matches("http://").trim_end_matches("/v1");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /stats HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Waits until the simulator has received `requests` from a run in the background, which must not have ended by then.
#[track_caller]
pub(crate) fn under_way(bench: &Bench, child: &mut Child, requests: u64) {
    wait_until(&format!("{requests} requests were sent"), || {
        let seen = bench.stats()["requests"].as_u64().unwrap();
        assert!(child.try_wait().unwrap().is_none(), "the run ended after {seen} requests");
        seen >= requests
    });
}

/// Columns that may differ between two runs that answer the same.
pub(crate) fn without_times(rows: &[Value]) -> Vec<Value> {
    let strip = |row: &Value| {
        let mut row = row.clone();
        for name in ["latency_ms", "attempts", "answered_at", "cost_usd", "input_tokens", "output_tokens"] {
            row.as_object_mut().unwrap().remove(name);
        }
        row
    };
    rows.iter().map(strip).collect()
}

pub(crate) fn statuses(rows: &[Value]) -> std::collections::BTreeMap<String, usize> {
    let mut counts = std::collections::BTreeMap::new();
    for row in rows {
        *counts.entry(row["status"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// The repository's folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
