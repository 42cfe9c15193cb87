//! Rows of outputs.

use super::Backend;
use super::fixtures::{
    Bench, VERSIONS, content, entry, failed, fault, features, granted, ok, page, page_fault, settlement,
    without_revisions,
};
use docmill::internal::base::json_text::JsonText;
use docmill::internal::base::money::Pico;
use docmill::internal::store::{
    EntryChange, EntryRecord, ErrorKind, NearDuplicate, OpenAttempt, PageRecord, PageStatus, RowOptions, Settlement,
    SkipRule, VerdictName,
};

const SKIP_NOTHING: SkipRule = SkipRule { blank: false, near_duplicates: false };
const SKIP: SkipRule = SkipRule { blank: true, near_duplicates: true };

impl<B: Backend> Bench<B> {
    fn put_entries(&self, entries: impl IntoIterator<Item = EntryRecord>) {
        self.store.change_entries(self.job(), entries.into_iter().map(EntryChange::Put).collect()).unwrap();
    }

    /// The row of a page of an entry under both recipes.
    fn row(&self, entry: &EntryRecord, page: u32, skip: SkipRule) -> PageRecord {
        let options = RowOptions { versions: VERSIONS, skip, with_decisions: true };
        let place = entry.rows().find(|(listed, _)| *listed == page).unwrap();
        let row = self.reader().row(self.job(), entry, place, &self.recipes(), options).unwrap();
        PageRecord { outcomes: without_revisions(row.outcomes), ..row }
    }

    /// Asks both tasks of page `number` and settles the attempt.
    fn ask(&self, number: u32, kind: &str) {
        let attempt = self.granted(page(number));
        let outcomes = vec![(self.recipe(0), ok(kind)), (self.recipe(1), ok("2026"))];
        self.settle(settlement(attempt, outcomes));
    }
}

fn ask_both() -> PageStatus {
    PageStatus::Ask(vec![(0, None), (1, None)])
}

pub(crate) fn a_page_without_anything_is_to_be_asked<B: Backend>() {
    let bench = Bench::<B>::new();
    let carried = JsonText::parse(r#"{"id":7}"#).ok();
    let listed = EntryRecord { carried: carried.clone(), line: 3, ..entry("a", 1) };
    bench.put_entries([listed.clone()]);
    let row = bench.row(&listed, 1, SKIP);
    assert_eq!((row.path.as_slice(), row.page, row.carried), (b"a".as_slice(), 1, carried));
    assert_eq!((row.content, row.status, row.fault), (Some(content(1)), ask_both(), None));
    assert_eq!((row.duplicate_of, row.distance), (None, None));
    assert_eq!((row.recipes, row.outcomes, row.spend), (bench.recipes(), vec![None, None], vec![]));
}

pub(crate) fn rows_show_outcomes_and_their_cost<B: Backend>() {
    let bench = Bench::<B>::new();
    bench.put_entries([entry("a", 1)]);
    let retried = bench.granted(page(1));
    bench.settle(Settlement { verdict: VerdictName::Retry, ..settlement(retried, Vec::new()) });
    bench.ask(1, "letter");
    // Answers under another recipe, and requests in progress, are not shown.
    let (_, tasks) = bench.store.define_recipes(vec![super::fixtures::recipe_record("total")], String::new()).unwrap();
    let other = OpenAttempt { recipes: vec![(tasks[0].recipe_id, None)], ..bench.attempt(page(1)) };
    let other = granted(bench.open(other));
    bench.settle(settlement(other, vec![(tasks[0].recipe_id, ok("7"))]));
    let row = bench.row(&entry("a", 1), 1, SKIP_NOTHING);
    assert_eq!((row.status, row.outcomes), (PageStatus::Done, vec![Some(ok("letter")), Some(ok("2026"))]));
    let spend: Vec<_> = row.spend.iter().map(|spend| (spend.is_done, spend.cost, spend.latency_ms)).collect();
    assert_eq!(spend, [(false, Some(Pico(70)), Some(250)), (true, Some(Pico(70)), Some(250))]);
    assert_eq!((row.spend[0].run, row.spend[0].recipes.clone()), (bench.keys.run, bench.recipes()));
    assert_eq!(
        (row.spend[0].tokens.input, row.spend[0].tokens.cached_input, row.spend[0].tokens.output),
        (1000, 100, 50)
    );
    // A task that failed and may pass is what the next run asks.
    bench.put(page(2), vec![(bench.recipe(0), ok("letter")), (bench.recipe(1), failed(true))]);
    let row = bench.row(&entry("b", 2), 1, SKIP_NOTHING);
    assert_eq!(row.status, PageStatus::Ask(vec![(1, bench.revision(page(2), 1))]));
}

pub(crate) fn equal_files_name_the_first_one<B: Backend>() {
    let bench = Bench::<B>::new();
    let line = |line, path: &str| EntryRecord { line, ..entry(path, 1) };
    let own = EntryRecord { set: Some(bench.keys.set), ..line(4, "own") };
    let entries = [line(1, "x"), line(2, "a"), line(3, "b"), own];
    bench.put_entries(entries.clone());
    bench.ask(1, "letter");
    let rows = entries.map(|entry| bench.row(&entry, 1, SKIP_NOTHING));
    let first = Some(b"x".to_vec());
    assert_eq!(rows.clone().map(|row| row.duplicate_of), [None, first.clone(), first, None], "by content and recipes");
    assert!(rows.iter().all(|row| row.status == PageStatus::Done && row.spend.len() == 1 && row.distance.is_none()));
}

pub(crate) fn a_page_that_is_in_a_file_twice_shows_the_answers_of_the_first<B: Backend>() {
    let bench = Bench::<B>::new();
    let twice = EntryRecord { page_count: 3, repeats: vec![(3, 1)], ..entry("twice", 1) };
    bench.put_entries([twice.clone()]);
    assert_eq!(twice.distinct_pages(), [1, 2]);
    bench.ask(1, "letter");
    let row = bench.row(&twice, 3, SKIP_NOTHING);
    assert_eq!((row.status, row.duplicate_of), (PageStatus::Done, Some(b"twice".to_vec())));
    assert_eq!(row.outcomes, bench.row(&twice, 1, SKIP_NOTHING).outcomes);
    // Where the first one is not selected it has no row.
    let without_first = EntryRecord { selected: Some(vec![2, 3]), ..twice.clone() };
    bench.put_entries([without_first.clone()]);
    let row = bench.row(&without_first, 3, SKIP_NOTHING);
    assert_eq!((row.status, row.duplicate_of, row.spend.len()), (PageStatus::Done, None, 1));
    // Then the first selected page represents the others.
    let thrice = EntryRecord { page_count: 4, repeats: vec![(3, 1), (4, 1)], selected: Some(vec![3, 4]), ..twice };
    bench.put_entries([thrice.clone()]);
    let row = bench.row(&thrice, 3, SKIP_NOTHING);
    assert_eq!((row.duplicate_of, row.spend.len()), (None, 1));
    assert_eq!(bench.row(&thrice, 4, SKIP_NOTHING).duplicate_of, Some(b"twice".to_vec()));
}

pub(crate) fn faulty_and_blank_pages_have_their_status<B: Backend>() {
    let bench = Bench::<B>::new();
    let unreadable =
        EntryRecord { content: None, page_count: 0, fault: Some(fault(ErrorKind::FetchFailed)), ..entry("gone", 1) };
    let damaged = EntryRecord { page_count: 0, ..entry("damaged", 2) };
    bench.put_entries([unreadable.clone(), damaged.clone(), entry("blank", 3), entry("half", 4), entry("both", 5)]);
    let of_file = docmill::internal::store::PageId { page: 0, ..page(2) };
    let change = |change| bench.store.change_entries(bench.job(), vec![change]).unwrap();
    change(EntryChange::PageFault(of_file, page_fault(ErrorKind::CutShort, VERSIONS.decoder)));
    for number in [3, 4, 5] {
        change(EntryChange::Features(page(number), VERSIONS.features, features(true, 0)));
    }
    for number in [4, 5] {
        change(EntryChange::PageFault(page(number), page_fault(ErrorKind::Damaged, VERSIONS.decoder)));
    }
    bench.put(page(4), vec![(bench.recipe(0), ok("letter"))]);
    bench.put(page(5), vec![(bench.recipe(0), ok("letter")), (bench.recipe(1), ok("2026"))]);
    let status = |entry: &EntryRecord, page, skip| {
        let row = bench.row(entry, page, skip);
        (row.status, row.fault.map(|fault| fault.kind))
    };
    assert_eq!(status(&unreadable, 0, SKIP), (PageStatus::Faulty, Some(ErrorKind::FetchFailed)));
    assert_eq!(status(&damaged, 0, SKIP), (PageStatus::Faulty, Some(ErrorKind::CutShort)));
    assert_eq!(status(&entry("blank", 3), 1, SKIP), (PageStatus::Skipped, None));
    assert_eq!(status(&entry("blank", 3), 1, SKIP_NOTHING), (ask_both(), None));
    assert_eq!(status(&entry("half", 4), 1, SKIP), (PageStatus::Faulty, Some(ErrorKind::Damaged)));
    assert_eq!(status(&entry("both", 5), 1, SKIP), (PageStatus::Done, None), "it could be read when it was asked");
}

/// Pages 1 and 2, and 2 is a near duplicate of 1.
fn near<B: Backend>() -> Bench<B> {
    let bench = Bench::<B>::new();
    bench.put_entries([entry("first", 1), entry("second", 2)]);
    let near = NearDuplicate { page: page(2), like: page(1), distance: 5 };
    bench.store.put_near_duplicates(bench.job(), vec![near]).unwrap();
    bench
}

pub(crate) fn near_duplicates_show_the_answers_of_the_other_page<B: Backend>() {
    let bench = near::<B>();
    let row = |skip| {
        let row = bench.row(&entry("second", 2), 1, skip);
        let value = row.outcomes[0].as_ref().and_then(|outcome| outcome.value.clone());
        (row.status, value, row.duplicate_of, row.distance, row.spend.len())
    };
    let first = Some(b"first".to_vec());
    assert_eq!(row(SKIP), (ask_both(), None, first.clone(), Some(5), 0), "the other page is not answered yet");
    bench.ask(1, "letter");
    assert_eq!(row(SKIP), (PageStatus::Done, Some("letter".into()), first, Some(5), 1));
    assert_eq!(row(SKIP_NOTHING), (ask_both(), None, None, None, 0));
    // With its own answer it shows that.
    bench.put(page(2), vec![(bench.recipe(0), ok("invoice"))]);
    assert_eq!(row(SKIP), (PageStatus::Ask(vec![(1, None)]), Some("invoice".into()), None, None, 0));
}

pub(crate) fn a_near_duplicate_of_a_page_that_is_gone_stands_on_its_own<B: Backend>() {
    let bench = near::<B>();
    bench.ask(1, "letter");
    bench.store.change_entries(bench.job(), vec![EntryChange::Gone(0, b"first".to_vec())]).unwrap();
    let row = bench.row(&entry("second", 2), 1, SKIP);
    assert_eq!((row.status, row.outcomes, row.duplicate_of, row.distance), (ask_both(), vec![None, None], None, None));
}
