//! Reviews of the stores of shards before their merge: what `eval` and `review` show afterwards.

use super::{run_shards, store_of};
use crate::bench::Bench;
use crate::review::client::{Served, reviewed_job};
use docmill::internal::store::{DecisionId, DrawRecord, ReadStore};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn merge(bench: &Bench, stores: &[String], into: &str) {
    let stores: Vec<&str> = stores.iter().map(String::as_str).collect();
    let ran = bench.docmill(&[&["merge", "job.yaml", "-q"], stores.as_slice(), &["--store", into]].concat());
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    let checked = bench.docmill(&["store", "check", "--store", into]);
    assert_eq!(checked.code, 0, "{}", checked.stdout);
}

fn evaluated(bench: &Bench, store: &str, more: &[&str]) -> Value {
    let ran = bench.docmill(&[&["eval", "job.yaml", "--store", store, "--format", "json"], more].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn draws(bench: &Bench, store: &str) -> Vec<DrawRecord> {
    ReadStore::open(&bench.path(store)).unwrap().reader().unwrap().draws("test").unwrap()
}

/// The decisions of a store, without data of a single store: each with the pages of its group.
fn decisions(bench: &Bench, store: &str) -> BTreeSet<String> {
    let reader = ReadStore::open(&bench.path(store)).unwrap().reader().unwrap();
    let all = reader.all_decisions("test", DecisionId(0), 1000).unwrap();
    let group = |group: DecisionId| {
        let members =
            all.iter().filter(|known| known.group == group).map(|known| known.decision.page.content.to_string());
        members.collect::<BTreeSet<String>>()
    };
    let text = |known: &docmill::internal::store::DecisionRecord| {
        let decision = &known.decision;
        format!(
            "{:?} {} {} {:?} {} {} {:?}",
            decision.page,
            decision.task,
            decision.value,
            decision.shown,
            decision.draw.is_some(),
            known.is_withdrawn,
            group(known.group)
        )
    };
    all.iter().map(text).collect()
}

/// Decides `kind` of pages one by one.
fn decide(served: &Served, pages: &[Value]) {
    pages.iter().for_each(|page| _ = served.decide(page, "kind", json!("form")));
}

/// Accepts the answers of pages together, as the grid does.
fn decide_together(served: &Served, pages: &[Value], view: &str) {
    let decision = |page: &Value| json!({"page": page["page"], "task": "kind", "value": "letter"});
    let decisions: Vec<Value> = pages.iter().map(decision).collect();
    let got = served.post("/api/decide", &json!({ "decisions": decisions, "view": view }));
    assert_eq!(got.status, 200, "{}", got.text());
}

/// What the progress line shows of `kind`.
fn progress(bench: &Bench, store: &str, more: &[&str]) -> Value {
    let served = Served::start(bench, &[&["--store", store], more].concat());
    served.json("/api/progress?task=kind")["tasks"][0].clone()
}

#[test]
fn a_review_shows_the_same_after_the_merge() {
    let bench = reviewed_job(24, "");
    let served = Served::start(&bench, &["--sample", "10"]);
    let pages = served.pages("task=kind&limit=100");
    decide(&served, &pages[..6]);
    served.post("/api/undo", &json!({"group": served.json("/api/recent")["groups"][0]["group"]}));
    drop(served);
    let shown = Served::start(&bench, &["--show", "--order", "suspected"]);
    let all = shown.pages("task=kind&limit=100&order=suspected");
    decide_together(&shown, &all[20..], "order=suspected");
    drop(shown);
    let within = Served::start(&bench, &["--sample", "5", "--where", "path < '00012.jpg'"]);
    decide(&within, &within.pages("task=kind&limit=100"));
    drop(within);
    for into in ["all.db", "all.db", "again.db"] {
        let from = if into == "all.db" { "store.db" } else { "all.db" };
        merge(&bench, &[from.to_owned()], into);
        assert_eq!(decisions(&bench, into), decisions(&bench, "store.db"));
        let of = |store| {
            let text =
                |draw: &DrawRecord| format!("{:?}", DrawRecord { id: draws(&bench, "store.db")[0].id, ..draw.clone() });
            draws(&bench, store).iter().map(text).collect::<Vec<String>>()
        };
        assert_eq!(of(into), of("store.db"));
        for more in [&[][..], &["--where", "path < '00012.jpg'"], &["--include-shown"]] {
            assert_eq!(
                evaluated(&bench, into, more)["tasks"],
                evaluated(&bench, "store.db", more)["tasks"],
                "{more:?}"
            );
            assert_eq!(
                evaluated(&bench, into, more)["truth"],
                evaluated(&bench, "store.db", more)["truth"],
                "{more:?}"
            );
        }
        let sample = ["--sample", "10"];
        assert_eq!(progress(&bench, into, &sample), progress(&bench, "store.db", &sample));
        assert_eq!(draws(&bench, into).len(), 2, "the same sample is the same draw");
    }
    // The reviewer has seen the model's answers there: decisions here are not blind.
    let served = Served::start(&bench, &["--store", "all.db"]);
    let seen = served.pages("task=kind&limit=100&state=undecided");
    let seen = seen.iter().find(|page| all.iter().any(|other| other["page"] == page["page"])).unwrap();
    served.decide(seen, "kind", json!("letter"));
    drop(served);
    let reader = ReadStore::open(&bench.path("all.db")).unwrap().reader().unwrap();
    let last = reader.all_decisions("test", DecisionId(0), 1000).unwrap().pop().unwrap();
    assert!(last.decision.shown.is_some(), "{last:?}");
    // Undo withdraws the group, and nothing else.
    let served = Served::start(&bench, &["--store", "all.db"]);
    let recent = served.json("/api/recent")["groups"].clone();
    let together = recent.as_array().unwrap().iter().find(|group| group["pages"] == 4);
    let group = together.unwrap_or_else(|| panic!("{recent}"))["group"].clone();
    let undone = served.post("/api/undo", &json!({ "group": group })).json();
    drop(served);
    let withdrawn = decisions(&bench, "all.db").iter().filter(|text| text.contains(" true {")).count();
    assert_eq!(withdrawn, 5, "{undone}");
    // A withdrawn decision stays withdrawn when the store that has it is merged again.
    merge(&bench, &["store.db".to_owned()], "all.db");
    assert_eq!(decisions(&bench, "all.db").iter().filter(|text| text.contains(" true {")).count(), 5);
}

#[test]
fn samples_of_shards_are_together_one_of_the_whole() {
    let bench = reviewed_job(40, "");
    std::fs::remove_file(bench.path("store.db")).unwrap();
    run_shards(&bench, 2);
    let stores = [store_of(0, 2), store_of(1, 2)];
    let expression = "path < '00030.jpg'";
    let mut sizes = Vec::new();
    for (at, store) in stores.iter().enumerate() {
        let served = Served::start(&bench, &["--store", store, "--sample", "6", "--where", expression]);
        decide(&served, &served.pages("task=kind&limit=100"));
        drop(served);
        let within = evaluated(&bench, store, &["--where", expression]);
        assert_eq!(within["truth"]["selection"], "sample", "{within}");
        sizes.push(within["truth"]["draws"]["kind"]["of"].as_u64().unwrap());
        let other = bench.docmill(&["merge", "job.yaml", "-q", &stores[0], &stores[1], "--store", &format!("{at}.db")]);
        assert_eq!(other.code, 0, "{}", other.stderr);
    }
    assert_eq!(sizes.iter().sum::<u64>(), 30, "{sizes:?}");
    // The sample of one shard is not a sample of the rows of both.
    let of_one = evaluated(&bench, "0.db", &["--where", expression]);
    assert_eq!(of_one["truth"]["selection"], "selected", "{of_one}");
    for (order, into) in [(stores.to_vec(), "1.db"), (stores.iter().rev().cloned().collect(), "2.db")] {
        merge(&bench, &order, into);
        let both = evaluated(&bench, into, &["--where", expression]);
        let draw = &both["truth"]["draws"]["kind"];
        assert_eq!(both["truth"]["selection"], "sample", "{both}");
        assert_eq!((&draw["of"], &draw["decided"]), (&json!(30), &json!(12)), "{draw}");
        assert_eq!(both["tasks"]["kind"]["n"], 12);
    }
    // Two shards that are merged one after the other are the same.
    for store in stores.iter().rev() {
        let ran = bench.docmill(&["merge", "job.yaml", "-q", store, "--store", "3.db", "--allow-missing"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    assert_eq!(
        evaluated(&bench, "3.db", &["--where", expression])["truth"],
        evaluated(&bench, "1.db", &["--where", expression])["truth"]
    );

    // A sample of the whole job: pages of the other shard have their places in its order.
    let served = Served::start(&bench, &["--store", &stores[0], "--sample", "5"]);
    decide(&served, &served.pages("task=kind&limit=100&state=undecided"));
    drop(served);
    let alone = evaluated(&bench, &stores[0], &[]);
    assert_eq!(
        (&alone["truth"]["draws"]["kind"]["passed_over"], &alone["truth"]["selection"]),
        (&json!(0), &json!("sample"))
    );
    merge(&bench, &stores, "1.db");
    let whole = evaluated(&bench, "1.db", &[]);
    let draw = &whole["truth"]["draws"]["kind"];
    assert_eq!((&draw["of"], &whole["truth"]["selection"]), (&json!(40), &json!("selected")), "{whole}");
    assert!(draw["not_drawn"].as_u64().unwrap() > 0 && draw["decided"].as_u64().unwrap() >= 5, "{draw}");
    // Whoever draws the sample of the merged store is asked for the others.
    let reached = ["decided", "passed_over", "not_drawn"].map(|name| draw[name].as_u64().unwrap());
    let reached = reached.iter().sum::<u64>().to_string();
    let served = Served::start(&bench, &["--store", "1.db", "--sample", &reached]);
    decide(&served, &served.pages("task=kind&limit=100&state=undecided"));
    drop(served);
    let whole = evaluated(&bench, "1.db", &[]);
    let draw = &whole["truth"]["draws"]["kind"];
    assert_eq!((&draw["passed_over"], &draw["not_drawn"]), (&json!(0), &json!(0)), "{whole}");
    assert_eq!(whole["truth"]["selection"], "sample", "{whole}");
}

/// A base brings its human answers along, also those of pages that other shards have: a group stays together.
#[test]
fn human_answers_survive_a_night_with_a_base() {
    let bench = reviewed_job(24, "");
    let served = Served::start(&bench, &["--sample", "8"]);
    decide(&served, &served.pages("task=kind&limit=100")[..5]);
    drop(served);
    let grid = Served::start(&bench, &["--show", "--order", "suspected"]);
    decide_together(&grid, &grid.pages("task=kind&limit=100&order=suspected")[14..], "order=suspected");
    drop(grid);
    for shard in ["0/3", "1/3", "2/3"] {
        let summary = super::run_shard(&bench, shard, &["--base", "store.db"]);
        assert_eq!(summary["pages"]["asked"], 0);
    }
    merge(&bench, &[store_of(2, 3), store_of(0, 3), store_of(1, 3)], "tonight.db");
    assert_eq!(decisions(&bench, "tonight.db"), decisions(&bench, "store.db"));
    assert_eq!(evaluated(&bench, "tonight.db", &[])["truth"], evaluated(&bench, "store.db", &[])["truth"]);
    assert_eq!(evaluated(&bench, "tonight.db", &[])["tasks"], evaluated(&bench, "store.db", &[])["tasks"]);
    let sample = ["--sample", "8"];
    assert_eq!(progress(&bench, "tonight.db", &sample), progress(&bench, "store.db", &sample));
    // What changed in the manifest before a run is known there, too.
    let runs = |store: &str| bench.docmill(&["runs", "job.yaml", "--store", store, "--format", "json"]);
    let (before, after) = (runs("store.db"), runs("tonight.db"));
    assert_eq!((before.code, after.code), (0, 0), "{} {}", before.stderr, after.stderr);
}

#[test]
fn a_merge_warns_of_human_answers_that_only_the_jobs_own_store_has() {
    const WARNING: &str = "do not contain all human answers in";
    for (base, is_warned) in [(&["--base", "store.db"][..], false), (&[], true)] {
        let bench = reviewed_job(12, "");
        let served = Served::start(&bench, &["--sample", "4"]);
        decide(&served, &served.pages("task=kind&limit=100")[..2]);
        drop(served);
        for shard in ["0/2", "1/2"] {
            super::run_shard(&bench, shard, base);
        }
        let stores = [store_of(0, 2), store_of(1, 2)];
        let ran = bench.docmill(&["merge", "job.yaml", &stores[0], &stores[1], "--store", "tonight.db"]);
        assert_eq!((ran.code, ran.stderr.contains(WARNING)), (0, is_warned), "{}", ran.stderr);
    }
}
