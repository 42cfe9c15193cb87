//! What a reviewer has seen is known as long as the store is: even after a restart, and to other servers.

use super::client::{Served, reviewed_job, stored_decisions};
use crate::bench::Bench;
use serde_json::{Value, json};

/// Whether the last decision counts as one whose reviewer had seen the model's answer.
fn is_last_shown(bench: &Bench) -> bool {
    stored_decisions(bench).last().unwrap().decision.shown.is_some()
}

#[cfg(unix)]
#[test]
fn what_was_shown_is_known_after_a_kill() {
    let bench = reviewed_job(6, "");
    let served = Served::start(&bench, &[]);
    // The grid reveals the answers of all its pages.
    let pages = served.pages("mode=grid&task=kind&limit=6");
    let answers: Vec<Value> = pages.iter().map(|page| page["tasks"]["kind"]["answer"]["value"].clone()).collect();
    assert_eq!(served.end("KILL"), 137);

    let served = Served::start(&bench, &[]);
    let at = |page: &Value| format!("at={}", page["page"].as_str().unwrap());
    let single = served.pages(&format!("task=kind&{}", at(&pages[0])));
    assert_eq!(single[0]["tasks"]["kind"]["answer"]["value"], answers[0], "what was seen need not be hidden");
    served.decide(&pages[0], "kind", json!("form"));
    let stored = stored_decisions(&bench).pop().unwrap().decision;
    assert_eq!(stored.shown.unwrap().value(), answers[0]);
    // Another task of the page, and another reviewer.
    served.decide(&pages[0], "marks", json!(["seal"]));
    assert!(!is_last_shown(&bench), "the grid showed one task");
    let bob = Served::start(&bench, &["--reviewer", "bob"]);
    bob.decide(&pages[1], "kind", json!("form"));
    assert!(!is_last_shown(&bench), "bob has seen nothing");
    // What one server shows, another one of the same reviewer knows.
    let other = Served::start(&bench, &[]);
    other.decide(&pages[2], "kind", json!("form"));
    assert!(is_last_shown(&bench));
    // After a decision the page shows the answer: the next decision is not blind, in any session.
    bob.pages(&format!("task=kind&{}", at(&pages[1])));
    drop(bob);
    let bob = Served::start(&bench, &["--reviewer", "bob"]);
    bob.decide(&pages[1], "kind", json!("letter"));
    assert!(is_last_shown(&bench));
}

#[test]
fn two_modes_at_once() {
    let bench = reviewed_job(4, "");
    let served = Served::start(&bench, &[]);
    let blind = served.pages("task=kind&limit=1")[0].clone();
    assert_eq!(blind["tasks"]["kind"], json!({}));
    // Another tab shows the grid, while this one still shows the page without an answer.
    served.pages("mode=grid&task=kind&limit=4");
    served.decide(&blind, "kind", json!("form"));
    assert!(is_last_shown(&bench));
    // A reviewer who decides in a view that reveals answers has seen them, whatever this server has sent.
    let page = served.pages("task=marks&limit=1")[0].clone();
    for (view, is_shown) in [("", false), ("order=random&state=undecided", false), ("mode=grid", true)] {
        let decisions = json!([{"page": page["page"], "task": "marks", "value": ["seal"]}]);
        let got = served.post("/api/decide", &json!({"decisions": decisions, "view": view}));
        assert_eq!(got.status, 200, "{}", got.text());
        assert_eq!(is_last_shown(&bench), is_shown, "{view}");
    }
}

#[test]
fn pages_that_are_only_drawn_ahead_of_time_stay_blind() {
    let bench = reviewed_job(4, "");
    let showing = Served::start(&bench, &["--show"]);
    let ahead = showing.pages("task=kind&names=1&limit=4");
    assert_eq!(ahead.len(), 4);
    assert!(ahead.iter().all(|page| page.as_object().unwrap().len() == 1), "{ahead:?}");
    let blind = Served::start(&bench, &[]);
    assert_eq!(blind.pages("task=kind&limit=1")[0]["tasks"]["kind"], json!({}));
    blind.decide(&ahead[0], "kind", json!("form"));
    assert!(!is_last_shown(&bench));
}

/// An expression on the answers to one task reveals nothing about another.
#[test]
fn a_selection_by_the_answers_to_one_task_leaves_others_blind() {
    let bench = reviewed_job(12, "");
    let all = Served::start(&bench, &[]);
    let kind = all.json("/api/filters?task=kind")["labels"][0]["value"].clone();
    drop(all);
    let expression = format!("kind = '{}'", kind.as_str().unwrap());
    let served = Served::start(&bench, &["--sample", "3", "--where", &expression]);
    let page = served.pages("task=marks&limit=1")[0].clone();
    assert_eq!(page["tasks"]["marks"], json!({}));
    served.decide(&page, "marks", json!(["seal"]));
    assert!(!is_last_shown(&bench));
    let page = served.pages("task=kind&limit=1")[0].clone();
    assert_ne!(page["tasks"]["kind"], json!({}));
    served.decide(&page, "kind", json!("form"));
    assert!(is_last_shown(&bench));
    let ran = bench.docmill(&["eval", "job.yaml", "--where", &expression]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}
