//! Processes that write the same outputs at once, as containers that share a folder: every one has the
//! process id 1.

use crate::bench::Bench;
use crate::skip::{PID_NAMESPACES, skip};
use docmill::internal::simulator::Options;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

const NAMES: [&str; 3] = ["out.csv", "out.parquet", "out.jsonl"];

fn in_own_namespace(bench: &Bench, arguments: &[&str]) -> Child {
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", env!("CARGO_BIN_EXE_docmill")]).args(arguments);
    command
        .current_dir(bench.path("."))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reads the outputs until `is_over`, and fails when one of them is not as it was.
fn watch(bench: &Bench, is_over: &AtomicBool) {
    let read = || NAMES.map(|name| std::fs::read(bench.path(name)).unwrap());
    let before = read();
    while !is_over.load(Ordering::Relaxed) {
        assert!(read() == before, "a reader saw a partial file");
        let report: serde_json::Value = serde_json::from_str(&bench.text("report.json")).unwrap();
        assert_eq!(report["outcome"], "complete");
    }
}

#[test]
fn forty_runs_with_one_process_id_do_not_disturb_one_another() {
    let bench = Bench::with_pages(5).simulator(Options::default());
    bench.job("");
    let job = bench.text("job.yaml").replace("report: report.json", "report: report.json, success_marker: true");
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    let can_unshare = Command::new("unshare").args(["--pid", "--fork", "true"]).stderr(Stdio::null()).status();
    if !can_unshare.is_ok_and(|status| status.success()) {
        return skip(PID_NAMESPACES, "forty_runs_with_one_process_id_do_not_disturb_one_another");
    }
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| watch(&bench, &is_over));
        let arguments = ["run", "job.yaml", "-q", "--summary", "summary.json", "--metrics-file", "run.prom"];
        let runs: Vec<Child> = (0..40).map(|_| in_own_namespace(&bench, &arguments)).collect();
        let ended: Vec<_> = runs.into_iter().map(|run| run.wait_with_output().unwrap()).collect();
        is_over.store(true, Ordering::Relaxed);
        for run in ended {
            assert_eq!(run.status.code(), Some(0), "{}", String::from_utf8_lossy(&run.stderr));
        }
    });
    assert_eq!(bench.stats()["requests"], 5, "nothing was asked again");
    // Every run has its own id.
    let report = bench.docmill(&["report", "job.yaml", "--run", "all", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["runs"], 41);
    assert!(bench.path("_SUCCESS").exists(), "the last run has written it");
    let left =
        std::fs::read_dir(bench.path(".")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let left: Vec<String> = left.filter(|name| name.ends_with(".tmp") || name.ends_with(".lock")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_export_that_is_killed_does_not_disturb_another_one() {
    let bench = Bench::with_pages(40).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| watch(&bench, &is_over));
        for _ in 0..10 {
            let start = || {
                let mut command = bench.command(&["export", "job.yaml"]);
                command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
            };
            let (mut killed, other) = (start(), start());
            let is_writing = || {
                let entries = std::fs::read_dir(bench.path(".")).unwrap();
                entries.flatten().any(|entry| entry.file_name().to_string_lossy().ends_with(".tmp"))
            };
            while killed.try_wait().unwrap().is_none() && !is_writing() {
                std::thread::yield_now();
            }
            let _ = killed.kill();
            let code = killed.wait().unwrap().code();
            assert!(code.is_none() || code == Some(0), "{code:?}");
            let other = other.wait_with_output().unwrap();
            assert_eq!(other.status.code(), Some(0), "{}", String::from_utf8_lossy(&other.stderr));
        }
        is_over.store(true, Ordering::Relaxed);
    });
}
