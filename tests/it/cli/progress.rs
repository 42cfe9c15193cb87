//! What a person sees during a run: in a terminal, and in plain lines.
#![cfg(unix)]

use crate::bench::{Bench, hanging_after, root, under_way};
use crate::harness::closed_port::ClosedPort;
use crate::harness::signal::signal;
use crate::skip::{PYTHON, skip};
use docmill::internal::simulator::{Fault, Options};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a person saw in a terminal.
struct Seen {
    code: i64,
    /// The rest on the screen.
    screen: Vec<String>,
    /// The lines that were redrawn, and the width of the terminal.
    frames: Vec<(usize, String)>,
}

/// Runs docmill in a terminal of these widths; Ctrl-C is pressed when `stop` was seen and the next line is redrawn. `None`:
/// there is no Python.
fn in_terminal(bench: &Bench, test: &str, widths: &str, stop: &str, arguments: &[&str]) -> Option<Seen> {
    if Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_err() {
        skip(PYTHON, test);
        return None;
    }
    let script = root().join("tests/it/cli/terminal.py");
    let program = bench.command(arguments);
    let output = Command::new("python3")
        .arg(script)
        .args([widths, stop])
        .arg(program.get_program())
        .args(program.get_args())
        .current_dir(program.get_current_dir().unwrap())
        .env_remove("DOCMILL_STORE")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines = |value: &Value| value.as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let frame = |value: &Value| (value[0].as_u64().unwrap() as usize, text(&value[1]));
    Some(Seen {
        code: seen["code"].as_i64().unwrap(),
        screen: lines(&seen["screen"]).iter().map(text).collect(),
        frames: lines(&seen["frames"]).iter().map(frame).collect(),
    })
}

/// A simulator whose run of `pages` pages takes a few seconds.
fn slow_bench(pages: usize) -> Bench {
    let bench =
        Bench::with_pages(pages).simulator(Options { latency: Duration::from_millis(200), ..Options::default() });
    bench.job("limits: {concurrency: 2}");
    bench
}

#[test]
fn the_line_fits_survives_resizing_and_leaves_nothing_behind() {
    let bench = slow_bench(120);
    let Some(seen) = in_terminal(
        &bench,
        "the_line_fits_survives_resizing_and_leaves_nothing_behind",
        "80,50,120",
        "-",
        &["run", "job.yaml"],
    ) else {
        return;
    };
    assert_eq!(seen.code, 0, "{:?}", seen.screen);
    assert!(seen.frames.len() > 30, "{:?}", seen.frames);
    let mut since_resize = 0;
    for (at, (width, line)) in seen.frames.iter().enumerate() {
        since_resize = if at > 0 && seen.frames[at - 1].0 != *width { 0 } else { since_resize + 1 };
        // Lines on their way when the terminal was resized had the width before.
        if since_resize > 4 {
            assert!(line.chars().count() < *width && line.chars().count() < 80, "{width}: {line}");
        }
    }
    // The queue between walk and workers holds 64 files: the total is known because the count runs ahead.
    // The time is estimated after a few replies.
    let finished = |line: &str| line.split("/120 pages").next()?.split(' ').next_back()?.parse::<u32>().ok();
    let is_early = |line: &str| line.contains(" left") && finished(line).is_some_and(|pages| pages < 16);
    assert!(seen.frames.iter().any(|(_, line)| is_early(line)), "{:?}", seen.frames);
    assert!(seen.frames.iter().any(|(_, line)| line.contains("in flight")), "{:?}", seen.frames);
    let screen = seen.screen.join("\n");
    assert!(screen.starts_with("store: store.db\ntest  ") && screen.contains("complete in"), "{screen}");
    assert!(!screen.contains("in flight") && !screen.contains('█') && !screen.contains('░'), "{screen}");
}

#[test]
fn an_interrupted_run_leaves_nothing_of_the_line_and_a_limit_bounds_the_total() {
    let bench = slow_bench(120);
    let Some(seen) = in_terminal(
        &bench,
        "an_interrupted_run_leaves_nothing_of_the_line_and_a_limit_bounds_the_total",
        "80",
        " left",
        &["run", "job.yaml", "--limit", "90"],
    ) else {
        return;
    };
    assert_eq!(seen.code, 130, "{:?}", seen.screen);
    assert!(seen.frames.iter().any(|(_, line)| line.contains("/90 pages")), "{:?}", seen.frames);
    let screen = seen.screen.join("\n");
    assert!(screen.contains("stopping: waiting for") && screen.contains("interrupted in"), "{screen}");
    assert!(!screen.contains('█') && !screen.contains('░'), "{screen}");
    assert!(!screen.contains("last error"), "nothing went wrong: {screen}");
}

/// The walk of a run that was interrupted does not know how many pages there are; the count ahead of it does.
#[test]
fn the_total_does_not_shrink_when_a_run_is_interrupted() {
    const PAGES: u64 = 800;
    // The stop waits for two requests as long as it may.
    let bench = Bench::with_pages(PAGES as usize).simulator(hanging_after(20));
    bench.job("limits: {concurrency: 2}");
    let options = ["--progress", "plain", "--progress-interval", "100ms", "--log-format", "json", "--grace", "3s"];
    let mut child = bench.start(&options);
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut progress = lines.filter_map(|line| {
        let line: Value = serde_json::from_str(&line).ok()?;
        let total = line.get("pages_total")?.as_u64()?;
        Some((total, line["is_minimum"].as_bool().unwrap()))
    });
    assert!(progress.by_ref().any(|known| known == (PAGES, false)), "the total is known");
    under_way(&bench, &mut child, 22);
    signal(&child, "TERM");
    let after: Vec<(u64, bool)> = progress.collect();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(!after.is_empty(), "lines while it stops");
    assert!(after.iter().all(|(total, is_minimum)| *total == PAGES || *is_minimum), "{after:?}");
    // What the store knows is a part.
    for command in ["rows", "export"] {
        let ran = bench.docmill(&[command, "job.yaml"]);
        let note = "no run has listed the whole input yet: there may be more pages";
        assert!(ran.code == 0 && ran.stderr.contains(note), "{command}: {}", ran.stderr);
    }
    let report = bench.docmill(&["report", "job.yaml"]).stdout;
    assert!(report.contains("found so far; there may be more"), "{report}");
}

#[test]
fn lines_of_runs_fit_into_the_terminal() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let Some(seen) = in_terminal(&bench, "lines_of_runs_fit_into_the_terminal", "60", "-", &["runs", "job.yaml"])
    else {
        return;
    };
    let lines: Vec<&String> = seen.screen.iter().filter(|line| !line.trim().is_empty()).collect();
    let is_cut = |line: &&String| line.chars().count() <= 60 && line.ends_with('…');
    assert!(lines.len() == 2 && lines.iter().all(is_cut), "{lines:?}");
    let piped = bench.docmill(&["runs", "job.yaml"]).stdout;
    assert!(piped.contains("cost USD\n") && !piped.contains('…'), "{piped}");
}

#[test]
fn an_outage_is_named_in_the_line_above_it_and_when_the_run_is_interrupted() {
    let bench = Bench::with_pages(3);
    let port = ClosedPort::new();
    let url = port.base_url();
    bench.job_at(&url, "");
    let cause = format!("cannot connect to {url}/: connection refused");
    let Some(seen) = in_terminal(
        &bench,
        "an_outage_is_named_in_the_line_above_it_and_when_the_run_is_interrupted",
        "160",
        "retrying for up to 10 min",
        &["run", "job.yaml"],
    ) else {
        return;
    };
    assert_eq!(seen.code, 130, "{:?}", seen.screen);
    let whole = format!("{cause}; retrying for up to 10 min");
    assert_eq!(seen.screen.iter().filter(|line| line.starts_with(&whole)).count(), 1, "{:?}", seen.screen);
    let redrawn = format!("{whole}  0/3 pages  ");
    assert!(seen.frames.iter().any(|(_, line)| line.starts_with(&redrawn)), "{:?}", seen.frames);
    let stopping = seen.screen.iter().find(|line| line.contains("stopping:")).unwrap();
    assert!(stopping.ends_with(&format!("; last error: {cause}")), "{stopping}");
}

#[test]
fn an_outage_has_a_plain_line_at_once_and_no_timestamp_is_missing() {
    let bench = Bench::with_pages(3);
    let port = ClosedPort::new();
    let url = port.base_url();
    bench.job_at(&url, "");
    let mut child = bench.start(&[]);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let whole = format!("cannot connect to {url}/: connection refused; retrying for up to 10 min");
    let before: Vec<String> = lines.by_ref().take_while(|line| !line.ends_with(&whole)).collect();
    assert!(before.len() <= 1, "{before:?}");
    signal(&child, "INT");
    let after: Vec<String> = lines.collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let stopping = after.iter().find(|line| line.contains("stopping:")).unwrap();
    assert!(stopping.contains("; last error: cannot connect to "), "{stopping}");
    for line in before.iter().chain([stopping]) {
        let time = line.split_whitespace().next().unwrap();
        assert!(docmill::internal::base::units::parse_time(time).is_ok(), "{line}");
    }
}

#[test]
fn an_unavailable_server_is_not_called_a_rate_limit() {
    let bench = Bench::with_pages(3).simulator(Options { always: Some(Fault::Unavailable), ..Options::default() });
    bench.job("retry: {max_wait: 1s}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    assert!(ran.stderr.contains("WARN the server is unavailable: HTTP 503"), "{}", ran.stderr);
    assert!(!ran.stderr.to_lowercase().contains("rate limit"), "{}", ran.stderr);
}

#[test]
fn a_tried_page_reports_why_it_waits() {
    let bench = Bench::with_pages(1);
    let port = ClosedPort::new();
    let url = port.base_url();
    bench.job_at(&url, "retry: {max_wait: 1s}");
    let tried = bench.docmill(&["try", "job.yaml", "pages/00000.jpg"]);
    assert_eq!(tried.code, 6, "{}", tried.stderr);
    let whole = format!("WARN cannot connect to {url}/: connection refused; retrying for up to 1 s\n");
    assert_eq!(tried.stderr.matches(&whole).count(), 1, "{}", tried.stderr);
}
