//! Replies that real servers sent, through the real HTTP path: a server on loopback sends status,
//! headers and body as they were recorded, and what the client makes of them is compared with
//! judgments that were made by hand from the recordings.
//!
//! The recordings can't be published with the repository: without them these tests are skipped.
//! `tests/data/replies/judgments.jsonl` has one judgment a line; its `README.md` describes them.

use crate::bench::root;
use crate::harness::http_server::HttpServer;
use crate::skip::{REPLIES, reply_file, skip};
use docmill::internal::base::clock::SystemClock;
use docmill::internal::manifest::{self, Job, Timeouts};
use docmill::internal::prepare::Prepared;
use docmill::internal::provider::{
    Capabilities, CapabilityChange, Charge, Cut, DialectName, EndpointSetup, Exchange, HttpClient, HttpClientOptions,
    ModelEndpoint, PageRequest, Verdict, offline_replies,
};
use docmill::internal::task::compile;
use serde_json::{Map, Value, json};
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Bytes of a body that are written at once: a stream arrives in pieces.
const PIECE: usize = 1000;
/// Longer than any reply takes: only a test that fails waits for it.
const PATIENCE: Duration = Duration::from_secs(30);
/// Headers of the connection on which a reply was recorded.
const CONNECTION_HEADERS: &[&str] =
    &["connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "trailer", "upgrade"];
/// The question is one that no recorded reply answers.
const JOB: &str = "version: 1\nname: x\ninput: {folder: .}\nprovider: {simulator: {}, model: m}\ntasks: {docmill_words: {question: {text: What does it say?, type: text, required: true}}}\n";

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The recordings of a file, each with an id.
fn recordings(file: &str) -> Option<Vec<Value>> {
    let lines = std::fs::read_to_string(reply_file(file)?).unwrap();
    let parse = |(at, line): (usize, &str)| {
        let mut recording: Value = serde_json::from_str(line).unwrap();
        if recording["id"].is_null() {
            recording["id"] =
                format!("quoted-{:02}-{}-{}", at + 1, text(&recording, "provider"), recording["status"]).into();
            recording["stream"] = text(&recording, "body").starts_with("data:").into();
        }
        recording
    };
    Some(lines.lines().enumerate().map(parse).collect())
}

/// Writes a reply as it was recorded, and ends the connection.
fn write_reply(recording: &Value, stream: &mut TcpStream) -> std::io::Result<()> {
    let body = text(recording, "body").as_bytes();
    let is_stream = recording["stream"] == true;
    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", recording["status"]);
    let headers = recording["headers"].as_object().cloned().unwrap_or_default();
    for (name, value) in headers.iter().filter(|(name, _)| !CONNECTION_HEADERS.contains(&name.to_lowercase().as_str()))
    {
        head.push_str(&format!("{name}: {}\r\n", value.as_str().unwrap_or_default()));
    }
    if !headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
        let kind = if is_stream { "text/event-stream" } else { "application/json" };
        head.push_str(&format!("content-type: {kind}\r\n"));
    }
    if !is_stream {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    stream.write_all(format!("{head}\r\n").as_bytes())?;
    // The client may have read enough, and have gone.
    for piece in body.chunks(PIECE) {
        stream.write_all(piece)?;
    }
    stream.shutdown(Shutdown::Write)
}

fn client(base_url: &str) -> HttpClient {
    let timeouts = Timeouts { attempt: PATIENCE, connect: PATIENCE, first_byte: None, idle: PATIENCE };
    HttpClient::new(HttpClientOptions {
        base_url: base_url.to_owned(),
        key: None,
        headers: Vec::new(),
        authorities: None,
        proxy: None,
        query: String::new(),
        secret_query: Vec::new(),
        timeouts,
    })
    .unwrap()
}

/// A new endpoint for each recording: it knows nothing of the others.
fn ask(job: &Job, base_url: &str) -> Exchange {
    let endpoint = ModelEndpoint::new(EndpointSetup {
        id: "x m".into(),
        client: client(base_url),
        dialect: DialectName::OpenAi,
        clock: Arc::new(SystemClock::new()),
        model: "m".into(),
        request: job.request.clone(),
        image: job.image,
        limits: job.limits.clone(),
        retry: job.retry,
        price: None,
        // A large output limit, as the recorded requests had: a parameter that was not sent is not the rejected one.
        capabilities: Capabilities::default().with(CapabilityChange::OutputFactor).unwrap(),
        calibration: Default::default(),
    });
    let request = PageRequest {
        questions: compile(&job.tasks, &[]).unwrap().into(),
        tasks: vec![0],
        variation: Default::default(),
        page: 7,
        repair: None,
    };
    let image = Prepared {
        bytes: b"image".as_slice().into(),
        mime: "image/jpeg",
        width: 512,
        height: 512,
        full: (512, 512),
        features: None,
        renderer: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(endpoint.send(&request, &endpoint.outgoing(&request), &image, PATIENCE, &|_| {}))
}

/// What the client made of a reply, in the form of a judgment.
fn judged(id: &str, exchange: &Exchange) -> Value {
    let (verdict, kind) = match &exchange.verdict {
        Verdict::Done { reading, cut } => {
            let kind = reading[0].as_ref().err().map(|fault| fault.kind.name());
            let verdict = match cut {
                Cut::No => "done",
                Cut::Length => "done, cut",
                Cut::Repetition => "done, repeated",
            };
            (verdict, kind)
        }
        Verdict::Retry(fault) => ("retry", Some(fault.kind.name())),
        Verdict::Later { .. } => ("later", None),
        Verdict::Page(fault) => (if fault.is_refusal { "refused" } else { "page" }, Some(fault.kind.name())),
        Verdict::Stop(_) => ("stop", None),
    };
    let mut found = Map::new();
    let mut add = |name: &str, value: Value| _ = found.insert(name.to_owned(), value);
    add("id", id.into());
    add("verdict", verdict.into());
    if let Some(kind) = kind {
        add("kind", kind.into());
    }
    if let Charge::Reported(usage) = exchange.charge {
        add("input", usage.input.into());
        add("cached", usage.cached_input.into());
        add("written", usage.cache_write.into());
        add("output", usage.output.into());
        add("reasoning", usage.reasoning.into());
    }
    let served = &exchange.served;
    let texts = [("model", &served.model), ("provider", &served.provider), ("service_tier", &served.service_tier)];
    for (name, text) in texts {
        if let Some(text) = text {
            add(name, text.as_str().into());
        }
    }
    if let Some(cost) = served.cost {
        add("cost", cost.to_string().into());
    }
    let content = &exchange.content;
    if !content.is_empty() {
        add("chars", content.chars().count().into());
        add("hash", format!("{:016x}", fnv1a(content.as_bytes())).into());
        add("starts", content.chars().take(24).collect::<String>().into());
    }
    found.into()
}

/// The hash of a text, which any other program can compute, too (FNV-1a, 64 bits).
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The committed judgments, by id.
fn judgments() -> Map<String, Value> {
    let lines = std::fs::read_to_string(root().join("tests/data/replies/judgments.jsonl")).unwrap();
    let parse = |line: &str| {
        let judgment: Value = serde_json::from_str(line).unwrap();
        (text(&judgment, "id").to_owned(), judgment)
    };
    lines.lines().map(parse).collect()
}

fn is_json(body: &str) -> bool {
    serde_json::from_str::<Value>(body).is_ok()
}

#[test]
fn recorded_streams_are_read_the_same_wherever_they_are_split() {
    let Some(recordings) = recordings("replies.jsonl") else {
        return skip(REPLIES, "recorded_streams_are_read_the_same_wherever_they_are_split");
    };
    let streams = recordings.iter().filter(|recording| recording["status"] == 200 && recording["stream"] == true);
    let mut count = 0;
    for recording in streams {
        let (id, body) = (text(recording, "id"), text(recording, "body"));
        let whole = offline_replies::stream([body.as_bytes()]);
        assert!(whole.is_ended, "{id}");
        assert!(!whole.is_error || body.contains("\"error\""), "{id}");
        assert_eq!(offline_replies::stream(body.as_bytes().chunks(7)), whole, "{id}");
        count += 1;
    }
    assert!(count > 30, "{count} streams");
}

#[test]
fn recorded_delays_and_limits_are_found() {
    let (Some(replies), Some(quoted)) = (recordings("replies.jsonl"), recordings("quoted-errors.jsonl")) else {
        return skip(REPLIES, "recorded_delays_and_limits_are_found");
    };
    let is_groq = |recording: &&Value| text(recording, "provider") == "groq" && recording["status"] == 429;
    let groq = quoted.iter().find(is_groq).unwrap();
    match offline_replies::judge_error(429, "", text(groq, "body"), 0).verdict {
        Verdict::Later { after, .. } => assert_eq!(after, Some(Duration::from_millis(578_016)), "9m38.016s"),
        other => panic!("{other:?}"),
    }
    let limits = replies.iter().map(|recording| {
        let headers = recording["headers"].as_object().into_iter().flatten();
        let headers = headers.filter_map(|(name, value)| Some(format!("{name}: {}\n", value.as_str()?)));
        offline_replies::judge_error(429, &headers.collect::<String>(), "", 0).rate_limits
    });
    let count = limits.filter(|limits| limits.requests.is_some() || limits.tokens.is_some()).count();
    assert!(count > 10, "{count} replies report limits");
}

#[test]
fn every_recorded_reply_means_what_it_was_judged_to_mean() {
    let (Some(replies), Some(quoted)) = (recordings("replies.jsonl"), recordings("quoted-errors.jsonl")) else {
        return skip(REPLIES, "every_recorded_reply_means_what_it_was_judged_to_mean");
    };
    let next = Arc::new(Mutex::new(json!({})));
    let playing = next.clone();
    let server = HttpServer::start(move |_, stream| write_reply(&playing.lock().unwrap(), stream));
    let job = manifest::check(std::path::Path::new("job.yaml"), JOB, &|_| None).unwrap();
    let judgments = judgments();
    let (mut differ, mut read, mut billed) = (Vec::new(), 0, 0);
    let all: Vec<Value> = replies.into_iter().chain(quoted).collect();
    for recording in &all {
        let id = text(recording, "id");
        *next.lock().unwrap() = recording.clone();
        let exchange = ask(&job, &server.base_url);
        if recording["status"] == 200 && (recording["stream"] == true || is_json(text(recording, "body"))) {
            read += 1;
            if let Charge::Reported(usage) = exchange.charge {
                assert!(usage.cached_input <= usage.input && usage.input > 0, "{id}: {usage:?}");
                billed += 1;
            }
        }
        let found = judged(id, &exchange);
        let mut expected = judgments.get(id).cloned().unwrap_or_default();
        // Why it was judged so.
        expected.as_object_mut().map(|judgment| judgment.remove("note"));
        if found != expected {
            differ.push(format!("found    {found}\nexpected {expected}"));
        }
    }
    assert!(differ.is_empty(), "{} of {} differ:\n{}", differ.len(), all.len(), differ.join("\n"));
    assert_eq!(all.len(), judgments.len(), "every judgment has its recording");
    assert!(read > 100 && billed * 10 >= read * 7, "{billed} of {read} replies report usage");
}
