//! An import that is killed.

use super::{asked, exported};
use crate::bench::Bench;
use crate::harness::wait::killed;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const LINES: usize = 2000;

/// A job without human answers, a file with many of them, and a copy of the store.
fn bench() -> Bench {
    let bench = asked(4, "");
    let mut text = "path,page,task,value,reviewer,decided_at\n".to_owned();
    for at in 0..LINES {
        text += &format!("{:05}.jpg,1,kind,letter,ann {at},2026-11-23T13:00:00Z\n", at % 4);
    }
    bench.put("many.csv", text.as_bytes());
    std::fs::copy(bench.path("store.db"), bench.path("before.db")).unwrap();
    bench
}

/// Makes the store what it was before any import.
fn reset(bench: &Bench) {
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        let _ = std::fs::remove_file(bench.path(name));
    }
    std::fs::copy(bench.path("before.db"), bench.path("store.db")).unwrap();
}

fn start(bench: &Bench) -> Child {
    let mut command = bench.command(&["answers", "import", "job.yaml", "many.csv"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn stored(bench: &Bench) -> usize {
    exported(bench, "job.yaml").lines().count() - 1
}

/// Imports everything, and returns how long that took.
fn import(bench: &Bench) -> Duration {
    let started = Instant::now();
    assert!(start(bench).wait_with_output().unwrap().status.success());
    assert_eq!(stored(bench), LINES);
    started.elapsed()
}

#[test]
fn a_killed_import_stores_all_answers_or_none() {
    let bench = bench();
    let whole = import(&bench);
    for part in 0..8 {
        let output = killed(whole * part / 8, || {
            reset(&bench);
            start(&bench)
        });
        let printed = String::from_utf8(output.stdout).unwrap();
        let checked = bench.docmill(&["store", "check", "--store", "store.db"]);
        assert_eq!(checked.code, 0, "{}", checked.stdout);
        let stored = stored(&bench);
        assert!(stored == LINES || stored == 0 && printed.is_empty(), "part {part}: {stored} stored, {printed:?}");
        // In any case, importing again completes it.
        import(&bench);
    }
}

/// Whenever it is killed: it can't have stored anything.
#[test]
fn an_import_that_is_killed_while_it_waits_for_the_store_has_stored_nothing() {
    let bench = bench();
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    store.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut child = start(&bench);
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut stderr = String::new();
    while !stderr.contains("holds the lock of the store") {
        assert!(lines.read_line(&mut stderr).unwrap() > 0, "it does not wait for the store: {stderr}");
    }
    child.kill().unwrap();
    assert!(child.wait_with_output().unwrap().stdout.is_empty());
    drop(store);
    assert_eq!(stored(&bench), 0);
    import(&bench);
}
