//! `--where` of `run`, `plan` and `export`: which pages are sent again, judged by what the server received.

use crate::bench::{Bench, hanging_after, under_way};
use docmill::internal::simulator::Options;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

const STAMPED: &str = "marks contains 'stamp'";

/// Pages that one server has answered, and another one, which gives other answers, that is asked from now on.
fn answered(pages: usize) -> Bench {
    let bench = Bench::with_pages(pages).simulator(Options::default());
    bench.job("limits: {concurrency: 4}");
    assert_eq!(bench.run(&["-q"]).code, 0);
    with_other_answers(bench, Options::default())
}

/// The same pages, and a server that gives other answers.
fn with_other_answers(bench: Bench, options: Options) -> Bench {
    let bench = bench.simulator(Options { seed: 2, latency: Duration::from_millis(30), ..options });
    bench.job("limits: {concurrency: 4}");
    bench
}

fn requests(bench: &Bench) -> u64 {
    bench.stats()["requests"].as_u64().unwrap()
}

/// The paths of rows with a stamp.
fn stamped(rows: &[Value]) -> BTreeSet<String> {
    let is_stamped = |row: &&Value| row["marks"].as_array().is_some_and(|marks| marks.contains(&"stamp".into()));
    rows.iter().filter(is_stamped).map(|row| row["path"].as_str().unwrap().to_owned()).collect()
}

/// The paths of rows whose answers were stored at another time.
fn asked_again(before: &[Value], after: &[Value]) -> BTreeSet<String> {
    let both = before.iter().zip(after).filter(|(before, after)| before["answered_at"] != after["answered_at"]);
    both.map(|(_, after)| after["path"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_refresh_asks_only_pages_whose_rows_match() {
    let bench = answered(40);
    let before = bench.rows();
    let stamped_pages = stamped(&before);
    assert!(stamped_pages.len() > 3 && stamped_pages.len() < 30, "{}", stamped_pages.len());
    let planned = bench.docmill(&["plan", "job.yaml", "--refresh", "--where", STAMPED, "--format", "json"]);
    let plan: Value = serde_json::from_str(&planned.stdout).unwrap();
    assert_eq!(
        (plan["to_ask"].as_u64(), plan["not_selected"].as_u64()),
        (Some(stamped_pages.len() as u64), Some(40 - stamped_pages.len() as u64))
    );
    // A page that was never asked is left to a run without options.
    bench.put("pages/new.jpg", &crate::bench::page(1000));
    let ran = bench.run(&["--refresh", "--where", STAMPED]);
    assert_eq!((ran.code, bench.report()["outcome"].as_str()), (0, Some("limited")), "{}", ran.stderr);
    assert_eq!(requests(&bench), stamped_pages.len() as u64);
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(requests(&bench), stamped_pages.len() as u64 + 1);
    let after = bench.rows();
    assert_eq!(asked_again(&before, &after[..40]), stamped_pages);
    let changed = stamped_pages.difference(&stamped(&after)).count();
    assert!(changed > 0, "the other server gives other answers");
}

#[test]
fn an_interrupted_refresh_with_a_filter_is_continued() {
    let bench = answered(60);
    let before = bench.rows();
    let stamped_pages = stamped(&before);
    let bench = with_other_answers(bench, hanging_after(6));
    let mut child = bench.start(&["--refresh", "--where", STAMPED, "--progress", "off"]);
    under_way(&bench, &mut child, 7);
    child.kill().unwrap();
    child.wait().unwrap();
    let sent_before = requests(&bench);
    let bench = with_other_answers(bench, Options::default());
    // Other words for the same pages.
    let continued = bench.run(&["--refresh", "--where", "marks  CONTAINS  \"stamp\""]);
    assert!(continued.stderr.contains("continuing run"), "{}", continued.stderr);
    assert_eq!(continued.code, 0);
    let sent_again = requests(&bench);
    let sent = sent_before + sent_again;
    let expected = stamped_pages.len() as u64;
    assert!((expected..=expected + 4).contains(&sent), "{sent} for {expected}: only pages in flight are sent twice");
    assert_eq!(asked_again(&before, &bench.rows()), stamped_pages);
    // It came to its end: the next one asks what has a stamp now.
    let now = stamped(&bench.rows());
    let anew = bench.run(&["--refresh", "--where", STAMPED]);
    assert!(!anew.stderr.contains("continuing run"), "{}", anew.stderr);
    assert_eq!(requests(&bench), sent_again + now.len() as u64);
    let other = bench.run(&["--refresh", "--where", "marks contains 'seal'", "--limit", "1"]);
    assert!(!other.stderr.contains("continuing run"), "another selection: {}", other.stderr);
}

/// Asking a page changes its row. The sample must not move to other pages by that.
#[test]
fn a_sample_of_a_selection_stays_the_same_while_it_is_asked() {
    let bench = answered(60);
    let before = bench.rows();
    let stamped_pages = stamped(&before);
    let arguments = ["-q", "--refresh", "--where", STAMPED, "--sample", "8"];
    assert!(stamped_pages.len() > 8);
    let mut asked = Vec::new();
    for limit in ["3", "3", "9"] {
        let ran = bench.run(&[&arguments[..], &["--limit", limit]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        asked.push(requests(&bench));
    }
    assert_eq!(asked, [3, 6, 8]);
    let sample = asked_again(&before, &bench.rows());
    assert!(sample.len() == 8 && sample.is_subset(&stamped_pages), "{sample:?}");
}

#[test]
fn pages_that_failed_are_retried_by_their_error() {
    let bench = Bench::with_pages(6).simulator(Options::default());
    bench.put("pages/empty.jpg", b"");
    bench.put("pages/text.jpg", b"no image");
    bench.job("on_error: {max_failed: 50%}");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let plan = |expression: &str| {
        let ran = bench.docmill(&["plan", "job.yaml", "--retry", "failed", "--where", expression, "--format", "json"]);
        serde_json::from_str::<Value>(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr))
    };
    assert_eq!(plan("error_kind = 'empty_file'")["to_ask"], 0, "an empty file can't be asked");
    let ran = bench.run(&["-q", "--retry", "failed", "--where", "error_kind = 'empty_file'"]);
    assert_eq!((ran.code, requests(&bench)), (0, 6), "{}", ran.stderr);
}

#[test]
fn an_expression_is_checked_before_anything_is_done() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    for arguments in [
        ["run", "job.yaml", "--refresh", "--where", "knd = 'invoice'"],
        ["plan", "job.yaml", "--retry=all", "--where", "kind = 'invoce'"],
        ["rows", "job.yaml", "--failed", "--where", "cost_usd > 'a'"],
        ["export", "job.yaml", "--csv=-", "--where", "kind = "],
    ] {
        let ran = bench.docmill(&arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("error: --where: ") && ran.stderr.contains('^'), "{}", ran.stderr);
    }
    assert_eq!(requests(&bench), 0);
    assert!(!bench.path("store.db").exists(), "nothing is written");
    for command in ["run", "plan"] {
        let alone = bench.docmill(&[command, "job.yaml", "--where", STAMPED]);
        assert_eq!(alone.code, 2, "{}", alone.stderr);
        assert!(
            alone.stderr.contains("none are") && alone.stderr.contains("add --refresh to send"),
            "{}",
            alone.stderr
        );
    }
}

#[test]
fn an_export_holds_only_rows_that_match_and_takes_the_place_of_no_output() {
    let bench = Bench::with_pages(30).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let all = bench.text("out.jsonl");
    let stamped_pages = stamped(&bench.rows());
    let part = bench.docmill(&["export", "job.yaml", "--jsonl", "-", "--where", STAMPED]);
    let rows = crate::bench::rows(&part.stdout);
    assert_eq!((part.code, stamped(&rows), rows.len()), (0, stamped_pages.clone(), stamped_pages.len()));
    let files = ["export", "job.yaml", "--csv", "part.csv", "--parquet", "part.parquet", "--where", STAMPED];
    assert_eq!(bench.docmill(&files).code, 0);
    assert_eq!(bench.text("part.csv").lines().count(), stamped_pages.len() + 1);
    let none = bench.docmill(&["export", "job.yaml", "--csv", "none.csv", "--where", "kind is null"]);
    assert_eq!((none.code, bench.text("none.csv").lines().count()), (0, 1), "a header: {}", none.stderr);
    let unnamed = bench.docmill(&["export", "job.yaml", "--where", STAMPED]);
    assert_eq!(unnamed.code, 2, "{}", unnamed.stderr);
    assert!(unnamed.stderr.contains("no file for them is given"), "{}", unnamed.stderr);
    for file in ["out.csv", "./pages/../out.csv"] {
        let over = bench.docmill(&["export", "job.yaml", "--csv", file, "--where", STAMPED]);
        assert_eq!(over.code, 2, "{file}: {}", over.stderr);
        assert!(over.stderr.contains("over an output of the manifest"), "{}", over.stderr);
    }
    for other in [&["--model-only"][..], &["--sample", "3"]] {
        let unnamed = bench.docmill(&[&["export", "job.yaml"], other].concat());
        assert!(unnamed.code == 2 && unnamed.stderr.contains("no file for them is given"), "{}", unnamed.stderr);
        let over = bench.docmill(&[&["export", "job.yaml", "--csv", "out.csv"], other].concat());
        assert!(over.code == 2 && over.stderr.contains("over an output of the manifest"), "{}", over.stderr);
        let named = bench.docmill(&[&["export", "job.yaml", "--csv", "named.csv"], other].concat());
        assert_eq!(named.code, 0, "{}", named.stderr);
    }
    assert_eq!(bench.text("named.csv").lines().count(), 4);
    assert_eq!(bench.text("out.jsonl"), all);
}

#[test]
fn a_sample_of_rows_is_always_the_same_and_lies_in_the_selection() {
    let bench = Bench::with_pages(30).simulator(Options::default());
    bench.put("pages/a-copy.jpg", &crate::bench::page(3));
    bench.put("pages/unreadable.jpg", b"no image");
    bench.job("on_error: {max_failed: 50%}");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let rows = |arguments: &[&str]| {
        let ran = bench.docmill(&[&["rows", "job.yaml", "--format", "json"], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        crate::bench::rows(&ran.stdout)
    };
    let paths = |rows: &[Value]| -> BTreeSet<String> {
        rows.iter().map(|row| row["path"].as_str().unwrap().to_owned()).collect()
    };
    let five = paths(&rows(&["--sample", "5"]));
    let ten = paths(&rows(&["--sample", "10"]));
    assert!(five.len() == 5 && ten.len() == 10 && five.is_subset(&ten), "{five:?} {ten:?}");
    let exported = bench.docmill(&["export", "job.yaml", "--jsonl", "-", "--sample", "5"]);
    assert_eq!(paths(&crate::bench::rows(&exported.stdout)), five);
    let selected = rows(&["--where", STAMPED, "--sample", "4"]);
    assert_eq!(selected.len(), 4);
    assert_eq!(stamped(&selected), paths(&selected));
    // Equal pages are one page.
    let all = rows(&["--sample", "100"]);
    assert_eq!(all.len(), 31);
    assert!(all.iter().all(|row| row["duplicate_of"].is_null()));
    assert_eq!(rows(&["--failed", "--sample", "3"]).len(), 1, "a file without pages, too");
    assert_eq!(rows(&["--sample", "0"]).len(), 0);
}
