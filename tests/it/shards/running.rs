//! A run of one shard: its files, its store, its part files, its limits.

use super::{bench_with_copies, files_ending, run_shard, run_shards, store_of};
use crate::bench::{Bench, hanging_after, rows, under_way};
use docmill::internal::base::shard::Shard;
use docmill::internal::simulator::Options;
use std::collections::BTreeSet;

#[test]
fn every_page_is_run_by_one_shard_with_files_of_its_own() {
    let bench = bench_with_copies(20, "");
    let summaries = run_shards(&bench, 4);
    let mut seen = BTreeSet::new();
    for (index, summary) in (0..).zip(&summaries) {
        let shard = Shard::new(index, 4).unwrap();
        assert_eq!((&summary["shard"], &summary["outcome"]), (&format!("{index}/4").into(), &"complete".into()));
        let own = rows(&bench.text(&format!("out-{index:05}-of-00004.jsonl")));
        assert_eq!(own.len() as u64, summary["pages"]["total"].as_u64().unwrap());
        for row in &own {
            let path = row["path"].as_str().unwrap();
            assert!(shard.has(path.as_bytes()) && seen.insert(path.to_owned()), "{path}");
        }
        let manifest: serde_json::Value =
            serde_json::from_str(&bench.text(&format!("_out-{index:05}-of-00004.jsonl.json"))).unwrap();
        assert_eq!((&manifest["shard"], manifest["rows"].as_u64()), (&summary["shard"], Some(own.len() as u64)));
        assert!(bench.path(&store_of(index, 4)).exists());
    }
    assert_eq!(seen.len(), 23);
    // The pages with three copies are asked by each shard that has one.
    let asked: u64 = summaries.iter().map(|summary| summary["pages"]["asked"].as_u64().unwrap()).sum();
    assert_eq!(bench.stats()["requests"], asked);
    assert!(!bench.path("store.db").exists() && !bench.path("out.csv").exists() && !bench.path("report.json").exists());
    // A second run of a shard sends nothing, and takes the files of others for none that are gone.
    let again = run_shard(&bench, "2/4", &[]);
    assert_eq!((&again["pages"]["asked"], &again["pages"]["total"]), (&0.into(), &summaries[2]["pages"]["total"]));
    // A single run of all finds each page once.
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.rows().len(), 23);
    // A later run that does not finish has its rows elsewhere, and leaves neither the part nor its manifest.
    for at in 0..16 {
        bench.put(&format!("pages/new-{at}.jpg"), &crate::bench::page(100 + at));
    }
    let stopped = bench.run(&["-q", "--shard", "2/4", "--budget-usd", "0.000001"]);
    assert_eq!(stopped.code, 4, "{}", stopped.stderr);
    for ending in [".csv", ".jsonl", ".parquet"] {
        let left = files_ending(&bench, ending).into_iter().filter(|name| name.starts_with("out-00002-of"));
        assert_eq!(left.collect::<Vec<_>>(), Vec::<String>::new());
        assert!(bench.path(&format!("out-00001-of-00004{ending}")).exists());
    }
    assert!(
        !bench.path("_out-00002-of-00004.jsonl.json").exists() && bench.path("_out-00001-of-00004.jsonl.json").exists()
    );
}

/// Who waits for the manifests of parts never takes those of an earlier run for those of one that is killed.
#[test]
fn a_killed_run_leaves_no_manifest_of_an_earlier_part() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.job("");
    let manifests = || files_ending(&bench, ".csv.json");
    assert_eq!(run_shard(&bench, "0/1", &[])["exit_code"], 0);
    assert_eq!(manifests(), ["_out-00000-of-00001.csv.json"]);
    // Nothing to send: the part is what it was.
    let before = std::fs::metadata(bench.path("out-00000-of-00001.csv")).unwrap().len();
    assert_eq!(run_shard(&bench, "0/1", &[])["exit_code"], 0);
    assert_eq!(manifests().len(), 1);
    bench.put("pages/new.jpg", &crate::bench::page(100));
    let bench = bench.simulator(hanging_after(0));
    bench.job("");
    let manifests = || files_ending(&bench, ".csv.json");
    let mut child = bench.start(&["--progress", "off", "--shard", "0/1"]);
    under_way(&bench, &mut child, 1);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(manifests(), Vec::<String>::new());
    assert_eq!(std::fs::metadata(bench.path("out-00000-of-00001.csv")).unwrap().len(), before);
    let bench = bench.simulator(Options::default());
    bench.job("");
    assert_eq!(run_shard(&bench, "0/1", &[])["exit_code"], 0);
    assert_eq!(files_ending(&bench, ".csv.json").len(), 1);
}

#[test]
fn lists_and_urls_are_divided_by_their_paths_before_anything_is_read() {
    let server = Bench::with_pages(0).simulator(Options::default());
    let url = |at: u32| format!("http://127.0.0.1:1/{at}.jpg");
    let list: String = (0..30).map(|at| format!("{},{at}\n", url(at))).collect();
    server.put("list.csv", format!("path,number\n{list}").as_bytes());
    server.job("on_error: {max_failed: 100%, stop_after: 0}");
    let input = "list: list.csv, allow_private_hosts: true";
    server.put("job.yaml", server.text("job.yaml").replace("folder: pages", input).as_bytes());
    let mut numbers = Vec::new();
    for (index, summary) in (0..).zip(run_shards(&server, 3)) {
        let shard = Shard::new(index, 3).unwrap();
        let expected: Vec<u32> = (0..30).filter(|at| shard.has(url(*at).as_bytes())).collect();
        assert_eq!(summary["pages"]["total"], expected.len());
        let own = rows(&server.text(&format!("out-{index:05}-of-00003.jsonl")));
        let found: Vec<u32> = own.iter().map(|row| row["number"].as_str().unwrap().parse().unwrap()).collect();
        assert_eq!(found, expected);
        numbers.extend(found);
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (0..30).collect::<Vec<_>>());
    // What would be read is listed in the same way.
    let listed = server.docmill(&["plan", "job.yaml", "--shard", "1/3", "--files"]);
    let shard = Shard::new(1, 3).unwrap();
    let expected: Vec<String> =
        (0..30).map(url).filter(|url| shard.has(url.as_bytes())).map(|url| format!("take   {url}  (url)")).collect();
    assert_eq!(listed.stdout.lines().collect::<Vec<_>>(), expected, "{}", listed.stderr);
}

#[test]
fn a_shard_without_files_and_one_with_failed_pages_succeed() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.put("pages/broken.jpg", b"not an image");
    bench.job("on_error: {max_failed: 0%}");
    let summaries = run_shards(&bench, 16);
    assert!(summaries.iter().all(|summary| summary["exit_code"] == 0), "{summaries:?}");
    assert!(summaries.iter().any(|summary| summary["pages"]["failed"] == 1));
    let empty = summaries.iter().position(|summary| summary["pages"]["total"] == 0).unwrap();
    assert_eq!(bench.text(&format!("out-{empty:05}-of-00016.csv")).lines().count(), 1, "the names of columns");
    assert_eq!(files_ending(&bench, ".parquet").len(), 16);
}

#[test]
fn kubernetes_names_the_shard_in_variables() {
    let bench = Bench::with_pages(4).simulator(Options::default());
    bench.job("");
    let auto = |variables: &[(&str, &str)]| {
        let mut command = bench.command(&["run", "job.yaml", "--shard", "auto", "-q"]);
        let command = command.env_remove("JOB_COMPLETION_INDEX").env_remove("DOCMILL_SHARDS");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let ran = auto(&[("JOB_COMPLETION_INDEX", "1"), ("DOCMILL_SHARDS", "2")]);
    assert_eq!(ran.0, Some(0), "{}", ran.1);
    assert!(bench.path(&store_of(1, 2)).exists());
    for (variables, message) in [
        (&[("DOCMILL_SHARDS", "2")][..], "JOB_COMPLETION_INDEX is not set"),
        (&[("JOB_COMPLETION_INDEX", "1")], "DOCMILL_SHARDS is not set"),
        (&[("JOB_COMPLETION_INDEX", "2"), ("DOCMILL_SHARDS", "2")], "2 shards count from 0 to 1"),
    ] {
        let ran = auto(variables);
        assert!(ran.0 == Some(2) && ran.1.contains(message), "{message}: {}", ran.1);
    }
}

#[test]
fn the_budget_is_divided_and_each_shard_counts_for_itself() {
    let bench = Bench::with_pages(40).simulator(Options::default());
    bench.job("limits: {budget_usd: 0.1}");
    let summaries = run_shards(&bench, 4);
    let spent: f64 =
        summaries.iter().map(|summary| summary["cost"]["total_usd"].as_str().unwrap().parse::<f64>().unwrap()).sum();
    assert!(spent > 0.0 && spent <= 0.1, "{spent}");
    let stopped = summaries.iter().filter(|summary| summary["outcome"] == "budget_reached").count();
    assert!(stopped > 0 && summaries.iter().all(|summary| [0, 4].contains(&summary["exit_code"].as_i64().unwrap())));
    // More at a time than there are is a mistake, which changes nothing.
    let ran = bench.run(&["-q", "--shard", "1/4", "--parallel", "500", "--limit", "0"]);
    assert!(ran.stderr.contains("--parallel 500 is more than the 4 shards"), "{}", ran.stderr);
    // The budget on the command line is also that of all shards.
    let more = run_shard(&bench, "0/4", &["--budget-usd", "4"]);
    assert_eq!((more["exit_code"].as_i64(), more["pages"]["pending"].as_u64()), (Some(0), Some(0)));
}

#[test]
fn other_commands_take_the_store_of_a_shard_for_what_it_is() {
    let bench = Bench::with_pages(12).simulator(Options::default());
    bench.job("");
    let summary = run_shard(&bench, "1/3", &[]);
    let (store, total) = (store_of(1, 3), summary["pages"]["total"].as_u64().unwrap());
    let with_store = |arguments: &[&str]| bench.docmill(&[arguments, &["--store", &store]].concat());
    std::fs::remove_file(bench.path("out-00001-of-00003.csv")).unwrap();
    let exported = with_store(&["export", "job.yaml"]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    assert!(exported.stdout.lines().all(|file| file.contains("out-00001-of-00003.")), "{}", exported.stdout);
    assert!(bench.path("out-00001-of-00003.csv").exists() && !bench.path("out.csv").exists());
    let refused = with_store(&["export", "job.yaml", "--csv", "out.csv"]);
    assert!(refused.code == 2 && refused.stderr.contains("an output of the whole job"), "{}", refused.stderr);
    assert_eq!(with_store(&["export", "job.yaml", "--csv", "other.csv"]).code, 0);
    let report: serde_json::Value =
        serde_json::from_str(&with_store(&["report", "job.yaml", "--format", "json"]).stdout).unwrap();
    assert_eq!((&report["shard"], report["pages"]["total"].as_u64()), (&"1/3".into(), Some(total)));
    let plan: serde_json::Value =
        serde_json::from_str(&with_store(&["plan", "job.yaml", "--format", "json"]).stdout).unwrap();
    assert_eq!((plan["files"].as_u64(), plan["to_ask"].as_u64()), (Some(total), Some(0)));
    assert_eq!(with_store(&["rows", "job.yaml", "--format", "json"]).stdout.lines().count() as u64, total);
}
