//! Shards of a job, and the merge of their stores.

mod base;
mod clocks;
mod known_files;
mod merging;
mod newer_stores;
mod plans;
mod refusals;
mod reviews;
mod running;

use crate::bench::{Bench, page};
use docmill::internal::simulator::Options;
use serde_json::Value;

/// What a run of a shard leaves in its summary.
pub(crate) fn run_shard(bench: &Bench, shard: &str, more: &[&str]) -> Value {
    let summary = format!("summary-{}.json", shard.replace('/', "-"));
    let ran = bench.run(&[&["--shard", shard, "--summary", &summary, "-q"], more].concat());
    let summary: Value =
        serde_json::from_str(&bench.text(&summary)).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    assert_eq!(summary["exit_code"], ran.code, "{}", ran.stderr);
    summary
}

/// Runs all shards; their summaries.
pub(crate) fn run_shards(bench: &Bench, count: u32) -> Vec<Value> {
    (0..count).map(|index| run_shard(bench, &format!("{index}/{count}"), &[])).collect()
}

/// The store of a shard.
pub(crate) fn store_of(index: u32, count: u32) -> String {
    format!("store-{index:05}-of-{count:05}.db")
}

/// The names of the part files and their manifests that end so.
pub(crate) fn files_ending(bench: &Bench, ending: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(bench.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    names
}

/// A bench with pages in folders, some of which are equal, a file that is not a page, and a job for it.
pub(crate) fn bench_with_copies(count: u32, more: &str) -> Bench {
    let bench = Bench::with_pages(0).simulator(Options::default());
    for at in 0..count {
        bench.put(&format!("pages/{}/{at:04}.jpg", at % 3), &page(at));
    }
    bench.put("pages/0/copy of 1.jpg", &page(1));
    bench.put("pages/2/another copy of 1.jpg", &page(1));
    bench.put("pages/1/broken.jpg", b"not an image");
    bench.job(&format!("on_error: {{max_failed: 50%}}\n{more}"));
    bench
}

/// A job like `job.yaml` with another store and other outputs.
pub(crate) fn put_single(bench: &Bench) {
    let job = bench.text("job.yaml").replace("store.db", "single.db").replace("out.", "single.");
    bench.put("single.yaml", job.replace("report.json", "single-report.json").as_bytes());
}

/// Rows without what may differ between a run and a merge of shards: times, and for pages that are equal in
/// different shards what they cost and which of them is the first.
pub(crate) fn comparable(rows: &[Value]) -> Vec<Value> {
    let contents: Vec<&Value> = rows.iter().map(|row| &row["content_hash"]).collect();
    let strip = |row: &Value| {
        let is_shared = contents.iter().filter(|content| **content == &row["content_hash"]).count() > 1;
        let mut row = row.clone();
        let members = row.as_object_mut().unwrap();
        let times = ["latency_ms", "answered_at"];
        let spend = ["cost_usd", "attempts", "input_tokens", "cached_input_tokens", "output_tokens", "duplicate_of"];
        times.iter().for_each(|name| _ = members.remove(*name));
        if is_shared {
            spend.iter().for_each(|name| _ = members.remove(*name));
        }
        row
    };
    rows.iter().map(strip).collect()
}
