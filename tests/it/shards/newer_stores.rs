//! Stores of a shard that are newer than another one and know less: nothing that was answered is lost.

use super::{run_shard, store_of};
use crate::bench::{Bench, Ran};
use docmill::internal::simulator::Options;
use rusqlite::Connection;

fn merge(bench: &Bench, stores: &[&str], into: &str) -> Ran {
    let _ = std::fs::remove_file(bench.path("out.jsonl"));
    bench.docmill(&[&["merge", "job.yaml", "-q"], stores, &["--store", into]].concat())
}

/// A bench with 24 pages and both shards of two answered.
fn answered() -> (Bench, [String; 2]) {
    let bench = Bench::with_pages(24).simulator(Options::default());
    bench.job("");
    (0..2).for_each(|index| assert_eq!(run_shard(&bench, &format!("{index}/2"), &[])["exit_code"], 0));
    (bench, [store_of(0, 2), store_of(1, 2)])
}

#[test]
fn a_new_store_with_a_limit_takes_no_answers_from_a_complete_one() {
    let (bench, [first, second]) = answered();
    assert_eq!(run_shard(&bench, "0/2", &["--store", "new.db", "--limit", "3"])["exit_code"], 0);
    for (into, stores) in [("a.db", [first.as_str(), "new.db", &second]), ("b.db", ["new.db", &second, &first])] {
        let merged = merge(&bench, &stores, into);
        assert_eq!(merged.code, 0, "{into}: {}", merged.stderr);
        assert!(bench.rows().len() == 24 && bench.rows().iter().all(|row| row["status"] == "ok"), "{into}");
    }
}

#[test]
fn a_run_that_died_before_it_had_listed_its_files_removes_none() {
    let (bench, [first, second]) = answered();
    bench.put("new.db", &std::fs::read(bench.path(&first)).unwrap());
    Connection::open(bench.path("new.db"))
        .unwrap()
        .execute_batch(
            "UPDATE runs SET run_id = run_id || 'x', started_at = started_at + 1, ended_at = started_at + 2, outcome = 'died';
             DELETE FROM entries;",
        )
        .unwrap();
    let merged = merge(&bench, &[&first, "new.db", &second], "all.db");
    assert!(merged.code != 0 || bench.rows().len() == 24, "{}", merged.stderr);
    // The shard runs again: every page is there.
    assert_eq!(run_shard(&bench, "0/2", &[])["exit_code"], 0);
    let merged = merge(&bench, &[&first, &second], "all.db");
    assert_eq!((merged.code, bench.rows().len()), (0, 24), "{}", merged.stderr);
}

#[test]
fn an_early_copy_of_a_store_whose_run_has_ended_since_is_not_in_use() {
    let (bench, [first, second]) = answered();
    bench.put("early.db", &std::fs::read(bench.path(&first)).unwrap());
    let early = "UPDATE runs SET ended_at = NULL, outcome = NULL, exit_code = NULL, heartbeat = heartbeat - 1";
    Connection::open(bench.path("early.db")).unwrap().execute_batch(early).unwrap();
    let alone = merge(&bench, &["early.db", &second], "alone.db");
    assert!(alone.code == 2 && alone.stderr.contains("is using the store"), "{} {}", alone.code, alone.stderr);
    let merged = merge(&bench, &[&first, "early.db", &second], "all.db");
    assert_eq!((merged.code, bench.rows().len()), (0, 24), "{}", merged.stderr);
}

#[test]
fn shards_with_a_limit_are_merged_like_a_run_with_one() {
    let bench = Bench::with_pages(24).simulator(Options::default());
    bench.job("");
    (0..2).for_each(|index| {
        assert_eq!(run_shard(&bench, &format!("{index}/2"), &["--limit", "4"])["outcome"], "limited");
    });
    let merged = merge(&bench, &[&store_of(0, 2), &store_of(1, 2)], "all.db");
    assert_eq!(merged.code, 0, "{}", merged.stderr);
}
