//! Ends of runs: their causes, exit codes, and what is kept.

use crate::bench::{Bench, hanging_after, rows, statuses, under_way};
use crate::harness::recording_server::{RecordingServer, error, invoice};
#[cfg(unix)]
use crate::harness::signal::signal;
#[cfg(unix)]
use crate::harness::wait::wait_until;
use docmill::internal::simulator::{Fault, Options};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[test]
fn a_refusing_provider_stops_the_run_within_one_round_and_keeps_what_was_answered() {
    for (fault, words) in [
        (Fault::BadKey, "check the API key"),
        (Fault::NoCredit, "credit or spend limit is used up"),
        (Fault::NoModel, "check provider.model"),
    ] {
        let options =
            Options { always: Some(fault), after: 10, latency: Duration::from_millis(20), ..Options::default() };
        let bench = Bench::with_pages(60).simulator(options);
        bench.job("limits: {concurrency: 4}");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 5, "{fault:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{fault:?}: {}", ran.stderr);
        let requests = bench.stats()["requests"].as_u64().unwrap();
        assert!(requests <= 10 + 2 * 4, "{fault:?}: {requests} requests");
        let kept = statuses(&rows(&bench.text("partial/out.jsonl")));
        // Those that were on the way when the tenth was answered came through too.
        assert!((10..=14).contains(&kept["ok"]) && kept["ok"] + kept["pending"] == 60, "{fault:?} {kept:?}");
    }
}

/// Words that may also describe the content of a page, a firewall that refuses one of the pages, and few pages left.
#[test]
fn the_last_pages_stay_pending_when_the_credit_runs_out() {
    for (attempts, has_firewall) in [(1, false), (2, true), (6, false), (6, true)] {
        let is_paid = Arc::new(AtomicBool::new(false));
        let paid = is_paid.clone();
        let recorded = RecordingServer::start(move |_, at| match at {
            _ if at < 2 || paid.load(Ordering::Relaxed) => invoice(),
            _ if has_firewall && at % 3 == 0 => error(403, "Forbidden"),
            _ => error(400, "Your wallet is empty"),
        });
        let manifest = format!(
            "tasks: {{kind: {{classify: {{labels: [invoice, letter]}}}}}}\nlimits: {{concurrency: 1}}\nretry: {{attempts: {attempts}, max_wait: 2m}}\non_error: {{max_failed: 100%, stop_after: 0}}"
        );
        let bench = Bench::with_model(&recorded.server.base_url, 5, "some-model", &manifest);
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 5, "{attempts}: {}", ran.stderr);
        assert!(ran.stderr.contains("add credit"), "{attempts}: {}", ran.stderr);
        let kept = statuses(&rows(&bench.text("partial/out.jsonl")));
        assert_eq!((kept["ok"], kept["pending"]), (2, 3), "{attempts} {kept:?}");
        let refused = recorded.count();
        assert!(refused <= 2 + 3 * 3 + 2, "{attempts}: {refused} requests");
        is_paid.store(true, Ordering::Relaxed);
        assert_eq!(bench.run(&[]).code, 0);
        assert_eq!((recorded.count(), statuses(&bench.rows())["ok"]), (refused + 3, 5), "{attempts}");
    }
    // The only page that is left fails: the refusal may be its own.
    let recorded = RecordingServer::start(|_, at| match at {
        1..=3 => error(400, "Your wallet is empty"),
        _ => invoice(),
    });
    let manifest = "tasks: {kind: {classify: {labels: [invoice, letter]}}}\nlimits: {concurrency: 1}\nretry: {attempts: 1, max_wait: 2m}\non_error: {max_failed: 100%, stop_after: 0}";
    let bench = Bench::with_model(&recorded.server.base_url, 2, "some-model", manifest);
    assert_eq!((bench.run(&[]).code, recorded.count()), (0, 4));
    assert_eq!(statuses(&bench.rows())["failed"], 1);
    assert_eq!((bench.run(&["--retry", "failed"]).code, recorded.count()), (0, 5));
    assert_eq!(statuses(&bench.rows())["ok"], 2);
}

#[test]
fn the_same_error_on_page_after_page_stops_the_run_early() {
    for (fault, kind) in
        [(Fault::WrongLabel, "wrong_label"), (Fault::BadRequest, "bad_request"), (Fault::Empty, "empty_reply")]
    {
        let bench = Bench::with_pages(80).simulator(Options { always: Some(fault), ..Options::default() });
        bench.job("limits: {concurrency: 4}");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 3, "{fault:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(kind) && ran.stderr.contains("hint:"), "{fault:?}: {}", ran.stderr);
        assert_eq!(bench.report()["outcome"], "same_error");
        let pages = bench.stats()["pages"].as_object().unwrap().len();
        assert!((20..=30).contains(&pages), "{fault:?}: {pages} pages");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_waits_for_what_is_in_flight_and_the_next_run_goes_on() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let bench =
            Bench::with_pages(60).simulator(Options { latency: Duration::from_millis(300), ..Options::default() });
        bench.job("limits: {concurrency: 4}");
        let mut child = bench.start(&["--progress", "off"]);
        under_way(&bench, &mut child, 8);
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        let report = bench.report();
        assert_eq!((report["outcome"].as_str(), report["attempts"]["lost"].as_u64()), (Some("interrupted"), Some(0)));
        assert!(bench.path("partial/out.csv").exists());
        assert_eq!(bench.run(&[]).code, 0);
        assert_eq!(bench.stats()["requests"], 60, "nothing twice");
    }
}

#[cfg(unix)]
#[test]
fn a_walk_that_was_cut_short_leaves_the_last_whole_output_alone() {
    use std::os::unix::process::ExitStatusExt;
    let bench = Bench::with_pages(400).simulator(Options::default());
    bench.job("limits: {concurrency: 64}");
    assert_eq!(bench.run(&["--summary", "summary.json"]).code, 0);
    let before = bench.text("out.csv");
    let walk_complete = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap()["walk_complete"].clone();
    assert_eq!(walk_complete(&bench.text("summary.json")), true);
    // No reply comes, so the walk waits for the pages that it has found: the signal comes before its end.
    let bench = bench.simulator(hanging_after(0));
    bench.job("limits: {concurrency: 4}");
    let start = |store: &str| {
        bench.start(&["--progress", "off", "--grace", "100ms", "--store", store, "--summary", "summary.json"])
    };
    for round in 0..4_u64 {
        let child = start(&format!("other-{round}.db"));
        std::thread::sleep(Duration::from_millis(4 + 7 * round));
        signal(&child, "TERM");
        let status = child.wait_with_output().unwrap().status;
        // It may not listen for signals yet.
        let was_stopped = status.code() == Some(143) || status.signal() == Some(15);
        assert!(was_stopped, "round {round}: {status}");
        assert!(bench.text("out.csv") == before, "round {round}");
    }
    let mut child = start("asking.db");
    under_way(&bench, &mut child, bench.stats()["requests"].as_u64().unwrap() + 1);
    signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143));
    assert!(bench.text("out.csv") == before);
    assert!(rows(&bench.text("partial/out.jsonl")).len() < 400, "the walk was cut short");
    // Programs see it as people do.
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("found so far; there may be more"), "{text}");
    assert_eq!(walk_complete(&bench.text("summary.json")), false);
    let reported = |store: &str| bench.docmill(&["report", "job.yaml", "--format", "json", "--store", store]).stdout;
    assert_eq!(walk_complete(&reported("asking.db")), serde_json::Value::Null, "the store does not have it");
    assert_eq!(walk_complete(&reported("store.db")), true);
    // So do those of a run that has used up its time.
    bench.job("limits: {concurrency: 4, run_time: 300ms}");
    let ran = bench.run(&["--grace", "100ms", "--store", "late.db", "--summary", "summary.json"]);
    assert_eq!((ran.code, walk_complete(&bench.text("summary.json"))), (9, false.into()), "{}", ran.stderr);
}

#[test]
fn an_output_in_the_place_of_an_input_is_refused_before_anything_is_sent() {
    for (output, words) in [
        ("csv: job.yaml", "would overwrite the manifest"),
        ("csv: store.db", "would overwrite the store"),
        ("csv: pages/00000.jpg", "among the pages"),
        ("{csv: a.x, jsonl: ./a.x}", "another output"),
    ] {
        let bench = Bench::with_pages(1).simulator(Options::default());
        bench.job("");
        let text = bench.text("job.yaml");
        let line = text.lines().find(|line| line.starts_with("output:")).unwrap();
        let given = if output.starts_with('{') { format!("output: {output}") } else { format!("output: {{{output}}}") };
        bench.put("job.yaml", text.replace(line, &given).as_bytes());
        let ran = bench.run(&[]);
        assert!(ran.code == 2 && ran.stderr.contains(words), "{output}: {}", ran.stderr);
        assert_eq!(bench.stats()["requests"], 0);
    }
}

#[test]
fn the_deadline_ends_a_run_that_goes_on_later() {
    let bench = Bench::with_pages(60).simulator(Options { latency: Duration::from_millis(100), ..Options::default() });
    bench.job("limits: {concurrency: 2, run_time: 500ms}");
    assert_eq!(bench.run(&[]).code, 9);
    assert_eq!(bench.report()["outcome"], "deadline_reached");
    assert!(bench.path("partial/out.csv").exists());
}

#[test]
fn no_page_and_too_many_failed_pages() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&[]).code, 3);
    let warns = || bench.docmill(&["plan", "job.yaml"]).stderr.contains("the input has no pages; check input.folder");
    assert!(warns());
    bench.put(
        "job.yaml",
        bench.text("job.yaml").replace("{folder: pages}", "{folder: pages, allow_empty: true}").as_bytes(),
    );
    assert_eq!(bench.run(&[]).code, 0);
    assert!(!warns());

    let bench = Bench::with_pages(10).simulator(Options::default());
    bench.put("pages/bad.png", b"not a picture");
    bench.job("");
    assert_eq!(bench.run(&[]).code, 3);
    assert_eq!(bench.report()["outcome"], "failed_pages");
    assert!(bench.path("out.csv").exists(), "finished all the same");
    bench.job("on_error: {max_failed: 10%}");
    assert_eq!(bench.run(&[]).code, 0);
}

#[test]
fn wrong_input_is_exit_2_and_storage_is_exit_8() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    std::fs::rename(bench.path("pages"), bench.path("gone")).unwrap();
    assert_eq!(bench.run(&[]).code, 2);
    std::fs::rename(bench.path("gone"), bench.path("pages")).unwrap();
    assert_eq!(bench.docmill(&["run", "none.yaml"]).code, 2);
    bench.put(
        "job.yaml",
        bench.text("job.yaml").replace("model: ", "api_key_env: DOCMILL_TEST_NOT_SET, model: ").as_bytes(),
    );
    let ran = bench.run(&[]);
    assert!(ran.code == 2 && ran.stderr.contains("DOCMILL_TEST_NOT_SET"), "{}", ran.stderr);
    bench.job("");
    bench.put("store.db", b"this is no database, it is a text of some length that nobody should overwrite");
    let ran = bench.run(&[]);
    assert!(ran.code == 8 && ran.stderr.contains("not a docmill store"), "{}", ran.stderr);
    assert!(bench.text("store.db").starts_with("this is no database"));
}

/// As a supervisor does it: SIGTERM, and SIGKILL ten seconds later.
#[cfg(unix)]
#[test]
fn a_stop_is_over_before_a_supervisor_kills() {
    // An endpoint that is known is asked concurrently at once.
    let mut bench = Bench::with_pages(3000).simulator(Options::default());
    bench.job("limits: {concurrency: 32}");
    assert_eq!(bench.run(&["--limit", "1"]).code, 0);
    bench = bench.simulator(hanging_after(0));
    bench.job("limits: {concurrency: 32}");
    bench.put("out.csv", b"the last whole output");
    let mut child = bench.start(&["--progress", "off", "--summary", "summary.json"]);
    under_way(&bench, &mut child, 32);
    signal(&child, "TERM");
    // No reply comes: only the grace period ends it. What follows that takes at most two seconds (`waits.rs`).
    wait_until("the run ended", || child.try_wait().unwrap().is_some());
    let output = child.wait_with_output().unwrap();
    let printed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(143), "it ended by itself: {printed}");
    assert!(bench.docmill(&["run", "--help"]).stdout.contains("[default: 8s]"), "the grace period");
    assert_eq!(bench.stats()["requests"], 32, "nothing new is sent, though thousands of pages wait");
    assert_eq!(bench.text("out.csv"), "the last whole output");
    let summary: serde_json::Value = serde_json::from_str(&bench.text("summary.json")).unwrap();
    assert_eq!((summary["outcome"].as_str(), summary["exit_code"].as_u64()), (Some("interrupted"), Some(143)));
    // A machine that is too busy to write them in two seconds leaves the outputs to the next run.
    if !printed.contains("not everything could be finished") && !printed.contains("not finished in time") {
        let report = bench.report();
        assert_eq!((report["outcome"].as_str(), report["attempts"]["lost"].as_u64()), (Some("interrupted"), Some(32)));
        // What the walk had found: a signal does not wait for the rest.
        assert!(crate::bench::rows(&bench.text("partial/out.jsonl")).len() >= 32);
    }
}

/// What `nohup` is for.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_the_program_was_started_to_ignore_ends_nothing() {
    let bench = Bench::with_pages(12).simulator(Options { latency: Duration::from_secs(1), ..Options::default() });
    bench.job("limits: {concurrency: 2}");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' HUP; exec \"$0\" run job.yaml -q", env!("CARGO_BIN_EXE_docmill")]);
    let mut child = shell.current_dir(bench.path("")).spawn().unwrap();
    under_way(&bench, &mut child, 2);
    signal(&child, "HUP");
    assert!(child.wait().unwrap().success());
    assert_eq!(bench.stats()["requests"], 12);
}

/// The reply may take ten minutes; a stop does not.
#[cfg(unix)]
#[test]
fn a_stop_of_a_tried_page_does_not_wait_for_its_reply() {
    let bench = Bench::with_pages(1).simulator(Options { always: Some(Fault::Hang), ..Options::default() });
    bench.job("request: {timeout: 10m, first_byte_timeout: 10m}");
    let mut child = bench.command(&["try", "job.yaml", "pages/00000.jpg"]).stdout(Stdio::null()).spawn().unwrap();
    under_way(&bench, &mut child, 1);
    signal(&child, "TERM");
    wait_until("the command ended", || child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(143), "it ended by itself before the reply");
}

/// The exit code of the newest run in the store.
fn stored_exit_code(bench: &Bench) -> i32 {
    let runs = bench.docmill(&["runs", "job.yaml", "--format", "json"]).stdout;
    let runs: serde_json::Value = serde_json::from_str(&runs).unwrap_or_else(|error| panic!("{error}: {runs}"));
    runs["runs"][0]["exit_code"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or(-1)
}

#[test]
fn a_tried_page_stores_the_exit_code_of_its_command() {
    const TRY: [&str; 3] = ["try", "job.yaml", "pages/00000.jpg"];
    for (fault, more, code) in [
        (None, "", 0),
        (Some(Fault::WrongLabel), "", 3),
        (Some(Fault::Refusal), "", 3),
        (None, "limits: {budget_usd: 0.0000001}", 4),
        (Some(Fault::BadKey), "", 5),
    ] {
        let bench = Bench::with_pages(1).simulator(Options { always: fault, ..Options::default() });
        bench.job(more);
        let tried = bench.docmill(&TRY);
        assert_eq!((tried.code, stored_exit_code(&bench)), (code, code), "{fault:?} {more}: {}", tried.stderr);
    }
    // Damage that is found once the run has begun.
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.docmill(&TRY).code, 0);
    let db = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    assert_eq!(db.execute("UPDATE pages SET decoder = 1, renderer = x'ff' WHERE page > 0", []), Ok(1));
    drop(db);
    let tried = bench.docmill(&[&TRY[..], &["--refresh"]].concat());
    assert_eq!((tried.code, stored_exit_code(&bench)), (8, 8), "{}", tried.stderr);
    assert!(tried.stderr.contains("the store is damaged") && tried.stderr.contains("salvage"), "{}", tried.stderr);
    assert_eq!(bench.stats()["requests"], 1);
}
