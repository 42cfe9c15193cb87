//! Entries of a job, which of them are settled, near duplicates.

use super::Backend;
use super::fixtures::{
    Bench, NOW_MS, VERSIONS, content, entry, failed, fault, features, ok, page, page_fault, recipe_record, start,
};
use docmill::internal::base::json_text::JsonText;
use docmill::internal::store::{
    DoneRule, EntryChange, EntryRecord, ErrorKind, NearDuplicate, PageId, RecipeId, RecipeSetId, SkipRule, TaskOutcome,
};

impl<B: Backend> Bench<B> {
    fn change(&self, changes: Vec<EntryChange>) {
        self.store.change_entries(self.job(), changes).unwrap();
    }

    fn entries(&self) -> Vec<EntryRecord> {
        self.reader().entries(self.job(), (0, b""), 99).unwrap()
    }

    fn paths(&self) -> Vec<String> {
        self.entries().iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect()
    }

    fn answer(&self, page: PageId, task: usize, outcome: TaskOutcome) {
        self.put(page, vec![(self.recipe(task), outcome)]);
    }

    /// Settles the entries; the paths of those that are settled.
    fn settle_entries(&self, skip: SkipRule) -> Vec<String> {
        let rule = DoneRule { set: self.keys.set, versions: VERSIONS, skip, renderers: "renderers".into() };
        self.store.mark_entries_done(self.job(), rule).unwrap();
        let settled = self.entries().into_iter().filter(|entry| entry.settled_set == Some(self.keys.set));
        settled.map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect()
    }
}

const SKIP_NOTHING: SkipRule = SkipRule { blank: false, near_duplicates: false };

fn put(entries: impl IntoIterator<Item = EntryRecord>) -> Vec<EntryChange> {
    entries.into_iter().map(EntryChange::Put).collect()
}

pub(crate) fn entries_are_read_in_their_order<B: Backend>() {
    let bench = Bench::<B>::new();
    let line = |line, path: &str| EntryRecord { line, ..entry(path, 1) };
    // By line, then by the bytes of the path.
    let ordered =
        [line(0, "A"), line(0, "Z"), line(0, "a"), line(0, "\u{e4}"), line(2, "x"), line(10, "b"), line(10, "c")];
    let mut shuffled = ordered.to_vec();
    shuffled.reverse();
    shuffled.swap(0, 3);
    bench.change(put(shuffled));
    assert_eq!(bench.entries(), ordered);
    let reader = bench.reader();
    let path = |number| reader.path_of_content(bench.job(), &content(number)).unwrap();
    assert_eq!((path(1).as_deref(), path(2)), (Some(&b"A"[..]), None), "of the first entry with this content");
    let mut read = Vec::new();
    loop {
        let after = read.last().map_or((0, Vec::new()), |last: &EntryRecord| (last.line, last.path.clone()));
        let next = reader.entries(bench.job(), (after.0, &after.1), 3).unwrap();
        if next.is_empty() {
            break;
        }
        read.extend(next);
    }
    assert_eq!(read, ordered, "in pages of three");
    let bytes = EntryRecord { path: vec![0xff, 0x00, b'x'], ..entry("", 1) };
    bench.change(put([bytes.clone()]));
    assert_eq!(reader.entry(bench.job(), &bytes.path).unwrap(), Some(bytes));
    assert_eq!(reader.entry(bench.job(), b"c").unwrap().map(|entry| entry.line), Some(10), "on any line");
    assert_eq!(reader.entry(bench.job(), b"none").unwrap(), None);
}

pub(crate) fn differences_are_applied<B: Backend>() {
    let bench = Bench::<B>::new();
    bench.change(put([entry("a", 1), entry("b", 2), entry("c", 3)]));
    let changed = EntryRecord {
        size: u64::MAX - 1,
        content: Some(content(9)),
        page_count: 12,
        selected: Some(vec![2, 3, 12]),
        carried: JsonText::parse(r#"{"id":7}"#).ok(),
        set: Some(bench.keys.set),
        ..entry("b", 2)
    };
    let unreadable = EntryRecord {
        content: None,
        page_count: 0,
        fault: Some(fault(ErrorKind::ReadFailed)),
        modified_ns: 0,
        ..entry("d", 0)
    };
    let mut changes = put([changed.clone(), unreadable.clone()]);
    changes.extend([EntryChange::Gone(0, b"a".to_vec()), EntryChange::Gone(7, b"c".to_vec())]);
    bench.change(changes);
    assert_eq!(bench.entries(), [changed, entry("c", 3), unreadable.clone()], "another line is another entry");
    assert_eq!(bench.reader().entry(bench.job(), &unreadable.path).unwrap(), None, "without content");
}

pub(crate) fn a_file_that_is_missing_is_an_entry_only_of_the_latest_run<B: Backend>() {
    let bench = Bench::<B>::new();
    let missing = |path: &str| {
        let fault = Some(fault(ErrorKind::ReadFailed));
        EntryRecord { content: None, page_count: 0, fault, modified_ns: 0, ..entry(path, 0) }
    };
    bench.change(vec![EntryChange::Missing(bench.keys.run, missing("a"))]);
    assert_eq!(bench.paths(), ["a"]);
    // The walk of the later run does not find the files.
    let later = bench.store.begin_run(start("later")).unwrap();
    bench.change(vec![EntryChange::Gone(0, b"a".to_vec())]);
    bench.change(vec![EntryChange::Missing(bench.keys.run, missing("a"))]);
    assert_eq!(bench.paths(), [""; 0]);
    bench.change(vec![EntryChange::Missing(later.run, missing("b"))]);
    assert_eq!(bench.paths(), ["b"]);
}

pub(crate) fn a_listed_entry_keeps_what_is_known_of_an_unchanged_file<B: Backend>() {
    let bench = Bench::<B>::new();
    let known = EntryRecord { settled_set: Some(bench.keys.set), ..entry("a", 1) };
    bench.change(put([known.clone(), entry("b", 1), entry("c", 1)]));
    let listed = |path: &str| EntryRecord { content: None, page_count: 1, modified_ns: 0, ..entry(path, 1) };
    let carried = JsonText::parse(r#"{"id":8}"#).ok();
    bench.change(vec![
        EntryChange::Listed(EntryRecord { carried: carried.clone(), set: Some(RecipeSetId(5)), ..listed("a") }),
        EntryChange::Listed(EntryRecord { size: 7, ..listed("b") }),
        EntryChange::Listed(EntryRecord { inode: 7, ..listed("c") }),
        EntryChange::Listed(listed("d")),
    ]);
    let reader = bench.reader();
    let settled = |set| reader.done_entries(bench.job(), set).unwrap();
    assert_eq!([settled(Some(bench.keys.set)), settled(Some(RecipeSetId(99))), settled(None)], [1, 0, 1]);
    let entries = bench.entries();
    // The list has changed; the file has not.
    assert_eq!(entries[0], EntryRecord { carried, set: Some(RecipeSetId(5)), ..known });
    assert_eq!(entries[1], EntryRecord { size: 7, ..listed("b") });
    assert_eq!(entries[2], EntryRecord { inode: 7, ..listed("c") });
    assert_eq!(entries[3], listed("d"));
}

pub(crate) fn entries_are_settled_when_a_later_run_has_nothing_to_do<B: Backend>() {
    let bench = Bench::<B>::new();
    let pages =
        |path: &str, number, count, selected| EntryRecord { page_count: count, selected, ..entry(path, number) };
    let of = |number, page| PageId { content: content(number), page };
    bench.change(put([
        entry("answered", 1),
        entry("equal", 1),
        entry("half", 2),
        entry("transient", 3),
        entry("unknown", 4),
        pages("faulty", 5, 0, None),
        pages("opened later", 6, 0, None),
        pages("all pages", 7, 3, None),
        pages("one page short", 8, 3, None),
        pages("selected", 9, 3, Some(vec![1, 3])),
        pages("selected short", 10, 3, Some(vec![1, 3])),
        pages("nothing selected", 11, 3, Some(vec![])),
        EntryRecord { content: None, fault: Some(fault(ErrorKind::ReadFailed)), ..entry("unreadable", 12) },
    ]));
    let both = |page| {
        bench.answer(page, 0, ok("letter"));
        bench.answer(page, 1, failed(false));
    };
    both(page(1));
    bench.answer(page(2), 0, ok("letter"));
    bench.answer(page(3), 0, ok("letter"));
    bench.answer(page(3), 1, failed(true));
    bench.change(vec![EntryChange::PageFault(of(5, 0), page_fault(ErrorKind::Damaged, 3))]);
    bench.change(vec![EntryChange::PageFault(of(6, 0), page_fault(ErrorKind::Damaged, 2))]);
    for members in [of(7, 1), of(7, 2), of(7, 3), of(8, 1), of(8, 3), of(9, 1), of(9, 3), of(10, 1), of(10, 2)] {
        both(members);
    }
    let expected = ["all pages", "answered", "equal", "faulty", "nothing selected", "selected"];
    assert_eq!(bench.settle_entries(SKIP_NOTHING), expected);
    // A transient failure is final after three runs.
    for _ in 0..2 {
        bench.answer(page(3), 1, failed(true));
    }
    both(of(8, 2));
    let expected =
        ["all pages", "answered", "equal", "faulty", "nothing selected", "one page short", "selected", "transient"];
    assert_eq!(bench.settle_entries(SKIP_NOTHING), expected);
    assert_eq!(bench.settle_entries(SKIP_NOTHING), expected, "settled stays settled");
}

pub(crate) fn a_page_that_is_in_a_file_twice_is_settled_with_the_first<B: Backend>() {
    let bench = Bench::<B>::new();
    bench.change(put([EntryRecord { page_count: 3, repeats: vec![(3, 1)], ..entry("twice", 1) }]));
    let settled = |number| {
        let of = PageId { content: content(1), page: number };
        bench.answer(of, 0, ok("letter"));
        bench.answer(of, 1, ok("2026"));
        bench.settle_entries(SKIP_NOTHING).len()
    };
    assert_eq!([1, 2].map(settled), [0, 1]);
}

pub(crate) fn entries_with_a_set_of_their_own_are_settled_under_it<B: Backend>() {
    let bench = Bench::<B>::new();
    let (own, tasks) = bench.store.define_recipes(vec![recipe_record("total")], "policy".into()).unwrap();
    bench.change(put([
        EntryRecord { set: Some(own), carried: JsonText::parse("{}").ok(), ..entry("a", 1) },
        EntryRecord { set: Some(own), ..entry("b", 2) },
        entry("c", 1),
    ]));
    bench.put(page(1), vec![(tasks[0].recipe_id, ok("7"))]);
    assert_eq!(bench.settle_entries(SKIP_NOTHING), Vec::<String>::new());
    let settled: Vec<Option<RecipeSetId>> = bench.entries().into_iter().map(|entry| entry.settled_set).collect();
    assert_eq!(settled, [Some(own), None, None]);
    // The job asks something else: entries settled under another set are not settled.
    bench.change(put([EntryRecord { settled_set: Some(own), ..entry("a", 1) }]));
    bench.answer(page(1), 0, ok("letter"));
    bench.answer(page(1), 1, ok("2026"));
    assert_eq!(bench.settle_entries(SKIP_NOTHING), ["a", "c"]);
    assert_eq!(bench.paths(), ["a", "b", "c"]);
}

pub(crate) fn skipped_pages_are_settled_only_where_the_job_skips_them<B: Backend>() {
    let bench = Bench::<B>::new();
    bench.change(put([
        entry("blank", 1),
        entry("blank but asked", 2),
        entry("faulty", 3),
        entry("near", 4),
        entry("old", 5),
    ]));
    bench.change(vec![
        EntryChange::Features(page(1), VERSIONS.features, features(true, 0)),
        EntryChange::Features(page(2), VERSIONS.features, features(true, 0)),
        EntryChange::Features(page(5), VERSIONS.features - 1, features(true, 0)),
        EntryChange::PageFault(page(3), page_fault(ErrorKind::Damaged, VERSIONS.decoder)),
    ]);
    bench.answer(page(2), 0, ok("letter"));
    bench.answer(page(2), 1, failed(true));
    bench
        .store
        .put_near_duplicates(bench.job(), vec![NearDuplicate { page: page(4), like: page(2), distance: 3 }])
        .unwrap();
    let rule = |blank, near_duplicates| SkipRule { blank, near_duplicates };
    assert_eq!(bench.settle_entries(rule(false, false)), ["faulty"]);
    assert_eq!(bench.settle_entries(rule(true, false)), ["blank", "faulty"], "what was asked has a picture");
    assert_eq!(bench.settle_entries(rule(false, true)), ["blank", "faulty", "near"]);
    // A near duplicate with its own answer is asked.
    bench.change(put([entry("near", 4)]));
    bench.answer(page(4), 0, ok("letter"));
    assert_eq!(bench.settle_entries(rule(true, true)), ["blank", "faulty"]);
}

pub(crate) fn near_duplicates_are_replaced_as_a_whole<B: Backend>() {
    let bench = Bench::<B>::new();
    let near = |page, like| NearDuplicate { page, like, distance: 1 };
    let is_near = |page| bench.page(page).is_near_duplicate;
    bench.store.put_near_duplicates(bench.job(), vec![near(page(2), page(1)), near(page(3), page(1))]).unwrap();
    assert_eq!([page(1), page(2), page(3)].map(is_near), [false, true, true]);
    bench.store.put_near_duplicates(bench.job(), vec![near(page(1), page(3))]).unwrap();
    assert_eq!([page(1), page(2), page(3)].map(is_near), [true, false, false]);
    let elsewhere = bench.reader().stored_page(None, &page(1), &[], VERSIONS).unwrap();
    assert!(!elsewhere.is_near_duplicate, "only in its job");
}

pub(crate) fn answered_features_come_in_the_order_of_the_input<B: Backend>() {
    let bench = Bench::<B>::new();
    let pdf = EntryRecord { page_count: 2, ..entry("b.pdf", 2) };
    bench.change(put([entry("c", 3), pdf, entry("a", 1), entry("d", 4), entry("equal", 1)]));
    let second = PageId { page: 2, ..page(2) };
    for (page, byte, version) in [(page(1), 1, 2), (page(2), 2, 2), (second, 3, 2), (page(3), 4, 2), (page(4), 5, 1)] {
        bench.change(vec![EntryChange::Features(page, version, features(false, byte))]);
        bench.put(page, vec![(bench.recipe(0), TaskOutcome { at_ms: NOW_MS, ..ok("x") })]);
    }
    bench.answer(page(9), 0, ok("of no entry"));
    let read = |recipes: &[RecipeId]| {
        let mut found = Vec::new();
        bench.reader().answered_features(bench.job(), recipes, 2, |page, print| found.push((page, print[0]))).unwrap();
        found
    };
    assert_eq!(read(&bench.recipes()), [(page(1), 1), (page(2), 2), (second, 3), (page(3), 4)]);
    assert_eq!(read(&[bench.recipe(1)]), [], "not asked for this task");
    assert_eq!(read(&[]), []);
}
