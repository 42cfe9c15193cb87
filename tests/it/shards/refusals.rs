//! Stores that are not merged, and runs that are refused.

use super::{bench_with_copies, run_shard, run_shards, store_of};
use crate::bench::{Bench, under_way};
use docmill::internal::simulator::Options;
use std::time::Duration;

/// A message on one line.
fn refused(bench: &Bench, arguments: &[&str], message: &str) {
    let ran = bench.docmill(arguments);
    assert!(ran.code == 2 && ran.stderr.contains(message), "{arguments:?}: {} {}", ran.code, ran.stderr);
}

#[test]
fn a_store_belongs_to_one_shard_or_to_none() {
    let bench = Bench::with_pages(6).simulator(Options::default());
    bench.job("");
    assert_eq!(run_shard(&bench, "0/2", &[])["exit_code"], 0);
    let requests = bench.stats()["requests"].clone();
    let store = store_of(0, 2);
    refused(
        &bench,
        &["run", "job.yaml", "--shard", "1/2", "--store", &store],
        "the store is that of shard 0/2, and this is a run of shard 1/2",
    );
    refused(&bench, &["run", "job.yaml", "--shard", "0/3", "--store", &store], "this is a run of shard 0/3");
    refused(&bench, &["run", "job.yaml", "--store", &store], "this is a run of the whole input");
    assert_eq!(bench.stats()["requests"], requests, "nothing is sent");
    assert_eq!(bench.run(&["-q"]).code, 0);
    refused(&bench, &["run", "job.yaml", "--shard", "1/2", "--store", "store.db"], "the store holds the whole input");
    assert_eq!(bench.docmill(&["run", "job.yaml", "--shard", "0/2", "--store", &store, "-q"]).code, 0);
    refused(&bench, &["run", "job.yaml", "--shard", "2/2"], "2 shards count from 0 to 1");
    refused(&bench, &["run", "job.yaml", "--parallel", "2"], "--shard");
    bench.job("limits: {requests_per_minute: 3}");
    refused(
        &bench,
        &["run", "job.yaml", "--shard", "0/4"],
        "limits.requests_per_minute is 3, which can't be divided among 4 shards",
    );
    assert_eq!(bench.run(&["--shard", "0/4", "--parallel", "1", "-q"]).code, 0);
}

#[test]
fn only_stores_that_belong_together_are_merged() {
    let bench = bench_with_copies(9, "");
    run_shards(&bench, 3);
    run_shard(&bench, "0/2", &[]);
    let stores: Vec<String> = (0..3).map(|index| store_of(index, 3)).collect();
    let merge = |stores: &[&str], more: &[&str]| {
        [&["merge", "job.yaml"], stores, &["--store", "all.db"], more]
            .concat()
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let is_refused = |stores: &[&str], message: &str| {
        let arguments = merge(stores, &[]);
        refused(&bench, &arguments.iter().map(String::as_str).collect::<Vec<_>>(), message);
        assert!(!bench.path("all.db").exists() && !bench.path("out.csv").exists(), "nothing is written: {message}");
    };
    is_refused(&[&stores[0], &stores[2]], "shard 1/3 is missing");
    is_refused(&[&stores[1]], "shards 0/3, 2/3 are missing");
    is_refused(&[&stores[0], &stores[1], &stores[2], &store_of(0, 2)], "different numbers of shards: 2, 3");
    is_refused(&[&stores[0], "none.db"], "there is no store at");
    bench.put("foreign.db", b"this is not a database at all, but it is long enough to look like one .................");
    let foreign = bench.docmill(&["merge", "job.yaml", &stores[0], "foreign.db", "--store", "all.db"]);
    assert!(foreign.code == 8 && foreign.stderr.contains("is not a docmill store"), "{}", foreign.stderr);
    assert!(!bench.path("all.db").exists());
    refused(&bench, &["merge", "job.yaml", &stores[0], "--store", &stores[0]], "is merged into itself");
    refused(&bench, &["merge", "job.yaml", &stores[0], "--store", &stores[1]], "is the store of shard 1/3");
    // Stores of another job.
    bench.second_job("other");
    refused(
        &bench,
        &["merge", "other.yaml", &stores[0], "--store", "all.db"],
        "has no run of the job `other`; it has: test",
    );
    // The existing shards are merged on request, into partial outputs.
    let arguments = merge(&[&stores[0], &stores[2]], &["--allow-missing", "--summary", "s.json"]);
    let ran = bench.docmill(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("shard 1/3 is missing") && !bench.path("out.csv").exists(), "{}", ran.stderr);
    let summary: serde_json::Value = serde_json::from_str(&bench.text("s.json")).unwrap();
    assert_eq!((&summary["outcome"], &summary["outputs"][0]["partial"]), (&"limited".into(), &true.into()));
    // The last one makes it whole.
    let ran = bench.docmill(&["merge", "job.yaml", &stores[1], "--store", "all.db"]);
    assert_eq!((ran.code, bench.rows().len()), (0, 12), "{}", ran.stderr);
}

/// What a process leaves that dies after it has taken over a base and before its run has begun.
#[test]
fn a_shard_that_has_never_run_is_not_merged() {
    use docmill::internal::store::{BaseStore, MergedJob, Shard};
    let bench = bench_with_copies(9, "");
    assert_eq!(bench.run(&["-q"]).code, 0);
    run_shard(&bench, "0/2", &["--base", "store.db"]);
    let job = docmill::internal::manifest::load(&bench.path("job.yaml"), &|_| None).unwrap();
    let merged = MergedJob {
        identity: job.identity(),
        name: job.name.clone(),
        manifest: job.source.clone(),
        policy: String::new(),
        at_ms: 0,
    };
    let (base, into) = (bench.path("store.db"), bench.path(&store_of(1, 2)));
    BaseStore::open(&base, &into, merged).unwrap().take_over_shard(Shard::new(1, 2)).unwrap();
    let merge = ["merge", "job.yaml", &store_of(0, 2), &store_of(1, 2), "--store", "all.db"];
    refused(&bench, &merge, "shard 1/2 has never run");
    assert!(!bench.path("all.db").exists());
    std::fs::copy(&into, bench.path("copy.db")).unwrap();
    run_shard(&bench, "1/2", &["--base", "store.db"]);
    assert_eq!(bench.docmill(&merge).code, 0);
    // Beside the store of an attempt that has run, such a copy adds nothing.
    let ran = bench.docmill(&["merge", "job.yaml", &store_of(0, 2), "copy.db", &store_of(1, 2), "--store", "two.db"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn stores_in_use_are_not_merged() {
    let bench = Bench::with_pages(12).simulator(Options { latency: Duration::from_secs(20), ..Options::default() });
    bench.job("");
    let mut child = bench.start(&["--shard", "0/1"]);
    under_way(&bench, &mut child, 1);
    refused(&bench, &["merge", "job.yaml", &store_of(0, 1), "--store", "all.db"], "is using the store");
    child.kill().unwrap();
    child.wait().unwrap();
    // A run that was killed is recorded as such: what it had sent is lost.
    let ran = bench.docmill(&["merge", "job.yaml", &store_of(0, 1), "--store", "all.db", "--summary", "s.json"]);
    assert_eq!(ran.code, 9, "{}", ran.stderr);
    let summary: serde_json::Value = serde_json::from_str(&bench.text("s.json")).unwrap();
    assert!(summary["attempts"]["lost"].as_u64().unwrap() > 0, "{summary}");
    assert_eq!(bench.docmill(&["store", "check", "--store", "all.db"]).code, 0);
}
