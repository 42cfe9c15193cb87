//! Programs that start docmill: the key through a descriptor, their end, leases, OpenLineage and Dagster.

use crate::bench::{Bench, root, under_way};
use crate::harness::closed_port::ClosedPort;
use crate::harness::wait::wait_until;
use docmill::internal::simulator::Options;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[cfg(target_os = "linux")]
#[test]
fn a_key_comes_through_a_descriptor_and_overrides_the_manifest() {
    let bench = Bench::with_pages(3).simulator(Options { key: Some("secret-of-caller".into()), ..Options::default() });
    bench.job("");
    bench.put("job.yaml", bench.text("job.yaml").replace("id: test,", "id: test, api_key_env: NOT_SET,").as_bytes());
    bench.put("key", b"secret-of-caller\n");
    let refused = bench.run(&["-q"]);
    assert_ne!(refused.code, 0, "{}", refused.stderr);
    let docmill = env!("CARGO_BIN_EXE_docmill");
    let script =
        format!("exec 3<key; rm key; exec {docmill} run job.yaml -q --api-key-file /proc/self/fd/3 --summary s.json");
    let output = Command::new("sh").args(["-c", &script]).current_dir(bench.path("")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(bench.rows().iter().filter(|row| row["status"] == "ok").count(), 3);
    // What it reads is never written over.
    bench.put("key", b"secret-of-caller\n");
    let ran = bench.run(&["-q", "--api-key-file", "key", "--summary", "key"]);
    assert_eq!((ran.code, bench.text("key").as_str()), (2, "secret-of-caller\n"), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn docmill_stops_when_the_process_that_started_it_is_killed() {
    let latency = Duration::from_millis(300);
    let bench = Bench::with_pages(80).simulator(Options { latency, ..Options::default() });
    bench.job("limits: {concurrency: 4}");
    let docmill = env!("CARGO_BIN_EXE_docmill");
    // The shell is the parent: it does not replace itself.
    let script = format!("{docmill} run job.yaml -q --exit-with-parent $$ --summary s.json; true");
    let mut shell = Command::new("sh");
    let mut shell = shell.args(["-c", &script]).current_dir(bench.path("")).stderr(Stdio::piped()).spawn().unwrap();
    under_way(&bench, &mut shell, 8);
    shell.kill().unwrap();
    shell.wait().unwrap();
    // It ends by itself, and stores the replies to requests in flight.
    let mut summary = Value::Null;
    wait_until("the run ended", || {
        summary = serde_json::from_str(&bench.text("s.json")).unwrap();
        summary["outcome"] != "running"
    });
    assert_eq!((summary["outcome"].as_str(), summary["exit_code"].as_u64()), (Some("interrupted"), Some(143)));
    assert_eq!(summary["attempts"]["lost"], 0);
    assert!(bench.stats()["requests"].as_u64().unwrap() < 80);
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.stats()["requests"], 80, "nothing is paid for twice");
}

#[cfg(target_os = "linux")]
#[test]
fn another_process_is_not_a_parent() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    let ran = bench.run(&["--exit-with-parent", "1"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("--exit-with-parent 1: this process has not started docmill"), "{}", ran.stderr);
    assert_eq!(bench.stats()["requests"], 0);
}

/// A run with a lease, which is renewed through the file that is returned.
#[cfg(target_os = "linux")]
fn leased(bench: &Bench) -> (Child, File) {
    let made = Command::new("mkfifo").arg(bench.path("lease")).status().unwrap();
    assert!(made.success());
    let child = bench.start(&["--lease", "lease", "--summary", "s.json"]);
    // For reading, too: then it does not wait for docmill to open its end.
    let pipe = OpenOptions::new().read(true).write(true).open(bench.path("lease")).unwrap();
    (child, pipe)
}

/// The time `seconds` from now, as a line of a lease.
#[cfg(target_os = "linux")]
fn from_now(seconds: f64) -> String {
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
    let now: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    format!("{:.2}\n", now + seconds)
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_sent_without_a_lease() {
    for (ending, message) in [
        ("closed", "the program that renews it has ended or given it up"),
        ("nonsense", "the program that renews it has ended or given it up"),
        ("not renewed", "it was not renewed"),
        ("over", "it was not renewed"),
    ] {
        let latency = Duration::from_millis(300);
        let bench = Bench::with_pages(80).simulator(Options { latency, ..Options::default() });
        bench.job("limits: {concurrency: 4}");
        let (mut child, mut pipe) = leased(&bench);
        let mut pipe = match ending {
            "closed" | "nonsense" => {
                pipe.write_all(from_now(3600.0).as_bytes()).unwrap();
                under_way(&bench, &mut child, 8);
                pipe.write_all(if ending == "nonsense" { b"soon\n" } else { b"" }).unwrap();
                (ending == "nonsense").then_some(pipe)
            }
            "not renewed" => {
                // Two seconds in all, though the second line is read at once.
                pipe.write_all(format!("{}{}", from_now(2.0), from_now(1.0)).as_bytes()).unwrap();
                Some(pipe)
            }
            _ => {
                pipe.write_all(from_now(-1.0).as_bytes()).unwrap();
                Some(pipe)
            }
        };
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(143), "{ending}: {stderr}");
        assert!(stderr.contains(&format!("the lease is over: {message}")), "{ending}: {stderr}");
        drop(pipe.take());
        let summary: Value = serde_json::from_str(&bench.text("s.json")).unwrap();
        assert_eq!(summary["attempts"]["lost"], 0, "{ending}");
        let requests = bench.stats()["requests"].as_u64().unwrap();
        assert!(if ending == "over" { requests == 0 } else { requests < 80 }, "{ending}: {requests}");
        assert_eq!(bench.run(&["-q"]).code, 0);
        assert_eq!(bench.stats()["requests"], 80, "{ending}: nothing is paid for twice");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_lease_that_is_renewed_lasts() {
    let latency = Duration::from_millis(300);
    let bench = Bench::with_pages(40).simulator(Options { latency, ..Options::default() });
    bench.job("limits: {concurrency: 2}");
    let (mut child, mut pipe) = leased(&bench);
    // Each line is for longer than the next one takes to come.
    let status = loop {
        pipe.write_all(from_now(30.0).as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    assert!(status.success());
    assert_eq!(bench.stats()["requests"], 40);
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    bench.put("lease", b"");
    let ran = bench.run(&["--lease", "lease"]);
    assert_eq!((ran.code, bench.stats()["requests"].as_u64()), (2, Some(0)), "{}", ran.stderr);
    assert!(ran.stderr.contains("--lease lease: there is no time in it"), "{}", ran.stderr);
}

#[test]
fn what_is_lost_leaves_less_of_the_budget() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    let all = ["-q", "--budget-usd", "2", "--lost-usd", "2"];
    let ran = bench.run(&all);
    assert_eq!((ran.code, bench.stats()["requests"].as_u64()), (4, Some(0)), "{}", ran.stderr);
    // Of a shard it is its part that becomes smaller.
    let shard = ["-q", "--shard", "0/2", "--parallel", "1", "--store", "0.db", "--budget-usd", "2", "--lost-usd"];
    assert_eq!(bench.run(&[&shard[..], &["1"]].concat()).code, 4);
    assert_eq!(bench.run(&[&shard[..], &["much"]].concat()).code, 2);
    assert_eq!(bench.stats()["requests"], 0);
    assert_eq!(bench.run(&["-q", "--budget-usd", "2", "--lost-usd", "0.5"]).code, 0);
    assert_eq!(bench.run(&["-q", "--lost-usd", "2", "--refresh"]).code, 0, "without a budget nothing is subtracted");
}

#[cfg(target_os = "linux")]
#[test]
fn decoders_inherit_no_key() {
    let latency = Duration::from_millis(300);
    let options = Options { key: Some("secret-of-caller".into()), latency, ..Options::default() };
    let bench = Bench::with_pages(0).simulator(options);
    // Pages that have to be downscaled. Bytes after the end of a JPEG make another file of the same picture.
    let page = std::fs::read(root().join("sample_data/pages/mail/letter-002.jpg")).unwrap();
    for at in 0..40_u8 {
        bench.put(&format!("pages/{at}.jpg"), &[&page[..], &[at]].concat());
    }
    bench.job("limits: {concurrency: 2}\nimage: {size: economy}");
    bench.put("key", b"secret-of-caller\n");
    let docmill = env!("CARGO_BIN_EXE_docmill");
    let script = format!("exec 9<key; exec {docmill} run job.yaml -q --api-key-file /proc/self/fd/9");
    let mut shell = Command::new("sh");
    let mut child = shell.args(["-c", &script]).current_dir(bench.path("")).stderr(Stdio::piped()).spawn().unwrap();
    under_way(&bench, &mut child, 4);
    let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap().flatten();
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let decoders: Vec<String> =
        children.flat_map(|ids| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    assert!(!decoders.is_empty(), "pages are decoded");
    for decoder in decoders {
        for descriptor in std::fs::read_dir(format!("/proc/{decoder}/fd")).unwrap().flatten() {
            // What the decoder has closed meanwhile was not inherited.
            let Ok(file) = std::fs::read_link(descriptor.path()) else { continue };
            assert!(!file.ends_with("key"), "{}", file.display());
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

const PARENT: &str = "http://airflow:8080/prod/mail.label/01890a5d-ac96-774b-bcce-b302099a8057";

#[test]
fn lineage_has_an_event_when_the_run_begins_and_one_when_it_ends() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    let ran = bench.run(&["-q", "--lineage", "events.jsonl", "--lineage-parent", PARENT]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let events = crate::bench::rows(&bench.text("events.jsonl"));
    let kinds: Vec<&str> = events.iter().map(|event| event["eventType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["START", "COMPLETE"]);
    let (first, last) = (&events[0], &events[1]);
    assert_eq!(first["run"]["runId"], last["run"]["runId"]);
    assert_eq!(last["job"]["name"], "test");
    assert_eq!(
        last["run"]["facets"]["parent"]["job"],
        json!({"namespace": "http://airflow:8080/prod", "name": "mail.label"})
    );
    let own = &last["run"]["facets"]["docmill_run"];
    assert_eq!((own["pages"]["ok"].as_u64(), own["outcome"].as_str()), (Some(3), Some("complete")));
    assert_eq!(own["costUsd"], bench.report()["cost"]["total_usd"]);
    let names = |event: &Value, side: &str| -> Vec<String> {
        let datasets = event[side].as_array().unwrap().iter();
        datasets.map(|dataset| dataset["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names(first, "inputs")[0].ends_with("/pages"), "{first}");
    assert_eq!(names(first, "outputs").len(), 3);
    assert!(names(last, "outputs").iter().any(|name| name.ends_with("/out.parquet")), "{last}");
    assert_eq!(last["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], 3);
}

#[test]
fn lineage_reports_how_a_run_failed_and_never_fails_one() {
    let bench = Bench::with_pages(3).simulator(Options { key: Some("right".into()), ..Options::default() });
    bench.job("");
    let ran = bench.run(&["-q", "--lineage", "events.jsonl"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    let events = crate::bench::rows(&bench.text("events.jsonl"));
    assert_eq!((events.len(), events[1]["eventType"].as_str()), (2, Some("FAIL")));
    let message = events[1]["run"]["facets"]["errorMessage"]["message"].as_str().unwrap();
    assert!(ran.stderr.contains(message), "{message}: {}", ran.stderr);
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    let port = ClosedPort::new();
    let ran = bench.run(&["--lineage", port.base_url().trim_end_matches("/v1")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("was not sent").count(), 2, "{}", ran.stderr);
}

/// Serves one request with HTTP 201, and returns it.
fn receive(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).unwrap();
        request.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&request);
        let head = text.split_once("\r\n\r\n");
        let length = text.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if read == 0 || head.is_some_and(|(_, body)| body.len() >= length.unwrap_or(0)) {
            break;
        }
    }
    stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    String::from_utf8(request).unwrap()
}

#[test]
fn lineage_is_posted_with_the_key_of_the_environment() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || [receive(&listener), receive(&listener)]);
    let mut run = bench.command(&["run", "job.yaml", "--lineage", &url]);
    run.env("OPENLINEAGE_API_KEY", "lineage-key").env("OPENLINEAGE_NAMESPACE", "night");
    let output = run.output().unwrap();
    assert!(output.status.success() && !String::from_utf8_lossy(&output.stderr).contains("was not sent"));
    let requests = server.join().unwrap();
    for (request, kind) in requests.iter().zip(["START", "COMPLETE"]) {
        assert!(request.starts_with("POST /api/v1/lineage HTTP/1.1\r\n"), "{request}");
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.to_lowercase().contains("authorization: bearer lineage-key"), "{head}");
        let event: Value = serde_json::from_str(body).unwrap();
        assert_eq!((event["eventType"].as_str(), event["job"]["namespace"].as_str()), (Some(kind), Some("night")));
    }
}

/// A parameter as Dagster writes it: JSON, compressed by zlib, in base64.
fn parameter(value: &Value) -> String {
    let script = "import sys, zlib, base64; print(base64.b64encode(zlib.compress(sys.argv[1].encode())).decode())";
    let output = Command::new("python3").args(["-c", script, &value.to_string()]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_dagster_step_receives_what_was_materialized() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    let context = json!({"data": {"asset_keys": ["labels"], "run_id": "r", "extras": {}}});
    let run = |messages: &str, arguments: &[&str]| {
        let mut run = bench.command(&[&["run", "job.yaml", "-q"], arguments].concat());
        run.env("DAGSTER_PIPES_CONTEXT", parameter(&context));
        run.env("DAGSTER_PIPES_MESSAGES", parameter(&json!({"path": bench.path(messages)})));
        (run.output().unwrap().status.code(), crate::bench::rows(&bench.text(messages)))
    };
    let (code, messages) = run("messages", &[]);
    let methods: Vec<&str> = messages.iter().map(|message| message["method"].as_str().unwrap()).collect();
    assert_eq!((code, methods), (Some(0), vec!["opened", "report_asset_materialization", "closed"]));
    assert!(messages.iter().all(|message| message["__dagster_pipes_version"] == "0.1"));
    let params = &messages[1]["params"];
    assert_eq!(params["asset_key"], "labels");
    assert_eq!(params["metadata"]["pages_ok"], json!({"raw_value": 3, "type": "int"}));
    assert!(params["metadata"]["cost_usd"]["raw_value"].as_f64().unwrap() > 0.0);
    // A run that fails materializes nothing.
    let (code, messages) = run("messages-2", &["--task", "nothing"]);
    let methods: Vec<&str> = messages.iter().map(|message| message["method"].as_str().unwrap()).collect();
    assert_eq!((code, methods), (Some(2), vec!["opened", "closed"]));
    assert_eq!(messages[1]["params"]["exception"]["name"], "input_error");
    // Nor does one whose arguments are wrong.
    let (code, messages) = run("messages-3", &["--bogus"]);
    let methods: Vec<&str> = messages.iter().map(|message| message["method"].as_str().unwrap()).collect();
    assert_eq!((code, methods), (Some(2), vec!["opened", "closed"]));
    assert!(messages[1]["params"]["exception"]["message"].as_str().unwrap().contains("--bogus"), "{}", messages[1]);
    // A merge has the numbers of the whole job.
    for shard in ["0", "1"] {
        let (part, store) = (format!("{shard}/2"), format!("{shard}.db"));
        assert_eq!(bench.run(&["-q", "--shard", &part, "--store", &store]).code, 0);
    }
    for (messages, arguments, code, expected) in [
        ("m-1", &["0.db", "1.db"][..], 0, vec!["opened", "report_asset_materialization", "closed"]),
        ("m-2", &["0.db"], 2, vec!["opened", "closed"]),
        ("m-3", &["--bogus"], 2, vec!["opened", "closed"]),
    ] {
        let store = format!("{messages}.db");
        let mut merge = bench.command(&[&["merge", "job.yaml", "-q", "--store", &store], arguments].concat());
        merge.env("DAGSTER_PIPES_CONTEXT", parameter(&context));
        merge.env("DAGSTER_PIPES_MESSAGES", parameter(&json!({"path": bench.path(messages)})));
        assert_eq!(merge.output().unwrap().status.code(), Some(code), "{arguments:?}");
        let sent = crate::bench::rows(&bench.text(messages));
        let methods: Vec<&str> = sent.iter().map(|message| message["method"].as_str().unwrap()).collect();
        assert_eq!(methods, expected, "{arguments:?}");
    }
}

#[test]
fn the_summary_of_a_run_without_a_report_names_its_shard() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    for (arguments, shard) in [
        (&["--shard", "1/4", "--task", "nothing"][..], json!("1/4")),
        (&["--shard=1/4", "--bogus"], json!("1/4")),
        (&["--shard", "4/4"], Value::Null),
        (&["--task", "nothing"], Value::Null),
    ] {
        let ran = bench.run(&[&["-q", "--summary", "s.json"], arguments].concat());
        let summary: Value = serde_json::from_str(&bench.text("s.json")).unwrap();
        assert_eq!(
            (ran.code, &summary["outcome"], &summary["shard"]),
            (2, &json!("input_error"), &shard),
            "{arguments:?}"
        );
    }
    // Before there is a session, too.
    bench.put("job.yaml", b"version: 1\n");
    assert_eq!(bench.run(&["-q", "--summary", "s.json", "--shard", "1/4"]).code, 2);
    let summary: Value = serde_json::from_str(&bench.text("s.json")).unwrap();
    assert_eq!(summary["shard"], "1/4");
}
