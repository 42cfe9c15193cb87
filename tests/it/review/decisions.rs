//! Decisions: their storage, and what is shown before.

use super::client::{Served, reviewed_job, store, stored_decisions};
use docmill::internal::base::json_text::JsonText;
use docmill::internal::store::NewDecision;
use serde_json::{Value, json};

#[cfg(unix)]
#[test]
fn a_decision_survives_a_kill_as_soon_as_it_is_acknowledged() {
    let bench = reviewed_job(12, "");
    let served = Served::start(&bench, &[]);
    let pages = served.pages("limit=12");
    assert_eq!(pages.len(), 12);
    for page in &pages[..7] {
        served.decide(page, "kind", json!("form"));
    }
    assert_eq!(served.end("KILL"), 137);
    assert_eq!(stored_decisions(&bench).len(), 7);
    let served = Served::start(&bench, &[]);
    assert_eq!(served.json("/api/progress?task=kind")["tasks"][0]["decided"], 7);
    let next = served.pages("task=kind&next=1&limit=12");
    assert_eq!(next.len(), 5);
    assert_eq!(next[0]["page"], pages[7]["page"], "it goes on where it was");
}

#[test]
fn answers_are_hidden_until_decided_and_what_was_shown_is_stored() {
    let bench = reviewed_job(6, "");
    let served = Served::start(&bench, &[]);
    let page = served.pages("task=kind&limit=1")[0].clone();
    assert_eq!(page["tasks"]["kind"], json!({}), "nothing is revealed");
    served.decide(&page, "kind", json!("Form"));
    let shown = served.pages(&format!("task=kind&at={}", page["page"].as_str().unwrap()))[0].clone();
    let kind = &shown["tasks"]["kind"];
    assert_eq!(kind["own"]["value"], "form", "in the manifest's spelling");
    assert_eq!(kind["own"]["is_shown"], false);
    let model = kind["answer"]["value"].as_str().unwrap().to_owned();
    // From now on the answer is known: a second decision is no longer blind.
    served.decide(&page, "kind", json!("letter"));
    let stored = stored_decisions(&bench);
    let facts: Vec<_> = stored
        .iter()
        .map(|known| (known.decision.value.value(), known.decision.shown.as_ref().map(JsonText::value)))
        .collect();
    assert_eq!(facts, [(json!("form"), None), (json!("letter"), Some(json!(model)))]);
    assert_eq!(stored[0].decision.reviewer, "ann");
    // Filters and orders by the answer, and the grid, reveal it.
    for query in ["order=label", "mode=grid", "order=disagreement"] {
        let page = served.pages(&format!("task=marks&limit=1&{query}"))[0].clone();
        assert!(page["tasks"]["marks"].get("answer").is_some(), "{query}");
    }
    let showing = Served::start(&bench, &["--show"]);
    let page = showing.pages("task=sum&limit=1")[0].clone();
    assert!(page["tasks"]["sum"].get("answer").is_some());
    showing.decide(&page, "sum", json!(12.5));
    assert!(stored_decisions(&bench).last().unwrap().decision.shown.is_some());
}

#[test]
fn decisions_of_others_are_hidden_until_decided() {
    let bench = reviewed_job(3, "");
    let ann = Served::start(&bench, &[]);
    let bob = Served::start(&bench, &["--reviewer", "bob"]);
    let page = ann.pages("task=kind&limit=1")[0].clone();
    ann.decide(&page, "kind", json!("letter"));
    let at = format!("task=kind&at={}", page["page"].as_str().unwrap());
    let seen = bob.pages(&at)[0].clone();
    assert_eq!(seen["tasks"]["kind"], json!({}), "neither the model nor ann");
    assert_eq!(bob.json("/api/progress?task=kind")["tasks"][0]["decided"], 0, "bob decides for himself");
    bob.decide(&page, "kind", json!("form"));
    let seen = bob.pages(&at)[0].clone();
    assert_eq!(seen["tasks"]["kind"]["others"][0]["value"], "letter");
    let agreement = &bob.json("/api/progress?task=kind")["tasks"][0]["agreements"][0];
    assert_eq!((&agreement["n"], &agreement["same"]), (&json!(1), &json!(0)));
    assert_eq!(agreement["reviewers"], json!(["ann", "bob"]));
    let other = ann.json("/api/recent")["groups"].as_array().unwrap().len();
    assert_eq!(other, 1, "only her own");
    // Reviewers can't withdraw the decisions of others.
    let group = bob.json("/api/recent")["groups"][0]["group"].clone();
    assert_eq!(ann.post("/api/undo", &json!({ "group": group })).status, 404);
}

#[test]
fn undo_withdraws_what_was_decided_together() {
    let bench = reviewed_job(5, "");
    let served = Served::start(&bench, &[]);
    let pages = served.pages("mode=grid&task=kind&limit=5");
    let decision =
        |page: &Value| json!({"page": page["page"], "task": "kind", "value": page["tasks"]["kind"]["answer"]["value"]});
    let answered: Vec<Value> = pages.iter().filter(|page| page["status"] == "ok").map(decision).collect();
    served.decide(&pages[0], "marks", json!(["seal", "stamp"]));
    let got = served.post("/api/decide", &json!({ "decisions": answered }));
    assert_eq!(got.status, 200, "{}", got.text());
    let recent = served.json("/api/recent")["groups"].clone();
    assert_eq!(recent.as_array().unwrap().len(), 2);
    assert_eq!(recent[0]["pages"], answered.len());
    assert_eq!(recent[1]["values"]["marks"], json!(["stamp", "seal"]), "in the order of the manifest");
    let undone = served.post("/api/undo", &json!({"group": recent[0]["group"]})).json();
    assert_eq!(undone["undone"].as_array().unwrap().len(), answered.len());
    assert_eq!(served.json("/api/progress?task=kind")["tasks"][0]["decided"], 0);
    assert_eq!(served.json("/api/progress?task=marks")["tasks"][0]["decided"], 1);
    let stored = stored_decisions(&bench);
    assert_eq!(stored.iter().filter(|known| known.is_withdrawn).count(), answered.len(), "they stay as a record");
    assert_eq!(served.post("/api/undo", &json!({"group": recent[0]["group"]})).status, 404, "once");
}

#[test]
fn what_is_skipped_is_skipped_for_a_task_and_taken_back_in_the_order_in_which_it_was_done() {
    let bench = reviewed_job(6, "");
    let served = Served::start(&bench, &[]);
    let pages = served.pages("task=kind&limit=6");
    let skips = |places: &[usize]| {
        places.iter().map(|at| json!({"page": pages[*at]["page"], "task": "kind"})).collect::<Vec<_>>()
    };
    let count = |query: &str| served.json(&format!("/api/pages?{query}"))["total"].as_u64().unwrap();
    let counts = || (count("task=kind&state=undecided"), count("task=kind&state=skipped"));
    // Alone, as in single pages, and beside decisions, as in the grid.
    assert_eq!(served.post("/api/skip", &json!({"skips": skips(&[0])})).status, 200);
    let decisions = json!([{"page": pages[3]["page"], "task": "kind", "value": "form"}]);
    let got = served.post("/api/decide", &json!({"decisions": decisions, "skips": skips(&[1, 2])}));
    assert_eq!(got.status, 200, "{}", got.text());
    assert_eq!(counts(), (2, 3));
    assert_eq!((count("task=marks&state=undecided"), count("task=marks&state=skipped")), (6, 0), "another task");
    let recent = served.json("/api/recent")["groups"].clone();
    let facts: Vec<_> = recent.as_array().unwrap().iter().map(|one| (&one["pages"], &one["skipped"])).collect();
    assert_eq!(facts, [(&json!(1), &json!(2)), (&json!(1), &Value::Null)], "newest first");
    let undone = served.post("/api/undo", &json!({"group": recent[0]["group"]})).json();
    let undone = ["undone", "skips"].map(|kind| undone[kind].as_array().unwrap().len());
    assert_eq!((undone, counts()), ([1, 2], (5, 1)), "both at once");
    let undone = served.post("/api/undo", &json!({"skip": recent[1]["skip"]})).json();
    assert_eq!((&undone["skips"][0]["page"], counts()), (&pages[0]["page"], (6, 0)));
    assert_eq!(served.post("/api/undo", &json!({"skip": recent[1]["skip"]})).status, 404, "once");
    assert_eq!(served.json("/api/recent")["groups"], json!([]));
    let wrong = json!({"skips": [{"page": pages[0]["page"], "task": "none"}]});
    assert_eq!(served.post("/api/skip", &wrong).status, 400);
    assert_eq!(served.post("/api/skip", &json!({"skips": []})).status, 400);
}

/// Others that were made in the same millisecond, by the same reviewer, are another group.
#[cfg(unix)]
#[test]
fn undo_withdraws_exactly_a_group_and_survives_a_kill() {
    let bench = reviewed_job(8, "");
    let served = Served::start(&bench, &[]);
    let pages = served.pages("task=kind&limit=8");
    let decision = |page: &Value| json!({"page": page["page"], "task": "kind", "value": "form"});
    let group: Vec<Value> = pages[..5].iter().map(decision).collect();
    let group = served.post("/api/decide", &json!({ "decisions": group })).json();
    let made = stored_decisions(&bench)[0].decision.clone();
    let other_page = docmill::internal::base::ids::PageId {
        content: docmill::internal::base::digest::Digest::parse(&pages[6]["page"].as_str().unwrap()[..64]).unwrap(),
        page: 1,
    };
    let other = store(&bench);
    other.put_decisions(vec![NewDecision { page: other_page, ..made.clone() }]).unwrap();
    other.close();
    assert_eq!(served.json("/api/progress?task=kind")["tasks"][0]["decided"], 6);
    let undone = served.post("/api/undo", &json!({"group": group["group"]}));
    assert_eq!(undone.json()["undone"].as_array().unwrap().len(), 5, "{}", undone.text());
    assert_eq!(served.end("KILL"), 137);
    let stored = stored_decisions(&bench);
    assert!(stored.iter().all(|known| known.decision.decided_at_ms == made.decided_at_ms), "of one millisecond");
    let left: Vec<_> = stored.iter().filter(|known| !known.is_withdrawn).map(|known| known.decision.page).collect();
    assert_eq!(left, [other_page]);
    let served = Served::start(&bench, &[]);
    assert_eq!(served.json("/api/progress?task=kind")["tasks"][0]["decided"], 1);
    // A correction counts at any time of the clock: here the last decision is in the future.
    let mut future = NewDecision { page: other_page, ..made };
    future.decided_at_ms += 60_000;
    let other = store(&bench);
    other.put_decisions(vec![future]).unwrap();
    other.close();
    served.decide(&pages[6], "kind", json!("letter"));
    let at = pages[6]["page"].as_str().unwrap();
    assert_eq!(served.pages(&format!("task=kind&at={at}"))[0]["tasks"]["kind"]["own"]["value"], "letter");
}

/// While one tab reads pages, another one decides: no decision is forgotten.
#[test]
fn decisions_are_not_forgotten_while_pages_are_read() {
    let bench = reviewed_job(12, "");
    let served = Served::start(&bench, &[]);
    let pages = served.pages("task=kind&limit=12");
    let is_done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                    served.pages("task=kind&limit=12");
                }
            });
        }
        for value in ["form", "letter", "invoice", "form", "letter", "invoice", "form", "letter"] {
            for (at, page) in pages.iter().enumerate() {
                served.decide(page, "kind", json!(value));
                let decided = &served.json("/api/progress?task=kind")["tasks"][0]["decided"];
                assert!(decided.as_u64().unwrap() > at as u64, "{decided} after page {at}");
            }
        }
        is_done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let found = served.pages("task=kind&limit=12&state=decided");
    assert_eq!(found.len(), 12);
    assert!(found.iter().all(|page| page["tasks"]["kind"]["own"]["value"] == "letter"), "the last of each");
    assert_eq!(served.json("/api/recent")["groups"].as_array().unwrap().len(), 20);
}

/// A right answer is what `docmill eval` counts as right: the same meaning, not the same characters.
#[test]
fn progress_and_eval_agree_about_right_answers() {
    let bench = reviewed_job(0, "");
    for at in 0..9 {
        bench.put(&format!("pages/{at}.jpg"), &crate::bench::page(at));
    }
    bench.put(
        "job.yaml",
        b"version: 1\nname: test\ninput: {folder: pages}\nprovider: {simulator: {}, model: openai/gpt-4o-mini}\n\
          tasks: {sender: {question: {text: Who sent it?, type: text, required: true}}}\nstore: store.db\noutput: {jsonl: out.jsonl}\n",
    );
    assert_eq!(bench.run(&[]).code, 0);
    let served = Served::start(&bench, &[]);
    let rows = bench.rows();
    for (at, page) in served.pages("task=sender&limit=9").iter().enumerate() {
        let answer =
            rows.iter().find(|row| row["path"] == page["path"]).unwrap()["sender"].as_str().unwrap().to_owned();
        let value = if at == 0 { format!("not {answer}") } else { format!("  {}  ", answer.to_uppercase()) };
        served.decide(page, "sender", json!(value));
    }
    let worth = served.json("/api/progress?task=sender")["tasks"][0]["worth"].clone();
    assert_eq!((&worth["reviewed"], &worth["right"]), (&json!(9), &json!(8)), "{worth}");
    let report = bench.docmill(&["eval", "job.yaml", "--format", "json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap_or_else(|_| panic!("{}", report.stderr));
    assert_eq!(report["tasks"]["sender"]["accuracy"]["value"], json!(8.0 / 9.0));
}

#[test]
fn several_decisions_are_stored_together_or_not_at_all() {
    let bench = reviewed_job(3, "");
    let served = Served::start(&bench, &[]);
    let pages = served.pages("task=kind&limit=3");
    let decisions = json!([
        {"page": pages[0]["page"], "task": "kind", "value": "form"},
        {"page": pages[1]["page"], "task": "kind", "value": "memo"},
    ]);
    let got = served.post("/api/decide", &json!({ "decisions": decisions }));
    assert_eq!(got.status, 400);
    assert!(got.text().contains("memo"), "{}", got.text());
    assert!(stored_decisions(&bench).is_empty());
}

#[test]
fn a_sample_is_drawn_with_a_probability_that_is_stored() {
    let bench = reviewed_job(20, "");
    let served = Served::start(&bench, &["--sample", "5"]);
    let job = served.json("/api/job");
    assert_eq!(job["sample"], json!({"pages": 5, "of": 20, "probability": 0.25, "where": null}));
    let pages = served.pages("task=kind&limit=100");
    assert_eq!(pages.len(), 5);
    served.decide(&pages[0], "kind", json!("form"));
    assert_eq!(stored_decisions(&bench)[0].decision.sampled_with, Some(0.25));
    let names = |pages: &[Value]| pages.iter().map(|page| page["page"].clone()).collect::<Vec<_>>();
    let all = Served::start(&bench, &[]);
    assert_eq!(names(&all.pages("limit=5")), names(&pages), "a sample is the beginning of the order");
    all.decide(&all.pages("limit=20")[19], "kind", json!("form"));
    assert_eq!(stored_decisions(&bench)[1].decision.sampled_with, None);
    // Pages that are selected by their properties are not a sample, whether they were drawn or not.
    for (place, view) in
        ["order=suspected", "order=cost", "mode=grid", "label=\"letter\"", "status=ok"].iter().enumerate()
    {
        let decisions = json!([{"page": pages[place]["page"], "task": "marks", "value": []}]);
        let got = served.post("/api/decide", &json!({"decisions": decisions, "view": view}));
        assert_eq!(got.status, 200, "{view}: {}", got.text());
        assert_eq!(stored_decisions(&bench).last().unwrap().decision.sampled_with, None, "{view}");
    }
    let filtered = Served::start(&bench, &["--sample", "5", "--where", "path < '00010.jpg'"]);
    assert_eq!(filtered.json("/api/job")["sample"]["of"], 10, "a sample of the selection");
    let last = |served: &Served, task: &str, value: Value| {
        let page = served.pages(&format!("task={task}&limit=1"))[0].clone();
        served.decide(&page, task, value);
        let decision = stored_decisions(&bench).last().unwrap().decision.clone();
        (decision.sampled_with, decision.shown.is_some())
    };
    assert_eq!(last(&filtered, "sum", json!(1.5)), (None, false), "no sample of the job");
    let revealing = Served::start(&bench, &["--reviewer", "eve", "--where", "kind is not null"]);
    assert_eq!(last(&revealing, "kind", json!("form")), (None, true), "which pages are shown reveals the answer");
    assert_eq!(last(&revealing, "sum", json!(1.5)), (None, false), "and nothing of other tasks");
}

#[test]
fn progress_shows_what_a_random_order_is_worth() {
    let bench = reviewed_job(30, "");
    let served = Served::start(&bench, &[]);
    let showing = Served::start(&bench, &["--show", "--reviewer", "eve"]);
    let pages = showing.pages("task=kind&limit=30");
    let worth = |query: &str| served.json(&format!("/api/progress?task=kind&{query}"))["tasks"][0]["worth"].clone();
    assert_eq!(worth(""), Value::Null);
    // A gap: the pages after it are not a random sample.
    served.decide(&pages[5], "kind", json!("form"));
    assert_eq!(worth(""), Value::Null);
    for (at, page) in pages[..5].iter().enumerate() {
        let answer = page["tasks"]["kind"]["answer"]["value"].clone();
        let other = if answer == "form" { "letter" } else { "form" };
        served.decide(page, "kind", if at == 0 { json!(other) } else { answer });
    }
    let found = worth("");
    assert_eq!(found["reviewed"], 6);
    let (low, high) = (found["low"].as_f64().unwrap(), found["high"].as_f64().unwrap());
    let right = found["right"].as_f64().unwrap() / 6.0;
    assert!((0.0..=right).contains(&low) && (right..=1.0).contains(&high), "{found}");
    for query in ["order=suspected", "order=cost", "status=ok", "mode=grid"] {
        assert_eq!(worth(query), Value::Null, "{query}: not a random sample");
    }
    let skipped = served.post("/api/skip", &json!({"skips": [{"page": pages[6]["page"], "task": "kind"}]}));
    assert_eq!(skipped.status, 200);
    served.decide(&pages[7], "kind", json!("form"));
    let found = worth("");
    assert_eq!((&found["reviewed"], &found["skipped"]), (&json!(7), &json!(1)));
}

#[test]
fn decisions_that_do_not_fit_any_more_are_listed() {
    let bench = reviewed_job(3, "");
    let served = Served::start(&bench, &[]);
    let page = served.pages("task=kind&limit=1")[0].clone();
    served.decide(&page, "kind", json!("form"));
    let known = stored_decisions(&bench)[0].decision.clone();
    let store = store(&bench);
    let memo = NewDecision {
        value: JsonText::from_value(&json!("memo")),
        decided_at_ms: known.decided_at_ms + 1,
        ..known.clone()
    };
    let gone = NewDecision { task: "gone".into(), ..memo.clone() };
    store.put_decisions(vec![memo, gone]).unwrap();
    store.close();
    let at = page["page"].as_str().unwrap();
    let found = served.pages(&format!("task=kind&state=unfit&at={at}"))[0].clone();
    assert_eq!(found["tasks"]["kind"]["unfit"][0]["value"], "memo");
    assert_eq!(found["tasks"]["kind"]["own"], Value::Null, "the page is to be decided again, as its row shows");
    assert_eq!(served.json("/api/job")["orphans"], 1);
}
