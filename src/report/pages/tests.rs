//! Page counts of one run and of several.

use super::*;
use crate::report::sample::{RUN, page, spend};
use proptest::prelude::*;

const OTHER_RUN: RunKey = RunKey(1);

fn add(pages: &mut Pages, record: &PageRecord, status: RowStatus) {
    pages.add(record, (status, None), &[], &[RUN]);
}

fn label_pages() -> Pages {
    Pages::new(vec![(0, "kind".into())])
}

#[test]
fn a_page_counts_under_its_status() {
    let mut pages = label_pages();
    for (times, status) in RowStatus::ALL.iter().copied().enumerate() {
        (0..=times).for_each(|_| add(&mut pages, &page("x", 1), status));
    }
    let counts = pages.by_status().map(|(status, count)| (status.name(), count));
    let expected = [("ok", 2), ("invalid", 4), ("refused", 5), ("failed", 6), ("pending", 3), ("skipped", 1)];
    assert_eq!(counts, expected);
    assert_eq!((pages.total, pages.unusable()), (21, 15));
}

#[test]
fn a_page_was_asked_or_came_from_the_store() {
    let known = PageRecord { spend: vec![spend(OTHER_RUN, 40)], ..page("x", 0) };
    let copy = PageRecord { duplicate_of: Some(b"x".to_vec()), ..page("y", 7) };
    let near = PageRecord { distance: Some(2), ..copy.clone() };
    for (record, expected) in
        [(page("x", 7), (1, 0, 0, 0, 0)), (known, (0, 1, 40, 0, 0)), (copy, (0, 1, 0, 7, 0)), (near, (0, 1, 0, 7, 1))]
    {
        let mut pages = label_pages();
        add(&mut pages, &record, RowStatus::Ok);
        let saved = |amount: Option<Pico>| amount.unwrap().0;
        let (store, duplicates) = (saved(pages.saved), saved(pages.saved_by_duplicates));
        assert_eq!((pages.asked, pages.from_store, store, duplicates, pages.near_duplicates), expected, "{record:?}");
    }
}

#[test]
fn an_unknown_price_makes_the_savings_unknown() {
    let mut pages = label_pages();
    let unknown = SpendRecord { cost: None, ..spend(OTHER_RUN, 0) };
    add(&mut pages, &PageRecord { spend: vec![unknown], ..page("x", 0) }, RowStatus::Ok);
    add(&mut pages, &PageRecord { spend: vec![spend(OTHER_RUN, 5)], ..page("y", 0) }, RowStatus::Ok);
    assert_eq!((pages.saved, pages.saved_by_duplicates), (None, Some(Pico::ZERO)));
}

#[test]
fn labels_are_counted_with_the_cost_of_their_task() {
    let labelled = |value: &str, cost| {
        let mut record = page("x", cost);
        record.outcomes[0].as_mut().unwrap().value = Some(serde_json::from_str(value).unwrap());
        record
    };
    let mut pages = label_pages();
    add(&mut pages, &labelled("\"a\"", 101), RowStatus::Ok);
    add(&mut pages, &labelled("[\"a\", \"b\"]", 10), RowStatus::Ok);
    add(&mut pages, &labelled("null", 10), RowStatus::Ok);
    add(&mut pages, &PageRecord { duplicate_of: Some(b"x".to_vec()), ..labelled("\"b\"", 50) }, RowStatus::Ok);
    add(&mut pages, &PageRecord { outcomes: vec![None, None], ..page("y", 9) }, RowStatus::Pending);
    let counts: Vec<(&str, u64, i64)> =
        pages.by_label["kind"].iter().map(|(label, count)| (label.as_str(), count.pages, count.cost)).collect();
    // The first of two tasks gets the odd pico-dollar: 51 of 101.
    assert_eq!(counts, [("a", 2, 51 + 5), ("b", 2, 5)]);
}

#[test]
fn expensive_and_unusable_pages_are_listed_up_to_a_maximum() {
    let mut pages = label_pages();
    for cost in 1..=60 {
        let failed = (RowStatus::Failed, Some((ErrorKind::Damaged, "why")));
        pages.add(&page(&format!("{cost:02}"), cost), failed, &[], &[RUN]);
    }
    add(&mut pages, &PageRecord { duplicate_of: Some(b"x".to_vec()), ..page("copy", 999) }, RowStatus::Ok);
    let costs: Vec<i64> = pages.most_expensive.iter().map(|page| page.cost.0).collect();
    assert_eq!(costs, (51..=60).rev().collect::<Vec<_>>());
    assert_eq!(pages.unusable_pages.len(), 50);
    let first = &pages.unusable_pages[0];
    assert_eq!((&*first.path, first.attempts, first.error.as_deref()), (&b"01"[..], 1, Some("why")));
    assert_eq!(pages.costs.total(), 60);
}

/// Stores of earlier versions hold this text.
#[test]
fn stored_pages_keep_their_members() {
    let mut pages = label_pages();
    add(&mut pages, &page("x", 7), RowStatus::Ok);
    add(
        &mut pages,
        &PageRecord { duplicate_of: Some(b"x".to_vec()), distance: Some(1), ..page("y", 7) },
        RowStatus::Ok,
    );
    assert_eq!(
        pages.to_stored(),
        r#"{"total":2,"ok":2,"invalid":0,"refused":0,"failed":0,"pending":0,"skipped":0,"near":1,"sharing":1,"value":7,"duplicate_value":7,"by_label":{"kind":{"invoice":{"pages":2,"cost":4}}}}"#
    );
    let unchanged = Pages::from_unchanged(&pages.to_stored()).unwrap().unwrap();
    assert_eq!((unchanged.total, unchanged.near_duplicates, unchanged.asked, unchanged.from_store), (2, 1, 0, 2));
    assert_eq!((unchanged.saved, unchanged.saved_by_duplicates), (Some(Pico(7)), Some(Pico(7))));
    assert_eq!(unchanged.by_label["kind"]["invoice"], LabelCount { pages: 2, cost: 0 });
    let earlier = r#"{"total":3,"ok":3,"invalid":0,"refused":0,"failed":0,"pending":0,"skipped":0}"#;
    assert_eq!(Pages::from_unchanged(earlier).unwrap().map(|pages| (pages.total, pages.saved)), Some((3, None)));
    assert_eq!(Pages::from_unchanged("[[10,5,1,2,2,0,0],18276400000]").unwrap(), None, "of a store of version 1");
    for damaged in ["damaged", "{}", "3", &earlier.replace("3,\"invalid\":0", "-1,\"invalid\":0")] {
        assert!(Pages::from_unchanged(damaged).is_err(), "{damaged}");
    }
}

proptest! {
    /// A later run that finds nothing changed reports the same as one that reads all pages again.
    #[test]
    fn stored_pages_equal_pages_that_are_read_again(
        rows in prop::collection::vec((prop::sample::select(RowStatus::ALL.to_vec()), 0_i64..1000, any::<bool>()), 0..20)
    ) {
        let (mut asked, mut read_again) = (label_pages(), label_pages());
        for (status, cost, is_duplicate) in rows {
            let duplicate_of = is_duplicate.then(|| b"first".to_vec());
            let record = PageRecord { duplicate_of, ..page("x", cost) };
            asked.add(&record, (status, None), &[], &[RUN]);
            read_again.add(&record, (status, None), &[], &[RunKey(RUN.0 + 1)]);
        }
        let unchanged = Pages::from_unchanged(&asked.to_stored()).unwrap().unwrap();
        prop_assert_eq!(unchanged.by_status(), read_again.by_status());
        prop_assert_eq!((unchanged.asked, unchanged.from_store), (0, read_again.from_store));
        prop_assert_eq!(unchanged.saved, read_again.saved);
        prop_assert_eq!(unchanged.saved_by_duplicates, read_again.saved_by_duplicates);
        prop_assert_eq!(unchanged.by_label, read_again.by_label);
    }
}
