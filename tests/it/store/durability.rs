//! Acknowledged data survives: deaths at every boundary, logs that were cut or torn, random histories against a simple
//! model, and syncs that come before what relies on them.

use super::dying;
use crate::bench::{Bench, under_way, without_times};
use crate::skip::{GCC, skip};
use docmill::internal::base::clock::SystemClock;
use docmill::internal::base::digest::Digest;
use docmill::internal::base::hooks::{NoHooks, Point};
use docmill::internal::base::json_text::JsonText;
use docmill::internal::base::random::Random;
use docmill::internal::pipeline::CONTENT_RULES;
use docmill::internal::simulator::Options;
use docmill::internal::store::{
    OutcomeStatus, PageId, ReadStore, RecipeId, RecipeRecord, Revision, RunId, RunStart, Store, TaskOutcome, Versions,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_death_at_every_boundary_loses_nothing_and_pays_at_most_what_was_in_flight() {
    let undisturbed = Bench::with_pages(12).simulator(Options::default());
    undisturbed.job("limits: {concurrency: 2}");
    assert_eq!(undisturbed.run(&["-q"]).code, 0);
    let expected = without_times(&undisturbed.rows());
    let first_and_late = |point| [1, 2, 7].map(|nth| (point, nth));
    let mut deaths: Vec<(Point, u32)> =
        [Point::Reserved, Point::Sent, Point::Replied, Point::Settled].into_iter().flat_map(first_and_late).collect();
    deaths.extend(
        [Point::TempWritten, Point::Renamed].into_iter().flat_map(|point| [1, 2, 3, 4].map(|nth| (point, nth))),
    );
    deaths.extend((1..=30).map(|nth| (Point::Committed, nth)));
    for (point, nth) in deaths {
        let bench =
            Bench::with_pages(12).simulator(Options { latency: Duration::from_millis(3), ..Options::default() });
        bench.job("limits: {concurrency: 2}");
        let has_died = dying::dies(&bench, point, nth);
        assert!(has_died || point == Point::Committed && nth > 12, "{point:?} {nth}");
        let sound = bench.docmill(&["store", "check", "--store", "store.db"]);
        // There may be no store yet, or none to speak of.
        assert!(sound.code == 0 || nth == 1 && sound.code == 2, "{point:?} {nth}: {}{}", sound.stdout, sound.stderr);
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 0, "{point:?} {nth}: {}", ran.stderr);
        assert_eq!(without_times(&bench.rows()), expected, "{point:?} {nth}");
        let requests = bench.stats()["requests"].as_u64().unwrap();
        assert!(requests <= 12 + 2, "{point:?} {nth}: {requests} requests, two were in flight");
        // A page whose outcome was durable is not asked again.
        if matches!(point, Point::Settled | Point::TempWritten | Point::Renamed) {
            assert!(requests <= 12 + 1, "{point:?} {nth}: {requests}");
        }
        let left = std::fs::read_dir(bench.path("")).unwrap().flatten().filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.ends_with(".lock")
        });
        assert_eq!(left.count(), 0, "{point:?} {nth}: no lock is left behind");
    }
}

const VERSIONS: Versions = Versions { decoder: 1, features: 1 };

fn page(number: u32) -> PageId {
    PageId { content: Digest::compute(&number.to_be_bytes()), page: 1 }
}

fn outcome(value: u64) -> TaskOutcome {
    TaskOutcome {
        status: OutcomeStatus::Ok,
        value: Some(value.into()),
        fault: None,
        is_transient: false,
        runs: 1,
        at_ms: i64::try_from(value).unwrap(),
        revision: Revision::NONE,
    }
}

/// Opens a store and begins a run; the recipes' keys.
fn begin(path: &Path, run: u32) -> (Store, Vec<RecipeId>) {
    let store = Store::open(path, Arc::new(SystemClock::default()), Arc::new(NoHooks)).unwrap();
    let recipes = ["a", "b"].map(|task| RecipeRecord {
        task: task.into(),
        hash: Digest::compute(task.as_bytes()),
        body: JsonText::parse("{}").unwrap(),
    });
    let start = RunStart {
        run_id: RunId::new(format!("run-{run}")),
        job: Digest::compute(b"job"),
        slots: Vec::new(),
        former: None,
        job_name: "job".into(),
        manifest: String::new(),
        settings: "{}".into(),
        is_try: false,
        model: "m".into(),
        endpoint: "e".into(),
        provider: "p".into(),
        recipes: recipes.to_vec(),
        policy: String::new(),
        selection: None,
        shows_notices: true,
        attempt_timeout: Duration::from_secs(60),
        shard: None,
        at_ms: 1,
    };
    let keys = store.begin_run(start).unwrap();
    (store, keys.tasks.iter().map(|task| task.recipe_id).collect())
}

/// The pages and recipes of a store.
fn values(path: &Path, pages: u32, recipes: &[RecipeId]) -> BTreeMap<(u32, usize), u64> {
    let reader = ReadStore::open(path).unwrap().reader().unwrap();
    let mut found = BTreeMap::new();
    for number in 0..pages {
        let known = reader.stored_page(None, &page(number), recipes, VERSIONS).unwrap();
        for (at, outcome) in known.outcomes.iter().enumerate() {
            if let Some(outcome) = outcome {
                found.insert((number, at), outcome.value.as_ref().and_then(serde_json::Value::as_u64).unwrap());
            }
        }
    }
    found
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// The files as they would be after a loss of power: only their synced content.
fn copy(path: &Path, to: &Path, log: &[u8]) {
    std::fs::copy(path, to).unwrap();
    std::fs::write(log_of(to), log).unwrap();
    let mut shared = to.as_os_str().to_owned();
    shared.push("-shm");
    let _ = std::fs::remove_file(shared);
}

#[test]
fn a_log_that_was_cut_or_torn_gives_the_state_after_some_whole_commit() {
    let folder = tempfile::tempdir().unwrap();
    let (path, after) = (folder.path().join("store.db"), folder.path().join("after.db"));
    let (store, recipes) = begin(&path, 1);
    // After each acknowledgement: the length of the log, and the acknowledged data.
    let mut acknowledged = vec![];
    for number in 0..24_u32 {
        store.put_outcomes_blocking(page(number), vec![(recipes[0], outcome(number.into()))]).unwrap();
        acknowledged.push(std::fs::metadata(log_of(&path)).unwrap().len());
    }
    let log = std::fs::read(log_of(&path)).unwrap();
    let random = Random::new(3);
    let below = |most: usize| random.next_u64() as usize % most;
    for round in 0..400 {
        // The last writes may be missing, incomplete, or garbage.
        let cut = if round % 4 == 0 {
            acknowledged[below(24)] as usize
        } else {
            acknowledged[0] as usize + below(log.len() - acknowledged[0] as usize)
        };
        let mut torn = log[..cut].to_vec();
        match round % 3 {
            0 => {}
            1 => torn.extend((0..below(9000)).map(|_| random.next_u64() as u8)),
            _ => torn.resize(cut + below(9000), 0),
        }
        copy(&path, &after, &torn);
        let found = values(&after, 24, &recipes);
        let safe = acknowledged.iter().filter(|end| **end as usize <= cut).count() as u32;
        for number in 0..safe {
            assert_eq!(found.get(&(number, 0)), Some(&u64::from(number)), "acknowledged before byte {cut}");
        }
        let expected: Vec<u32> = (0..found.len() as u32).collect();
        assert_eq!(found.keys().map(|(number, _)| *number).collect::<Vec<_>>(), expected, "no later without earlier");
        assert!(docmill::internal::store::check(&after, &CONTENT_RULES).unwrap().is_empty());
    }
    store.close();
}

#[test]
fn random_histories_match_a_simple_model() {
    for seed in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let random = Random::new(seed);
        let below = |most: u64| random.next_u64() % most;
        let (mut path, mut model, mut copies) = (folder.path().join("store.db"), BTreeMap::new(), 0);
        let (mut store, mut recipes) = begin(&path, 0);
        for step in 1..=400_u64 {
            match below(20) {
                // A crash: the files remain, the process does not.
                0 => {
                    copies += 1;
                    let next = folder.path().join(format!("copy-{copies}.db"));
                    let log = std::fs::read(log_of(&path)).unwrap_or_default();
                    copy(&path, &next, &log);
                    path = next;
                    (store, recipes) = begin(&path, copies);
                }
                // An orderly end.
                1 => {
                    store.close();
                    copies += 1;
                    (store, recipes) = begin(&path, copies);
                }
                2 => {
                    let to = folder.path().join(format!("backup-{step}.db"));
                    docmill::internal::store::back_up(&path, &to).unwrap();
                    assert_eq!(values(&to, 30, &recipes), model, "a copy is what was there");
                }
                3 => assert!(docmill::internal::store::check(&path, &CONTENT_RULES).unwrap().is_empty()),
                _ => {
                    let (number, at) = (below(30) as u32, below(2) as usize);
                    store.put_outcomes_blocking(page(number), vec![(recipes[at], outcome(step))]).unwrap();
                    model.insert((number, at), step);
                }
            }
            if step % 20 == 0 {
                assert_eq!(values(&path, 30, &recipes), model, "seed {seed}, step {step}");
            }
        }
        store.close();
    }
}

#[test]
fn eight_processes_on_one_store_pay_once_and_write_the_same_rows() {
    let bench = Bench::with_pages(96).simulator(Options { latency: Duration::from_millis(15), ..Options::default() });
    bench.job("limits: {concurrency: 4}");
    let children: Vec<_> = (0..8)
        .map(|at| {
            bench.second_job(&format!("test{at}"));
            bench.command(&["run", &format!("test{at}.yaml"), "-q", "--progress", "off"]).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(bench.stats()["requests"], 96);
    let first = without_times(&crate::bench::rows(&bench.text("test0.jsonl")));
    assert_eq!(first.len(), 96);
    for at in 1..8 {
        assert_eq!(without_times(&crate::bench::rows(&bench.text(&format!("test{at}.jsonl")))), first);
    }
}

#[test]
fn a_clock_that_jumps_pays_nothing_twice_and_declares_no_run_dead() {
    let bench = Bench::with_pages(60).simulator(Options { latency: Duration::from_millis(250), ..Options::default() });
    bench.job("limits: {concurrency: 2, run_time: 10m, budget_usd: 5}");
    let mut jumping = dying::start_jumping(&bench, &[]);
    under_way(&bench, &mut jumping, 2);
    // Another run meanwhile, whose clock is right: to it the other's heartbeat is years off.
    bench.second_job("other");
    let ran = bench.docmill(&["run", "other.yaml", "-q"]);
    assert!(jumping.wait().unwrap().success());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(bench.stats()["requests"], 60, "nobody is declared dead");
    assert_eq!(without_times(&bench.rows()), without_times(&crate::bench::rows(&bench.text("other.jsonl"))));
    let report: serde_json::Value = serde_json::from_str(&bench.text("other.report.json")).unwrap();
    assert_eq!(report["attempts"]["lost"], 0);
    assert!(bench.report()["elapsed_seconds"].as_f64().unwrap() < 600.0, "no jump of the clock is part of it");
}

/// A library that stands between the program and the system, and notes the order of
/// writes to the log, syncs and requests.
const WATCHER: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>
static int unsynced = 0;
static void note(const char *what) {
    const char *path = getenv("WATCHER_LOG");
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    real(fd, what, strlen(what));
    close(fd);
}
static int is_log(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return size > 4 && strcmp(path + size - 4, "-wal") == 0;
}
/* Whether a page of the store has an attempt in this state. Other writes, such as heartbeats, may be on their way. */
static int has_attempt(const char *page, size_t n, const char *state) {
    size_t length = strlen(state);
    for (size_t at = 0; at + length + 2 <= n; at++)
        if (memcmp(page + at, state, length) == 0 && memcmp(page + at + length, "ai", 2) != 0) return 1;
    return 0;
}
ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = dlsym(RTLD_NEXT, "pwrite64");
    if (is_log(fd)) note("W\n");
    if (is_log(fd) && has_attempt(buf, n, "open")) { unsynced = 1; note("opened\n"); }
    if (is_log(fd) && has_attempt(buf, n, "settled")) { unsynced = 1; note("settled\n"); }
    return real(fd, buf, n, at);
}
ssize_t pwrite(int fd, const void *buf, size_t n, off_t at) { return pwrite64(fd, buf, n, at); }
int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fdatasync");
    int done = real(fd);
    if (is_log(fd)) { unsynced = 0; note("S\n"); }
    return done;
}
int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = dlsym(RTLD_NEXT, "fsync");
    int done = real(fd);
    if (is_log(fd)) { unsynced = 0; note("S\n"); }
    return done;
}
static void sending(const void *buf, size_t n) {
    if (n > 5 && memcmp(buf, "POST ", 5) == 0) note(unsynced ? "request, not synced\n" : "request\n");
}
ssize_t send(int fd, const void *buf, size_t n, int flags) {
    static ssize_t (*real)(int, const void *, size_t, int);
    if (!real) real = dlsym(RTLD_NEXT, "send");
    sending(buf, n);
    return real(fd, buf, n, flags);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    static ssize_t (*real)(int, const struct iovec *, int);
    if (!real) real = dlsym(RTLD_NEXT, "writev");
    if (count > 0) sending(parts[0].iov_base, parts[0].iov_len);
    return real(fd, parts, count);
}
ssize_t write(int fd, const void *buf, size_t n) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    sending(buf, n);
    return real(fd, buf, n);
}
"#;

/// After a loss of power the ledger knows every request that was sent, and the answers of
/// all before it: nothing is sent before the data is on the disk.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[test]
fn no_request_goes_out_before_the_ledger_is_on_the_disk() {
    let bench = Bench::with_pages(20).simulator(Options::default());
    bench.job("limits: {concurrency: 1}");
    bench.put("watcher.c", WATCHER.as_bytes());
    let built = std::process::Command::new("gcc")
        .args(["-shared", "-fPIC", "-O1", "-o", "watcher.so", "watcher.c", "-ldl"])
        .current_dir(bench.path(""))
        .status();
    if !built.is_ok_and(|status| status.success()) {
        return skip(GCC, "no_request_goes_out_before_the_ledger_is_on_the_disk");
    }
    let mut command = bench.command(&["run", "job.yaml", "-q"]);
    command.env("LD_PRELOAD", bench.path("watcher.so")).env("WATCHER_LOG", bench.path("log"));
    assert!(command.status().unwrap().success());
    let log = bench.text("log");
    let count = |what: &str| log.lines().filter(|line| *line == what).count();
    assert_eq!((count("request"), count("request, not synced")), (20, 0), "{log}");
    assert!(count("opened") >= 20 && count("settled") >= 20, "each is recorded as open, then as settled: {log}");
    assert!(count("S") >= 40 && count("W") > count("S"), "opened and settled, each synced: {} syncs", count("S"));
}
