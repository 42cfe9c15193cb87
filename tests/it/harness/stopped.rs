//! A process that is stopped for a while.

use super::bench::{Bench, Ran};
use super::signal::{is_sent, signal};
use super::wait::wait_until;
use std::path::Path;
use std::process::Child;

/// How often a run is started to stop or interrupt it in time.
pub(crate) const STARTS: usize = 20;

/// A stopped process. It continues when this is dropped, even if a test fails.
pub(crate) struct Stopped(u32);

impl Stopped {
    /// Starts a run in a `prepared` folder and stops it while it waits for a server, as `is_waiting` finds. Where the server
    /// was faster, the run must end as usual, and another one is started.
    #[track_caller]
    pub(crate) fn while_waiting(
        prepared: impl Fn() -> Bench,
        arguments: &[&str],
        is_waiting: impl Fn(&Bench) -> bool,
    ) -> (Bench, Child, Self) {
        for _ in 0..STARTS {
            let bench = prepared();
            let mut child = bench.start(arguments);
            wait_until("the run waits", || is_waiting(&bench) || child.try_wait().unwrap().is_some());
            if child.try_wait().unwrap().is_none() {
                let stopped = Self::beside(&child, &bench.path("store.db"));
                if is_waiting(&bench) {
                    return (bench, child, stopped);
                }
            }
            let ended = Ran::from(child.wait_with_output().unwrap());
            assert_eq!(ended.code, 0, "it was not stopped in time: {}", ended.stderr);
        }
        panic!("no run was stopped while it waited");
    }

    /// Stops a process while it does not write to its store: others could not write to it, either.
    fn beside(child: &Child, store: &Path) -> Self {
        loop {
            signal(child, "STOP");
            // From now on it continues when this is dropped.
            let stopped = Self(child.id());
            wait_until("every thread has stopped", || !has_running_threads(child.id()));
            let db = rusqlite::Connection::open(store).unwrap();
            if db.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok() {
                return stopped;
            }
        }
    }
}

/// Whether threads of a process have not stopped yet. A thread in a system call stops when the call returns, and may lock a
/// file until then.
#[cfg(target_os = "linux")]
fn has_running_threads(process: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    // A thread without a status has ended.
    let status = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("status")).ok();
    let is_running = |status: String| {
        let state = status.lines().find_map(|line| line.strip_prefix("State:")).map(str::trim_start);
        !state.is_some_and(|state| state.starts_with(['T', 't', 'Z', 'X']))
    };
    threads.filter_map(status).any(is_running)
}

/// Unknown on other systems.
#[cfg(not(target_os = "linux"))]
fn has_running_threads(_process: u32) -> bool {
    false
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // A panic here would hide why the test fails.
        is_sent(self.0, "CONT");
    }
}
