//! A stop ends within the grace period and two seconds, despite any waits. The tests block what it waits for until it
//! has ended: without a bound they would not end with its code.

use crate::bench::{Bench, statuses, under_way};
#[cfg(unix)]
use crate::harness::signal::signal;
use docmill::internal::base::clock::{Clock, Sleep, SystemClock};
use docmill::internal::base::hooks::{Hooks, Point};
use docmill::internal::pipeline::{PipelineError, RunOutcome, Shutdown, Signal};
use docmill::internal::simulator::Options;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Locks the store of a bench for writing, for as long as the connection lives.
fn lock(bench: &Bench) -> rusqlite::Connection {
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    store.busy_timeout(Duration::from_secs(20)).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    store
}

#[cfg(unix)]
#[test]
fn a_stop_does_not_wait_for_a_store_that_another_process_holds_before_the_run_has_begun() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["--limit", "1"]).code, 0);
    let store = lock(&bench);
    let mut child = bench.start(&["--progress", "off", "--grace", "200ms", "--summary", "summary.json"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    // It listens for signals before it prints which store it opens.
    let mut printed = String::new();
    while !printed.contains("store: ") {
        assert!(stderr.read_line(&mut printed).unwrap() > 0, "{printed}");
    }
    signal(&child, "TERM");
    let status = child.wait().unwrap();
    drop(store);
    stderr.read_to_string(&mut printed).unwrap();
    assert_eq!(status.code(), Some(143), "{printed}");
    assert!(printed.contains("not everything could be finished within 2 s"), "{printed}");
    let summary: Value = serde_json::from_str(&bench.text("summary.json")).unwrap();
    assert_eq!((summary["outcome"].as_str(), summary["exit_code"].as_u64()), (Some("interrupted"), Some(143)));
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 3, "nothing twice");
}

#[cfg(unix)]
#[test]
fn a_stop_does_not_wait_for_a_store_that_another_process_holds_and_reports_what_is_lost() {
    let latency = Duration::from_millis(500);
    let bench = Bench::with_pages(40).simulator(Options { latency, ..Options::default() });
    bench.job("limits: {concurrency: 4}");
    let mut child = bench.start(&["--progress", "off", "--grace", "3s"]);
    under_way(&bench, &mut child, 8);
    let store = lock(&bench);
    signal(&child, "TERM");
    let mut printed = String::new();
    child.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143), "{printed}");
    drop(store);
    // Replies came within the grace period, and could not be stored.
    assert!(printed.contains("received but could not be stored: these pages are sent and billed again"), "{printed}");
    assert!(printed.contains("run the same command again"), "{printed}");
    assert!(!bench.path("out.csv").exists());
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(statuses(&bench.rows())["ok"], 40);
    let again = bench.stats()["requests"].as_u64().unwrap() - 40;
    assert!((1..=4).contains(&again), "{again} again: those that were in flight");
}

/// A clock that can be set forward, also for its monotonic time.
struct Forward {
    inner: SystemClock,
    ms: AtomicU64,
}

impl Clock for Forward {
    fn now(&self) -> Duration {
        self.inner.now() + Duration::from_millis(self.ms.load(Ordering::SeqCst))
    }

    fn wall_ms(&self) -> i64 {
        self.inner.wall_ms()
    }

    fn sleep(&self, duration: Duration) -> Sleep<'_> {
        self.inner.sleep(duration)
    }
}

/// Ends the run after the first settled page; then the clock shows an hour later as soon as the
/// outputs are about to be written: after the commit that follows.
struct EndAndWait {
    clock: Arc<Forward>,
    shutdown: Shutdown,
}

impl Hooks for EndAndWait {
    fn reached(&self, point: Point) {
        match point {
            Point::Settled => self.shutdown.request(RunOutcome::Interrupted(Signal::Terminate)),
            Point::Committed if self.shutdown.is_requested() => self.clock.ms.store(3_600_000, Ordering::SeqCst),
            _ => {}
        }
    }
}

#[test]
fn outputs_that_are_not_finished_in_time_are_left_to_export() {
    let bench = Bench::with_pages(12).simulator(Options::default());
    bench.job("limits: {concurrency: 2}");
    bench.put("out.csv", b"the last whole output");
    let clock = Arc::new(Forward { inner: SystemClock::default(), ms: 0.into() });
    let shutdown = Shutdown::new(clock.clone());
    let hooks = Arc::new(EndAndWait { clock: clock.clone(), shutdown: shutdown.clone() });
    let ended = crate::store::dying::run_at(
        &bench.path("job.yaml"),
        clock,
        hooks,
        &shutdown,
        "abandoned",
        &docmill::internal::pipeline::RunOptions::default(),
    );
    assert!(matches!(ended, Err(PipelineError::OutputsAbandoned)), "{:?}", ended.map(|(_, outcome)| outcome));
    assert_eq!(bench.text("out.csv"), "the last whole output");
    let left: Vec<_> = std::fs::read_dir(bench.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")), "{left:?}");
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let outcome = store.query_row("SELECT outcome, exit_code FROM runs", [], |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(outcome.unwrap(), ("interrupted".to_owned(), 143));
    let ran = bench.docmill(&["export", "job.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(bench.text("partial/out.csv").lines().filter(|line| line.contains(",ok,")).count() >= 1);
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 12, "nothing twice");
}

#[test]
fn replies_wait_for_a_store_that_another_process_holds_and_are_not_lost() {
    let bench = Bench::with_pages(50).simulator(Options { latency: Duration::from_secs(1), ..Options::default() });
    bench.job("limits: {concurrency: 4}");
    let mut child = bench.start(&["--progress", "off"]);
    under_way(&bench, &mut child, 8);
    let store = lock(&bench);
    let sent = bench.stats()["requests"].as_u64().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut printed = String::new();
    while !printed.contains("lock of the store") {
        assert!(stderr.read_line(&mut printed).unwrap() > 0, "the cause of the wait is missing: {printed}");
    }
    // What the store knew by then may still have been on its way.
    assert!(bench.stats()["requests"].as_u64().unwrap() <= sent + 4, "nothing new is sent");
    drop(store);
    stderr.read_to_string(&mut printed).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{printed}");
    if cfg!(target_os = "linux") {
        assert!(printed.contains(&format!("process {} holds the lock", std::process::id())), "{printed}");
    }
    assert_eq!(bench.stats()["requests"], 50, "nothing twice");
}
