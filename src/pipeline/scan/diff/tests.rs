//! The comparison of a walk with the store: what is passed on, and which records stay.

use super::*;
use crate::base::digest::Digest;
use crate::base::ids::RecipeSetId;
use crate::pipeline::control::options::RunOptions;
use crate::pipeline::control::run_outcome::Signal;
use crate::pipeline::control::test_run::TestRun;
use crate::pipeline::scan::pass::ScanPurpose;
use crate::provider::test_server::client;
use crate::store::RetrySelection;
use std::cell::RefCell;

/// The input of a walk, and what the store has of it.
struct Bench {
    test: TestRun,
    pass: Arc<ScanPass>,
}

impl Bench {
    fn new(input: &str, files: &[(&str, &str)], selection: RetrySelection) -> Self {
        let test = TestRun::begin(input, files, &client("http://127.0.0.1:9/v1"));
        let options = RunOptions { selection, ..RunOptions::default() };
        let pass = Arc::new(ScanPass::new(&test.run, &options, ScanPurpose::Ask));
        Self { test, pass }
    }

    /// A folder with these empty files.
    fn folder(files: &[&str]) -> Self {
        let files: Vec<_> = files.iter().map(|name| (*name, "")).collect();
        Self::new("{folder: .}", &files, RetrySelection::default())
    }

    /// A list with these lines below its header, of the files `a.png` and `b.png`.
    fn list(lines: &str, selection: RetrySelection) -> Self {
        let text = format!("path,customer\n{lines}");
        Self::new("{list: list.csv}", &[("a.png", ""), ("b.png", ""), ("list.csv", &text)], selection)
    }

    fn run(&self) -> &Arc<RunContext> {
        &self.test.run
    }

    fn reader(&self) -> Reader {
        self.run().store.reader().unwrap()
    }

    fn entries(&self) -> Entries {
        Entries::start(&self.run().job.input).unwrap()
    }

    /// The record of an entry that is done under the current questions.
    fn record(&self, entry: &Entry) -> EntryRecord {
        let questions = self.pass.question_sets.for_entry(entry.carried.as_ref(), &self.reader()).unwrap();
        EntryRecord {
            line: entry.line,
            path: entry.path.clone(),
            size: entry.size,
            modified_ns: entry.modified_ns,
            changed_ns: entry.changed_ns,
            inode: entry.inode,
            content: Some(Digest::compute(b"")),
            page_count: 1,
            carried: entry.carried.clone(),
            settled_set: Some(questions.id),
            ..EntryRecord::default()
        }
    }

    /// The records of the whole input.
    fn records(&self) -> Vec<EntryRecord> {
        self.entries().map(|entry| self.record(&entry.unwrap())).collect()
    }

    fn store(&self, records: Vec<EntryRecord>) {
        let changes = records.into_iter().map(EntryChange::Put).collect();
        self.run().store.change_entries(self.run().identity.keys.job, changes).unwrap();
    }

    /// What is stored: paths, of a list with their lines.
    fn stored(&self) -> Vec<String> {
        let reader = self.reader();
        let mut cursor = EntryCursor::new(&reader, self.run().identity.keys.job);
        let records = std::iter::from_fn(|| cursor.next().unwrap());
        records.map(|record| name(record.line, &record.path)).collect()
    }

    /// Walks until `max` files are passed on: what they are, and whether the store knows them.
    fn walk(&self, max: usize) -> Vec<String> {
        self.walk_through(self.entries(), max)
    }

    fn walk_through(&self, entries: Entries, max: usize) -> Vec<String> {
        let sent = RefCell::new(Vec::new());
        let send = |file: FoundFile| {
            let known = if file.known.is_some() { "known" } else { "new" };
            sent.borrow_mut().push(format!("{} {known}", name(file.entry.line, &file.entry.path)));
            sent.borrow().len() < max
        };
        walk_and_compare(self.run(), &self.pass, entries, &self.reader(), send).unwrap();
        sent.into_inner()
    }
}

fn name(line: u64, path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    if line == 0 { path.into_owned() } else { format!("{line}:{path}") }
}

/// What a file's record may differ in from the file, and whether the file is then passed on, as known or new.
#[test]
fn a_file_is_passed_on_unless_it_is_unchanged_and_done() {
    type Change = fn(EntryRecord) -> EntryRecord;
    let table: [(&str, Change, &[&str]); 9] = [
        ("nothing", |record| record, &[]),
        ("not done", |record| EntryRecord { settled_set: None, ..record }, &["a.png known"]),
        (
            "done under other questions",
            |record| EntryRecord { settled_set: Some(RecipeSetId(99)), ..record },
            &["a.png known"],
        ),
        ("size", |record| EntryRecord { size: 8, ..record }, &["a.png new"]),
        ("modification time", |record| EntryRecord { modified_ns: 9, ..record }, &["a.png new"]),
        ("status change time", |record| EntryRecord { changed_ns: 9, ..record }, &["a.png new"]),
        ("inode", |record| EntryRecord { inode: 0, ..record }, &["a.png new"]),
        ("a time that is not trusted", |record| EntryRecord { modified_ns: 0, ..record }, &["a.png new"]),
        ("its path", |record| EntryRecord { path: b"b.png".into(), ..record }, &["a.png new"]),
    ];
    for (what, change, expected) in table {
        let bench = Bench::folder(&["a.png"]);
        bench.store(bench.records().into_iter().map(change).collect());
        assert_eq!(bench.walk(9), expected, "{what}");
        // A changed file keeps its record until it is read.
        let stored: &[&str] = if what == "its path" { &[] } else { &["a.png"] };
        assert_eq!(bench.stored(), stored, "{what}");
        assert_eq!(bench.pass.seen.has_changes(), !expected.is_empty(), "{what}");
        assert!(bench.pass.seen.has_all(), "{what}");
    }
}

/// Files of the folder and records of the store, both in order: what is passed on, and what stays.
#[test]
fn records_without_a_file_are_deleted() {
    for (files, records, sent, stored) in [
        (&[][..], &["a.png", "b/c.png"][..], &[][..], &[][..]),
        (&["a.png"], &[], &["a.png new"], &[]),
        (&["a.png", "c.png"], &["b.png", "c.png", "d.png"], &["a.png new"], &["c.png"]),
        (&["b/a.png", "b.png"], &["b.png"], &["b/a.png new"], &["b.png"]),
        // A folder has taken the place of a file.
        (&["b.png/a.png"], &["b.png"], &["b.png/a.png new"], &[]),
    ] {
        let bench = Bench::folder(files);
        let known = bench.records();
        let record = |path: &&str| {
            let found = known.iter().find(|record| record.path == path.as_bytes()).cloned();
            found.unwrap_or_else(|| EntryRecord { path: path.as_bytes().into(), ..EntryRecord::default() })
        };
        bench.store(records.iter().map(record).collect());
        assert_eq!(bench.walk(9), sent, "{files:?} {records:?}");
        assert_eq!(bench.stored(), stored, "{files:?} {records:?}");
    }
}

/// The lines of a list when the store was written and now.
#[test]
fn a_line_that_moves_takes_its_record_along() {
    for (before, now, sent, stored) in [
        ("a.png,x\nb.png,y\n", "a.png,x\nb.png,y\n", &[][..], &["1:a.png", "2:b.png"][..]),
        ("a.png,x\nb.png,y\n", "b.png,y\na.png,x\n", &["1:b.png known", "2:a.png known"], &[]),
        ("a.png,x\nb.png,y\n", "b.png,y\n", &["1:b.png known"], &[]),
        ("b.png,y\n", "a.png,x\nb.png,y\n", &["1:a.png new", "2:b.png known"], &[]),
        ("a.png,x\n", "a.png,z\n", &["1:a.png known"], &["1:a.png"]),
        ("a.png,x\n", "a.png,x\na.png,x\n", &["2:a.png known"], &["1:a.png"]),
    ] {
        let bench = Bench::list(before, RetrySelection::default());
        bench.store(bench.records());
        bench.test.write("list.csv", &format!("path,customer\n{now}"));
        assert_eq!(bench.walk(9), sent, "{before:?} -> {now:?}");
        assert_eq!(bench.stored(), stored, "{before:?} -> {now:?}");
    }
}

#[test]
fn with_refresh_files_stay_known_and_urls_are_fetched_again() {
    let refresh = RetrySelection { refresh: true, ..RetrySelection::default() };
    for (selection, sent) in
        [(RetrySelection::default(), &[][..]), (refresh, &["1:a.png known", "2:https://example.com/b.png new"])]
    {
        let bench = Bench::list("a.png,x\nhttps://example.com/b.png,y\n", selection);
        bench.store(bench.records());
        assert_eq!(bench.walk(9), sent, "{selection:?}");
    }
}

#[test]
fn what_a_walk_does_not_reach_is_not_gone() {
    let bench = Bench::folder(&["b.png", "d.png"]);
    let missing = |path: &str| EntryRecord { path: path.into(), ..EntryRecord::default() };
    bench.store(["a.png", "c.png", "e.png"].map(missing).into());
    assert_eq!((bench.walk(1), bench.stored()), (vec!["b.png new".to_owned()], vec!["c.png".into(), "e.png".into()]));
    assert!(!bench.pass.seen.has_all());
    bench.run().shutdown.request(RunOutcome::Interrupted(Signal::Interrupt));
    bench.run().shutdown.request(RunOutcome::Interrupted(Signal::Interrupt));
    assert!(bench.run().shutdown.is_immediate());
    assert_eq!((bench.walk(9).len(), bench.stored().len()), (0, 2));
}

/// A list is checked when it is opened. It may change after that, and so it has to be larger than what is read at once.
#[test]
fn a_list_that_cannot_be_read_to_its_end_ends_the_run_and_deletes_nothing() {
    let lines = "{\"path\": \"a.png\"}\n".repeat(5000);
    let files = [("a.png", ""), ("list.jsonl", &lines)];
    let bench = Bench::new("{list: list.jsonl}", &files, RetrySelection::default());
    let entries = bench.entries();
    let first = bench.record(&bench.entries().next().unwrap().unwrap());
    let later = EntryRecord { line: 6000, path: b"b.png".into(), ..EntryRecord::default() };
    bench.store(vec![first, later]);
    bench.test.write("list.jsonl", &format!("{lines}damaged\n"));
    assert!(bench.walk_through(entries, usize::MAX).len() > 100);
    assert_eq!(bench.stored(), ["1:a.png", "6000:b.png"]);
    assert!(matches!(bench.run().shutdown.outcome(), Some(RunOutcome::InputError(_))));
    assert!(!bench.pass.seen.has_all());
}

#[test]
fn records_below_a_folder_that_cannot_be_read_stay() {
    let bench = Bench::folder(&[]);
    let paths = ["sub", "sub/a.png", "sub/b/c.png", "submarine/a.png", "su"];
    let record = |path: &str| EntryRecord { path: path.into(), ..EntryRecord::default() };
    bench.store(paths.map(record).into());
    let mut gone = GoneFiles::new(bench.run(), &bench.pass);
    let path = bench.run().job.input.base().join("sub");
    gone.keep_below(&WalkFault { path, reason: "no".into(), is_end: false, hides_files: true }, bench.run());
    paths.map(record).into_iter().for_each(|record| gone.add(record));
    gone.write().unwrap();
    assert_eq!(bench.stored(), ["sub", "sub/a.png", "sub/b/c.png"]);
}

#[test]
fn times_that_are_not_trusted_are_never_equal() {
    let entry = Entry { size: 7, modified_ns: 0, ..Entry::default() };
    assert!(!is_unchanged(&entry, &EntryRecord { size: 7, modified_ns: 0, ..EntryRecord::default() }));
}
