//! `--base`: earlier answers for shards of any number.

use super::{bench_with_copies, comparable, put_single, run_shards, store_of};
use crate::bench::{Bench, page, rows};
use serde_json::Value;

fn night(bench: &Bench, count: u32, base: &str, into: &str) -> Vec<Value> {
    let run = |index: u32| super::run_shard(bench, &format!("{index}/{count}"), &["--base", base]);
    let summaries = (0..count).map(run).collect();
    let stores: Vec<String> = (0..count).map(|index| store_of(index, count)).collect();
    let stores: Vec<&str> = stores.iter().map(String::as_str).collect();
    let ran = bench.docmill(&[&["merge", "job.yaml", "-q"], stores.as_slice(), &["--store", into]].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    summaries
}

fn asked(summaries: &[Value]) -> u64 {
    summaries.iter().map(|summary| summary["pages"]["asked"].as_u64().unwrap()).sum()
}

#[test]
fn what_is_taken_over_is_neither_paid_again_nor_doubled_and_follows_renamed_files() {
    let bench = bench_with_copies(20, "limits: {budget_usd: 1}");
    put_single(&bench);
    assert_eq!(bench.docmill(&["run", "single.yaml", "-q"]).code, 0);
    let first = super::run_shards(&bench, 3);
    let stores: Vec<String> = (0..3).map(|index| store_of(index, 3)).collect();
    let merge = [
        &["merge", "job.yaml", "-q"],
        stores.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
        &["--store", "one.db"],
    ]
    .concat();
    assert_eq!(bench.docmill(&merge).code, 0);
    let requests = bench.stats()["requests"].as_u64().unwrap();
    // Tonight there is another number of shards, a file was renamed, one is gone and one is new.
    std::fs::rename(bench.path("pages/0/0003.jpg"), bench.path("pages/2/renamed.jpg")).unwrap();
    std::fs::remove_file(bench.path("pages/1/0004.jpg")).unwrap();
    bench.put("pages/new.jpg", &page(900));
    let before = std::fs::read(bench.path("one.db")).unwrap();
    let plan = |base: &str| bench.docmill(&["plan", "job.yaml", "--shards", "5", "--base", base, "--format", "json"]);
    let planned: Value = serde_json::from_str(&plan("one.db").stdout).unwrap();
    assert_eq!(planned["to_ask"], 1, "{planned}");
    let missing = plan("none.db");
    assert!(
        missing.code == 2 && missing.stderr.contains("--base none.db: there is no such file"),
        "{}",
        missing.stderr
    );
    let tonight = night(&bench, 5, "one.db", "two.db");
    assert_eq!((asked(&tonight), bench.stats()["requests"].as_u64().unwrap() - requests), (1, 1), "only the new page");
    assert_eq!(std::fs::read(bench.path("one.db")).unwrap(), before, "the base is only read");
    assert_eq!(bench.docmill(&["run", "single.yaml", "-q"]).code, 0);
    assert_eq!(comparable(&bench.rows()), comparable(&rows(&bench.text("single.jsonl"))));
    assert_eq!(bench.docmill(&["store", "check", "--store", "two.db"]).code, 0);
    // The ledger has each attempt once.
    let attempts = |store: &str| {
        let stats = bench.docmill(&["store", "stats", "--json", "--store", store]).stdout;
        serde_json::from_str::<Value>(&stats).unwrap()["attempts"]["settled"].as_u64().unwrap()
    };
    let sent: u64 = first.iter().map(|summary| summary["attempts"]["sent"].as_u64().unwrap()).sum();
    // What no file of tonight shows was not taken over.
    assert!(attempts("two.db") <= sent + 1 && attempts("two.db") >= sent - 1, "{} {sent}", attempts("two.db"));
    let ran = bench.docmill(
        &[
            &["merge", "job.yaml", "-q", "one.db"],
            (0..5)
                .map(|index| store_of(index, 5))
                .collect::<Vec<_>>()
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .as_slice(),
            &["--store", "three.db"],
        ]
        .concat(),
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(attempts("three.db"), sent + 1, "with the base itself");
    assert_eq!(comparable(&bench.rows()), comparable(&rows(&bench.text("single.jsonl"))));
    // A night on which nothing happens.
    let quiet = night(&bench, 5, "two.db", "two.db");
    assert_eq!(asked(&quiet), 0);
    assert_eq!(comparable(&bench.rows()), comparable(&rows(&bench.text("single.jsonl"))));
}

fn spent(bench: &Bench, store: &str) -> f64 {
    let shown = bench.docmill(&["report", "--store", store, "--budgets", "--format", "json"]);
    let budgets: Value =
        serde_json::from_str(&shown.stdout).unwrap_or_else(|error| panic!("{error}: {}", shown.stderr));
    budgets[0]["spent_usd"].as_str().unwrap().parse().unwrap()
}

/// What a shard has spent today is in its own store and in the base that was merged from it: it counts once.
#[test]
fn a_base_leaves_a_shard_what_it_has_not_spent_itself() {
    let bench = bench_with_copies(12, "");
    run_shards(&bench, 2);
    let stores = [store_of(0, 2), store_of(1, 2)];
    assert_eq!(bench.docmill(&["merge", "job.yaml", "-q", &stores[0], &stores[1], "--store", "noon.db"]).code, 0);
    let before = spent(&bench, "noon.db");
    (0..12).for_each(|at| bench.put(&format!("pages/afternoon/{at}.jpg"), &page(500 + at)));
    // Enough for the same number of pages again, and for the headroom.
    let budget = format!("{:.6}", before * 2.6);
    for shard in ["0/2", "1/2"] {
        let summary = super::run_shard(&bench, shard, &["--base", "noon.db", "--budget-usd", &budget]);
        assert_eq!(summary["outcome"], "complete", "{summary}");
    }
    // Other shards, whose stores are new, have their part of the rest.
    (0..24).for_each(|at| bench.put(&format!("pages/evening/{at}.jpg"), &page(700 + at)));
    let run =
        |index: u32| super::run_shard(&bench, &format!("{index}/3"), &["--base", "noon.db", "--budget-usd", &budget]);
    let summaries: Vec<Value> = (0..3).map(run).collect();
    assert!(summaries.iter().any(|summary| summary["outcome"] == "budget_reached"), "{summaries:?}");
    let new: f64 = (0..3).map(|index| spent(&bench, &store_of(index, 3))).sum();
    assert!(before + new <= before * 2.6 + 1e-9, "{before} {new}");
}

#[test]
fn a_refresh_asks_what_was_taken_over_and_its_answers_win() {
    let bench = bench_with_copies(6, "");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let before: Vec<Value> = bench.rows().iter().map(|row| row["answered_at"].clone()).collect();
    let requests = bench.stats()["requests"].as_u64().unwrap();
    for index in 0..2 {
        let shard = format!("{index}/2");
        assert_eq!(super::run_shard(&bench, &shard, &["--base", "store.db", "--refresh"])["exit_code"], 0);
    }
    assert!(bench.stats()["requests"].as_u64().unwrap() >= requests * 2);
    let merge = ["merge", "job.yaml", "-q", &store_of(1, 2), "store.db", &store_of(0, 2), "--store", "all.db"];
    assert_eq!(bench.docmill(&merge).code, 0);
    let after: Vec<Value> = bench.rows().iter().map(|row| row["answered_at"].clone()).collect();
    let is_later = |(before, after): (&Value, &Value)| before.is_null() || before.as_str() < after.as_str();
    assert!(before.iter().zip(&after).all(is_later), "{before:?} {after:?}");
}

/// A plan only reads: files of an older docmill are unchanged.
#[test]
fn a_base_of_another_version_is_refused_and_stays_as_it_is() {
    let bench = bench_with_copies(4, "");
    assert_eq!(bench.run(&["-q"]).code, 0);
    std::fs::copy(bench.path("store.db"), bench.path("night.db")).unwrap();
    let db = rusqlite::Connection::open(bench.path("night.db")).unwrap();
    let version: i64 = db.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    db.pragma_update(None, "user_version", version - 1).unwrap();
    db.close().unwrap();
    let before = std::fs::read(bench.path("night.db")).unwrap();
    for arguments in [&["--shards", "2"][..], &["--shard", "0/2"]] {
        let plan = ["plan", "job.yaml", "--store", "new.db", "--base", "night.db"];
        let planned = bench.docmill(&[&plan[..], arguments].concat());
        assert!(planned.code == 2 && planned.stderr.contains("has another version"), "{}", planned.stderr);
        assert!(std::fs::read(bench.path("night.db")).unwrap() == before, "{arguments:?}");
    }
}
