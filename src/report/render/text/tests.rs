//! Sentences of the report.

use super::*;
use crate::base::run_state::RunState;
use crate::base::shard::Shard;
use crate::base::vocabulary::ErrorKind;
use crate::report::pages::LabelCount;
use crate::report::render_json;
use crate::report::sample::{empty_report, report};
use crate::report::{Pages, Spend};

#[test]
fn the_hint_fits_the_report() {
    let pages = |change: fn(&mut Pages)| {
        let mut pages = Pages::default();
        (pages.total, pages.ok, pages.asked) = (100, 100, 100);
        change(&mut pages);
        pages
    };
    let none: fn(&mut Pages) = |_| {};
    let spend = |rate_limited, unpriced| Spend { sent: 100, rate_limited, unpriced, ..Spend::default() };
    for (outcome, pages, spend, expected) in [
        (RunOutcomeName::Complete, pages(none), spend(0, 0), Some("run the same command again")),
        (RunOutcomeName::Complete, pages(|pages| pages.asked = 0), spend(0, 0), None),
        (RunOutcomeName::Complete, pages(none), spend(0, 1), Some("the price of this model is unknown")),
        (RunOutcomeName::Complete, pages(|pages| pages.failed = 1), spend(0, 1), Some("see the `error` column")),
        (RunOutcomeName::Complete, pages(|pages| pages.invalid = 5), spend(0, 0), Some("see the `error` column")),
        (RunOutcomeName::Complete, pages(|pages| pages.invalid = 6), spend(0, 0), Some("many replies were invalid")),
        (RunOutcomeName::Complete, pages(|pages| pages.invalid = 6), spend(5, 0), Some("many replies were invalid")),
        (
            RunOutcomeName::Complete,
            pages(|pages| pages.invalid = 6),
            spend(6, 0),
            Some("many attempts were rate limited"),
        ),
        (RunOutcomeName::Limited, pages(|pages| pages.pending = 1), spend(6, 0), Some("some pages are pending")),
        (RunOutcomeName::BudgetReached, pages(|pages| pages.pending = 1), spend(6, 0), None),
        (
            RunOutcomeName::Died,
            pages(|pages| pages.pending = 1),
            spend(6, 0),
            Some("some pages are pending; run the same command again to resume: only requests that were in flight"),
        ),
    ] {
        let state = RunState::Ended { outcome, exit_code: 0 };
        let report = Report { state, pages, spend, is_priced: true, ..empty_report() };
        let hint = next_step(&report);
        assert_eq!(hint.is_some(), expected.is_some(), "{outcome} {hint:?} {expected:?}");
        assert!(hint.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{hint:?} {expected:?}");
    }
}

#[test]
fn the_hint_fits_shards_and_failures_of_memory() {
    let shard = Shard::new(0, 2).unwrap();
    for (shard, is_merged, pending, kinds, expected) in [
        (Some(shard), false, 0, &[][..], "when all shards have run, merge"),
        (None, true, 0, &[], "run the shards again at any time, then merge again"),
        (None, true, 1, &[], "some pages are pending; run the shards again, then merge"),
        (None, true, 0, &[ErrorKind::Timeout], "see the `error` column for the causes; run the shards with `--retry"),
        (None, false, 0, &[ErrorKind::DecoderOutOfMemory], "the decoder had too little memory: give"),
        (
            None,
            false,
            0,
            &[ErrorKind::Damaged, ErrorKind::CutShort],
            "see the `error` column for the causes; replace or repair",
        ),
        (None, true, 0, &[ErrorKind::Damaged], "see the `error` column for the causes; replace or repair"),
        (
            None,
            false,
            0,
            &[ErrorKind::Damaged, ErrorKind::Timeout],
            "see the `error` column for the causes; `--retry failed,invalid,refused` sends",
        ),
        (None, false, 0, &[ErrorKind::DecoderOutOfMemory, ErrorKind::Timeout], "see the `error` column"),
    ] {
        let mut pages = Pages::default();
        (pages.total, pages.ok, pages.asked, pages.pending) = (100, 90, 90, pending);
        for kind in kinds {
            pages.failed += 1;
            pages.failures.add(b"a.pdf", 1, *kind, "x");
        }
        let outcome = if pending > 0 { RunOutcomeName::Limited } else { RunOutcomeName::Complete };
        let state = RunState::Ended { outcome, exit_code: 0 };
        let report = Report { state, pages, shard, is_merged, is_priced: true, ..empty_report() };
        assert!(next_step(&report).is_some_and(|hint| hint.starts_with(expected)), "{expected}");
    }
}

#[test]
fn the_hint_after_a_refresh_does_not_recommend_it() {
    for (outcome, hint) in [
        (RunOutcomeName::Complete, "run it without --refresh and --retry"),
        (RunOutcomeName::Limited, "some pages are left to be sent again; run the same command"),
    ] {
        let mut pages = Pages::default();
        (pages.total, pages.ok, pages.asked) = (100, 100, 100);
        let state = RunState::Ended { outcome, exit_code: 0 };
        let report = Report { state, pages, is_priced: true, sends_again: true, ..empty_report() };
        assert!(next_step(&report).unwrap().starts_with(hint), "{outcome}");
    }
}

#[test]
fn the_report_fits_80_columns_and_prints_no_control_character() {
    let mut report = report();
    report.job = "j".repeat(60);
    let labels = report.pages.by_label.get_mut("kind").unwrap();
    labels.extend((0..20).map(|at| (format!("{at:02} {}", "label ".repeat(20)), LabelCount { pages: 1, cost: 0 })));
    let text = render_text(&report);
    assert!(text.contains("mail/\u{fffd}[31m<slow>.jpg") && !text.contains('\u{1b}'), "{text}");
    assert!(text.contains("(12 other labels)"), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{line}");
    }
}

#[test]
fn the_total_of_a_run_that_ended_early_may_be_too_low() {
    for (is_walk_complete, expected) in [(Some(false), 1), (Some(true), 0), (None, 1)] {
        let report = Report { is_walk_complete, ..report() };
        let text = render_text(&report);
        assert_eq!(text.matches("  found so far; there may be more\n").count(), expected, "{text}");
        assert_eq!(render_json(&report)["walk_complete"], serde_json::json!(is_walk_complete));
    }
}

#[test]
fn a_duplicate_does_not_come_from_the_store() {
    let mut pages = Pages::default();
    (pages.total, pages.ok, pages.asked, pages.from_store) = (3, 3, 1, 2);
    (pages.duplicates, pages.sharing) = (1, 1);
    let text = |pages| render_text(&Report { pages, ..empty_report() });
    let rows = |text: &str| {
        let rows = text.lines().filter(|line| line.contains("store") || line.contains("duplicates"));
        rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    assert_eq!(rows(&text(pages.clone())), ["from the store 1", "duplicates 1"]);
    pages.from_store = 1;
    assert_eq!(rows(&text(pages)), ["duplicates 1"]);
}
