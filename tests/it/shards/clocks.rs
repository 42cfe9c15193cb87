//! Shards whose machines have clocks that differ, or are set back: the order of the runs in a store counts.

use super::{comparable, put_single, run_shard, store_of};
use crate::bench::{Bench, page, rows};
use docmill::internal::base::shard::Shard;
use docmill::internal::simulator::Options;
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeMap;

/// Moves the times of everything that the newest run of a store has done, in seconds.
fn move_newest_run(bench: &Bench, store: &str, seconds: i64) {
    let ms = seconds * 1000;
    let of_run = "request_id IN (SELECT id FROM requests WHERE run_id = (SELECT max(id) FROM runs))";
    Connection::open(bench.path(store))
        .unwrap()
        .execute_batch(&format!(
            "UPDATE runs SET started_at = started_at + {ms}, heartbeat = heartbeat + {ms}, ended_at = ended_at + {ms} WHERE id = (SELECT max(id) FROM runs);
             UPDATE attempts SET opened_at = opened_at + {ms}, settled_at = settled_at + {ms} WHERE {of_run};
             UPDATE answers SET at = at + {ms} WHERE {of_run};"
        ))
        .unwrap();
}

fn merge(bench: &Bench, stores: &[&str], into: &str, more: &[&str]) -> Value {
    let arguments =
        [&["merge", "job.yaml", "-q"], stores, &["--store", into, "--summary", "merged.json"], more].concat();
    let ran = bench.docmill(&arguments);
    let summary: Value = serde_json::from_str(&bench.text("merged.json")).unwrap();
    assert_eq!(summary["exit_code"], ran.code, "{}", ran.stderr);
    summary
}

/// A name of a new page that shard 0 of 2 has.
fn new_name() -> String {
    let names = (0..).map(|at| format!("new-{at}.jpg"));
    names.into_iter().find(|name| Shard::of_path(name.as_bytes(), 2) == Shard::new(0, 2)).unwrap()
}

#[test]
fn a_shard_that_was_continued_with_a_clock_that_is_behind_is_as_its_newest_run_has_left_it() {
    let bench = Bench::with_pages(24).simulator(Options::default());
    bench.job("");
    let (first, second) = (store_of(0, 2), store_of(1, 2));
    assert_eq!(run_shard(&bench, "1/2", &[])["exit_code"], 0);
    // The first run of shard 0 was killed, on a machine whose clock was an hour ahead.
    assert_eq!(run_shard(&bench, "0/2", &["--limit", "3"])["outcome"], "limited");
    let died = "UPDATE runs SET outcome = 'died', exit_code = NULL WHERE id = (SELECT max(id) FROM runs)";
    Connection::open(bench.path(&first)).unwrap().execute_batch(died).unwrap();
    move_newest_run(&bench, &first, 3600);
    let early = merge(&bench, &[&first, &second], "before.db", &[]);
    assert_eq!((&early["exit_code"], &early["outcome"]), (&9.into(), &"pages_pending".into()));
    // What has changed until the second one, which has the right time.
    let gone = bench.text(&format!("partial/{}", "out.jsonl"));
    let gone = rows(&gone).into_iter().map(|row| row["path"].as_str().unwrap().to_owned());
    let gone = gone.into_iter().find(|path| Shard::of_path(path.as_bytes(), 2) == Shard::new(0, 2)).unwrap();
    std::fs::remove_file(bench.path(&format!("pages/{gone}"))).unwrap();
    bench.put(&format!("pages/{}", new_name()), &page(900));
    let newest = run_shard(&bench, "0/2", &[]);
    assert_eq!(newest["outcome"], "complete");
    let reported = bench.docmill(&["report", "job.yaml", "--store", &first, "--format", "json"]);
    let reported: Value = serde_json::from_str(&reported.stdout).unwrap();
    assert_eq!(reported["run_id"], newest["run_id"], "the store of the shard");

    put_single(&bench);
    assert_eq!(bench.docmill(&["run", "single.yaml", "-q"]).code, 0);
    let single = comparable(&rows(&bench.text("single.jsonl")));
    for (into, stores) in [
        ("new.db", [first.as_str(), &second]),
        ("reversed.db", [second.as_str(), &first]),
        ("before.db", [first.as_str(), &second]),
        ("before.db", [second.as_str(), &first]),
    ] {
        let merged = merge(&bench, &stores, into, &[]);
        assert_eq!((&merged["outcome"], &merged["exit_code"]), (&"complete".into(), &0.into()), "{into}: {merged}");
        assert_eq!(comparable(&bench.rows()), single, "{into}");
        let runs = bench.docmill(&["runs", "job.yaml", "--format", "json", "--store", into]).stdout;
        let runs: Value = serde_json::from_str(&runs).unwrap();
        assert_eq!(runs["runs"][0]["run_id"], newest["run_id"], "{into}: {runs}");
        // Both runs of the shard are its night.
        assert_eq!(merged["runs"], 3, "{into}: {merged}");
        let spent = |summary: &Value| summary["cost"]["total_usd"].as_str().unwrap().parse::<f64>().unwrap();
        let sum: f64 = bench.rows().iter().map(|row| row["cost_usd"].as_str().unwrap().parse::<f64>().unwrap()).sum();
        assert!(spent(&merged) > sum - 1e-9, "{into}: {merged}");
    }
    // A merged store is a source like those that it unites.
    for sources in [&["new.db"][..], &["before.db", &first], &[&second, "reversed.db"]] {
        let _ = std::fs::remove_file(bench.path("united.db"));
        assert_eq!(merge(&bench, sources, "united.db", &[])["outcome"], "complete", "{sources:?}");
        assert_eq!(comparable(&bench.rows()), single, "{sources:?}");
    }
}

/// When each page of shard 0 was answered, by the rows.
fn answered(bench: &Bench) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let times = bench.rows().into_iter().map(|row| (text(&row["path"]), text(&row["answered_at"])));
    times.filter(|(path, _)| Shard::of_path(path.as_bytes(), 2) == Shard::new(0, 2)).collect()
}

/// Makes of a store what a copy of it would have been in the middle of its newest run, by a clock that was set back since:
/// half of the answers are those of `early`.
fn turn_back(bench: &Bench, store: &str, early: &str) {
    let db = Connection::open(bench.path(store)).unwrap();
    db.execute("ATTACH ?1 AS early", [bench.path(early).to_str().unwrap()]).unwrap();
    db.execute_batch(
        "CREATE TEMP TABLE later AS SELECT id FROM requests WHERE run_id = (SELECT max(id) FROM runs) AND page_id % 2 = 0;
         UPDATE runs SET ended_at = NULL, outcome = NULL, exit_code = NULL, heartbeat = heartbeat + 3600000 WHERE id = (SELECT max(id) FROM runs);
         DELETE FROM answers WHERE request_id IN (SELECT id FROM later);
         DELETE FROM attempts WHERE request_id IN (SELECT id FROM later);
         DELETE FROM requests WHERE id IN (SELECT id FROM later);
         INSERT OR IGNORE INTO answers SELECT * FROM early.answers;
         DETACH early;",
    )
    .unwrap();
}

#[test]
fn answers_of_the_newest_run_of_a_shard_win_whatever_its_clock_showed() {
    let bench = Bench::with_pages(24).simulator(Options::default());
    bench.job("");
    let (first, second) = (store_of(0, 2), store_of(1, 2));
    for shard in ["0/2", "1/2"] {
        assert_eq!(run_shard(&bench, shard, &[])["exit_code"], 0);
    }
    bench.put("early.db", &std::fs::read(bench.path(&first)).unwrap());
    assert_eq!(merge(&bench, &["early.db", &second], "before.db", &[])["exit_code"], 0);
    let before = answered(&bench);
    // The clock was set back by three hours, then all pages were asked again.
    assert_eq!(run_shard(&bench, "0/2", &["--refresh"])["exit_code"], 0);
    move_newest_run(&bench, &first, -10800);
    bench.put("middle.db", &std::fs::read(bench.path(&first)).unwrap());
    turn_back(&bench, "middle.db", "early.db");
    assert_eq!(merge(&bench, &[&first, &second], "expected.db", &[])["exit_code"], 0);
    let expected = answered(&bench);
    assert!(expected.len() > 6 && expected.iter().all(|(path, at)| *at < before[path]), "{expected:?} {before:?}");
    for (into, calls) in [
        ("before.db", &[&[first.as_str(), &second][..]][..]),
        ("middle-first.db", &[&["middle.db", &second], &[&first]]),
        ("middle-last.db", &[&[&first, &second], &["middle.db"]]),
        ("early-last.db", &[&[&first, &second], &["early.db"], &["middle.db"]]),
        ("all.db", &[&["early.db", &second], &["middle.db", &second], &[&first, &second]]),
        ("beside.db", &[&["middle.db", &first, &second, "early.db"]]),
        ("merged.db", &[&["expected.db"], &["middle.db"]]),
        ("early-merged.db", &[&["early.db", &second], &["expected.db"]]),
    ] {
        let outcomes: Vec<Value> =
            calls.iter().map(|stores| merge(&bench, stores, into, &[])["outcome"].clone()).collect();
        assert_eq!(outcomes.last(), Some(&"complete".into()), "{into}: {outcomes:?}");
        assert_eq!(answered(&bench), expected, "{into}");
    }
}
