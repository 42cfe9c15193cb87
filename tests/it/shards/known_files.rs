//! Which files a merged store has: those that the newest store of each shard has found, by job, regardless of what else
//! is merged with it: other jobs, earlier copies, merged stores, runs of the whole input.

use super::store_of;
use crate::bench::{Bench, page, rows};
use docmill::internal::base::shard::Shard;
use docmill::internal::simulator::Options;
use rusqlite::Connection;
use serde_json::Value;
use std::path::Path;

fn run(bench: &Bench, job: &str, arguments: &[&str]) {
    let ran = bench.docmill(&[&["run", job, "-q"], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

fn run_shard(bench: &Bench, job: &str, shard: &str, store: &str) {
    run(bench, job, &["--shard", shard, "--store", store]);
}

/// The exit code of a merge, and the number of rows in the output, if it was written.
fn merge(bench: &Bench, job: &str, stores: &[&str], into: &str, more: &[&str]) -> (i32, Option<usize>) {
    let output = bench.text(job).split("jsonl: ").nth(1).unwrap().split(',').next().unwrap().to_owned();
    let _ = std::fs::remove_file(bench.path(&output));
    let ran = bench.docmill(&[&["merge", job, "-q"], stores, &["--store", into], more].concat());
    assert!(ran.code == 0 || !ran.stderr.is_empty(), "{}", ran.code);
    (ran.code, bench.path(&output).exists().then(|| rows(&bench.text(&output)).len()))
}

/// The jobs `a.yaml` and `b.yaml`, which have six pages each and share a store and an endpoint.
fn two_jobs() -> Bench {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.job("");
    for (at, name) in (0..).zip(["a", "b"]) {
        for number in 0..6 {
            bench.put(&format!("{name}/{number}.jpg"), &page(100 * at + number));
        }
        bench.second_job(name);
        let job = bench.text(&format!("{name}.yaml")).replace("folder: pages", &format!("folder: {name}"));
        bench.put(&format!("{name}.yaml"), job.as_bytes());
    }
    bench
}

#[test]
fn jobs_that_share_a_store_keep_their_files() {
    let bench = two_jobs();
    for (job, store, shard) in [("b", "b0.db", 0), ("a", "a0.db", 0), ("a", "a1.db", 1), ("b", "b1.db", 1)] {
        run_shard(&bench, &format!("{job}.yaml"), &format!("{shard}/2"), store);
    }
    for into in ["ab.db", "ba.db"] {
        let mut jobs = [("a.yaml", ["a0.db", "a1.db"]), ("b.yaml", ["b0.db", "b1.db"])];
        if into == "ba.db" {
            jobs.reverse();
        }
        for (job, stores) in jobs.iter().chain(&jobs) {
            assert_eq!(merge(&bench, job, stores, into, &[]), (0, Some(6)), "{job} {into}");
        }
    }
    // A shard of one job does not count as that of the other one.
    assert_eq!(merge(&bench, "a.yaml", &["a0.db", "a1.db"], "one.db", &[]), (0, Some(6)));
    assert_eq!(merge(&bench, "b.yaml", &["b0.db"], "one.db", &[]), (2, None));
    // Nor does a run of its whole input.
    run(&bench, "a.yaml", &["--store", "whole.db"]);
    assert_eq!(merge(&bench, "b.yaml", &["b0.db", "b1.db"], "whole.db", &[]), (0, Some(6)));
}

#[test]
fn dates_of_a_job_are_merged_into_one_store_in_any_order() {
    let bench = two_jobs();
    let job = bench.text("a.yaml").replace("folder: a", "folder: \"${date}\"").replace("name: a", "name: dated");
    bench.put("dated.yaml", job.as_bytes());
    for date in ["b", "a"] {
        for index in 0..2 {
            let (shard, store, var) = (format!("{index}/2"), format!("{date}{index}.db"), format!("date={date}"));
            run(&bench, "dated.yaml", &["--shard", &shard, "--store", &store, "--var", &var]);
        }
    }
    for date in ["a", "b", "a"] {
        let (stores, var) = ([format!("{date}0.db"), format!("{date}1.db")], format!("date={date}"));
        let merged = merge(&bench, "dated.yaml", &[&stores[0], &stores[1]], "all.db", &["--var", &var]);
        assert_eq!(merged, (0, Some(6)), "{date}");
    }
}

#[test]
fn stores_that_two_jobs_share_are_merged_on_another_machine() {
    let bench = two_jobs();
    let stores = [store_of(0, 2), store_of(1, 2)];
    for job in ["a.yaml", "b.yaml"] {
        for (index, store) in stores.iter().enumerate() {
            run_shard(&bench, job, &format!("{index}/2"), store);
        }
    }
    // There the input has another place, and the jobs another identity.
    let elsewhere = two_jobs();
    for store in &stores {
        elsewhere.put(store, &std::fs::read(bench.path(store)).unwrap());
    }
    let stores = [stores[0].as_str(), stores[1].as_str()];
    for (into, jobs) in
        [("ab.db", ["a.yaml", "b.yaml", "a.yaml", "b.yaml"]), ("ba.db", ["b.yaml", "a.yaml", "b.yaml", "a.yaml"])]
    {
        for job in jobs {
            assert_eq!(merge(&elsewhere, job, &stores, into, &[]), (0, Some(6)), "{job} {into}");
        }
        let checked = elsewhere.docmill(&["store", "check", "--store", into]);
        assert_eq!(checked.code, 0, "{}", checked.stdout);
    }
}

/// Makes of a store what a copy of it would have been while its run went on: half of its files were not found, and what
/// was sent last is not answered.
fn turn_back(store: &Path) {
    let db = Connection::open(store).unwrap();
    db.execute_batch(
        "UPDATE runs SET ended_at = NULL, outcome = NULL, exit_code = NULL, heartbeat = heartbeat - 3600000;
         DELETE FROM entries WHERE id % 2 = 0;
         UPDATE attempts SET state = 'open', cost = NULL, settled_at = NULL, usage_source = NULL, verdict = NULL WHERE id = (SELECT max(id) FROM attempts);
         DELETE FROM answers WHERE request_id = (SELECT request_id FROM attempts WHERE state = 'open');
         UPDATE budget SET spent = (SELECT sum(cost) FROM attempts WHERE state = 'settled'), reserved = (SELECT sum(reserved) FROM attempts WHERE state = 'open');",
    )
    .unwrap();
}

fn spent(bench: &Bench, store: &str) -> String {
    let shown = bench.docmill(&["report", "--store", store, "--budgets", "--format", "json"]).stdout;
    serde_json::from_str::<Value>(&shown).unwrap()[0]["spent_usd"].as_str().unwrap().to_owned()
}

#[test]
fn an_earlier_copy_of_a_store_takes_no_file_and_no_money_away() {
    let bench = Bench::with_pages(12).simulator(Options::default());
    bench.job("limits: {budget_usd: 5}");
    for index in 0..2 {
        run_shard(&bench, "job.yaml", &format!("{index}/2"), &format!("{index}.db"));
    }
    bench.put("early.db", &std::fs::read(bench.path("0.db")).unwrap());
    turn_back(&bench.path("early.db"));
    assert_eq!(merge(&bench, "job.yaml", &["0.db", "1.db"], "expected.db", &[]), (0, Some(12)));
    let expected = spent(&bench, "expected.db");
    for (into, calls) in [
        ("after.db", &[&["0.db", "1.db"][..], &["early.db"]][..]),
        ("before.db", &[&["early.db", "1.db"], &["0.db"]]),
        ("again.db", &[&["early.db", "1.db"], &["0.db", "1.db"], &["early.db"]]),
        ("beside.db", &[&["0.db", "early.db", "1.db"]]),
    ] {
        for (at, stores) in calls.iter().enumerate() {
            let merged = merge(&bench, "job.yaml", stores, into, &[]);
            if at + 1 == calls.len() {
                assert_eq!(merged, (0, Some(12)), "{into}");
            }
        }
        assert_eq!(spent(&bench, into), expected, "{into}");
    }
}

#[test]
fn merged_stores_are_sources_like_those_that_they_unite() {
    let bench = Bench::with_pages(16).simulator(Options::default());
    bench.job("");
    for index in 0..4 {
        run_shard(&bench, "job.yaml", &format!("{index}/4"), &format!("{index}.db"));
    }
    let all = ["0.db", "1.db", "2.db", "3.db"];
    assert_eq!(merge(&bench, "job.yaml", &all, "all.db", &[]), (0, Some(16)));
    assert_eq!(merge(&bench, "job.yaml", &all[..2], "half-1.db", &["--allow-missing"]), (0, None));
    assert_eq!(merge(&bench, "job.yaml", &all[2..], "half-2.db", &["--allow-missing"]), (0, None));
    for (at, (sources, expected)) in [
        (&["all.db"][..], (0, Some(16))),
        (&["half-1.db", "half-2.db"], (0, Some(16))),
        (&["half-2.db", "half-1.db"], (0, Some(16))),
        (&["half-2.db", "0.db", "1.db"], (0, Some(16))),
        (&["half-2.db", "0.db", "1.db", "2.db", "3.db"], (0, Some(16))),
        (&["all.db", "half-1.db"], (0, Some(16))),
        (&["half-1.db"], (2, None)),
        (&["half-1.db", "3.db"], (2, None)),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(merge(&bench, "job.yaml", sources, &format!("new-{at}.db"), &[]), expected, "{sources:?}");
    }
    // For a later night a merged store has only the data that was merged into it.
    let new =
        (0..).map(|at| format!("new-{at}.jpg")).find(|name| Shard::of_path(name.as_bytes(), 4) == Shard::new(2, 4));
    bench.put(&format!("pages/{}", new.unwrap()), &page(900));
    for index in 0..4 {
        run_shard(&bench, "job.yaml", &format!("{index}/4"), &format!("{index}.db"));
    }
    assert_eq!(merge(&bench, "job.yaml", &["half-2.db", "0.db", "1.db", "2.db"], "late.db", &[]), (2, None));
    assert_eq!(
        merge(&bench, "job.yaml", &["half-2.db", "0.db", "1.db", "2.db", "3.db"], "late.db", &[]),
        (0, Some(17))
    );
    assert_eq!(merge(&bench, "job.yaml", &["all.db"], "late.db", &[]), (0, Some(17)));
}

#[test]
fn a_run_of_the_whole_input_is_newer_than_the_shards_before_it() {
    let bench = Bench::with_pages(10).simulator(Options::default());
    bench.job("");
    let shards =
        || (0..2).for_each(|index| run_shard(&bench, "job.yaml", &format!("{index}/2"), &format!("{index}.db")));
    let merge = |into: &str| merge(&bench, "job.yaml", &["0.db", "1.db"], into, &[]);
    shards();
    assert_eq!(merge("all.db"), (0, Some(10)));
    shards();
    bench.put("pages/new.jpg", &page(500));
    run(&bench, "job.yaml", &["--store", "all.db"]);
    assert_eq!(merge("all.db"), (0, Some(11)));
    // One that has not opened all files leaves them to the shards.
    run(&bench, "job.yaml", &["--store", "limited.db", "--limit", "1"]);
    std::fs::remove_file(bench.path("pages/new.jpg")).unwrap();
    run(&bench, "job.yaml", &["--store", "limited.db", "--limit", "1"]);
    assert_eq!(merge("limited.db"), (0, Some(10)));
    // One that died while it listed the input does not know which files there are.
    run(&bench, "job.yaml", &["--store", "died.db"]);
    let died = "UPDATE runs SET outcome = 'died', exit_code = NULL; DELETE FROM entries WHERE id % 2 = 0;";
    Connection::open(bench.path("died.db")).unwrap().execute_batch(died).unwrap();
    assert_eq!(merge("died.db"), (0, Some(10)));
    // What later shards do not find is gone.
    shards();
    assert_eq!(merge("all.db"), (0, Some(10)));
}
