//! The locks of a store in use. To close a file ends all locks of the process on it (POSIX, `fcntl`); without SQLite's
//! lock, another process that is the last one to close the store removes the write-ahead log, with the answers in it.
#![cfg(target_os = "linux")]

use crate::bench::{Bench, hanging_after, under_way};
use crate::harness::wait::wait_until;
use docmill::internal::simulator::Options;
use std::fs::DirEntry;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Child;

/// Whether a process has locks on all these files. Unlike `/proc/locks`, this is exact while other processes lock files.
fn has_locks(process: &Child, files: &[&Path]) -> bool {
    let of_process = |name: &str| PathBuf::from(format!("/proc/{}/{name}", process.id()));
    let opened: Vec<DirEntry> = std::fs::read_dir(of_process("fd")).unwrap().map(Result::unwrap).collect();
    let is_locked = |file: &Path| {
        let file = std::fs::canonicalize(file).unwrap();
        let of_file = opened.iter().filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == file));
        // A file that was closed since has no locks.
        let locks = |entry: &DirEntry| std::fs::read_to_string(of_process("fdinfo").join(entry.file_name())).ok();
        of_file
            .filter_map(locks)
            .any(|locks| locks.lines().any(|line| line.starts_with("lock:") && line.contains("POSIX")))
    };
    files.iter().all(|file| is_locked(file))
}

/// Runs a job whose input names files of its store, under several names, until all of them have been looked at.
#[track_caller]
fn keeps_its_locks(input: &str, names: &[&str]) {
    let bench = Bench::with_pages(3).simulator(hanging_after(2));
    let [store, memory] = ["store.db", "store.db-shm"].map(|name| bench.path(name));
    bench.put("list.csv", b"path\npages/00000.jpg\n");
    let manifest = |input: &str| {
        bench.job("limits: {concurrency: 1}\non_error: {max_failed: 100%}");
        bench.put("job.yaml", bench.text("job.yaml").replace("folder: pages", input).as_bytes());
    };
    manifest("list: list.csv");
    assert_eq!(bench.run(&[]).code, 0);
    std::fs::hard_link(&store, bench.path("pages/0-hard.jpg")).unwrap();
    std::fs::hard_link(&store, bench.path("pages/0-hard")).unwrap();
    symlink("../store.db", bench.path("pages/0-soft.jpg")).unwrap();
    symlink("../store.db-shm", bench.path("pages/0-memory.jpg")).unwrap();
    let rows = ["0-hard.jpg", "0-soft.jpg", "0-memory.jpg", "..//store.db", "00000.jpg", "00001.jpg", "00002.jpg"];
    bench.put("list.csv", format!("path\npages/{}\n", rows.join("\npages/")).as_bytes());
    manifest(input);
    let mut child = bench.start(&["-q"]);
    under_way(&bench, &mut child, 3);
    let begins = if input.starts_with("folder") { "" } else { "pages/" };
    let failed = |name: &&str| format!("{begins}{name},failed,can't be read: the file is a part of the store");
    wait_until("the files of the store are failed pages", || {
        let rows = bench.docmill(&["rows", "job.yaml", "--columns", "path,status,error", "--format", "csv"]).stdout;
        names.iter().map(failed).all(|expected| rows.lines().any(|line| line == expected))
    });
    assert!(has_locks(&child, &[&store, &memory]), "{input}");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_list_that_names_files_of_the_store() {
    keeps_its_locks("list: list.csv", &["0-hard.jpg", "0-soft.jpg", "0-memory.jpg", "..//store.db"]);
}

#[test]
fn a_folder_with_links_to_the_store() {
    keeps_its_locks("folder: pages, follow_links: true, detect: content", &["0-hard.jpg", "0-soft.jpg"]);
}

#[test]
fn a_folder_with_a_hard_link_to_the_store() {
    keeps_its_locks("folder: pages", &["0-hard.jpg"]);
}

#[test]
fn a_store_with_two_names_is_reported() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    let ran = bench.run(&[]);
    assert!(ran.code == 0 && !ran.stderr.contains("hard links"), "{}", ran.stderr);
    std::fs::hard_link(bench.path("store.db"), bench.path("other.db")).unwrap();
    let ran = bench.run(&[]);
    assert!(ran.code == 0 && ran.stderr.contains("store.db has 2 names (hard links)"), "{}", ran.stderr);
}

/// SQLite's other files, and docmill's, are beside the file that the link names. Whoever uses the store by another name
/// has to find them.
#[test]
fn a_store_named_by_a_link_is_the_store_itself() {
    let bench = Bench::with_pages(3).simulator(hanging_after(1));
    bench.job("limits: {concurrency: 1}");
    assert_eq!(bench.run(&["--limit", "0", "--store", "deep/store.db"]).code, 0);
    symlink("deep/store.db", bench.path("link.db")).unwrap();
    assert_eq!(bench.run(&["--limit", "1", "--store", "link.db"]).code, 0);
    assert!(bench.path("deep/partial/out.csv").exists() && !bench.path("partial").exists());
    let mut child = bench.start(&["-q", "--store", "link.db"]);
    under_way(&bench, &mut child, 2);
    let states = || {
        let runs = bench.docmill(&["runs", "job.yaml", "--format", "json", "--store", "deep/store.db"]).stdout;
        let history: serde_json::Value = serde_json::from_str(&runs).unwrap();
        history["runs"].as_array().unwrap().iter().map(|run| run["outcome"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(states(), ["running", "limited", "limited"]);
    for (output, what) in [("deep/store.db-wal", "the store"), ("deep/partial/rows.csv", "a partial output")] {
        let refused = bench.docmill(&["export", "job.yaml", "--csv", output, "--store", "link.db"]);
        let words = format!("would overwrite {what}");
        assert!(refused.code == 2 && refused.stderr.contains(&words), "{output}: {}", refused.stderr);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(states(), ["died", "limited", "limited"], "without its lock, a run is alive for a minute");
    let bench = bench.simulator(Options::default());
    bench.job("limits: {concurrency: 1}");
    assert_eq!(bench.run(&["-q", "--store", "deep/store.db"]).code, 0);
    assert!(bench.path("out.csv").exists() && !bench.path("deep/partial").exists());
    let left: Vec<_> = std::fs::read_dir(bench.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let of_link = left.iter().filter(|name| name.to_string_lossy().starts_with("link.db")).count();
    assert_eq!(of_link, 1, "{left:?}");
}
