//! The output during a run, and at its end (docs/observability.md).

use crate::bench::{Bench, hanging_after, page, root};
#[cfg(unix)]
use crate::harness::signal::signal;
use crate::harness::wait::wait_until;
#[cfg(target_os = "linux")]
use crate::skip::{MOUNT_NAMESPACES, skip};
use docmill::internal::simulator::Options;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::Duration;

#[test]
fn with_json_every_line_is_one_object_and_every_attempt_a_line() {
    let bench = Bench::with_pages(30).simulator(Options { faults: 0.3, ..Options::default() });
    bench.job("request: {timeout: 4s}\nretry: {timed_out: resend}\non_error: {max_failed: 100%}");
    let ran = bench.run(&["-vv", "--log-format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let lines: Vec<Value> = ran.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).collect::<Vec<_>>();
    let attempts = of("attempt");
    assert_eq!(attempts.len() as u64, bench.stats()["requests"].as_u64().unwrap());
    let report = bench.report();
    let first = attempts.iter().filter(|attempt| attempt["purpose"] == "ask").count();
    assert_eq!(first, 30, "each page is asked once, and again for a reason");
    let mut tokens = 0;
    for attempt in &attempts {
        assert_eq!(attempt["run_id"], report["run_id"]);
        assert!(attempt["content"].as_str().is_some_and(|content| content.len() == 64) && attempt["page"] == 1);
        assert!(attempt["path"].as_str().unwrap().ends_with(".jpg"), "{attempt}");
        assert!(attempt["attempt"].is_u64() || attempt["attempt"].is_i64());
        assert!(["done", "retry", "later", "page", "stop"].contains(&attempt["verdict"].as_str().unwrap()));
        assert!(attempt["latency_ms"].is_u64() && attempt["cost_usd"].is_string(), "{attempt}");
        assert!(
            attempt["status"].is_null() || attempt["request_id"].as_str().unwrap().starts_with("req_"),
            "{attempt}"
        );
        assert!(attempt["verdict"] == "done" || attempt["error_kind"].is_string(), "{attempt}");
        tokens += attempt["input_tokens"].as_u64().unwrap();
    }
    assert_eq!(tokens, report["tokens"]["input"].as_u64().unwrap());
    assert_eq!((of("run_started").len(), of("run_ended").len()), (1, 1));
    assert_eq!(of("run_ended")[0]["outcome"], "complete");
    let documented = documented_members();
    let members = lines.iter().flat_map(|line| line.as_object().unwrap().keys());
    let unknown: Vec<_> = members.filter(|name| !documented.contains(*name)).collect();
    assert!(unknown.is_empty(), "docs/observability.md does not list {unknown:?}");
    for wrong in [&["run"][..], &["run", "job.yaml", "--bogus"], &["store"], &["simulate", "--port", "99999"]] {
        let failed = bench.docmill(&[wrong, &["--log-format", "json"]].concat());
        let lines: Vec<Value> = failed.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        assert_eq!((lines.len(), lines[0]["exit_code"].as_u64()), (1, Some(2)), "{wrong:?}: {}", failed.stderr);
    }
    let failed = bench.docmill(&["run", "missing.yaml", "--log-format", "json"]);
    let line: Value = serde_json::from_str(failed.stderr.trim()).unwrap();
    assert_eq!((line["level"].as_str(), line["exit_code"].as_u64()), (Some("ERROR"), Some(2)), "{line}");
}

/// The members of log lines that docs/observability.md lists.
fn documented_members() -> BTreeSet<String> {
    let docs = std::fs::read_to_string(root().join("docs/observability.md")).unwrap();
    let rows = docs.lines().skip_while(|line| !line.starts_with("| member | in |")).take_while(|line| !line.is_empty());
    let names = rows.filter_map(|row| row.split(" | ").next());
    names.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn with_text_a_line_has_the_time_and_the_path_and_the_id_of_the_run_is_printed_where_it_begins() {
    let bench = Bench::with_pages(8).simulator(Options { faults: 0.5, ..Options::default() });
    bench.put("pages/\u{1b}[31m red.jpg", &page(77));
    bench.job("request: {timeout: 1s}\nretry: {timed_out: resend}\non_error: {max_failed: 100%}");
    let ran = bench.run(&["-vv"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    let run_id = bench.report()["run_id"].as_str().unwrap().to_owned();
    let events: Vec<&str> = ran.stderr.lines().filter(|line| line.contains(" event=")).collect();
    assert!(events.len() >= 11, "{}", ran.stderr);
    let with_id: Vec<_> = events.iter().filter(|line| line.contains(&run_id)).collect();
    assert!(with_id.len() == 1 && with_id[0].contains("event=run_started"), "{with_id:?}");
    for line in events {
        let time = line.split_whitespace().next().unwrap();
        assert!(docmill::internal::base::units::parse_time(time).is_ok(), "{line}");
        let has_page = line.contains(".jpg content=") || line.contains(" red.jpg\" content=");
        assert_eq!(has_page, line.contains("event=attempt"), "{line}");
    }
    assert_eq!(ran.stderr.matches(&run_id).count(), 2, "where the run begins, and above the summary");
}

/// Numbers by name and labels.
fn samples(text: &str) -> BTreeMap<String, f64> {
    assert!(text.ends_with("# EOF\n"), "{text}");
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

fn scrape(address: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("openmetrics-text"), "{head}");
    body.to_owned()
}

/// Starts a run that serves its counters, and returns their address.
fn start_with_metrics(bench: &Bench, more: &[&str]) -> (Child, String) {
    let mut child = bench.start(&[&["--progress", "off", "--metrics", "127.0.0.1:0"], more].concat());
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut printed = String::new();
    let address = loop {
        if let Some((_, rest)) = printed.split_once("metrics: http://") {
            break rest.split('/').next().unwrap().to_owned();
        }
        assert!(stderr.read_line(&mut printed).unwrap() > 0, "{printed}");
    };
    // What follows is read, so that it is not in the way of the run.
    std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
    (child, address)
}

#[test]
fn a_run_serves_its_counters_while_it_runs() {
    let bench = Bench::with_pages(80).simulator(hanging_after(40));
    bench.job("limits: {concurrency: 2}");
    let (mut child, address) = start_with_metrics(&bench, &[]);
    let mut seen = Vec::new();
    wait_until("40 pages are answered, and two requests are in flight", || {
        assert!(child.try_wait().unwrap().is_none(), "the run ended");
        let samples = samples(&scrape(&address));
        seen.push(samples);
        let last = seen.last().unwrap();
        last["docmill_pages_asked_total"] >= 40.0 && last["docmill_in_flight"] == 2.0
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let asked: Vec<f64> = seen.iter().map(|samples| samples["docmill_pages_asked_total"]).collect();
    assert!(asked.is_sorted(), "{asked:?}");
    let last = seen.last().unwrap();
    assert_eq!(last["docmill_attempts_total{verdict=\"done\"}"], 40.0);
    assert_eq!(last["docmill_attempt_latency_seconds_count"], 40.0);
    assert!(last["docmill_tokens_total{kind=\"input\"}"] > 1000.0 && last["docmill_cost_usd_total"] > 0.0);
    assert!(seen.iter().all(|samples| samples["docmill_in_flight"] <= 2.0));
    let taken = bench.start(&["--metrics", "203.0.113.1:1"]).wait_with_output().unwrap();
    assert_eq!(taken.status.code(), Some(2), "an address that is not ours");
}

#[test]
fn the_counters_of_a_shard_have_the_label_of_its_file() {
    let bench = Bench::with_pages(20).simulator(hanging_after(4));
    bench.job("limits: {concurrency: 2}");
    let (mut child, address) = start_with_metrics(&bench, &["--shard", "1/2", "--metrics-file", "run.prom"]);
    wait_until("the run has sent something", || {
        samples(&scrape(&address)).get("docmill_in_flight{shard=\"1/2\"}").is_some_and(|count| *count > 0.0)
    });
    for (text, count) in [(scrape(&address), 20), (bench.text("run.prom"), 2)] {
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() >= count && lines.iter().all(|line| line.contains("shard=\"1/2\"")), "{text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_file_at_the_end_equals_the_report() {
    let bench = Bench::with_pages(25).simulator(Options { faults: 0.2, ..Options::default() });
    bench.job("request: {timeout: 1s}\nretry: {timed_out: resend}\non_error: {max_failed: 100%}");
    assert_eq!(bench.run(&["-q", "--metrics-file", "run.prom"]).code, 0);
    let (samples, report) = (samples(&bench.text("run.prom")), bench.report());
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap();
    for (group, metric, label) in
        [("pages", "run_pages", "status"), ("attempts", "run_attempts", "result"), ("tokens", "run_tokens", "kind")]
    {
        for (name, value) in report[group].as_object().unwrap() {
            let in_source = ["from_store", "asked", "near_duplicates", "duplicates"].contains(&name.as_str());
            let (metric, label) = if in_source { ("run_pages_by_source", "source") } else { (metric, label) };
            if !["total", "sent"].contains(&name.as_str()) {
                let key = format!("docmill_{metric}{{job_name=\"test\",{label}=\"{name}\"}}");
                assert_eq!(samples.get(&key), Some(&number(value)), "{key}");
            }
        }
    }
    let total = number(&report["cost"]["total_usd"]);
    assert!((samples["docmill_run_cost_usd{job_name=\"test\",part=\"total\"}"] - total).abs() < 1e-9);
    assert_eq!(samples["docmill_run_exit_code{job_name=\"test\"}"], 0.0);
}

/// A request that never ends: its head is not complete.
fn half_open(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nx-slow: ").unwrap();
    stream
}

#[test]
fn half_open_requests_do_not_block_the_counters() {
    let bench = Bench::with_pages(2).simulator(hanging_after(0));
    bench.job("limits: {concurrency: 1}");
    let (mut child, address) = start_with_metrics(&bench, &[]);
    // More than are served at the same time.
    let open: Vec<TcpStream> = (0..40).map(|_| half_open(&address)).collect();
    assert!(samples(&scrape(&address)).contains_key("docmill_in_flight"));
    drop(open);
    child.kill().unwrap();
    child.wait().unwrap();
}

const SUCCESS: &str = "docmill_run_last_success_timestamp_seconds{job_name=\"test\"}";

fn summary(bench: &Bench) -> Value {
    serde_json::from_str(&bench.text("summary.json")).unwrap()
}

/// The outcome in the metrics file.
fn outcome(bench: &Bench) -> String {
    let text = bench.text("run.prom");
    let info = text.lines().find(|line| line.starts_with("docmill_run_info{")).unwrap();
    assert!(info.contains("job_name=\"test\""), "{info}");
    info.split_once("outcome=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

#[test]
fn the_records_of_a_run_are_rewritten_however_it_ends() {
    const FILES: [&str; 4] = ["--summary", "summary.json", "--metrics-file", "run.prom"];
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&FILES).code, 0);
    assert_eq!((summary(&bench)["outcome"].as_str(), outcome(&bench).as_str()), (Some("complete"), "complete"));
    let success = samples(&bench.text("run.prom"))[SUCCESS];
    assert!(success > 1.7e9, "{success}");
    let job = bench.text("job.yaml");
    for (name, wrong, arguments, code, word) in [
        ("a fault of the manifest", job.replace("version: 1", "version: one"), &[][..], 2, "input_error"),
        ("no manifest", String::new(), &[], 2, "input_error"),
        ("an unknown argument", job.clone(), &["--bogus"], 2, "input_error"),
        ("a value that is not valid", job.clone(), &["--limit", "many"], 2, "input_error"),
        ("a budget that is not valid", job.clone(), &["--budget-usd", "much"], 2, "input_error"),
        ("a task that does not exist", job.clone(), &["--task", "colour"], 2, "input_error"),
        ("an address that is not ours", job.clone(), &["--metrics", "203.0.113.1:1"], 2, "input_error"),
        ("no key", job.replace("model: ", "api_key_env: DOCMILL_TEST_NOT_SET, model: "), &[], 2, "input_error"),
        ("no folder", job.replace("folder: pages", "folder: none"), &[], 2, "input_error"),
        ("no pages", job.replace("folder: pages", "folder: pages, include: [none]"), &[], 3, "no_pages"),
        ("a store that is none", job.clone(), &["--store", "pages/00000.jpg"], 8, "storage_error"),
        ("the manifest as the store", job.clone(), &["--store", "job.yaml"], 2, "input_error"),
    ] {
        // As a run that succeeded has left them.
        bench.put("job.yaml", job.as_bytes());
        assert_eq!(bench.run(&[&FILES[..], &["-q"]].concat()).code, 0);
        let success = samples(&bench.text("run.prom"))[SUCCESS];
        match wrong.is_empty() {
            true => std::fs::remove_file(bench.path("job.yaml")).unwrap(),
            false => bench.put("job.yaml", wrong.as_bytes()),
        }
        let ran = bench.run(&[&FILES[..], arguments].concat());
        assert_eq!(ran.code, code, "{name}: {}", ran.stderr);
        let found = summary(&bench);
        assert_eq!(
            (found["outcome"].as_str(), found["exit_code"].as_i64()),
            (Some(word), Some(code.into())),
            "{name}: {found}"
        );
        assert!(found["error"].as_str().is_some_and(|error| !error.is_empty()), "{name}: {found}");
        assert_eq!(outcome(&bench), word, "{name}");
        let samples = samples(&bench.text("run.prom"));
        assert_eq!(samples["docmill_run_exit_code{job_name=\"test\"}"], f64::from(code), "{name}");
        assert_eq!(samples[SUCCESS], success, "{name}: kept from the last run that succeeded");
    }
}

#[cfg(unix)]
#[test]
fn the_records_show_running_while_a_run_goes_on_and_interrupted_after_two_signals() {
    let latency = Duration::from_secs(3600);
    let bench = Bench::with_pages(6).simulator(Options { latency, ..Options::default() });
    bench.job("limits: {concurrency: 2}\nrequest: {timeout: 2h}");
    bench.put(
        "run.prom",
        format!("docmill_run_info{{job_name=\"test\",outcome=\"complete\"}} 1.0\n{SUCCESS} 1764000000.5\n# EOF\n")
            .as_bytes(),
    );
    bench.put("summary.json", b"{\"run_id\": \"r\", \"outcome\": \"complete\", \"exit_code\": 0}");
    // Only a second signal ends it before.
    let records = ["--summary", "summary.json", "--metrics-file", "run.prom", "--grace", "1h"];
    let mut child = bench.start(&[&["--progress", "off"][..], &records].concat());
    crate::bench::under_way(&bench, &mut child, 1);
    let running = summary(&bench);
    assert_eq!((running["outcome"].as_str(), &running["exit_code"]), (Some("running"), &Value::Null));
    assert!(running["job"] == "test" && running["run_id"].is_string(), "{running}");
    assert_eq!(outcome(&bench), "running");
    let found = samples(&bench.text("run.prom"));
    assert_eq!(found[SUCCESS], 1_764_000_000.5);
    assert!(found.keys().all(|name| !name.contains("exit_code") && !name.contains("ended")), "{found:?}");
    // Two signals within 300 ms count as one.
    let mut end = || {
        signal(&child, "TERM");
        std::thread::sleep(Duration::from_millis(700));
        child.try_wait().unwrap().is_some()
    };
    assert!(!end(), "the first signal has ended the run");
    wait_until("a second signal ended the run", end);
    assert_eq!(child.wait().unwrap().code(), Some(143));
    let ended = summary(&bench);
    assert_eq!((ended["outcome"].as_str(), ended["exit_code"].as_u64()), (Some("interrupted"), Some(143)), "{ended}");
    assert_eq!(outcome(&bench), "interrupted");
    assert_eq!(samples(&bench.text("run.prom"))[SUCCESS], 1_764_000_000.5);
}

#[cfg(unix)]
#[test]
fn the_records_may_go_to_pipes_and_devices() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.job("");
    let one = |text: &str| {
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1, "{text}");
        serde_json::from_str::<Value>(lines[0]).unwrap()
    };
    for target in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let ran = bench.run(&["--summary", target]);
        assert_eq!((ran.code, one(&ran.stdout)["outcome"].as_str()), (0, Some("complete")), "{target}: {}", ran.stderr);
    }
    // A log that the shell appends to stays as it was.
    bench.put("log", b"before\n");
    let log = std::fs::File::options().append(true).open(bench.path("log")).unwrap();
    let arguments = ["run", "job.yaml", "-q", "--summary", "/dev/stderr", "--metrics-file", "/dev/null"];
    let status = bench.command(&arguments).stderr(log).status().unwrap();
    let text = bench.text("log");
    assert!(status.success(), "{status}: {text}");
    assert_eq!(one(text.strip_prefix("before\n").unwrap())["outcome"], "complete");
    // A pipe with a reader, and one without.
    assert!(std::process::Command::new("mkfifo").arg(bench.path("pipe")).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = bench.path("pipe");
        move || std::fs::read_to_string(pipe).unwrap()
    });
    // The reader has opened it once it can be opened for writing.
    let held = std::fs::File::options().write(true).open(bench.path("pipe")).unwrap();
    assert_eq!(bench.run(&["--summary", "pipe"]).code, 0);
    drop(held);
    assert_eq!(one(&reader.join().unwrap())["outcome"], "complete");
    // A new one: a process that another test starts may have inherited the end of the reader for a moment.
    assert!(std::process::Command::new("mkfifo").arg(bench.path("unread")).status().unwrap().success());
    let ran = bench.run(&["--summary", "unread"]);
    assert!(ran.code == 8 && ran.stderr.contains("can't write unread"), "{}", ran.stderr);
    let mut command = bench.command(&["run", "job.yaml", "-q", "--summary", "-"]);
    let mut child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = crate::bench::Ran::from(child.wait_with_output().unwrap());
    assert!(ran.code == 8 && ran.stderr.contains("can't write standard output"), "{}: {}", ran.code, ran.stderr);
    // An end with its own line, and an end without a report.
    let ran = bench.run(&["--summary", "/dev/stdout", "--bogus"]);
    assert_eq!((ran.code, one(&ran.stdout)["outcome"].as_str()), (2, Some("input_error")));
}

/// Kubernetes mounts the termination log: the file can't be replaced, and is read directly.
#[cfg(target_os = "linux")]
#[test]
fn a_summary_that_is_a_mounted_file_is_one_short_line() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    bench.put("host.log", b"");
    bench.put("termination.log", b"");
    // Runs a program that sees the mount.
    let mounted = |program: &std::process::Command| {
        let mount = "mount --bind host.log termination.log && exec \"$@\"";
        let mut command = std::process::Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", mount, "sh"]).arg(program.get_program());
        command.args(program.get_args()).current_dir(bench.path("")).env_remove("DOCMILL_STORE").output()
    };
    if !mounted(&std::process::Command::new("true")).is_ok_and(|made| made.status.success()) {
        return skip(MOUNT_NAMESPACES, "a_summary_that_is_a_mounted_file_is_one_short_line");
    }
    for (arguments, code, outcome) in [(&[][..], 0, "complete"), (&["--bogus"], 2, "input_error")] {
        let summary = ["run", "job.yaml", "-q", "--summary", "termination.log"];
        let ran = mounted(&bench.command(&[&summary[..], arguments].concat())).unwrap();
        assert_eq!(ran.status.code(), Some(code), "{}", String::from_utf8_lossy(&ran.stderr));
        let text = bench.text("host.log");
        assert_eq!((text.lines().count(), text.len() <= 4096), (1, true), "{text}");
        let summary: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&summary["outcome"], &summary["exit_code"]), (&outcome.into(), &code.into()));
    }
    assert_eq!(bench.text("termination.log"), "", "nothing was written beside the mount");
}

#[test]
fn the_summary_names_each_output_with_its_format_and_whether_it_is_partial() {
    let bench = Bench::with_pages(4).simulator(Options::default());
    bench.job("");
    for (arguments, partial, suffix) in [(&["--limit", "1"][..], true, "partial/"), (&[], false, "")] {
        assert_eq!(bench.run(&[arguments, &["--summary", "summary.json"]].concat()).code, 0);
        let outputs = summary(&bench)["outputs"].as_array().unwrap().clone();
        let folder = std::fs::canonicalize(bench.path("")).unwrap();
        let expected: Vec<Value> = ["csv", "parquet", "jsonl"]
            .map(|format| {
                let path = folder.join(format!("{suffix}out.{format}"));
                serde_json::json!({"format": format, "path": path, "partial": partial})
            })
            .into();
        assert_eq!(outputs, expected);
    }
}
