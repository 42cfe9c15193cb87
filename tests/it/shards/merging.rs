//! The merge of the stores of shards: as one undisturbed run, in any order, repeated, and after kills.

use super::{bench_with_copies, comparable, files_ending, put_single, run_shard, run_shards, store_of};
use crate::bench::{Bench, Ran, page, rows};
use crate::harness::wait::killed;
use crate::input::near_duplicates::drawn;
use docmill::internal::base::shard::Shard;
use docmill::internal::simulator::Options;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use std::process::Stdio;
use std::time::{Duration, Instant};

const SHARDS: u32 = 6;

fn merge(bench: &Bench, stores: &[String], into: &str, more: &[&str]) -> Ran {
    let stores: Vec<&str> = stores.iter().map(String::as_str).collect();
    bench.docmill(&[&["merge", "job.yaml", "-q"], stores.as_slice(), &["--store", into], more].concat())
}

fn stores(count: u32) -> Vec<String> {
    (0..count).map(|index| store_of(index, count)).collect()
}

fn remove_store(bench: &Bench, name: &str) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(bench.path(&format!("{name}{suffix}")));
    }
}

/// Kills a merge into a new store before its end, at the latest after this time.
fn kill_merge(bench: &Bench, stores: &[String], into: &str, after: Duration) {
    let stores: Vec<&str> = stores.iter().map(String::as_str).collect();
    let arguments = [&["merge", "job.yaml"], stores.as_slice(), &["--store", into]].concat();
    killed(after, || {
        remove_outputs(bench, into);
        bench.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    });
}

/// Removes a merged store and its outputs.
fn remove_outputs(bench: &Bench, store: &str) {
    remove_store(bench, store);
    for name in ["out.csv", "out.jsonl", "out.parquet", "report.json"] {
        let _ = std::fs::remove_file(bench.path(name));
    }
}

#[test]
fn merged_shards_are_one_run_in_any_order_however_often_and_whatever_is_killed() {
    let bench = bench_with_copies(30, "");
    put_single(&bench);
    assert_eq!(bench.docmill(&["run", "single.yaml", "-q"]).code, 0);
    let single = comparable(&rows(&bench.text("single.jsonl")));
    run_shards(&bench, SHARDS);
    let requests = bench.stats()["requests"].clone();
    let cases = (
        Just((0..SHARDS).collect::<Vec<u32>>()).prop_shuffle(),
        0..SHARDS as usize,
        // At which percentage of the time that a merge takes.
        prop::option::of(0..100_u32),
        // How many are merged by each call.
        1..=SHARDS as usize,
    );
    let first = std::cell::RefCell::new(None::<Vec<Value>>);
    let started = Instant::now();
    assert_eq!(merge(&bench, &stores(SHARDS), "all.db", &[]).code, 0);
    let whole = started.elapsed();
    let mut runner = TestRunner::new_with_rng(
        Config::with_cases(10),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let ran = runner.run(&cases, |(order, twice, percent, at_once)| {
        remove_outputs(&bench, "all.db");
        let mut order: Vec<String> = order.into_iter().map(|index| store_of(index, SHARDS)).collect();
        order.push(order[twice].clone());
        if let Some(percent) = percent {
            kill_merge(&bench, &order, "all.db", whole * percent / 100);
        }
        for part in order.chunks(at_once) {
            let ran = merge(&bench, part, "all.db", &["--allow-missing"]);
            prop_assert_eq!(ran.code, 0, "{}", ran.stderr);
        }
        let ran = merge(&bench, &order, "all.db", &[]);
        prop_assert_eq!(ran.code, 0, "{}", ran.stderr);
        prop_assert_eq!(comparable(&bench.rows()), single.clone());
        // Pages that are equal in different shards show the latency of any of their attempts.
        let rows = without_shared_latencies(&bench.rows());
        let expected = first.borrow_mut().get_or_insert_with(|| rows.clone()).clone();
        prop_assert_eq!(rows, expected, "the same in any order");
        let checked = bench.docmill(&["store", "check", "--store", "all.db"]);
        prop_assert_eq!(checked.code, 0, "{}", checked.stdout);
        Ok(())
    });
    ran.unwrap();
    assert_eq!(bench.stats()["requests"], requests, "nothing is sent");
    // The parts are in the output now.
    assert_eq!(files_ending(&bench, ".csv"), ["out.csv", "single.csv"]);
    assert_eq!(files_ending(&bench, ".csv.json"), Vec::<String>::new());
    // The next run of the whole input finds everything answered.
    let ran = bench.docmill(&["run", "job.yaml", "--store", "all.db", "-q", "--summary", "s.json"]);
    let summary: Value = serde_json::from_str(&bench.text("s.json")).unwrap();
    assert_eq!((ran.code, summary["pages"]["asked"].as_u64()), (0, Some(0)), "{}", ran.stderr);
    assert_eq!(bench.stats()["requests"], requests);
}

/// The shards were asked other questions than those of the current manifest.
#[test]
fn a_merge_with_a_changed_manifest_names_what_differs() {
    let bench = Bench::with_pages(6).simulator(Options::default());
    bench.job("");
    run_shards(&bench, 2);
    let text = bench.text("job.yaml");
    let changed = text.replacen("letter, form]", "letter, memo]", 1);
    assert_ne!(changed, text);
    bench.put("job.yaml", changed.as_bytes());
    let lineage = ["--lineage", "events.jsonl"];
    let ran = merge(&bench, &stores(2), "all.db", &lineage);
    assert_eq!(ran.code, 9, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("6 pages have no answer under the current manifest; new or changed since the shards ran: `kind`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("merge with the manifest that the shards had"), "{}", ran.stderr);
    bench.put("job.yaml", text.as_bytes());
    assert_eq!(merge(&bench, &stores(2), "all.db", &lineage).code, 0);
    // Each merge is a run for whoever follows the data.
    let events = rows(&bench.text("events.jsonl"));
    let kinds: Vec<&str> = events.iter().map(|event| event["eventType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["START", "FAIL", "START", "COMPLETE"]);
    let outputs = events[3]["outputs"].as_array().unwrap();
    assert!(outputs.iter().any(|output| output["name"].as_str().unwrap().ends_with("/out.parquet")), "{}", events[3]);
    assert_eq!(events[3]["run"]["runId"], events[2]["run"]["runId"]);
    assert_ne!(events[3]["run"]["runId"], events[0]["run"]["runId"]);
}

/// Rows without the latency of pages with the content of another one.
fn without_shared_latencies(rows: &[Value]) -> Vec<Value> {
    let is_shared = |row: &Value| rows.iter().filter(|other| other["content_hash"] == row["content_hash"]).count() > 1;
    let mut stripped = rows.to_vec();
    for (stripped, _) in stripped.iter_mut().zip(rows).filter(|(_, row)| is_shared(row)) {
        stripped.as_object_mut().unwrap().remove("latency_ms");
    }
    stripped
}

/// An amount of money, in dollars.
fn usd(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

/// The cost of removed and pruned pages still counts, in any of the stores.
#[test]
fn spend_of_pruned_attempts_is_merged_run_by_run() {
    let bench = bench_with_copies(12, "input: {folder: pages, allow_empty: true}");
    let job = bench.text("job.yaml").replacen("input: {folder: pages}\n", "", 1);
    bench.put("job.yaml", job.as_bytes());
    let spent = |store: &str| {
        let shown = bench.docmill(&["report", "--store", store, "--budgets", "--format", "json"]);
        let budgets: Value =
            serde_json::from_str(&shown.stdout).unwrap_or_else(|error| panic!("{error}: {}", shown.stderr));
        usd(&budgets[0]["spent_usd"])
    };
    run_shards(&bench, 2);
    assert_eq!(merge(&bench, &stores(2), "noon.db", &[]).code, 0);
    let each: Vec<f64> = stores(2).iter().map(|store| spent(store)).collect();
    assert!(each.iter().all(|spent| *spent > 0.0) && (spent("noon.db") - each[0] - each[1]).abs() < 1e-9);
    std::fs::remove_dir_all(bench.path("pages")).unwrap();
    std::fs::create_dir(bench.path("pages")).unwrap();
    run_shards(&bench, 2);
    for store in stores(2) {
        bench.age(&store);
        let pruned = bench.docmill(&["store", "prune", "--older-than", "1h", "--store", &store]);
        assert!(pruned.code == 0 && !pruned.stdout.contains(" 0 attempts"), "{}", pruned.stdout);
    }
    // Into a new store, into one that has the attempts, again, and with a store that has merged them.
    let all: Vec<String> = stores(2).into_iter().chain(["noon.db".to_owned()]).collect();
    for (sources, into) in [(&stores(2), "new.db"), (&stores(2), "noon.db"), (&stores(2), "noon.db"), (&all, "both.db")]
    {
        let ran = merge(&bench, sources, into, &[]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let merged = spent(into);
        assert!((merged - each[0] - each[1]).abs() < 1e-9, "{into}: {merged} of {each:?}");
    }
}

#[test]
fn the_merged_report_is_the_sum_of_those_of_the_shards() {
    let bench = bench_with_copies(16, "");
    let summaries = run_shards(&bench, 4);
    assert_eq!(merge(&bench, &stores(4), "all.db", &["--summary", "s.json"]).code, 0);
    let merged: Value = serde_json::from_str(&bench.text("s.json")).unwrap();
    let reported = bench.docmill(&["report", "job.yaml", "--store", "all.db", "--format", "json"]);
    let reported: Value = serde_json::from_str(&reported.stdout).unwrap();
    let of_file = bench.report();
    for pointer in [
        "/pages/total",
        "/pages/asked",
        "/pages/from_store",
        "/pages/duplicates",
        "/pages/ok",
        "/pages/failed",
        "/requests/sent",
        "/attempts/sent",
        "/attempts/succeeded",
        "/tokens/input",
        "/tokens/output",
    ] {
        let sum: u64 = summaries.iter().map(|summary| summary.pointer(pointer).unwrap().as_u64().unwrap()).sum();
        for report in [&merged, &reported, &of_file] {
            assert_eq!(report.pointer(pointer).unwrap().as_u64(), Some(sum), "{pointer}");
        }
    }
    let sum: f64 = summaries.iter().map(|summary| usd(&summary["cost"]["total_usd"])).sum();
    for report in [&merged, &reported, &of_file] {
        assert!((usd(&report["cost"]["total_usd"]) - sum).abs() < 1e-9, "{}", report["cost"]);
        let saved = |report: &Value| usd(&report["saved"]["duplicates_usd"]);
        assert!((saved(report) - summaries.iter().map(saved).sum::<f64>()).abs() < 1e-9, "{}", report["saved"]);
        let of_asked = report["pages"]["asked"].as_f64().unwrap() / 1000.0;
        assert!((usd(&report["cost"]["per_1000_pages_asked_usd"]) * of_asked - sum).abs() < 1e-6, "{}", report["cost"]);
        assert_eq!((&report["runs"], &report["shard"]), (&4.into(), &Value::Null));
    }
    assert_eq!((&merged["outcome"], &merged["exit_code"]), (&"complete".into(), &0.into()));
    // Budgets are charges.
    let budgets = bench.docmill(&["report", "job.yaml", "--store", "all.db", "--budgets", "--format", "json"]).stdout;
    assert!(budgets.contains(&format!("{sum:.6}")[..6]), "{budgets} {sum}");
}

#[test]
fn near_duplicates_are_compared_across_shards() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    for at in 0..9 {
        bench.put(&format!("pages/{at}.jpg"), &drawn(1, at, 60 + 3 * u8::try_from(at).unwrap()));
    }
    bench.put("pages/other.jpg", &drawn(2, 3, 80));
    bench.job("");
    let job = bench.text("job.yaml").replace("folder: pages", "folder: pages, near_duplicates: 12");
    bench.put("job.yaml", job.as_bytes());
    run_shards(&bench, 3);
    assert_eq!(merge(&bench, &stores(3), "all.db", &[]).code, 0);
    let merged = bench.rows();
    let shard = |path: &Value| Shard::of_path(path.as_str().unwrap().as_bytes(), 3);
    let copies: Vec<&Value> = merged.iter().filter(|row| !row["duplicate_of"].is_null()).collect();
    assert!(copies.iter().any(|row| shard(&row["duplicate_of"]) != shard(&row["path"])), "{copies:?}");
    assert_eq!(copies.len() as u64, bench.report()["pages"]["near_duplicates"].as_u64().unwrap());
    assert_eq!(copies.len() as u64, 10 - bench.stats()["requests"].as_u64().unwrap(), "who was asked stays so");
    // A run finds the same.
    let before = bench.text("out.csv");
    assert_eq!(bench.run(&["--store", "all.db"]).code, 0);
    assert_eq!(bench.text("out.csv"), before);
}

#[test]
fn failed_pages_are_judged_over_all_shards() {
    let bench = bench_with_copies(6, "");
    bench.job("on_error: {max_failed: 0%}");
    assert!(run_shards(&bench, 3).iter().all(|summary| summary["exit_code"] == 0));
    let ran = merge(&bench, &stores(3), "all.db", &[]);
    assert!(
        ran.code == 3 && ran.stderr.contains("1 of 9 pages is failed, invalid or refused (11.11 %), more than"),
        "{} {}",
        ran.code,
        ran.stderr
    );
    assert_eq!(bench.rows().len(), 9, "the rows are written as by a run");
}

#[test]
fn a_shard_that_stopped_early_makes_the_merge_end_like_it() {
    let bench = Bench::with_pages(40).simulator(Options::default());
    bench.job("limits: {budget_usd: 0.1}");
    run_shards(&bench, 2);
    let ran = merge(&bench, &stores(2), "all.db", &[]);
    assert!(
        ran.code == 4 && ran.stderr.contains("did not finish") && ran.stderr.contains("budget_reached"),
        "{} {}",
        ran.code,
        ran.stderr
    );
    assert!(!bench.path("out.csv").exists() && bench.path("partial/out.csv").exists());
    for index in 0..2 {
        assert_eq!(run_shard(&bench, &format!("{index}/2"), &["--budget-usd", "4"])["exit_code"], 0);
    }
    assert_eq!(merge(&bench, &stores(2), "all.db", &[]).code, 0);
    assert_eq!(bench.rows().len(), 40);
    assert!(!bench.path("partial").exists());
    // Both runs of a shard are its night.
    let spent: f64 = bench.rows().iter().map(|row| usd(&row["cost_usd"])).sum();
    assert!((usd(&bench.report()["cost"]["total_usd"]) - spent).abs() < 1e-9);
}

#[test]
fn a_later_night_replaces_what_the_shards_have_found_before() {
    let bench = bench_with_copies(12, "");
    run_shards(&bench, 3);
    assert_eq!(merge(&bench, &stores(3), "all.db", &[]).code, 0);
    let earlier: Vec<Vec<u8>> = stores(3).iter().map(|store| std::fs::read(bench.path(store)).unwrap()).collect();
    std::fs::remove_file(bench.path("pages/0/0003.jpg")).unwrap();
    bench.put("pages/1/0004.jpg", &page(400));
    bench.put("pages/new.jpg", &page(500));
    run_shards(&bench, 3);
    assert_eq!(merge(&bench, &stores(3), "all.db", &[]).code, 0);
    put_single(&bench);
    assert_eq!(bench.docmill(&["run", "single.yaml", "-q"]).code, 0);
    let single = comparable(&rows(&bench.text("single.jsonl")));
    assert_eq!(comparable(&bench.rows()), single);
    // Runs are in the order of time, not in that of shards, also in a store that gets both nights at once.
    assert_eq!(merge(&bench, &stores(3), "new.db", &[]).code, 0);
    for store in ["all.db", "new.db"] {
        let runs = bench.docmill(&["runs", "job.yaml", "--format", "json", "--store", store]).stdout;
        let runs: Value = serde_json::from_str(&runs).unwrap();
        let started = runs["runs"].as_array().unwrap().iter().map(|run| run["started"].as_str().unwrap());
        let started: Vec<&str> = started.collect();
        assert!(started.len() == 6 && started.iter().rev().is_sorted(), "{store}: {started:?}");
    }
    // Copies of the earlier night no longer count for files.
    for (store, bytes) in stores(3).iter().zip(&earlier) {
        remove_store(&bench, store);
        bench.put(store, bytes);
    }
    assert_eq!(merge(&bench, &stores(3), "all.db", &[]).code, 0);
    assert_eq!(comparable(&bench.rows()), single);
}

#[test]
fn human_answers_of_all_shards_are_kept_and_the_latest_wins() {
    let bench = Bench::with_pages(8).simulator(Options::default());
    bench.put("pages/copy.jpg", &page(0));
    bench.job("");
    run_shards(&bench, 8);
    let of_path = |path: &str| {
        let shard = Shard::of_path(path.as_bytes(), 8).unwrap();
        store_of(shard.index(), 8)
    };
    assert_ne!(of_path("00000.jpg"), of_path("copy.jpg"), "the same page in two shards");
    let answer = |path: &str, value: &str, reviewer: &str, at: &str| {
        bench.put(
            "a.csv",
            format!("path,page,task,value,reviewer,decided_at\n{path},1,kind,{value},{reviewer},{at}\n").as_bytes(),
        );
        let ran = bench.docmill(&["answers", "import", "job.yaml", "a.csv", "--store", &of_path(path)]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    };
    answer("00000.jpg", "form", "ann", "2026-11-23T10:00:00Z");
    answer("copy.jpg", "letter", "bob", "2026-11-23T11:00:00Z");
    answer("00003.jpg", "invoice", "bob", "2026-11-23T12:00:00Z");
    for order in [stores(8), stores(8).into_iter().rev().collect()] {
        remove_store(&bench, "all.db");
        assert_eq!(merge(&bench, &order, "all.db", &[]).code, 0);
        assert_eq!(merge(&bench, &order, "all.db", &[]).code, 0);
        let kinds: Vec<(Value, Value)> =
            bench.rows().iter().map(|row| (row["path"].clone(), row["kind"].clone())).collect();
        for (path, kind) in [("00000.jpg", "letter"), ("copy.jpg", "letter"), ("00003.jpg", "invoice")] {
            assert!(kinds.contains(&(path.into(), kind.into())), "{path}: {kinds:?}");
        }
        let exported = bench.docmill(&["answers", "export", "job.yaml", "--store", "all.db"]);
        // Each decision is a line for each row that shows it.
        let decisions: std::collections::BTreeSet<&str> =
            exported.stdout.lines().skip(1).map(|line| line.split_once(',').unwrap().1).collect();
        assert_eq!(decisions.len(), 3, "{}", exported.stdout);
    }
}

#[test]
fn shards_of_different_machines_find_their_pages_in_different_folders() {
    let bench = bench_with_copies(9, "");
    put_single(&bench);
    assert_eq!(bench.docmill(&["run", "single.yaml", "-q"]).code, 0);
    run_shard(&bench, "0/2", &[]);
    // Another machine has the same files elsewhere.
    let elsewhere = Bench::with_pages(0);
    for name in ["pages/0", "pages/1", "pages/2"] {
        for entry in std::fs::read_dir(bench.path(name)).unwrap().map(Result::unwrap) {
            let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
            elsewhere.put(&name, &std::fs::read(entry.path()).unwrap());
        }
    }
    elsewhere.put("job.yaml", bench.text("job.yaml").as_bytes());
    assert_eq!(elsewhere.run(&["--shard", "1/2", "-q"]).code, 0);
    let far = elsewhere.path(&store_of(1, 2)).to_str().unwrap().to_owned();
    let ran = merge(&bench, &[store_of(0, 2), far], "all.db", &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(comparable(&bench.rows()), comparable(&rows(&bench.text("single.jsonl"))));
}
