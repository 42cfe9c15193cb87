//! Draws: the stored data of a sample, and what `docmill eval` reports about it.

use super::client::{Served, reviewed_job, stored_decisions};
use crate::bench::Bench;
use docmill::internal::store::{DrawRecord, ReadStore};
use serde_json::{Value, json};

fn draws(bench: &Bench) -> Vec<DrawRecord> {
    ReadStore::open(&bench.path("store.db")).unwrap().reader().unwrap().draws("test").unwrap()
}

fn evaluated(bench: &Bench, arguments: &[&str]) -> Value {
    let ran = bench.docmill(&[&["eval", "job.yaml", "--format", "json"], arguments].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Decides `kind` of pages as the model has answered, or as `form`.
fn decide(served: &Served, pages: &[Value]) {
    pages.iter().for_each(|page| _ = served.decide(page, "kind", json!("form")));
}

#[test]
fn a_draw_is_stored_and_decisions_refer_to_it() {
    let bench = reviewed_job(20, "");
    let served = Served::start(&bench, &["--sample", "6"]);
    let pages = served.pages("task=kind&limit=100");
    decide(&served, &pages[..4]);
    // The same sample again is the same draw; a larger one is another.
    drop(Served::start(&bench, &["--sample", "6", "--reviewer", "bob"]));
    let stored = draws(&bench);
    assert_eq!(stored.len(), 1);
    assert_eq!((stored[0].size, stored[0].population, &stored[0].selection), (6, 20, &None));
    assert_eq!(stored[0].tasks, ["kind", "marks", "sum"]);
    assert!(stored_decisions(&bench).iter().all(|known| known.decision.draw == Some(stored[0].id)));

    // Not finished: two drawn pages are not reached yet.
    let report = evaluated(&bench, &[]);
    assert_eq!(report["truth"]["selection"], "sample");
    let draw = &report["truth"]["draws"]["kind"];
    assert_eq!((&draw["pages"], &draw["of"], &draw["decided"]), (&json!(6), &json!(20), &json!(4)), "{draw}");
    assert_eq!((&draw["passed_over"], &draw["not_reached"], &draw["left_out"]), (&json!(0), &json!(2), &json!(0)));
    let text = bench.docmill(&["eval", "job.yaml"]).stdout;
    assert!(text.contains("kind: 2 of 6 drawn pages not decided yet\n"), "{text}");

    // One page is passed over; pages that were picked elsewhere are left out.
    decide(&served, &pages[5..]);
    let free = Served::start(&bench, &["--order", "suspected"]);
    let all = free.pages("task=kind&limit=100");
    decide(&free, &all[15..]);
    assert_eq!(stored_decisions(&bench).last().unwrap().decision.draw, None);
    let report = evaluated(&bench, &[]);
    let draw = &report["truth"]["draws"]["kind"];
    assert_eq!(
        (&draw["decided"], &draw["passed_over"], &draw["left_out"]),
        (&json!(5), &json!(1), &json!(5)),
        "{draw}"
    );
    assert_eq!((&report["truth"]["selection"], &report["tasks"]["kind"]["n"]), (&json!("sample"), &json!(5)));
    let text = bench.docmill(&["eval", "job.yaml"]).stdout;
    assert!(text.contains("kind: 1 of 6 drawn pages not decided yet, 1 of them passed over: "), "{text}");
    assert!(text.contains("kind: 5 pages with answers that were not drawn are left out"), "{text}");

    // A comparison with other answers uses the same pages.
    bench.put(
        "other.yaml",
        bench.text("job.yaml").replace("out.", "other.").replace(", form]", ", form, memo]").as_bytes(),
    );
    assert_eq!(bench.docmill(&["run", "other.yaml", "-q"]).code, 0);
    let compare = ["diff", "job.yaml", "--against", "other.yaml", "--answers", "blind"];
    let compared = bench.docmill(&[&compare[..], &["--format", "json"]].concat());
    let found: Value = serde_json::from_str(&compared.stdout).unwrap();
    assert_eq!(found["truth_selection"], "sample");
    let kind = &found["tasks"]["kind"];
    assert_eq!((&kind["left_out"], &kind["truth"]["n"]), (&json!(5), &json!(5)), "{kind}");
    let text = bench.docmill(&compare).stdout;
    assert!(text.contains("kind: 5 pages with answers that were not drawn are left out"), "{text}");
    assert!(!text.contains("not drawn at random"), "{text}");

    // Another task has no draw: its pages count as selected, whatever the draw of the first.
    let got = free.post(
        "/api/decide",
        &json!({"decisions": [{"page": pages[0]["page"], "task": "marks", "value": []}], "view": "order=suspected"}),
    );
    assert_eq!(got.status, 200, "{}", got.text());
    let report = evaluated(&bench, &[]);
    assert_eq!(report["tasks"]["kind"]["selection"], "sample");
    assert_eq!(report["tasks"]["marks"]["selection"], "selected");
    assert_eq!(report["truth"]["selection"], "selected", "not all of it");

    // An enlarged sample takes over the decisions.
    let larger = Served::start(&bench, &["--sample", "10"]);
    let pages = larger.pages("task=kind&limit=100&state=undecided");
    decide(&larger, &pages);
    assert_eq!(draws(&bench).len(), 2);
    let report = evaluated(&bench, &["--task", "kind"]);
    let draw = &report["truth"]["draws"]["kind"];
    assert_eq!((&draw["pages"], &draw["decided"], &draw["passed_over"]), (&json!(10), &json!(10), &json!(0)), "{draw}");
    assert_eq!((&report["truth"]["selection"], &report["tasks"]["kind"]["n"]), (&json!("sample"), &json!(10)));

    // Exported, all of it states the probability of the larger sample, and is one sample in another store.
    let exported = bench.docmill(&["answers", "export", "job.yaml"]).stdout;
    let of_kind = exported.lines().filter(|line| line.contains(",kind,"));
    let mut stated: Vec<&str> = of_kind.map(|line| line.rsplit(',').nth(1).unwrap()).collect();
    stated.retain(|probability| !probability.is_empty());
    assert_eq!(stated, ["0.5"; 10], "{exported}");
    bench.put("answers.csv", exported.as_bytes());
    for arguments in [&["run", "job.yaml", "-q"][..], &["answers", "import", "job.yaml", "answers.csv"]] {
        let ran = bench.docmill(&[arguments, &["--store", "copy.db"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let copied = evaluated(&bench, &["--task", "kind", "--store", "copy.db"]);
    assert_eq!((&copied["truth"]["selection"], &copied["tasks"]["kind"]["n"]), (&json!("sample"), &json!(10)));
    assert_eq!(copied["tasks"]["kind"]["accuracy"], report["tasks"]["kind"]["accuracy"]);
}

/// A blind answer that is taken back, and given again when the model's answer was seen.
#[test]
fn a_page_that_was_decided_only_after_the_answer_was_seen_is_stated() {
    let bench = reviewed_job(20, "");
    let served = Served::start(&bench, &["--sample", "6"]);
    let pages = served.pages("task=kind&limit=100");
    decide(&served, &pages[..1]);
    let group = served.decide(&pages[1], "kind", json!("form"));
    assert_eq!(group["changed"], 0);
    served.pages("task=kind&limit=100");
    let undone = served.post("/api/undo", &json!({"group": group["group"]}));
    assert_eq!(undone.status, 200, "{}", undone.text());
    decide(&served, &pages[1..5]);
    let report = evaluated(&bench, &[]);
    let draw = &report["truth"]["draws"]["kind"];
    assert_eq!(
        (&draw["pages"], &draw["decided"], &draw["passed_over"], &draw["decided_seen"], &draw["not_reached"]),
        (&json!(6), &json!(4), &json!(0), &json!(1), &json!(1)),
        "{draw}"
    );
    let text = bench.docmill(&["eval", "job.yaml"]).stdout;
    assert!(text.contains("kind: 1 of 6 drawn pages not decided yet\n"), "{text}");
    let seen = "kind: 1 of 6 drawn pages was decided only after the model's answer was seen: left out; --include-shown counts it";
    assert!(text.contains(seen), "{text}");
    let worth = &served.json("/api/progress?task=kind")["tasks"][0]["worth"];
    assert_eq!((&worth["reviewed"], &worth["shown"]), (&json!(5), &json!(1)), "{worth}");
    // A reviewer who changes a blind answer is informed, and the review counts the same answers as eval.
    let right = worth["right"].as_u64();
    let changed = served.decide(&pages[0], "kind", json!("letter"));
    assert_eq!(changed["changed"], 1, "{changed}");
    let worth = &served.json("/api/progress?task=kind")["tasks"][0]["worth"];
    assert_eq!((worth["right"].as_u64(), &worth["shown"]), (right, &json!(1)), "{worth}");
    assert_eq!(evaluated(&bench, &[])["truth"]["changed"], json!(1));
}

#[test]
fn a_draw_within_a_selection_does_not_measure_other_pages() {
    let bench = reviewed_job(24, "");
    let expression = "path < '00012.jpg'";
    let served = Served::start(&bench, &["--sample", "5", "--where", expression]);
    let job = served.json("/api/pages?task=kind&limit=1");
    assert_eq!(job["total"], 5);
    let sample = &served.json("/api/job")["sample"];
    assert_eq!((&sample["of"], &sample["where"].is_string()), (&json!(12), &true), "{sample}");
    let pages = served.pages("task=kind&limit=100");
    decide(&served, &pages);
    let stored = draws(&bench);
    assert_eq!((stored.len(), stored[0].size, stored[0].population), (1, 5, 12));
    let last = stored_decisions(&bench).pop().unwrap().decision;
    assert_eq!((last.draw, last.sampled_with), (Some(stored[0].id), None), "no probability for the whole job");

    let whole = evaluated(&bench, &[]);
    assert_eq!(whole["truth"]["selection"], "selected");
    assert!(whole["truth"]["draws"]["kind"]["other_selections"][0].is_string(), "{whole}");
    let text = bench.docmill(&["eval", "job.yaml"]).stdout;
    assert!(text.contains("measure them with --where"), "{text}");
    // Of these rows it is a sample, however the expression is written.
    let within = evaluated(&bench, &["--where", "path  <  \"00012.jpg\""]);
    assert_eq!(within["truth"]["selection"], "sample", "{within}");
    let draw = &within["truth"]["draws"]["kind"];
    assert_eq!((&draw["pages"], &draw["of"], &draw["decided"]), (&json!(5), &json!(12), &json!(5)), "{draw}");
    // A decision does not change which rows were drawn.
    let again = Served::start(&bench, &["--sample", "5", "--where", expression]);
    assert_eq!(again.pages("task=kind&limit=100").len(), 5);
    assert_eq!(draws(&bench).len(), 1);
}

/// Truth of every page needs no sample, despite earlier draws.
#[test]
fn once_every_page_is_decided_all_of_them_count() {
    let bench = reviewed_job(24, "");
    let expression = "path < '00012.jpg'";
    for arguments in [&["--sample", "5", "--where", expression][..], &["--sample", "6"]] {
        let served = Served::start(&bench, arguments);
        decide(&served, &served.pages("task=kind&limit=100&state=undecided"));
    }
    let free = Served::start(&bench, &["--order", "suspected"]);
    let open = free.pages("task=kind&limit=100&state=undecided");
    let (last, others) = open.split_last().unwrap();
    decide(&free, others);
    let within = &evaluated(&bench, &["--where", expression])["truth"]["draws"]["kind"];
    let counted = |member: &str| within[member].as_u64().unwrap();
    assert_eq!(counted("decided"), 5, "{within}");
    let drawn = 12 - u64::from(last["path"].as_str().unwrap() < "00012.jpg");
    assert_eq!(counted("left_out"), drawn - 5, "only pages that match: {within}");

    decide(&free, std::slice::from_ref(last));
    for (arguments, pages) in [(&[][..], 24), (&["--where", expression], 12)] {
        let report = evaluated(&bench, arguments);
        let kind = &report["tasks"]["kind"];
        assert_eq!((&kind["n"], &kind["selection"]), (&json!(pages), &json!("all")), "{report}");
    }
    // In another store, each was drawn with certainty: with more pages there, they are not a sample.
    let exported = bench.docmill(&["answers", "export", "job.yaml"]).stdout;
    let stated: Vec<&str> = exported.lines().skip(1).map(|line| line.rsplit(',').nth(1).unwrap()).collect();
    assert_eq!(stated, ["1"; 24], "{exported}");
}

/// Decisions change rows: a sample that is drawn among rows must not lose the pages that were corrected.
#[test]
fn corrections_do_not_change_what_is_drawn() {
    let bench = reviewed_job(24, "");
    let served = Served::start(&bench, &[]);
    let kind = served.json("/api/filters?task=kind")["labels"][0]["value"].clone();
    let expression = format!("kind = '{}'", kind.as_str().unwrap());
    let start = || Served::start(&bench, &["--sample", "100", "--where", &expression]);
    let served = start();
    let before = served.json("/api/pages?task=kind&limit=1")["total"].clone();
    let page = served.pages("task=kind&limit=1")[0].clone();
    served.decide(&page, "kind", json!(if kind == "form" { "letter" } else { "form" }));
    drop(served);
    assert_eq!(start().json("/api/pages?task=kind&limit=1")["total"], before);
    assert_eq!(draws(&bench).len(), 1);
}

/// A sample is one of the pages that the job has now: those that came later have their places in its order, and nobody
/// could decide them.
#[test]
fn pages_that_come_later_belong_to_the_order() {
    let bench = reviewed_job(12, "");
    let served = Served::start(&bench, &["--sample", "6"]);
    decide(&served, &served.pages("task=kind&limit=100"));
    drop(served);
    assert_eq!(evaluated(&bench, &[])["truth"]["draws"]["kind"]["of"], 12);
    (12..24).for_each(|at| bench.put(&format!("pages/new-{at}.jpg"), &crate::bench::page(at)));
    let ran = bench.run(&[]);
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    let all = Served::start(&bench, &[]);
    let order = all.pages("task=kind&limit=100");
    let is_decided = |page: &Value| page["tasks"]["kind"].get("own").is_some();
    let reached = order.iter().rposition(is_decided).unwrap() + 1;
    let report = evaluated(&bench, &[]);
    let draw = &report["truth"]["draws"]["kind"];
    assert!(reached > 6, "the test needs a new page among the first ones");
    assert_eq!(
        (&draw["of"], &draw["drawn_among"], &draw["decided"], &draw["passed_over"], &draw["not_drawn"]),
        (&json!(24), &json!(12), &json!(6), &json!(0), &json!(reached - 6)),
        "{draw}"
    );
    assert_eq!(report["truth"]["selection"], "selected");
    assert_eq!(report["tasks"]["kind"]["n"], json!(6));
    let text = bench.docmill(&["eval", "job.yaml"]).stdout;
    let line = format!(
        "the draw was among 12, and the job has 24 now. This is not a sample of them; draw one with --sample {reached}"
    );
    assert!(text.contains(&line), "{text}");
    let exported = bench.docmill(&["answers", "export", "job.yaml"]).stdout;
    assert!(exported.lines().skip(1).all(|line| line.rsplit(',').nth(1) == Some("")), "{exported}");
    // A review that has only begun to ask for them changes nothing.
    drop(Served::start(&bench, &["--sample", &reached.to_string()]));
    assert_eq!(evaluated(&bench, &[])["truth"]["selection"], "selected");
    // When these are decided, too, it is a complete sample of all pages.
    let larger = Served::start(&bench, &["--sample", &reached.to_string()]);
    decide(&larger, &larger.pages("task=kind&limit=100&state=undecided"));
    let report = evaluated(&bench, &[]);
    let draw = &report["truth"]["draws"]["kind"];
    assert_eq!(
        (&draw["decided"], &draw["passed_over"], &draw["not_reached"]),
        (&json!(reached), &json!(0), &json!(0)),
        "{draw}"
    );
    assert_eq!(report["truth"]["selection"], "sample");
    // When every page is decided, there is nothing to estimate.
    decide(&all, &all.pages("task=kind&limit=100&state=undecided"));
    let report = evaluated(&bench, &[]);
    assert_eq!((&report["truth"]["selection"], &report["truth"].get("draws")), (&json!("all"), &None));
}

/// What matched when pages were drawn is not what matches now.
#[test]
fn a_draw_among_rows_is_not_a_sample_of_rows_that_came_later() {
    let bench = reviewed_job(24, "");
    let expression = "path < '00012.jpg'";
    let draw = || {
        let served = Served::start(&bench, &["--sample", "5", "--where", expression]);
        decide(&served, &served.pages("task=kind&limit=100&state=undecided"));
    };
    draw();
    assert_eq!(evaluated(&bench, &["--where", expression])["truth"]["selection"], "sample");
    (0..8).for_each(|at| bench.put(&format!("pages/00000-{at}.jpg"), &crate::bench::page(30 + at)));
    let ran = bench.run(&[]);
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    let report = evaluated(&bench, &["--where", expression]);
    assert_eq!(report["truth"]["selection"], "selected", "{report}");
    let known = &report["truth"]["draws"]["kind"];
    assert_eq!(
        (&known["of"], &known["drawn_among"], &known["decided"]),
        (&json!(20), &json!(12), &json!(5)),
        "{known}"
    );
    let text = bench.docmill(&["eval", "job.yaml", "--where", expression]).stdout;
    assert!(text.contains("kind: 20 match now: this is not a sample of them; draw one with --sample 5"), "{text}");
    draw();
    let report = evaluated(&bench, &["--where", expression]);
    assert_eq!(
        (&report["truth"]["selection"], &report["tasks"]["kind"]["n"]),
        (&json!("sample"), &json!(5)),
        "{report}"
    );
}

/// Pages are drawn among different ones, so a copy of a drawn page is not another observation.
#[test]
fn copies_of_pages_count_once_where_pages_were_drawn() {
    let bench = reviewed_job(12, "");
    let served = Served::start(&bench, &["--sample", "6"]);
    let pages = served.pages("task=kind&limit=100");
    decide(&served, &pages);
    drop(served);
    let before = evaluated(&bench, &[]);
    assert_eq!((&before["truth"]["job_pages"], before["truth"].get("copies")), (&json!(12), None));
    // A drawn page and another one get copies.
    for (at, drawn) in [(0, true), (11, false)] {
        let is_drawn = |at: u32| pages.iter().any(|page| page["path"] == format!("{at:05}.jpg"));
        let at = (at..12).chain(0..at).find(|at| is_drawn(*at) == drawn).unwrap();
        let content = std::fs::read(bench.path(&format!("pages/{at:05}.jpg"))).unwrap();
        (0..9).for_each(|copy| bench.put(&format!("pages/copy-{at}-{copy}.jpg"), &content));
    }
    let ran = bench.run(&[]);
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    let after = evaluated(&bench, &[]);
    let truth = &after["truth"];
    assert_eq!(
        (&truth["selection"], &truth["job_pages"], &truth["copies"]),
        (&json!("sample"), &json!(12), &json!(18))
    );
    assert_eq!((&truth["matched"], &truth["stands_for"]), (&json!(6), &before["truth"]["stands_for"]));
    assert_eq!(after["tasks"]["kind"], before["tasks"]["kind"]);
    assert_eq!(after["cost"], before["cost"]);
    let note = "pages were drawn among different ones: 18 copies are not counted";
    assert!(truth["notes"].as_array().unwrap().contains(&json!(note)), "{truth}");
    let text = bench.docmill(&["eval", "job.yaml"]).stdout;
    assert!(text.contains(note), "{text}");
    assert!(text.contains("estimated for all 12 pages from 6 that were drawn at random"), "{text}");
    // A part of the rows may hold some copies only.
    let part = evaluated(&bench, &["--where", "path like 'copy%'"]);
    assert_eq!((&part["truth"]["job_pages"], &part["truth"]["copies"]), (&json!(2), &json!(16)));
    // Without a draw, each row is a page.
    let all = Served::start(&bench, &["--show"]);
    drop(all);
    bench.put("t.csv", b"path,kind\ncopy-0-0.jpg,form\n00000.jpg,form\n");
    let ran = bench.docmill(&["eval", "job.yaml", "--format", "json", "--truth", "t.csv"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    assert_eq!(report["truth"]["job_pages"], json!(30), "{report}");
}

/// A draw among the rows of an expression is not a sample of the rows that match later, for a comparison either.
#[test]
fn a_comparison_knows_which_rows_pages_were_drawn_among() {
    let bench = reviewed_job(24, "");
    let expression = "path < '00012.jpg'";
    let served = Served::start(&bench, &["--sample", "5", "--where", expression]);
    decide(&served, &served.pages("task=kind&limit=100"));
    drop(served);
    let other = bench.text("job.yaml").replace("out.", "other.").replace(", form]", ", form, memo]");
    bench.put("other.yaml", other.as_bytes());
    let run_other = || {
        let ran = bench.docmill(&["run", "other.yaml", "-q"]);
        assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    };
    run_other();
    let compare = |arguments: &[&str]| {
        let own = ["diff", "job.yaml", "--against", "other.yaml", "--answers", "blind"];
        let ran = bench.docmill(&[&own, arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    let compared = |arguments: &[&str]| -> Value {
        serde_json::from_str(&compare(&[arguments, &["--format", "json"]].concat())).unwrap()
    };
    let own = compared(&["--where", expression]);
    assert_eq!((&own["truth_selection"], own["tasks"]["kind"].get("outdated_draw")), (&json!("sample"), None), "{own}");
    // Among other rows.
    for arguments in [&[][..], &["--where", "path < '00020.jpg'"], &["--where", "path < '00006.jpg'"]] {
        assert_eq!(compared(arguments)["truth_selection"], "selected", "{arguments:?}");
    }
    (0..8).for_each(|at| bench.put(&format!("pages/00000-{at}.jpg"), &crate::bench::page(30 + at)));
    let ran = bench.run(&[]);
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    run_other();
    let later = compared(&["--where", expression]);
    let kind = &later["tasks"]["kind"];
    assert_eq!((&later["truth_selection"], &kind["truth"]["n"]), (&json!("selected"), &json!(5)), "{later}");
    let draw = &kind["outdated_draw"];
    assert_eq!((&draw["drawn_among"], &draw["of"], &draw["not_drawn"]), (&json!(12), &json!(20), &json!(0)), "{draw}");
    let line = "kind: 20 match now: this is not a sample of them; draw one with --sample 5 and the same --where";
    for text in [compare(&["--where", expression]), compare(&["--where", expression, "--format", "html"])] {
        assert!(text.contains(line) && text.contains("not drawn at random"), "{text}");
    }
}

/// A file of answers may state a probability for pages that could not be opened: they are in its sample, and count there.
#[test]
fn pages_that_could_not_be_opened_count_once_if_they_are_in_a_sample() {
    let bench = reviewed_job(8, "on_error: {max_failed: 100%}");
    (0..2).for_each(|at| bench.put(&format!("pages/broken-{at}.jpg"), format!("no picture {at}").as_bytes()));
    assert_eq!(bench.run(&[]).code, 0);
    let rows = bench.rows();
    let drawn = rows.iter().filter(|row| row["kind"].is_string()).take(4);
    let mut answers = "path,page,task,value,reviewer,sampled_with,shown\n".to_owned();
    for row in drawn {
        let [path, kind] = ["path", "kind"].map(|name| row[name].as_str().unwrap());
        answers.push_str(&format!("{path},1,kind,{kind},ann,0.5,false\n"));
    }
    answers.push_str("broken-0.jpg,0,kind,letter,ann,0.5,false\n");
    bench.put("answers.csv", answers.as_bytes());
    let ran = bench.docmill(&["answers", "import", "job.yaml", "answers.csv"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let report = evaluated(&bench, &[]);
    let value = report["tasks"]["kind"]["accuracy_of_all"]["value"].as_f64().unwrap();
    assert!((value - 0.8).abs() < 1e-9, "{report}");
    assert_eq!(report["truth"].get("unopened"), None, "{report}");
}

/// A draw contains only pages that could be opened; those that could not are known to have no answer.
#[test]
fn pages_that_could_not_be_opened_count_as_wrong_beside_a_draw() {
    let bench = reviewed_job(20, "on_error: {max_failed: 100%}");
    // The last two are equal.
    (0..6).for_each(|at| bench.put(&format!("pages/broken-{at}.jpg"), format!("no picture {}", at.min(4)).as_bytes()));
    let ran = bench.run(&[]);
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    let rows = bench.rows();
    let kinds: Vec<&str> = rows.iter().filter_map(|row| row["kind"].as_str()).collect();
    assert_eq!(kinds.len(), 20);
    // The model is always right.
    let decide_all = |size: &str| {
        let served = Served::start(&bench, &["--sample", size]);
        for page in served.pages("task=kind&limit=100&state=undecided") {
            let row = rows.iter().find(|row| row["path"] == page["path"]).unwrap();
            served.decide(&page, "kind", row["kind"].clone());
        }
    };
    let near = |value: &Value, expected: f64| {
        assert!((value.as_f64().unwrap() - expected).abs() < 1e-9, "{value} {expected}");
    };
    decide_all("16");
    let report = evaluated(&bench, &[]);
    let (truth, kind) = (&report["truth"], &report["tasks"]["kind"]);
    assert_eq!(
        (&truth["selection"], &truth["job_pages"], &truth["unopened"], &truth["copies"]),
        (&json!("sample"), &json!(25), &json!(5), &json!(1))
    );
    assert_eq!((&truth["draws"]["kind"]["of"], &kind["n"]), (&json!(20), &json!(16)));
    near(&kind["accuracy"]["value"], 1.0);
    near(&kind["accuracy_of_all"]["value"], 20.0 / 25.0);
    near(&report["correct_pages"], 20.0 / 25.0);
    assert!(kind["accuracy_of_all"]["low"].as_f64().unwrap() < 0.7, "{kind}");
    // Shares are those among the pages that could be opened.
    for (label, found) in kind["labels"].as_object().unwrap() {
        let Some(value) = found["prevalence"]["value"].as_f64() else { continue };
        let count = u32::try_from(kinds.iter().filter(|kind| *kind == label).count()).unwrap();
        assert!((value - f64::from(count) / 20.0).abs() < 0.03, "{label}: {value} of {count}");
    }
    let bound = bench.docmill(&["eval", "job.yaml", "--min-accuracy", "0.75"]);
    assert_eq!(bound.code, 7, "{}", bound.stdout);
    assert!(
        bound.stderr.contains("on 16 pages, counting 5 pages that could not be opened as wrong"),
        "{}",
        bound.stderr
    );
    assert!(bound.stdout.contains("no answer as wrong"), "{}", bound.stdout);
    for text in [bound.stdout, bench.docmill(&["eval", "job.yaml", "--format", "html"]).stdout] {
        let scope = "estimated for all 25 pages, of which 5 could not be opened, from 16 that were drawn at random";
        assert!(text.contains(scope) && text.contains("are of the 20 that could"), "{text}");
        assert!(!text.contains("stand for about"), "{text}");
    }
    // Other rows are another whole.
    let part = evaluated(&bench, &["--where", "status = 'ok'"]);
    assert_eq!(part["truth"].get("unopened"), None, "{part}");
    near(&part["tasks"]["kind"]["accuracy_of_all"]["value"], 1.0);

    // An export states the probability of the same draw, and is the same sample in another store.
    bench.put("answers.csv", bench.docmill(&["answers", "export", "job.yaml"]).stdout.as_bytes());
    assert_eq!(bench.text("answers.csv").matches(",0.8,").count(), 16, "{}", bench.text("answers.csv"));
    for arguments in [&["run", "job.yaml", "-q"][..], &["answers", "import", "job.yaml", "answers.csv"]] {
        let ran = bench.docmill(&[arguments, &["--store", "copy.db"]].concat());
        assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    }
    let copied = evaluated(&bench, &["--store", "copy.db"]);
    assert_eq!((&copied["tasks"], &copied["truth"]["unopened"]), (&report["tasks"], &json!(5)));

    // Every page that can be decided on.
    decide_all("20");
    let report = evaluated(&bench, &[]);
    assert_eq!((&report["truth"]["selection"], &report["truth"]["unopened"]), (&json!("all"), &json!(6)), "{report}");
    near(&report["tasks"]["kind"]["accuracy_of_all"]["value"], 20.0 / 26.0);
    let text = bench.docmill(&["eval", "job.yaml"]).stdout;
    assert!(text.contains("accuracy 1.000 of 20 of all 26 pages; 6 without an answer"), "{text}");
    assert!(text.contains("every page that could be opened has truth, and 6 of 26 could not"), "{text}");
    // For a comparison as well.
    let other = bench.text("job.yaml").replace("out.", "other.").replace(", form]", ", form, memo]");
    bench.put("other.yaml", other.as_bytes());
    let ran = bench.docmill(&["run", "other.yaml", "-q"]);
    assert!(ran.code == 0 || ran.code == 3, "{}", ran.stderr);
    let compared =
        ["diff", "job.yaml", "--against", "other.yaml", "--answers", "blind", "--task", "kind", "--format", "json"];
    let compared: Value = serde_json::from_str(&bench.docmill(&compared).stdout).unwrap();
    assert_eq!(compared["truth_selection"], "all", "{compared}");
}
