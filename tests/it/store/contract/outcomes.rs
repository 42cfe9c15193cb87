//! Outcomes of tasks, faults and features of pages.

use super::Backend;
use super::fixtures::{Bench, NOW_MS, VERSIONS, failed, fault, features, ok, page, page_fault, without_revisions};
use docmill::internal::store::{EntryChange, ErrorKind, OutcomeStatus, PageId, TaskOutcome, Versions};

pub(crate) fn a_valid_answer_is_never_replaced_by_a_failure<B: Backend>() {
    let bench = Bench::<B>::new();
    let kind = bench.recipe(0);
    let failure = |status| TaskOutcome { status, ..failed(false) };
    let stored = |outcome: TaskOutcome| {
        bench.store.put_outcomes_blocking(page(1), vec![(kind, outcome)]).unwrap();
        bench.page(page(1)).outcomes.remove(0).unwrap()
    };
    // Before there is an answer, the latest failure counts.
    for status in [OutcomeStatus::Invalid, OutcomeStatus::Refused, OutcomeStatus::Failed] {
        assert_eq!(stored(failure(status)).status, status);
    }
    assert_eq!(stored(ok("letter")), ok("letter"));
    for status in [OutcomeStatus::Invalid, OutcomeStatus::Refused, OutcomeStatus::Failed] {
        assert_eq!(stored(failure(status)), ok("letter"));
    }
    let later = TaskOutcome { at_ms: NOW_MS + 99, ..ok("invoice") };
    assert_eq!(stored(later.clone()), later, "another answer replaces it");
    assert_eq!(bench.reader().answered_recipes(&page(1)).unwrap(), [kind]);
    assert_eq!(bench.reader().answered_recipes(&page(2)).unwrap(), []);
}

pub(crate) fn transient_faults_are_counted_over_runs<B: Backend>() {
    let bench = Bench::<B>::new();
    let stored = |outcome: TaskOutcome| {
        bench.put(page(1), vec![(bench.recipe(0), outcome)]);
        let stored = bench.page(page(1)).outcomes.remove(0).unwrap();
        (stored.runs, stored.facts().is_final)
    };
    assert_eq!(stored(failed(true)), (1, false));
    assert_eq!(stored(failed(true)), (2, false));
    assert_eq!(stored(failed(true)), (3, true), "the third is final");
    assert_eq!(stored(failed(false)), (1, true), "another kind of failure");
    assert_eq!(stored(failed(true)), (1, false), "counts from the beginning");
    assert_eq!(stored(ok("letter")), (1, true));
    // A machine without memory shows nothing about the page.
    let no_memory = || TaskOutcome { fault: Some(fault(ErrorKind::DecoderOutOfMemory)), ..failed(true) };
    for _ in 0..5 {
        bench.put(page(2), vec![(bench.recipe(0), no_memory())]);
        assert!(!bench.page(page(2)).outcomes.remove(0).unwrap().facts().is_final);
    }
}

pub(crate) fn outcomes_are_read_by_recipe<B: Backend>() {
    let bench = Bench::<B>::new();
    let (kind, date) = (bench.recipe(0), bench.recipe(1));
    let null = TaskOutcome { value: Some("null".into()), ..ok("") };
    bench.put(page(1), vec![(date, null.clone())]);
    let read = |recipes: &[_]| {
        without_revisions(bench.reader().stored_page(None, &page(1), recipes, VERSIONS).unwrap().outcomes)
    };
    assert_eq!(read(&[kind, date]), [None, Some(null.clone())], "null is an answer");
    assert_eq!(read(&[date, date]), [Some(null.clone()), Some(null)]);
    assert_eq!(read(&[]), []);
    let unknown = bench.reader().stored_page(None, &PageId { page: 2, ..page(1) }, &[kind, date], VERSIONS).unwrap();
    assert!(unknown.outcomes == [None, None] && unknown.fault.is_none() && unknown.features.is_none());
}

pub(crate) fn faults_and_features_are_valid_under_their_versions<B: Backend>() {
    let bench = Bench::<B>::new();
    let put = |change| bench.store.change_entries(bench.job(), vec![change]).unwrap();
    put(EntryChange::PageFault(page(1), page_fault(ErrorKind::Damaged, 3)));
    put(EntryChange::Features(page(1), 2, features(true, 7)));
    let read = |decoder, version| {
        let known = bench.reader().stored_page(None, &page(1), &[], Versions { decoder, features: version }).unwrap();
        (known.fault.map(|fault| fault.kind), known.features)
    };
    assert_eq!(read(3, 2), (Some(ErrorKind::Damaged), Some(features(true, 7))));
    assert_eq!(read(4, 3), (None, None));
    put(EntryChange::PageFault(page(1), page_fault(ErrorKind::CutShort, 4)));
    put(EntryChange::Features(page(1), 3, features(false, 8)));
    assert_eq!(read(4, 3), (Some(ErrorKind::CutShort), Some(features(false, 8))));
    assert_eq!(read(3, 2), (None, None), "one version at a time");
    let known = || bench.reader().stored_page(None, &page(1), &[], Versions { decoder: 4, features: 3 }).unwrap();
    assert!(known().without_faults_of_other_renderers("renderers").fault.is_some());
    assert!(
        known().without_faults_of_other_renderers("other renderers").fault.is_none(),
        "with others the page may be drawn"
    );
}
